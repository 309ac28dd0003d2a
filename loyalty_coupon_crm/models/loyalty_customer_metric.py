from odoo import fields, models

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


class LoyaltyCustomerMetric(models.Model):
    """The figures of one customer (commercial partner) in one company."""

    _name = "loyalty.customer.metric"
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
    purchase_count = fields.Integer(string="Purchases")
    amount = fields.Monetary(string="Net Purchases")
    average_basket = fields.Monetary()
    r_score = fields.Integer(string="Recency Score")
    f_score = fields.Integer(string="Frequency Score")
    m_score = fields.Integer(string="Amount Score")
    favourite_category_id = fields.Many2one(
        "product.category",
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
