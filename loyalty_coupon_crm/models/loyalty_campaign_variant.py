from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

CHANNELS = [
    ("campaign", "As the campaign"),
    ("mail", "E-mail only"),
    ("text", "Text message only"),
    ("call", "Call only"),
    ("none", "No message"),
]


class LoyaltyCampaignVariant(models.Model):
    """An arm of a campaign: which offer and message a share of the audience gets."""

    _name = "loyalty.campaign.variant"
    _description = "Campaign Arm"
    _order = "campaign_id, sequence, id"
    _check_company_auto = True

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
        "loyalty.program",
        string="Offer",
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        help="Empty for the offer of the campaign.",
    )
    points = fields.Float(help="Points of each card; 0 for those of the campaign.")
    mail_template_id = fields.Many2one(
        "mail.template",
        string="Message",
        domain=[("model", "=", "loyalty.card")],
        ondelete="restrict",
        index="btree_not_null",
        help="Empty for the message of the campaign.",
    )
    sms_template_id = fields.Many2one(
        "sms.template",
        string="Text Message",
        domain=[("model", "=", "loyalty.card")],
        ondelete="restrict",
        index="btree_not_null",
        help="Empty for the text message of the campaign.",
    )
    channel = fields.Selection(
        CHANNELS,
        string="Way",
        required=True,
        default="campaign",
        help="How the arm reaches its customers. The campaign tries e-mail, then a "
        "text message, then a call.",
    )
    send_after_hours = fields.Float(
        string="Send after",
        help="Hours between the issue of the offer and its message.",
    )

    @api.constrains("share", "points", "send_after_hours")
    def _check_numbers(self):
        for variant in self:
            if min(variant.share, variant.points, variant.send_after_hours) < 0:
                raise ValidationError(
                    self.env._(
                        "The arm %(name)s has a negative share, number of points or "
                        "time: enter 0 or more.",
                        name=variant.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Create arms of drafts."""
        variants = super().create(vals_list)
        variants._expect_draft()
        return variants

    def write(self, vals):
        """Write arms of drafts; a launched campaign keeps its arms.

        :raise UserError: when the campaign was launched
        """
        if set(vals) - {"name", "sequence"}:
            self._expect_draft()
        result = super().write(vals)
        if "campaign_id" in vals:
            # The campaign they came into has to be a draft, too.
            self._expect_draft()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_launched(self):
        self._expect_draft()

    def _expect_draft(self):
        """Refuse to change the arms of launched campaigns; note a new version.

        :raise UserError: when a campaign was launched
        """
        campaigns = self.campaign_id
        launched = campaigns.filtered(lambda campaign: campaign.state != "draft")
        if launched and not self.env.su:
            raise UserError(
                self.env._(
                    "The campaign %(name)s was launched: its arms stay as they are. "
                    "Duplicate it to start another one.",
                    name=launched[0].name,
                )
            )
        campaigns._note_new_version()
