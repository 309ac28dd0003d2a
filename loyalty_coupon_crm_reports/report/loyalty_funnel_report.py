from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.loyalty_coupon_crm.models.loyalty_daily_coupon import KEYS, MEASURES
from odoo.addons.loyalty_coupon_crm.models.loyalty_fact_query import WALLET_TYPES

from .loyalty_funnel_added_mixin import SHARE_DAYS
from .rate import Rate


def _share_by(*, day):
    """Return the field of how many of the used coupons were used so soon, in percent.

    :param day: days from issue to first use, at most
    """
    return Rate(
        f"Used by Day {day} (%)",
        help="Of the coupons that were used, the share first used by "
        f"day {day} after issue, in percent.",
    )


class LoyaltyFunnelReport(models.Model):
    """One coupon that was issued, or one treated campaign member without a coupon.

    A coupon is a card of a program whose cards are handed out to be used up. Points
    wallets, eWallets and gift cards hold a balance and are left out; cards that Odoo
    makes for automatic promotions count only when a campaign issued them.

    A coupon that was replaced counts once: as its replacement, issued when the first
    was, with the uses of both. One whose issue was taken back with the order that gave
    it does not count.
    """

    _name = "loyalty.funnel.report"
    _inherit = ["loyalty.funnel.added.mixin", "loyalty.funnel.page.mixin"]
    _description = "Coupon Funnel"
    _auto = False
    _rec_name = "card_id"
    _order = "issued_at desc, id desc"
    _depends = {
        "loyalty.daily.coupon": [*KEYS, *MEASURES],
        "loyalty.daily.refresh": ["refreshed_at", "after_days"],
        "loyalty.card": [
            "program_id",
            "partner_id",
            "company_id",
            "campaign_id",
            "campaign_member_id",
            "issued_at",
            "reissued_from_id",
            "first_seen_at",
            "used_at",
            "voided_at",
            "points",
            "expiration_date",
        ],
        "loyalty.program": ["applies_on", "program_type"],
        "loyalty.reward": ["active", "program_id", "required_points"],
        "loyalty.campaign": ["company_id", "program_id"],
        "loyalty.campaign.member": [
            "campaign_id",
            "partner_id",
            "arm",
            "card_id",
            "variant_id",
            "assigned_at",
        ],
        "loyalty.point.hold": ["card_id", "expires_at"],
        "loyalty.redemption": ["card_id", "date", "points", "reversal_of_id"],
        "res.partner": ["commercial_partner_id"],
    }

    card_id = fields.Many2one("loyalty.card", string="Coupon", readonly=True)
    program_id = fields.Many2one("loyalty.program", readonly=True)
    campaign_id = fields.Many2one("loyalty.campaign", readonly=True)
    variant_id = fields.Many2one(
        "loyalty.campaign.variant", string="Arm", readonly=True
    )
    customer_id = fields.Many2one(
        "res.partner",
        readonly=True,
        help="The commercial customer who was offered the coupon.",
    )
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    issued_at = fields.Datetime(
        string="Moment of Issue",
        readonly=True,
        help="When the coupon was issued, or its customer chosen for one.",
    )
    issue_date = fields.Date(
        string="Issued on",
        readonly=True,
        help="Day of issue in the company's time zone; its month is the cohort.",
    )
    first_use_date = fields.Date(
        string="First Used on",
        readonly=True,
        help="Day of the first use that was not reversed, in the company's time zone.",
    )
    state = fields.Selection(
        selection=[
            ("offered", "Not Issued"),
            ("issued", "Issued"),
            ("seen", "Seen"),
            ("held", "Held"),
            ("used", "Used"),
            ("expired", "Expired"),
            ("void", "Void"),
        ],
        string="Status",
        readonly=True,
    )
    outcome = fields.Selection(
        selection=[
            ("offered", "Not Issued"),
            ("open", "Open"),
            ("used", "Used"),
            ("expired", "Expired"),
            ("void", "Void"),
        ],
        readonly=True,
        help="What became of the coupon; open as long as it is issued, seen or held.",
    )
    issued_count = fields.Integer(
        string="Issued", readonly=True, help="Coupons issued, whatever became of them."
    )
    seen_count = fields.Integer(
        string="Seen",
        readonly=True,
        help="Open coupons that their customer has looked at.",
    )
    held_count = fields.Integer(
        string="Held",
        readonly=True,
        help="Open coupons that an unfinished order reserves at this moment.",
    )
    used_count = fields.Integer(
        string="Used",
        readonly=True,
        help="Coupons used up. A use that was reversed leaves no trace here.",
    )
    expired_count = fields.Integer(
        string="Expired", readonly=True, help="Coupons whose last day passed unused."
    )
    void_count = fields.Integer(
        string="Void", readonly=True, help="Coupons that were made invalid by hand."
    )
    open_count = fields.Integer(
        string="Open",
        readonly=True,
        help="Still valid and not used up: issued, seen or held.",
    )
    closed_count = fields.Integer(
        string="Closed",
        readonly=True,
        help="Used, expired or void: issued less open.",
    )
    redemption_rate = Rate(
        "Redemption Rate (%)",
        help="Used ÷ issued of the cohort, in percent.",
    )
    closed_redemption_rate = Rate(
        "Redemption Rate of Closed (%)",
        help="Used ÷ (issued less those still valid and unused), in percent: what the "
        "rate will come to when the open coupons behave like the closed ones.",
    )
    customer_count = fields.Integer(
        string="Customers",
        readonly=True,
        help="Different commercial customers who were offered a coupon; in a campaign "
        "all members of the treated arms.",
    )
    redeeming_customer_count = fields.Integer(
        string="Customers Who Redeemed",
        readonly=True,
        help="Different commercial customers with at least one use of their coupons.",
    )
    customer_redemption_rate = Rate(
        "Customer Redemption Rate (%)",
        help="Customers with at least one redemption ÷ customers who were offered a "
        "coupon, in percent, each customer counted once.",
    )
    use_count = fields.Integer(
        string="Redemptions",
        readonly=True,
        help="Uses that were not reversed; one coupon may allow several.",
    )
    redeemed_count = fields.Integer(
        string="Coupons with a Use",
        readonly=True,
        help="Coupons with at least one use that was not reversed.",
    )
    discount_amount = fields.Monetary(
        string="Discount Given",
        readonly=True,
        help="Discount given by these coupons, untaxed, in company currency, less what "
        "was reversed.",
    )
    goods_cost = fields.Monetary(
        string="Cost of Free Goods",
        readonly=True,
        help="Cost of goods given free with these coupons, in company currency.",
    )
    net_sales = fields.Monetary(
        readonly=True,
        help="Untaxed amount of the documents on which the coupons were used, net of "
        "discount. A document with several coupons is shared equally between them, so "
        "that it counts once.",
    )
    days_to_use = Rate(
        "Days to Use (median)",
        help="Days from issue to first use: the median of the coupons that were used.",
    )
    share_day_1 = _share_by(day=1)
    share_day_3 = _share_by(day=3)
    share_day_7 = _share_by(day=7)
    share_day_14 = _share_by(day=14)
    share_day_30 = _share_by(day=30)

    @api.model
    def _measures(self):
        redeemed = self._distinct("customer_id", "redeemed_count")
        measures = {
            **super()._measures(),
            "redemption_rate": self._ratio("used_count", "issued_count", 100),
            "closed_redemption_rate": self._ratio("used_count", "closed_count", 100),
            "customer_count": self._distinct("customer_id"),
            "redeeming_customer_count": redeemed,
            "customer_redemption_rate": (
                f"{redeemed[0]} * 100.0 / NULLIF(COUNT(DISTINCT %(column)s), 0)",
                redeemed[1],
            ),
            "days_to_use": self._median(),
        }
        for days in SHARE_DAYS:
            measures[f"share_day_{days}"] = (
                f"COALESCE(SUM(%(used)s) FILTER (WHERE %(days)s <= {days}), 0) * 100.0"
                " / NULLIF(SUM(%(used)s) FILTER (WHERE %(days)s IS NOT NULL), 0)",
                {"days": "days_to_use", "used": "redeemed_count"},
            )
        return measures

    def _select(self):
        return SQL("SELECT %s", self._column_list(self._columns()))

    def _columns(self):
        """Hook: return {column: SQL} of a coupon; rates are figures of groups only."""
        open_state = SQL("coupon.state IN ('issued', 'seen', 'held')")
        names = ("program_id", "campaign_id", "variant_id", "customer_id", "company_id")
        amounts = ("discount_amount", "goods_cost", "net_sales")
        states = ("seen", "held", "used", "expired", "void")
        return {
            "id": SQL("coupon.id"),
            "card_id": SQL("coupon.id"),
            **{name: SQL.identifier("coupon", name) for name in names},
            "currency_id": SQL("company.currency_id"),
            "issued_at": SQL("coupon.issued_at"),
            "issue_date": SQL("coupon.issue_date"),
            "first_use_date": SQL("uses.first_use_date"),
            "state": SQL("coupon.state"),
            "outcome": SQL(
                "CASE WHEN %s THEN 'open' ELSE coupon.state END", open_state
            ),
            "issued_count": SQL("1"),
            **{
                f"{state}_count": SQL("(coupon.state = %s)::int", state)
                for state in states
            },
            "open_count": SQL("(%s)::int", open_state),
            "closed_count": SQL("(NOT %s)::int", open_state),
            "customer_count": SQL("(coupon.customer_id IS NOT NULL)::int"),
            "redeemed_count": SQL("(uses.card_id IS NOT NULL)::int"),
            "redeeming_customer_count": SQL("(uses.card_id IS NOT NULL)::int"),
            "use_count": SQL("COALESCE(uses.use_count, 0)::int"),
            **{
                name: SQL("COALESCE(%s, 0)", SQL.identifier("uses", name))
                for name in amounts
            },
            "days_to_use": SQL("(uses.first_use_date - coupon.issue_date)::numeric"),
            **{name: SQL("NULL::numeric") for name in self._rate_names()},
        }

    def _from(self):
        return SQL(
            """
              FROM (%s) coupon
              LEFT JOIN LATERAL (%s) uses ON uses.card_id = coupon.id
              LEFT JOIN res_company company ON company.id = coupon.company_id
            """,
            self._query_coupons(),
            self._query_uses(),
        )

    def _query_coupons(self):
        """Return SQL of the coupons that were issued.

        OFFSET 0 has the state computed once per coupon, not once per column of it.
        """
        coupons = self._day_queries("loyalty.coupon.query")._coupons(SQL("TRUE"))
        return SQL("%s OFFSET 0", coupons) if self._is_whole() else coupons

    def _query_uses(self):
        """Return SQL of the live uses per card, of the companies of the reader.

        A coupon of all companies is seen by all, what others sold with it is not.
        """
        cards = None if self._is_whole() else SQL("SELECT coupon.id")
        return self._day_queries("loyalty.coupon.query")._uses_per_coupon(
            cards, by_document=bool(cards), companies=self.env.companies.ids
        )

    def _query_not_issued(self, columns):
        """Return SQL of the treated members of coupon campaigns who have no coupon.

        :param columns: names of the columns it is to have
        """
        assigned = self._local(SQL("member.assigned_at"), SQL("member.company_id"))
        known = {
            "id": SQL("-member.id"),
            "facts": SQL("1"),
            "program_id": SQL("program.id"),
            "campaign_id": SQL("member.campaign_id"),
            "variant_id": SQL("member.variant_id"),
            "customer_id": SQL("COALESCE(owner.commercial_partner_id, owner.id)"),
            "company_id": SQL("member.company_id"),
            "currency_id": SQL("company.currency_id"),
            "issued_at": SQL("member.assigned_at"),
            "issue_date": SQL("%s::date", assigned),
            "state": SQL("'offered'"),
            "outcome": SQL("'offered'"),
            "customer_count": SQL("(owner.id IS NOT NULL)::int"),
        }
        names = {name: known.get(name, SQL("NULL")) for name in columns}
        return SQL(
            """
            SELECT %(columns)s
              FROM loyalty_campaign_member member
              JOIN loyalty_campaign campaign ON campaign.id = member.campaign_id
              LEFT JOIN loyalty_campaign_variant variant
                ON variant.id = member.variant_id
              JOIN loyalty_program program
                ON program.id = COALESCE(variant.program_id, campaign.program_id)
              JOIN res_company company ON company.id = member.company_id
              LEFT JOIN res_partner owner ON owner.id = member.partner_id
             WHERE member.arm = 'treated'
               AND member.card_id IS NULL
               AND program.program_type NOT IN %(wallets)s
            """,
            columns=self._column_list(names),
            wallets=WALLET_TYPES,
        )

    @api.readonly
    def action_open_rows(self):
        """Open the coupons behind the rows, or the members who got none."""
        cards = self.card_id
        if cards or not self:
            return self._open_action(cards, self.env._("Coupons"))
        members = self.env["loyalty.campaign.member"].browse(-row.id for row in self)
        return self._open_action(members, self.env._("Campaign Members"))

    @api.readonly
    def action_open_redemptions(self):
        """Open the uses, reversals included, of the coupons behind the rows."""
        uses = self.env["loyalty.redemption"].search(
            [("card_id", "in", self.card_id.ids)]
        )
        return self._open_action(uses, self.env._("Redemptions"))
