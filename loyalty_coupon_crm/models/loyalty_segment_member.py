from odoo import fields, models


class LoyaltySegmentMember(models.Model):
    """One customer in one segment, from a day on and possibly to a day."""

    _name = "loyalty.segment.member"
    _description = "Segment Member"
    _log_access = False
    _rec_name = "partner_id"
    _order = "date_from desc, id desc"

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
    date_to = fields.Date(
        string="Member until", help="The first day on which the row no longer holds."
    )
    is_manual = fields.Boolean(string="Added by Hand")
    is_excluded = fields.Boolean(string="Excluded")

    _open_member_unique = models.UniqueIndex(
        "(segment_id, partner_id) WHERE date_to IS NULL",
        "The customer is already in the segment.",
    )

    def action_exclude(self):
        """Keep these people out of their segments, whatever the rule says."""
        for segment, rows in self.grouped("segment_id").items():
            segment._exclude_members(rows.partner_id)

    def action_undo(self):
        """Take back what was done by hand: the next refresh applies the rule again."""
        self.segment_id.check_access("write")
        by_hand = self.filtered(
            lambda row: not row.date_to and (row.is_manual or row.is_excluded)
        )
        # Rows are a dated history: only these methods write them.
        for segment, rows in by_hand.sudo().grouped("segment_id").items():
            company = segment.company_id or self.env.company
            rows.write({"date_to": company._loyalty_today()})
