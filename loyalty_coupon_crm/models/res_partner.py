from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

READERS = (
    "loyalty_coupon_crm.group_loyalty_salesperson,"
    "loyalty_coupon_crm.group_loyalty_auditor"
)


def _search_as_column(name):
    """Return a search method that leaves the condition to SQL.

    `_field_to_sql` joins the figures. Odoo's own search of a related field counts
    customers without figures among those with an amount above zero.

    :param name: the figure, a field of `res.partner`
    """
    return lambda partners, operator, value: Domain(name, operator, value)


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = [
        "res.partner",
        "loyalty.panel.mixin",
        "loyalty.partner.birthday.mixin",
        "loyalty.recommend.mixin",
    ]

    loyalty_metric_ids = fields.One2many(
        "loyalty.customer.metric", "partner_id", string="Figures", groups=READERS
    )
    loyalty_metric_id = fields.Many2one(
        "loyalty.customer.metric",
        string="Figures in this Company",
        compute="_compute_loyalty_metric_id",
        compute_sudo=True,
        groups=READERS,
    )
    loyalty_first_date = fields.Date(
        related="loyalty_metric_id.first_date",
        groups=READERS,
        search=_search_as_column("loyalty_first_date"),
    )
    loyalty_last_date = fields.Date(
        related="loyalty_metric_id.last_date",
        groups=READERS,
        search=_search_as_column("loyalty_last_date"),
    )
    loyalty_recency_days = fields.Integer(
        related="loyalty_metric_id.recency_days",
        groups=READERS,
        search=_search_as_column("loyalty_recency_days"),
        aggregator="avg",
    )
    loyalty_purchase_count = fields.Integer(
        string="Number of Purchases",
        related="loyalty_metric_id.purchase_count",
        search=_search_as_column("loyalty_purchase_count"),
        groups=READERS,
    )
    loyalty_amount = fields.Monetary(
        related="loyalty_metric_id.amount",
        search=_search_as_column("loyalty_amount"),
        currency_field="loyalty_currency_id",
        groups=READERS,
    )
    loyalty_average_basket = fields.Monetary(
        related="loyalty_metric_id.average_basket",
        search=_search_as_column("loyalty_average_basket"),
        currency_field="loyalty_currency_id",
        groups=READERS,
    )
    loyalty_favourite_category_id = fields.Many2one(
        related="loyalty_metric_id.favourite_category_id",
        groups=READERS,
        search=_search_as_column("loyalty_favourite_category_id"),
    )
    loyalty_favourite_channel = fields.Selection(
        related="loyalty_metric_id.favourite_channel",
        groups=READERS,
        search=_search_as_column("loyalty_favourite_channel"),
    )
    loyalty_favourite_weekday = fields.Selection(
        related="loyalty_metric_id.favourite_weekday",
        groups=READERS,
        search=_search_as_column("loyalty_favourite_weekday"),
    )
    loyalty_favourite_hour = fields.Integer(
        related="loyalty_metric_id.favourite_hour",
        groups=READERS,
        search=_search_as_column("loyalty_favourite_hour"),
    )
    loyalty_coupon_share = fields.Float(
        string="Share of Purchases with Coupon",
        related="loyalty_metric_id.coupon_share",
        search=_search_as_column("loyalty_coupon_share"),
        groups=READERS,
    )
    loyalty_r_score = fields.Integer(
        related="loyalty_metric_id.r_score",
        groups=READERS,
        search=_search_as_column("loyalty_r_score"),
        aggregator="avg",
    )
    loyalty_f_score = fields.Integer(
        related="loyalty_metric_id.f_score",
        groups=READERS,
        search=_search_as_column("loyalty_f_score"),
        aggregator="avg",
    )
    loyalty_m_score = fields.Integer(
        related="loyalty_metric_id.m_score",
        groups=READERS,
        search=_search_as_column("loyalty_m_score"),
        aggregator="avg",
    )
    loyalty_rfm_segment = fields.Selection(
        related="loyalty_metric_id.rfm_segment",
        groups=READERS,
        search=_search_as_column("loyalty_rfm_segment"),
    )
    loyalty_stage = fields.Selection(
        related="loyalty_metric_id.stage",
        groups=READERS,
        search=_search_as_column("loyalty_stage"),
    )
    loyalty_stage_date = fields.Date(
        related="loyalty_metric_id.stage_date",
        groups=READERS,
        search=_search_as_column("loyalty_stage_date"),
    )
    loyalty_next_date = fields.Date(
        related="loyalty_metric_id.next_date",
        groups=READERS,
        search=_search_as_column("loyalty_next_date"),
    )
    loyalty_tenure_days = fields.Integer(
        related="loyalty_metric_id.tenure_days",
        groups=READERS,
        search=_search_as_column("loyalty_tenure_days"),
    )
    loyalty_gap_median = fields.Float(
        related="loyalty_metric_id.gap_median",
        groups=READERS,
        search=_search_as_column("loyalty_gap_median"),
    )
    loyalty_p_alive = fields.Float(
        related="loyalty_metric_id.p_alive",
        groups=READERS,
        search=_search_as_column("loyalty_p_alive"),
    )
    loyalty_favourite_category_share = fields.Float(
        related="loyalty_metric_id.favourite_category_share",
        groups=READERS,
        search=_search_as_column("loyalty_favourite_category_share"),
    )
    loyalty_favourite_category_lift = fields.Float(
        related="loyalty_metric_id.favourite_category_lift",
        groups=READERS,
        search=_search_as_column("loyalty_favourite_category_lift"),
    )
    loyalty_margin = fields.Monetary(
        related="loyalty_metric_id.margin",
        groups=READERS,
        search=_search_as_column("loyalty_margin"),
        currency_field="loyalty_currency_id",
    )
    loyalty_churn_band = fields.Selection(
        related="loyalty_metric_id.churn_band",
        groups=READERS,
        search=_search_as_column("loyalty_churn_band"),
    )
    loyalty_expected_purchases = fields.Float(
        related="loyalty_metric_id.expected_purchases",
        groups=READERS,
        search=_search_as_column("loyalty_expected_purchases"),
    )
    loyalty_clv = fields.Monetary(
        related="loyalty_metric_id.clv",
        groups=READERS,
        search=_search_as_column("loyalty_clv"),
        currency_field="loyalty_currency_id",
    )
    loyalty_clv_band = fields.Selection(
        related="loyalty_metric_id.clv_band",
        groups=READERS,
        search=_search_as_column("loyalty_clv_band"),
    )
    loyalty_computed_at = fields.Datetime(
        string="Figures of",
        related="loyalty_metric_id.computed_at",
        groups=READERS,
        search=_search_as_column("loyalty_computed_at"),
    )
    loyalty_currency_id = fields.Many2one(
        "res.currency", compute="_compute_loyalty_currency_id"
    )

    @api.depends_context("company")
    def _compute_loyalty_currency_id(self):
        self.loyalty_currency_id = self.env.company.currency_id

    @api.depends("commercial_partner_id.loyalty_metric_ids")
    @api.depends_context("company")
    def _compute_loyalty_metric_id(self):
        metrics = self.env["loyalty.customer.metric"].search(
            [
                ("partner_id", "in", self.commercial_partner_id.ids),
                ("company_id", "=", self.env.company.id),
            ]
        )
        by_partner = {metric.partner_id: metric for metric in metrics}
        for partner in self:
            partner.loyalty_metric_id = by_partner.get(partner.commercial_partner_id)

    def _field_to_sql(self, alias, field_expr, query=None):
        """Join the figures of the company: lists sort and group by them."""
        if field_expr != "loyalty_metric_id" or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        figures = query.make_alias(alias, "loyalty_figures")
        query.add_join(
            "LEFT JOIN",
            figures,
            "loyalty_customer_metric",
            SQL(
                "%s = %s AND %s = %s",
                SQL.identifier(figures, "partner_id"),
                SQL.identifier(alias, "commercial_partner_id"),
                SQL.identifier(figures, "company_id"),
                self.env.company.id,
            ),
        )
        return SQL.identifier(figures, "id")

    def _loyalty_panel_depends(self):
        return ["commercial_partner_id"]

    def _loyalty_panel_partner(self):
        self.ensure_one()
        return self

    def _loyalty_panel_companies(self):
        return self.env.companies | self.env.companies.sudo().parent_ids

    def action_loyalty_statement(self):
        """Open the points statement of the customer, all contacts included."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_point_move_action"
        )
        action["domain"] = [("partner_id", "child_of", self.commercial_partner_id.id)]
        return action

    def action_loyalty_purchases(self):
        """Open the purchases of the customer, those of all contacts included."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_purchase_action"
        )
        customer = self.commercial_partner_id
        action["domain"] = [("commercial_partner_id", "=", customer.id)]
        return action

    def write(self, vals):
        """Write partners; who changes the company takes the purchases along."""
        result = super().write(vals)
        # The time zone of a company's partner is the company's, and is remembered.
        if "tz" in vals and self.sudo().ref_company_ids:
            self.env.registry.clear_cache()
        if not {"parent_id", "is_company"}.isdisjoint(vals):
            self.env["loyalty.purchase"]._sync_customers(self)
        return result
