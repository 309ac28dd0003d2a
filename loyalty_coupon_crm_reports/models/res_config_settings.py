from odoo import api, fields, models
from odoo.exceptions import ValidationError

MOST_DAYS = 730


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    loyalty_monthly_mail = fields.Boolean(
        related="company_id.loyalty_monthly_mail", readonly=False
    )
    loyalty_spend_after_days = fields.Integer(
        string="Days Before and After",
        config_parameter="loyalty.spend_after_days",
        default=30,
        help="How many days before and after the first use of a card are compared.",
    )
    loyalty_monthly_user_ids = fields.Many2many(
        related="company_id.loyalty_monthly_user_ids", readonly=False
    )

    @api.constrains("loyalty_spend_after_days")
    def _check_loyalty_spend_after_days(self):
        for settings in self:
            if not 0 < settings.loyalty_spend_after_days <= MOST_DAYS:
                raise ValidationError(
                    self.env._(
                        "Spend after Use compares 1 to %(most)s days. You typed: "
                        "%(days)s",
                        most=MOST_DAYS,
                        days=settings.loyalty_spend_after_days,
                    )
                )
