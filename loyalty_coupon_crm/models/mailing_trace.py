from odoo import fields, models

TOLD_FIELDS = {
    "failure_reason",
    "failure_type",
    "links_click_datetime",
    "open_datetime",
    "trace_status",
}
MESSAGE_STATES = {
    "pending": "sent",
    "sent": "sent",
    "open": "sent",
    "reply": "sent",
    "bounce": "bounced",
    "error": "failed",
    "cancel": "failed",
}
LONGEST_REASON = 200


class MailingTrace(models.Model):
    """What became of the message to a member of a campaign."""

    _inherit = "mailing.trace"

    loyalty_member_id = fields.Many2one(
        "loyalty.campaign.member",
        string="Campaign Member",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )

    def write(self, vals):
        """Write traces; what becomes known of a message is noted on its member."""
        result = super().write(vals)
        if TOLD_FIELDS & set(vals):
            self._tell_members()
        return result

    def _tell_members(self):
        """Note on members whether their message came, was opened, was clicked."""
        # Odoo writes traces as whoever opens a mail; members are closed to clients.
        for trace in self.sudo().filtered("loyalty_member_id"):
            vals = {
                "opened_at": trace.open_datetime,
                "clicked_at": trace.links_click_datetime,
            }
            if state := MESSAGE_STATES.get(trace.trace_status):
                vals["message_state"] = state
                vals["reason"] = state != "sent" and trace._failure_text()
            trace.loyalty_member_id.write(vals)

    def _failure_text(self):
        """Return in words why the message did not come."""
        self.ensure_one()
        kinds = dict(self._fields["failure_type"]._description_selection(self.env))
        kind = kinds.get(self.failure_type) or self.env._("Not sent")
        detail = " ".join((self.failure_reason or "").split())
        return (f"{kind}: {detail}" if detail else kind)[:LONGEST_REASON]
