from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.campaign_statistics import SRM_LIMIT
from .optional_number import OptionalFloat, OptionalMonetary


class LoyaltyCampaignResult(models.Model):
    """What one arm of a campaign brought, beside the control group.

    The row of all arms together counts the same customers as the rows of the arms.
    """

    _name = "loyalty.campaign.result"
    _description = "Campaign Result"
    _order = "campaign_id, variant_id, id"
    _rec_name = "campaign_id"

    campaign_id = fields.Many2one(
        "loyalty.campaign",
        ondelete="cascade",
        index=True,
        help="Empty for all campaigns of a year together, beside the customers held "
        "out of all of them.",
    )
    year = fields.Char(help="Calendar year of all campaigns together.")
    variant_id = fields.Many2one(
        "loyalty.campaign.variant",
        string="Arm",
        ondelete="cascade",
        help="Empty for all arms together.",
    )
    company_id = fields.Many2one("res.company", required=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    computed_at = fields.Datetime(string="Computed on")
    has_control = fields.Boolean()
    treated_count = fields.Integer(
        string="Treated", help="Customers who were to get the offer, used or not."
    )
    control_count = fields.Integer(string="Control", help="Customers who got nothing.")
    open_count = fields.Integer(
        string="Windows Still Open",
        help="Customers whose purchases are still counted: from the assignment until "
        "the offer ends by its validity or its program (30 days without an end), and "
        "the days after it.",
    )
    treated_buyers = fields.Integer(
        help="Treated customers with a purchase in their windows."
    )
    control_buyers = fields.Integer(
        help="Customers of the control group with a purchase in their windows."
    )
    conversion_rate = OptionalFloat(
        aggregator=None, help="Percent of the treated customers who bought."
    )
    control_conversion_rate = OptionalFloat(
        string="Conversion Rate of Control",
        aggregator=None,
        help="Percent of the control group who bought.",
    )
    lift = OptionalFloat(
        aggregator=None,
        help="Percent of the treated who bought less percent of the control group who "
        "bought, in percentage points.",
    )
    lift_low = OptionalFloat(string="Lift at Least", aggregator=None)
    lift_high = OptionalFloat(string="Lift at Most", aggregator=None)
    lift_relative = OptionalFloat(
        string="Lift in %",
        aggregator=None,
        help="Lift in percent of the share of buyers in the control group.",
    )
    p_value = OptionalFloat(
        string="P-Value",
        digits=(16, 4),
        aggregator=None,
        help="How often chance alone would show a difference as large. Two-sided test "
        "of two proportions.",
    )
    is_conclusive = fields.Boolean(
        string="Conclusive",
        help="The 95 % interval of the lift excludes zero, and the p-value is below "
        "5 %.",
    )
    amount_treated = fields.Monetary(string="Sales per Treated", aggregator=None)
    amount_control = OptionalMonetary(string="Sales per Control", aggregator=None)
    amount_lift = OptionalMonetary(
        string="Sales Lift",
        aggregator=None,
        help="Difference of the net purchases per customer, what they bought before "
        "taken into account (CUPED), with Welch's interval.",
    )
    amount_low = OptionalMonetary(string="Sales Lift at Least", aggregator=None)
    amount_high = OptionalMonetary(string="Sales Lift at Most", aggregator=None)
    amount_p_value = OptionalFloat(
        string="P-Value of Sales", digits=(16, 4), aggregator=None
    )
    is_amount_conclusive = fields.Boolean(string="Sales Conclusive")
    incremental_customers = OptionalFloat(
        help="Treated customers x lift: buyers who would not have bought."
    )
    incremental_sales = OptionalMonetary(
        help="Treated customers x difference of the net purchases per customer."
    )
    attributed_sales = OptionalMonetary(
        help="Net purchases of the treated customers in their windows. There was no "
        "control group: nobody knows which would have come anyway."
    )
    margin_rate = OptionalFloat(
        aggregator=None,
        help="Percent of gross sales left after the cost of the goods sold, of the "
        "treated customers' purchases whose cost is known. What the campaign gave free "
        "is not in it: it is a cost of the campaign.",
    )
    discount_amount = fields.Monetary(
        string="Discount Given",
        help="On the campaign's offer, used within the windows.",
    )
    goods_cost = fields.Monetary(
        string="Cost of Free Goods",
        help="Given on the campaign's offer, used within the windows.",
    )
    channel_cost = fields.Monetary(
        string="Cost of Messages",
        help="Messages, calls and printed coupons x cost per message.",
    )
    profit = OptionalMonetary(
        help="Incremental gross sales x margin rate - discount given - free goods - "
        "messages."
    )
    roi = OptionalFloat(
        string="ROI",
        aggregator=None,
        help="Profit in percent of discount given, free goods and messages.",
    )
    attributed_profit = OptionalMonetary(
        help="Gross sales x margin rate - discount given - free goods - messages, of "
        "all that the treated customers bought. There was no control group: nobody "
        "knows which would have come anyway."
    )
    ratio_p_value = fields.Float(
        string="P-Value of the Split", digits=(16, 4), aggregator=None
    )
    ratio_warning = fields.Boolean(
        string="Split Looks Wrong",
        compute="_compute_ratio_warning",
        help="The sizes of the groups are further from the plan than chance explains: "
        "the result cannot be trusted.",
    )
    verdict = fields.Char(compute="_compute_verdict")

    _company_index = models.Index("(company_id)")

    @api.depends("campaign_id.name", "variant_id.name", "year")
    def _compute_display_name(self):
        for row in self:
            parts = [row.campaign_id.name, row.variant_id.name]
            if not row.campaign_id:
                parts = [self.env._("All campaigns of %(year)s", year=row.year)]
            row.display_name = " · ".join(filter(None, parts))

    def _read_group_select(self, aggregate_spec, query):
        """Sum the rows of all arms together, and those of arms where these are alone.

        Together with its arms, a campaign would count twice.
        """
        found = super()._read_group_select(aggregate_spec, query)
        name, _dot, function = aggregate_spec.partition(":")
        if function not in ("sum", "sum_currency") or name not in self._fields:
            return found
        arm = self._field_to_sql(self._table, "variant_id", query)
        return SQL(
            """CASE WHEN BOOL_OR(%(arm)s IS NULL)
                    THEN %(found)s FILTER (WHERE %(arm)s IS NULL) ELSE %(found)s END""",
            arm=arm,
            found=found,
        )

    @api.depends("ratio_p_value", "has_control")
    def _compute_ratio_warning(self):
        for row in self:
            row.ratio_warning = row.has_control and row.ratio_p_value < SRM_LIMIT

    @api.depends("is_conclusive", "lift", "has_control", "ratio_warning", "open_count")
    def _compute_verdict(self):
        for row in self:
            if not row.has_control:
                row.verdict = self.env._(
                    "No control group: what was bought is attributed, not proven."
                )
            elif row.ratio_warning:
                row.verdict = self.env._(
                    "The split of the groups looks wrong: do not trust the result."
                )
            elif not row.is_conclusive:
                row.verdict = self.env._("Not conclusive yet.")
            elif row.open_count and row.lift > 0:
                row.verdict = self.env._(
                    "More customers bought so far: wait until the windows are over."
                )
            elif row.lift > 0:
                row.verdict = self.env._("More customers bought: it worked.")
            else:
                row.verdict = self.env._("Fewer customers bought: it did harm.")
