from odoo import api, models
from odoo.tools import SQL

MESSAGE_BATCH_SIZE = 200


class LoyaltyCampaignMessageMixin(models.AbstractModel):
    """Writes the e-mails of a campaign, apart from issuing.

    A message is put into Odoo's mail queue and noted on its member in one transaction,
    so that nobody gets it twice; the queue sends it.
    """

    _name = "loyalty.campaign.message.mixin"
    _description = "Messages of Campaigns"

    @api.model
    def _trigger_messages(self):
        """Wake the cron that writes the messages."""
        self.env.ref("loyalty_coupon_crm.ir_cron_campaign_messages")._trigger()

    @api.model
    def _cron_send_messages(self):
        """Write the messages of all campaigns until all is done or the time is up."""
        cron = self.env["ir.cron"]
        waiting = self.env["loyalty.campaign.member"]._read_group(
            [("message_state", "=", "todo")], ["campaign_id"], ["__count"]
        )
        cron._commit_progress(remaining=sum(count for _campaign, count in waiting))
        for campaign, _count in waiting:
            while done := campaign._send_message_batch():
                if not cron._commit_progress(done):
                    return

    def _send_message_batch(self, size=MESSAGE_BATCH_SIZE):
        """Write the messages of one batch of members.

        :return: number of members done
        """
        self.ensure_one()
        members = self._lock_messages(size)
        reachable = members.browse()
        for member in members:
            if reason := member._message_blocker():
                member.write({"message_state": "skipped", "reason": reason})
            else:
                reachable |= member
        if reachable:
            self.mail_template_id.send_mail_batch(
                reachable.card_id.ids,
                email_layout_xmlid="mail.mail_notification_light",
            )
            reachable.write({"message_state": "queued"})
        return len(members)

    def _lock_messages(self, size):
        """Return up to `size` locked members whose message nobody else writes."""
        members = self.env["loyalty.campaign.member"]
        members.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM loyalty_campaign_member
                 WHERE campaign_id = %s AND message_state = 'todo'
                 ORDER BY id
                 LIMIT %s
                   FOR UPDATE SKIP LOCKED
                """,
                self.id,
                size,
            )
        )
        return members.browse(row[0] for row in rows)
