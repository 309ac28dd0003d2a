from odoo import api, fields, models
from odoo.tools import SQL

ASSUMED_REDEMPTION_PERCENT = 10.0
# Younger or smaller campaigns say little about how many coupons will be used.
TELLING_DAYS = 30
TELLING_COUPONS = 100


class LoyaltyCampaignPreviewMixin(models.AbstractModel):
    """What a campaign would do, shown before it is launched."""

    _name = "loyalty.campaign.preview.mixin"
    _description = "Preview of Campaigns"

    company_id = fields.Many2one("res.company")
    currency_id = fields.Many2one(related="company_id.currency_id")
    audience_count = fields.Integer(
        string="Customers in the Audience",
        compute="_compute_preview",
        help="Active customers of the audience that the company may see, now.",
    )
    preview_treated = fields.Integer(string="Get the Offer", compute="_compute_preview")
    preview_control = fields.Integer(
        string="Control Customers", compute="_compute_preview"
    )
    cost_max = fields.Monetary(
        string="Cost at Most",
        compute="_compute_preview",
        help="If every card is used up, each for its most expensive reward.",
    )
    cost_expected = fields.Monetary(
        string="Expected Cost",
        compute="_compute_preview",
        help="Cost per use x customers who get the offer x redemption rate of the "
        "company's campaigns so far.",
    )
    cost_is_open = fields.Boolean(
        compute="_compute_preview", help="The offer has no upper limit."
    )
    redemption_percent = fields.Float(
        string="Redemption Rate",
        compute="_compute_preview",
        help="Percent of the coupons that were used, of the company's campaigns "
        "launched at least 30 days ago; 10 % is assumed while they issued fewer than "
        "100 coupons.",
    )

    @api.depends(
        "segment_id",
        "program_id",
        "company_id",
        "control_percent",
        "budget_coupons",
        "points",
        "variant_ids.points",
        "variant_ids.program_id",
        "variant_ids.share",
    )
    def _compute_preview(self):
        for campaign in self:
            campaign.audience_count = campaign._audience_size()
            treated, control = campaign._group_sizes()
            campaign.preview_treated = treated
            campaign.preview_control = control
            percent = campaign._past_redemption_percent()
            highest, typical = campaign._cost_per_card()
            campaign.redemption_percent = percent
            campaign.cost_is_open = highest is None
            campaign.cost_max = treated * (highest or 0.0)
            campaign.cost_expected = treated * typical * percent / 100.0

    def _past_redemption_percent(self):
        """Return the percent of coupons used of the company's earlier campaigns.

        The setting `loyalty.assumed_redemption_percent` while too few were issued.
        """
        launched = fields.Datetime.subtract(fields.Datetime.now(), days=TELLING_DAYS)
        domain = [
            ("campaign_id.company_id", "=", self.company_id.id),
            ("campaign_id.launched_at", "<=", launched),
        ]
        [[issued]] = self.env["loyalty.campaign.batch"]._read_group(
            domain, [], ["issued_count:sum"]
        )
        if issued < TELLING_COUPONS:
            # The setting belongs to the administrator; the preview only reads it.
            parameters = self.env["ir.config_parameter"].sudo()
            assumed = parameters.get_param("loyalty.assumed_redemption_percent")
            return float(assumed or ASSUMED_REDEMPTION_PERCENT)
        [[used]] = self.env["loyalty.redemption"]._read_group(
            [*domain, ("is_live", "=", True)],
            [],
            ["card_id:count_distinct"],
        )
        return min(100.0, 100.0 * used / issued)

    def _cost_per_card(self):
        """Return what one card may cost, in company currency.

        :return: tuple of the highest cost of all arms (None when nothing limits it)
            and the typical cost of a card that is used, the arms weighted by share
        """
        arms = self._drawn_arms()
        if not arms:
            return self._cost_of_offer(self.program_id, self.points)
        found = [self._cost_of_offer(*self._offer_of(arm)) for arm in arms]
        highest = [cost for cost, _typical in found]
        typical = sum(
            cost * share
            for (_highest, cost), share in zip(found, arms.mapped("share"), strict=True)
        )
        return (
            None if None in highest else max(highest),
            typical / sum(arms.mapped("share")),
        )

    def _cost_of_offer(self, program, points):
        """Return what one card of an offer may cost: (highest, typical)."""
        if program.program_type in ("ewallet", "gift_card"):
            amount = self._in_company_currency(program, points)
            return amount, amount
        if program.program_type == "loyalty" and program.points_value:
            amount = self._in_company_currency(program, points * program.points_value)
            return amount, amount
        costs = [
            self._cost_of_reward(reward, points)
            for reward in program.reward_ids.filtered("active")
            if program.is_nominative or reward.required_points <= points
        ]
        if not costs:
            return 0.0, 0.0
        highest = [cost for cost, _typical in costs]
        typical = max(typical for _cost, typical in costs)
        return (None if None in highest else max(highest)), typical

    def _cost_of_reward(self, reward, points):
        """Return what the points of a card cost when they buy one kind of reward.

        :return: tuple (highest, typical) in company currency, as `_cost_per_card`
        """
        program = reward.program_id
        uses = points / reward.required_points
        if not program.is_nominative:
            # Points of a coupon that do not pay for a whole reward are lost.
            uses = 1 if reward.clear_wallet else int(uses)
        if reward.reward_type == "product":
            cost = max(reward.reward_product_ids.mapped("standard_price"), default=0.0)
            return (uses * reward.reward_product_qty * cost,) * 2
        if reward.reward_type != "discount":
            return None, 0.0
        limit = self._in_company_currency(program, reward.discount_max_amount)
        if reward.discount_mode == "percent" or reward.offer_kind:
            typical = reward.discount / 100.0 * self._average_basket()
            known = [amount for amount in (limit, typical) if amount]
            return (uses * limit or None), uses * min(known, default=0.0)
        amount = self._in_company_currency(program, reward.discount)
        if reward.discount_mode == "per_point":
            amount *= points
            uses = 1
        return (uses * (min(limit, amount) if limit else amount),) * 2

    def _average_basket(self):
        """Return the mean net purchase of the audience, in company currency."""
        self._flush_audience()
        self.env["loyalty.customer.metric"].flush_model()
        query = SQL(
            """
            SELECT SUM(amount) / NULLIF(SUM(purchase_count), 0)
              FROM loyalty_customer_metric
             WHERE company_id = %s
               AND partner_id IN (SELECT customer_id FROM (%s) audience)
            """,
            self.company_id.id,
            self._audience_query(),
        )
        return self.env.execute_query(query)[0][0] or 0.0

    def _in_company_currency(self, program, amount):
        """Return an amount in the program's currency in that of the company."""
        return program.currency_id._convert(
            amount, self.currency_id, self.company_id, fields.Date.context_today(self)
        )
