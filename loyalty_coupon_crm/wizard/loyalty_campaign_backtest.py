from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..models.loyalty_campaign_trigger_mixin import PURCHASE_TRIGGERS

REPLAYED_TRIGGERS = (*PURCHASE_TRIGGERS, "inactive")


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

    @api.depends("campaign_id", "days")
    def _compute_found(self):
        for trial in self:
            campaign = trial.campaign_id
            rows = trial._replay()
            treated = [row for row in rows if row[2] == "treated"]
            uses = len(treated) * campaign.redemption_percent / 100.0
            _highest, typical = campaign._cost_per_card()
            customers = {row[0] for row in rows}
            trial.occasion_count = len(rows)
            trial.customer_count = len(customers)
            trial.treated_count = len(treated)
            trial.control_count = sum(row[2] == "control" for row in rows)
            trial.overlap_count = trial._count_overlap(customers)
            trial.expected_uses = uses
            trial.expected_cost = uses * typical
            trial.goods_needed = uses * trial._goods_per_use()

    def _goods_per_use(self):
        """Return how many free products one use takes at most, the arms by share."""
        campaign = self.campaign_id
        arms = campaign._drawn_arms()
        offers = [(campaign._offer_of(arm)[0], arm.share) for arm in arms]
        offers = offers or [(campaign.program_id, 1.0)]
        goods = 0.0
        for program, share in offers:
            rewards = program.reward_ids.filtered(
                lambda reward: reward.active and reward.reward_type == "product"
            )
            goods += share * max(rewards.mapped("reward_product_qty"), default=0)
        return goods / sum(share for _program, share in offers)

    @api.constrains("days")
    def _check_days(self):
        for trial in self:
            if not 1 <= trial.days <= 3650:
                raise UserError(self.env._("Replay 1 to 3650 days."))

    def _since(self):
        """Return from when on purchases are replayed, a naive datetime in UTC."""
        return fields.Datetime.now() - timedelta(days=self.days)

    def _replay(self):
        """Return who would have got the offer: [(customer, occasion, group)]."""
        self.ensure_one()
        campaign = self.campaign_id
        if campaign.trigger not in REPLAYED_TRIGGERS or self.days < 1:
            return []
        last, _holders = campaign._read_purchase_horizon()
        trial = campaign.new(origin=campaign)
        trial.launched_at = self._since()
        trial.cursor_purchase_id = 0
        trial.settled_purchase_id = last
        campaign._flush_audience()
        # Silence of the past has a query of its own: figures are those of today.
        replay = getattr(trial, f"_replay_{campaign.trigger}", None)
        candidates = (replay or getattr(trial, f"_candidates_{campaign.trigger}"))()
        if campaign.cap_days:
            # The query counts up to now; offers of the past had days of their own.
            trial.cap_count = 0
        rows = self.env.execute_query(
            SQL(
                "SELECT partner_id, occasion, arm FROM (%s) groups",
                trial._groups_query(candidates),
            )
        )
        return self._keep_cap(rows) if campaign.cap_days else rows

    def _keep_cap(self, rows):
        """Return the rows that the campaign's cap per customer leaves.

        :param rows: list of (customer, occasion, group), the occasion with its day
        """
        campaign = self.campaign_id
        if not campaign.cap_count:
            return rows
        partners = self.env["res.partner"].browse({row[0] for row in rows})
        customers = {
            partner.id: partner.commercial_partner_id.id for partner in partners
        }
        kept, days = [], {}
        for row in sorted(rows, key=lambda row: (row[1], row[0])):
            given = days.setdefault(customers[row[0]], [])
            day = date.fromisoformat(row[1][:10])
            recent = sum((day - one).days < campaign.cap_days for one in given)
            if recent < campaign.cap_count:
                given.append(day)
                kept.append(row)
        return kept

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
        ids = sorted({row[0] for row in self._replay()})
        return {**action, "domain": [("id", "in", ids)], "context": {"create": False}}
