from odoo import api, fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    loyalty_adjust_limit_salesperson = fields.Float(
        related="company_id.loyalty_adjust_limit_salesperson", readonly=False
    )
    loyalty_adjust_limit_marketing = fields.Float(
        related="company_id.loyalty_adjust_limit_marketing", readonly=False
    )
    loyalty_adjust_limit_manager = fields.Float(
        related="company_id.loyalty_adjust_limit_manager", readonly=False
    )
    loyalty_goodwill_limit = fields.Integer(
        related="company_id.loyalty_goodwill_limit", readonly=False
    )
    loyalty_retention_years = fields.Integer(
        related="company_id.loyalty_retention_years", readonly=False
    )
    loyalty_holdout_percent = fields.Float(
        related="company_id.loyalty_holdout_percent", readonly=False
    )
    loyalty_cap_count = fields.Integer(
        related="company_id.loyalty_cap_count", readonly=False
    )
    loyalty_cap_days = fields.Integer(
        related="company_id.loyalty_cap_days", readonly=False
    )
    loyalty_consent_required = fields.Boolean(
        related="company_id.loyalty_consent_required", readonly=False
    )
    loyalty_quiet_from = fields.Float(
        related="company_id.loyalty_quiet_from", readonly=False
    )
    loyalty_quiet_to = fields.Float(
        related="company_id.loyalty_quiet_to", readonly=False
    )
    loyalty_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Currency of Campaigns"
    )
    loyalty_approval_cost = fields.Monetary(
        related="company_id.loyalty_approval_cost",
        readonly=False,
        currency_field="loyalty_currency_id",
    )
    loyalty_rfm_months = fields.Integer(
        related="company_id.loyalty_rfm_months", readonly=False
    )
    loyalty_rfm_recency = fields.Char(
        related="company_id.loyalty_rfm_recency", readonly=False
    )
    loyalty_rfm_frequency = fields.Char(
        related="company_id.loyalty_rfm_frequency", readonly=False
    )
    loyalty_rfm_amount = fields.Char(
        related="company_id.loyalty_rfm_amount", readonly=False
    )
    loyalty_lost_days = fields.Integer(
        related="company_id.loyalty_lost_days", readonly=False
    )
    loyalty_lost_probability = fields.Float(
        related="company_id.loyalty_lost_probability", readonly=False
    )
    loyalty_dormant_factor = fields.Float(
        related="company_id.loyalty_dormant_factor", readonly=False
    )
    loyalty_yearly_discount = fields.Float(
        related="company_id.loyalty_yearly_discount", readonly=False
    )
    loyalty_apple_pass_type = fields.Char(
        related="company_id.loyalty_apple_pass_type", readonly=False
    )
    loyalty_apple_team = fields.Char(
        related="company_id.loyalty_apple_team", readonly=False
    )
    loyalty_apple_certificate = fields.Binary(
        related="company_id.loyalty_apple_certificate", readonly=False
    )
    loyalty_apple_key = fields.Binary(
        related="company_id.loyalty_apple_key", readonly=False
    )
    loyalty_apple_intermediate = fields.Binary(
        related="company_id.loyalty_apple_intermediate", readonly=False
    )
    loyalty_google_issuer = fields.Char(
        related="company_id.loyalty_google_issuer", readonly=False
    )
    loyalty_google_account = fields.Text(
        related="company_id.loyalty_google_account", readonly=False
    )
    loyalty_model_text = fields.Text(
        string="Prediction", compute="_compute_loyalty_model_text"
    )

    @api.depends("company_id")
    def _compute_loyalty_model_text(self):
        metrics = self.env["loyalty.company.metric"]
        for settings in self:
            metric = metrics.search([("company_id", "=", settings.company_id.id)])
            settings.loyalty_model_text = (
                metric or metrics.new({"company_id": settings.company_id.id})
            ).model_text
