from odoo import fields, models

from .loyalty_customer_metric import STAGES


class LoyaltyStageChange(models.Model):
    """The day on which a customer passed from one stage of the life cycle to another.

    Only the refresh of the figures writes rows, and it never changes one.
    """

    _name = "loyalty.stage.change"
    _description = "Stage Change"
    _log_access = False
    _rec_name = "partner_id"
    _order = "date desc, id desc"

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one("res.company", required=True)
    date = fields.Date(
        required=True, help="The day of the refresh that found it, for the company."
    )
    stage_from = fields.Selection(
        STAGES,
        string="From",
        help="Empty for the first stage that was computed, unless it is new: a "
        "prospect has bought.",
    )
    stage_to = fields.Selection(STAGES, string="To", required=True)

    _company_date_index = models.Index("(company_id, date)")
