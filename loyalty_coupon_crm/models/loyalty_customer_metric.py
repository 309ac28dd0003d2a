from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.rfm import LABELS
from .loyalty_company_model_mixin import COME_AGAIN

CHANNEL_SELECTION = [
    ("sale", "Sales"),
    ("website", "Website"),
    ("pos", "Point of Sale"),
    ("import", "Imported"),
]
WEEKDAYS = [
    ("1", "Monday"),
    ("2", "Tuesday"),
    ("3", "Wednesday"),
    ("4", "Thursday"),
    ("5", "Friday"),
    ("6", "Saturday"),
    ("7", "Sunday"),
]
STAGES = [
    ("prospect", "Prospect"),
    ("new", "New"),
    ("growing", "Growing"),
    ("mature", "Mature"),
    ("slowing", "Slowing"),
    ("dormant", "Dormant"),
    ("lost", "Lost"),
    ("won_back", "Won back"),
]
CHURN_BANDS = [("low", "Low"), ("medium", "Medium"), ("high", "High")]
CLV_BANDS = [("top", "Top"), ("middle", "Middle"), ("base", "Base")]
# What a segment that was made of figures is called by.
NAMING = ("rfm_segment", "stage", "clv_band", "churn_band", "favourite_category_id")


class LoyaltyCustomerMetric(models.Model):
    """The figures of one customer (commercial partner) in one company."""

    _name = "loyalty.customer.metric"
    _inherit = "loyalty.customer.refresh.mixin"
    _description = "Customer Figures"
    _log_access = False
    _rec_name = "partner_id"
    _order = "last_date desc, id"

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one("res.company", required=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    first_date = fields.Date(string="First Purchase")
    last_date = fields.Date(string="Last Purchase")
    recency_days = fields.Integer(
        string="Days Since Last Purchase", help="At the last refresh."
    )
    purchase_count = fields.Integer(
        string="Purchases", help="A purchase that was refunded in full does not count."
    )
    amount = fields.Monetary(
        string="Net Purchases", help="Untaxed, net of discount, less refunds."
    )
    average_basket = fields.Monetary(
        aggregator="avg", help="Net amount per purchase; empty without a purchase."
    )
    margin = fields.Monetary(
        help="Net amount less cost of goods, of the purchases whose cost is known."
    )
    margin_rate = fields.Float(
        aggregator="avg", help="Margin ÷ net amount of the purchases with known cost."
    )
    purchase_days = fields.Integer(help="Different days with a purchase.")
    repeat_amount = fields.Monetary(
        string="Mean Repeat Amount",
        aggregator="avg",
        help="Mean net amount of the purchase days after the first.",
    )
    tenure_days = fields.Integer(
        string="Customer for (days)",
        aggregator="avg",
        help="Days since the first purchase, at the last refresh.",
    )
    next_date = fields.Date(
        string="Next Purchase Expected",
        help="Last purchase and the median gap: the customer's own from four purchases "
        "on, before that the company's.",
    )
    gap_median = fields.Float(
        string="Median Gap", aggregator="avg", help="Days between two purchase days."
    )
    gap_p75 = fields.Float(string="75th Percentile of Gaps", aggregator="avg")
    gap_p90 = fields.Float(string="90th Percentile of Gaps", aggregator="avg")
    rfm_count = fields.Integer(
        string="Purchases in the RFM Window", help="The window is in the settings."
    )
    rfm_amount = fields.Monetary(
        string="Net Purchases in the RFM Window", help="Refunds are deducted."
    )
    r_score = fields.Integer(
        string="Recency Score",
        aggregator="avg",
        help="1 to 5, 5 for those who bought last: by rank among all buyers in the "
        "window, below 500 buyers by the thresholds of the settings. Empty without a "
        "purchase in the window.",
    )
    f_score = fields.Integer(
        string="Frequency Score",
        aggregator="avg",
        help="1 to 5 for the number of purchases in the window.",
    )
    m_score = fields.Integer(
        string="Amount Score",
        aggregator="avg",
        help="1 to 5 for the net amount in the window.",
    )
    fm_score = fields.Integer(
        string="Frequency and Amount Score",
        aggregator="avg",
        help="Mean of frequency and amount score, rounded half up.",
    )
    rfm_segment = fields.Selection(
        LABELS,
        string="RFM Segment",
        help="From the recency score and the frequency and amount score. Empty without "
        "a purchase in the window.",
    )
    stage = fields.Selection(
        STAGES,
        help="New: one purchase, within the median gap of all customers. Growing: two "
        "or three. Mature: four or more and not silent for longer than usual. Slowing: "
        "silent for longer than three quarters of the gaps. Dormant: longer than nine "
        "tenths and than twice the median. Lost: very unlikely to come back, or silent "
        "for a year. Won back: bought after dormant or lost, until the next purchase.",
    )
    stage_date = fields.Date(string="Stage since")
    p_alive = fields.Float(
        string="P(alive)",
        aggregator="avg",
        help="Probability that the customer still buys here (BG/NBD); empty while "
        "there is not enough data.",
    )
    churn_band = fields.Selection(
        CHURN_BANDS,
        string="Churn Risk",
        help="Low: P(alive) is 70 % or more. High: below 30 %. Empty for who bought on "
        "one day only: nothing says yet whether they come back.",
    )
    expected_purchases = fields.Float(
        help="Purchases expected in the next twelve months (BG/NBD).",
    )
    clv = fields.Monetary(
        string="Lifetime Value",
        help="Margin expected in the next twelve months, discounted monthly: expected "
        "purchases × expected amount (Gamma-Gamma) × margin rate of the company.",
    )
    clv_band = fields.Selection(
        CLV_BANDS,
        string="Value Band",
        help="By lifetime value: the best fifth of the customers, the next three "
        "tenths, the other half.",
    )
    favourite_category_id = fields.Many2one(
        "product.category",
    )
    favourite_category_share = fields.Float(
        string="Share of Favourite",
        aggregator="avg",
        help="Spent on the favourite category ÷ spent on all categories.",
    )
    favourite_category_lift = fields.Float(
        string="Lift of Favourite",
        aggregator="avg",
        help="That share ÷ the same share over all customers: above 1, the customer "
        "likes the category more than others do.",
    )
    favourite_channel = fields.Selection(CHANNEL_SELECTION)
    favourite_weekday = fields.Selection(WEEKDAYS)
    favourite_hour = fields.Integer(aggregator=None)
    coupon_share = fields.Float(
        aggregator="avg", help="Share of purchases on which a coupon was used."
    )
    computed_at = fields.Datetime(string="Computed on")

    _partner_company_unique = models.Constraint(
        "UNIQUE(company_id, partner_id)",
        "A customer has one row of figures per company.",
    )
    _segment_index = models.Index("(company_id, rfm_segment)")

    def init(self):
        """Have the table keep room on its pages."""
        # A refresh writes every row. With room for it on the same page, the indexes
        # need not learn of it.
        table = SQL.identifier(self._table)
        self.env.cr.execute(SQL("ALTER TABLE %s SET (fillfactor = 50)", table))

    def action_refresh(self):
        """Compute the figures of the companies the user works in.

        :raise AccessError: for whoever is not in marketing
        """
        if not self.env.user.has_group("loyalty_coupon_crm.group_loyalty_marketing"):
            raise AccessError(
                self.env._("Only marketing refreshes the figures of all customers.")
            )
        if not self.env["loyalty.company.metric"]._take_turn():
            raise UserError(
                self.env._(
                    "The figures are being computed at this moment: look again in a "
                    "minute."
                )
            )
        self._refresh(self.env.companies)

    @api.readonly
    def action_open_partner(self):
        """Open the customer the figures are of."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def action_make_segment(self):
        """Make a segment of the customers in the list, and open it.

        Chosen rows become a fixed list. Without a choice the conditions of the list
        become a rule, so that the segment follows the figures; conditions that contacts
        do not know make a fixed list of all rows.
        """
        domain = Domain(self.env.context.get("active_domain") or [])
        rule = not self and self._partner_rule(domain)
        values = {"name": self._segment_name(domain), "company_id": self.env.company.id}
        if rule:
            segment = self.env["loyalty.segment"].create(
                {**values, "kind": "dynamic", "domain": str(list(rule))}
            )
            segment.refresh()
        else:
            here = Domain("company_id", "=", self.env.company.id)
            rows = self.filtered_domain(here) if self else self.search(domain & here)
            segment = self.env["loyalty.segment"].create({**values, "kind": "static"})
            segment._add_members(rows.partner_id)
        return {
            "type": "ir.actions.act_window",
            "res_model": "loyalty.segment",
            "res_id": segment.id,
            "views": [(False, "form")],
        }

    @api.model
    def _partner_rule(self, domain):
        """Return a domain on figures as one on contacts, None when it has no twin."""
        partners = self.env["res.partner"]
        twins = True

        def translate(condition):
            nonlocal twins
            head, *rest = condition.field_expr.split(".")
            name = "id" if head == "partner_id" and not rest else f"loyalty_{head}"
            twins = twins and name in partners._fields
            return Domain(".".join([name, *rest]), condition.operator, condition.value)

        rule = domain.map_conditions(translate)
        return rule if twins and not rule.is_true() else None

    @api.model
    def _segment_name(self, domain):
        """Return a name for a segment: a cell of the matrix, a stage or the like."""
        all_hold = {"|", "!"}.isdisjoint(
            part for part in domain if isinstance(part, str)
        )
        scores = {
            condition.field_expr: condition.value
            for condition in domain.iter_conditions()
            if all_hold and condition.operator in ("=", "in")
        }
        if {"r_score", "fm_score"} <= set(scores):
            return self.env._(
                "Recency %(recency)s, frequency and amount %(mean)s",
                recency=scores["r_score"],
                mean=scores["fm_score"],
            )
        if {"r_score", "f_score"} <= set(scores):
            return self.env._(
                "Recency %(recency)s, frequency %(frequency)s",
                recency=scores["r_score"],
                frequency=scores["f_score"],
            )
        told = [name for name in NAMING if name in scores]
        if told:
            return ", ".join(self._condition_text(name, scores[name]) for name in told)
        return self.env._(
            "Customers chosen on %(day)s", day=self.env.company._loyalty_today()
        )

    @api.model
    def _condition_text(self, name, value):
        """Return in words which customers a condition on a field wants."""
        values = [value] if isinstance(value, str | int) else list(value)
        told = self.fields_get([name], ["string", "selection", "relation"])[name]
        if "relation" in told:
            labels = self.env[told["relation"]].browse(values).mapped("display_name")
        else:
            known = dict(told["selection"])
            labels = [known.get(one, str(one)) for one in values]
        return f"{told['string']}: {', '.join(labels)}"

    @api.model
    def _cron_refresh_figures(self):
        """Compute the figures of every company, then have the segments follow."""
        if not self.env["loyalty.company.metric"]._take_turn():
            self.env.ref("loyalty_coupon_crm.ir_cron_loyalty_customer_metric")._trigger(
                fields.Datetime.add(fields.Datetime.now(), minutes=COME_AGAIN)
            )
            return
        self._refresh()
        self.env.ref("loyalty_coupon_crm.ir_cron_loyalty_predict")._trigger()
        self.env.ref("loyalty_coupon_crm.ir_cron_loyalty_segment")._trigger()

    @api.model
    def _cron_refresh_recent(self):
        """Compute the figures of customers with purchases since the last refresh.

        Not while somebody computes: the next run finds the same purchases.
        """
        if self.env["loyalty.company.metric"]._take_turn():
            self._refresh(recent=True)

    @api.model
    def _refresh(self, companies=None, recent=False):
        """Compute the figures of customers in one statement.

        A customer without a purchase left loses the row. Every change of stage is
        written as a dated row.

        :param companies: `res.company` records, every company by default
        :param recent: only customers with purchases since the last refresh; figures of
            all customers and borders of scores stay those of the last full one
        """
        # Figures are of the company, whoever presses the button; companies are few.
        # pylint: disable-next=no-search-all
        companies = companies or self.env["res.company"].sudo().search([])
        self.env.flush_all()
        self._execute_refresh(companies, recent)
        self.env["loyalty.company.metric"].invalidate_model()
        self.env["loyalty.stage.change"].invalidate_model()
        self.invalidate_model()
        self.env["res.partner"].invalidate_model(["loyalty_metric_ids"])
