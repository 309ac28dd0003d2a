from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

PROSPECT = "prospect"
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


class StageField(fields.Selection):
    """The stage of a contact: who has no figures has not bought yet."""

    def _process_related(self, value, env):
        return value or PROSPECT


def _figure(kind, name, **options):
    """Return the field of a contact that shows one of its figures.

    :param kind: class of the field
    :param name: name of the figure, a field of `loyalty.customer.metric`
    :param options: further values of the field
    """
    return kind(
        related=f"loyalty_metric_id.{name}",
        search=_search_as_column(f"loyalty_{name}"),
        groups=READERS,
        **options,
    )


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = [
        "res.partner",
        "loyalty.panel.offer.mixin",
        "loyalty.panel.mixin",
        "loyalty.partner.birthday.mixin",
        "loyalty.partner.step.mixin",
        "loyalty.partner.pin.mixin",
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
    loyalty_first_date = _figure(fields.Date, "first_date")
    loyalty_last_date = _figure(fields.Date, "last_date")
    loyalty_recency_days = _figure(fields.Integer, "recency_days", aggregator="avg")
    loyalty_purchase_count = _figure(
        fields.Integer, "purchase_count", string="Number of Purchases"
    )
    loyalty_amount = _figure(
        fields.Monetary, "amount", currency_field="loyalty_currency_id"
    )
    loyalty_average_basket = _figure(
        fields.Monetary, "average_basket", currency_field="loyalty_currency_id"
    )
    loyalty_favourite_category_id = _figure(fields.Many2one, "favourite_category_id")
    loyalty_favourite_channel = _figure(fields.Selection, "favourite_channel")
    loyalty_favourite_weekday = _figure(fields.Selection, "favourite_weekday")
    loyalty_favourite_hour = _figure(fields.Integer, "favourite_hour")
    loyalty_coupon_share = _figure(
        fields.Float, "coupon_share", string="Share of Purchases with Coupon"
    )
    loyalty_r_score = _figure(fields.Integer, "r_score", aggregator="avg")
    loyalty_f_score = _figure(fields.Integer, "f_score", aggregator="avg")
    loyalty_m_score = _figure(fields.Integer, "m_score", aggregator="avg")
    loyalty_fm_score = _figure(fields.Integer, "fm_score", aggregator="avg")
    loyalty_rfm_segment = _figure(fields.Selection, "rfm_segment")
    loyalty_stage = _figure(StageField, "stage")
    loyalty_stage_date = _figure(fields.Date, "stage_date")
    loyalty_next_date = _figure(fields.Date, "next_date")
    loyalty_tenure_days = _figure(fields.Integer, "tenure_days")
    loyalty_gap_median = _figure(fields.Float, "gap_median")
    loyalty_p_alive = _figure(fields.Float, "p_alive")
    loyalty_favourite_category_share = _figure(fields.Float, "favourite_category_share")
    loyalty_favourite_category_lift = _figure(fields.Float, "favourite_category_lift")
    loyalty_margin = _figure(
        fields.Monetary, "margin", currency_field="loyalty_currency_id"
    )
    loyalty_churn_band = _figure(fields.Selection, "churn_band")
    loyalty_expected_purchases = _figure(fields.Float, "expected_purchases")
    loyalty_clv = _figure(fields.Monetary, "clv", currency_field="loyalty_currency_id")
    loyalty_clv_band = _figure(fields.Selection, "clv_band")
    loyalty_computed_at = _figure(fields.Datetime, "computed_at", string="Figures of")
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
        if field_expr == "loyalty_stage":
            stage = super()._field_to_sql(alias, field_expr, query)
            return SQL("COALESCE(%s, %s)", stage, PROSPECT)
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

    def action_loyalty_offers(self):
        """Open what campaigns meant for the customer, and why."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_campaign_member_action"
        )
        return {
            **action,
            "name": self.env._("Offers to %(name)s", name=self.display_name),
            "domain": [("partner_id", "child_of", self.commercial_partner_id.id)],
            "context": {},
        }

    def _loyalty_offer_company(self):
        return self.env.company

    def action_loyalty_timeline(self):
        """Open what happened with the customer, all contacts included."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_customer_event_action"
        )
        return {
            **action,
            "name": self.env._("Timeline of %(name)s", name=self.display_name),
            "domain": [("customer_id", "=", self.commercial_partner_id.id)],
            "context": {},
        }

    def action_loyalty_consent(self):
        """Open what the person agreed to and refused, to note what is decided now."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_consent_action"
        )
        return {
            **action,
            "name": self.env._("Consent of %(name)s", name=self.display_name),
            "domain": [("partner_id", "=", self.id)],
            "context": {"default_partner_id": self.id},
        }

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
