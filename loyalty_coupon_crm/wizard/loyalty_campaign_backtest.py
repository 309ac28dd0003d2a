from collections import Counter
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError


class LoyaltyCampaignBacktest(models.TransientModel):
    """Replays the purchases of the last days through a campaign that is planned."""

    _name = "loyalty.campaign.backtest"
    _description = "Back-Test of a Campaign"

    campaign_id = fields.Many2one("loyalty.campaign", required=True, readonly=True)
    company_id = fields.Many2one(related="campaign_id.company_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    trigger_sentence = fields.Char(related="campaign_id.trigger_sentence")
    days = fields.Integer(string="Last Days", default=90, required=True)
    occasion_count = fields.Integer(
        string="Offers", compute="_compute_found", help="Occasions, control included."
    )
    customer_count = fields.Integer(string="Customers", compute="_compute_found")
    treated_count = fields.Integer(string="Treated", compute="_compute_found")
    control_count = fields.Integer(string="Control", compute="_compute_found")
    overlap_count = fields.Integer(
        string="In Other Campaigns",
        compute="_compute_found",
        help="Of these customers, how many got the offer of another campaign in the "
        "same days.",
    )
    anyway_count = fields.Integer(
        string="Bought Anyway",
        compute="_compute_found",
        help="Of the treated customers, how many bought within the offer's validity "
        "(30 days when it has no end) without it.",
    )
    expected_uses = fields.Float(
        compute="_compute_found",
        help="Treated x redemption rate of the company's campaigns so far.",
    )
    expected_cost = fields.Monetary(
        compute="_compute_found", help="Expected uses x typical cost of one use."
    )
    goods_needed = fields.Float(
        string="Free Goods Needed",
        compute="_compute_found",
        help="Expected uses x quantity of the free product, before the stock runs out.",
    )
    goods_missing = fields.Float(
        string="Free Goods Missing",
        compute="_compute_found",
        help="What is needed and not in the company's warehouses.",
    )
    stock_is_known = fields.Boolean(compute="_compute_found")
    goods_summary = fields.Text(string="Stock", compute="_compute_found")

    @api.depends("campaign_id", "days")
    def _compute_found(self):
        for trial in self:
            campaign = trial.campaign_id
            offers = trial._replay()
            arms = Counter(offer.arm for offer in offers)
            uses = arms["treated"] * campaign.redemption_percent / 100.0
            _highest, typical = campaign._cost_per_card()
            customers = {offer.partner_id for offer in offers}
            goods = campaign._goods(uses)
            trial.occasion_count = len(offers)
            trial.customer_count = len(customers)
            trial.treated_count = arms["treated"]
            trial.control_count = arms["control"]
            trial.overlap_count = trial._count_overlap(customers)
            trial.anyway_count = campaign._count_anyway(offers)
            trial.expected_uses = uses
            trial.expected_cost = uses * typical
            trial.goods_needed = uses * campaign._goods_per_use()
            trial.goods_missing = sum(one.missing for one in goods)
            trial.stock_is_known = any(one.on_hand is not None for one in goods)
            trial.goods_summary = campaign._describe_goods(uses)

    @api.constrains("days")
    def _check_days(self):
        for trial in self:
            if not 1 <= trial.days <= 3650:
                raise UserError(self.env._("Replay 1 to 3650 days."))

    def _since(self):
        """Return from when on purchases are replayed, a naive datetime in UTC."""
        return fields.Datetime.now() - timedelta(days=self.days)

    def _replay(self):
        """Return who would have got the offer, as `loyalty.campaign` replays it."""
        self.ensure_one()
        return self.campaign_id._replay(self._since()) if self.days >= 1 else []

    def _count_overlap(self, partner_ids):
        """Return how many of the customers other campaigns reached in these days."""
        rows = self.env["loyalty.campaign.member"]._read_group(
            [
                ("partner_id", "in", list(partner_ids)),
                ("arm", "=", "treated"),
                ("assigned_at", ">=", self._since()),
                ("campaign_id", "!=", self.campaign_id.id),
            ],
            [],
            ["partner_id:count_distinct"],
        )
        return rows[0][0]

    def action_replay(self):
        """Show the figures for the days entered."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Back-Test"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_view_customers(self):
        """Open who would have got the offer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "base.action_partner_form"
        )
        ids = sorted({offer.partner_id for offer in self._replay()})
        return {**action, "domain": [("id", "in", ids)], "context": {"create": False}}
