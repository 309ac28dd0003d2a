from odoo import fields, models


class LoyaltyCampaignVariant(models.Model):
    """An arm of a campaign: which offer and message a share of the audience gets."""

    _name = "loyalty.campaign.variant"
    _description = "Campaign Arm"
    _order = "campaign_id, sequence, id"

    campaign_id = fields.Many2one(
        "loyalty.campaign",
        required=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(related="campaign_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True)
    share = fields.Float(
        default=1.0, help="Weight of the arm among the treated customers."
    )
    program_id = fields.Many2one(
        "loyalty.program", string="Offer", index="btree_not_null", check_company=True
    )
    mail_template_id = fields.Many2one("mail.template", string="Message")
