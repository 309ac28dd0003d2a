from odoo import api, fields, models


class LoyaltyCardValueMixin(models.AbstractModel):
    """What a card is worth to its customer, and what lapses next."""

    _name = "loyalty.card.value.mixin"
    _description = "Value of a Card"

    offer_text = fields.Char(string="Gives", compute="_compute_offer_text")
    next_expiry_date = fields.Date(
        string="Next Expiry",
        compute="_compute_next_expiry",
        compute_sudo=True,
        help="Last day of the points that lapse first.",
    )
    next_expiry_points = fields.Float(
        string="Points That Expire Next",
        compute="_compute_next_expiry",
        compute_sudo=True,
    )

    @api.depends("program_id.reward_ids.description")
    @api.depends_context("lang")
    def _compute_offer_text(self):
        separator = self.env._(" or ")
        for card in self:
            card.offer_text = separator.join(card._offer_lines())

    @api.depends("move_ids.remaining", "move_ids.expiration_date")
    @api.depends_context("company")
    def _compute_next_expiry(self):
        rows = self.env["loyalty.point.move"]._read_group(
            [
                ("card_id", "in", self.ids),
                ("remaining", ">", 0),
                ("expiration_date", ">=", self.env.company._loyalty_today()),
            ],
            ["card_id", "expiration_date:day"],
            ["remaining:sum"],
            order="expiration_date:day DESC",
        )
        # The rows come latest first: what is left per card is the first to lapse.
        first = {card.id: (day, points) for card, day, points in rows}
        for card in self:
            day, points = first.get(card.id, (False, 0.0))
            card.next_expiry_date = day
            card.next_expiry_points = points

    def _offer_lines(self):
        """Return what a card gives, one line per reward, in the context's language."""
        self.ensure_one()
        return self.program_id.reward_ids.mapped("description")
