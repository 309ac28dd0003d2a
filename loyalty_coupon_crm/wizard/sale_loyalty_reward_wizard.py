from odoo import api, fields, models


class SaleLoyaltyRewardWizard(models.TransientModel):
    _inherit = "sale.loyalty.reward.wizard"

    loyalty_card_id = fields.Many2one(
        "loyalty.card", compute="_compute_points_most", string="Card"
    )
    points_chosen = fields.Boolean(compute="_compute_points_most")
    points_most = fields.Float(
        string="Points That Can Be Spent", compute="_compute_points_most"
    )
    points_to_spend = fields.Float(
        compute="_compute_points_to_spend",
        store=True,
        readonly=False,
        help="How many points the customer wants to spend on this order.",
    )
    points_worth = fields.Char(string="Takes Off", compute="_compute_points_worth")

    @api.depends("order_id", "selected_reward_id")
    def _compute_points_most(self):
        for wizard in self:
            order, reward = wizard.order_id, wizard.selected_reward_id
            card = wizard._card_of(reward)
            chosen = bool(card and order._loyalty_is_chosen(reward))
            wizard.loyalty_card_id = card
            wizard.points_chosen = chosen
            wizard.points_most = (
                order._loyalty_most_points(reward, card) if chosen else 0.0
            )

    @api.depends("points_most")
    def _compute_points_to_spend(self):
        for wizard in self:
            wizard.points_to_spend = wizard.points_most

    @api.depends("points_to_spend", "selected_reward_id")
    def _compute_points_worth(self):
        for wizard in self:
            wizard.points_worth = (
                wizard.order_id._loyalty_points_worth(
                    wizard.selected_reward_id, wizard.points_to_spend
                )
                if wizard.points_chosen
                else False
            )

    def action_apply(self):
        """Apply the reward, with as many points as were chosen."""
        self.ensure_one()
        points = self.points_to_spend if self.points_chosen else None
        wizard = self.with_context(loyalty_spend_points=points)
        return super(SaleLoyaltyRewardWizard, wizard).action_apply()

    def _card_of(self, reward):
        """Return the card that pays for a reward, the one Odoo will take."""
        self.ensure_one()
        if not (self.order_id and reward):
            return self.env["loyalty.card"]
        claimable = self.order_id._get_claimable_rewards()
        return next(
            (card for card, rewards in claimable.items() if reward in rewards),
            self.env["loyalty.card"],
        )
