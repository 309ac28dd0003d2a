from odoo import fields, models


class LoyaltySegmentMember(models.Model):
    """One customer in one segment, from a day on and possibly to a day."""

    _name = "loyalty.segment.member"
    _description = "Segment Member"
    _log_access = False
    _rec_name = "partner_id"

    segment_id = fields.Many2one(
        "loyalty.segment",
        required=True,
        ondelete="cascade",
        index=True,
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="segment_id.company_id", store=True)
    date_from = fields.Date(string="Member from", required=True)
    date_to = fields.Date(string="Member until")
    is_manual = fields.Boolean(string="Added by Hand")
    is_excluded = fields.Boolean(string="Excluded")

    _open_member_unique = models.UniqueIndex(
        "(segment_id, partner_id) WHERE date_to IS NULL",
        "The customer is already in the segment.",
    )
