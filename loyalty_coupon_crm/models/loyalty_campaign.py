from odoo import fields, models


class LoyaltyCampaign(models.Model):
    """A planned offer to an audience."""

    _name = "loyalty.campaign"
    _description = "Loyalty Campaign"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    program_id = fields.Many2one(
        "loyalty.program",
        string="Offer",
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    segment_id = fields.Many2one(
        "loyalty.segment",
        string="Audience",
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    points = fields.Float(
        default=1.0, help="Points put on each card; 1 for a coupon with one use."
    )
    validity_days = fields.Integer(
        string="Valid for",
        help="Days after issue, the last one included; 0 for no end.",
    )
    control_percent = fields.Float(
        string="Control Group",
        default=10.0,
        help="Percent of the audience that gets nothing.",
    )
    seed = fields.Char(readonly=True, copy=False)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("running", "Running"),
            ("paused", "Stopped"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
    )
    variant_ids = fields.One2many(
        "loyalty.campaign.variant", "campaign_id", string="Arms"
    )
    member_ids = fields.One2many(
        "loyalty.campaign.member", "campaign_id", string="Members"
    )
