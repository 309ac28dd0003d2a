import logging

import pytz

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..tools.quiet_hours import next_allowed

_logger = logging.getLogger(__name__)

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
            self._due_messages_domain(), ["campaign_id"], ["__count"]
        )
        cron._commit_progress(remaining=sum(count for _campaign, count in waiting))
        for campaign, _count in waiting:
            while done := campaign._attempt_message_batch():
                if not cron._commit_progress(done):
                    return

    @api.model
    def _due_messages_domain(self):
        """Return the domain of the members whose message may be written now.

        What was stopped or cancelled sends nothing.
        """
        due = Domain("message_at", "=", False) | Domain(
            "message_at", "<=", fields.Datetime.now()
        )
        return (
            Domain("message_state", "=", "todo")
            & Domain("campaign_id.state", "not in", ("paused", "cancelled"))
            & due
        )

    def _has_message(self, variant):
        """Tell whether members of an arm get a message.

        :param variant: `loyalty.campaign.variant` record, may be empty
        """
        return any(self._ways_of(variant))

    def _message_moment(self, variant, now):
        """Return before when the message of an arm must not be sent, None for now."""
        if not variant.send_after_hours:
            return None
        return fields.Datetime.add(now, hours=variant.send_after_hours)

    def _send_message_batch(self, size=MESSAGE_BATCH_SIZE):
        """Write the messages of one batch of members; those in quiet hours wait.

        :return: number of members done
        """
        self.ensure_one()
        locked = self._lock_messages(size)._once_per_card()
        locked.invalidate_recordset()
        members = locked - self._postpone_messages(locked)
        for member in members:
            if reason := member._offer_blocker():
                member.write({"message_state": "skipped", "reason": reason})
        waiting = members.filtered(lambda member: member.message_state == "todo")
        for variant, chosen in waiting.grouped("variant_id").items():
            self._write_to_arm(variant, chosen)
        return len(locked)

    def _write_to_arm(self, variant, members):
        """Reach members of an arm by e-mail, or else by its other ways.

        :param variant: `loyalty.campaign.variant` record, may be empty
        :param members: `loyalty.campaign.member` records who may have the offer
        """
        ways = self._ways_of(variant)
        mailed = members.filtered(
            lambda member: ways.mail and not member._address_blocker()
        )
        if mailed:
            self._put_into_mail_queue(ways.mail, mailed)
        self._write_otherwise(members - mailed, ways)

    def _attempt_message_batch(self):
        """Write one batch of messages; a campaign that fails leaves the others alone.

        :return: number of members done
        """
        try:
            with self.env.cr.savepoint():
                return self._send_message_batch()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            # The next run writes them.
            self.env.invalidate_all(flush=False)
            return 0
        except Exception as error:
            _logger.exception("Messages of campaign %s failed", self.id)
            self.env.invalidate_all(flush=False)
            self._stop_with_reason(
                self.env._(
                    "The messages could not be written: %(error)s Press Resume when "
                    "the cause is gone; nobody gets one twice.",
                    error=error,
                )
            )
            return 0

    def _cancel_messages(self):
        """Note that the messages not yet written will not be."""
        # Members are closed to clients; who may cancel the campaign was just checked.
        waiting = (
            self.env["loyalty.campaign.member"]
            .sudo()
            .search([("campaign_id", "in", self.ids), ("message_state", "=", "todo")])
        )
        waiting.write(
            {
                "message_state": "skipped",
                "reason": self.env._("No message: the campaign was cancelled."),
            }
        )

    def _postpone_messages(self, members):
        """Put off the messages of members whose clock shows a quiet hour.

        :return: the members that wait
        """
        company = self.company_id
        now = fields.Datetime.now()
        # The calendar is everybody's to read; the cron reads it for the campaign.
        holidays = self.env["loyalty.holiday"].sudo()
        blackout = set(
            holidays.search(
                [
                    ("is_blackout", "=", True),
                    ("company_id", "in", [False, *company.parent_ids.ids]),
                ]
            ).date_ids.mapped("date")
        )
        own = company._loyalty_timezone()
        waiting = members.browse()
        for zone, local in members.grouped(
            lambda member: member.partner_id.tz or own
        ).items():
            moment = next_allowed(
                now,
                zone if zone in pytz.all_timezones_set else own,
                company.loyalty_quiet_from,
                company.loyalty_quiet_to,
                blackout,
            )
            if moment > now:
                local.write({"message_at": moment})
                self.env.ref("loyalty_coupon_crm.ir_cron_campaign_messages")._trigger(
                    moment
                )
                waiting |= local
        return waiting

    def _lock_messages(self, size):
        """Return up to `size` locked members whose message nobody else writes."""
        members = self.env["loyalty.campaign.member"]
        members.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM loyalty_campaign_member
                 WHERE campaign_id = %s AND message_state = 'todo'
                   AND (message_at IS NULL OR message_at <= %s)
                 ORDER BY id
                 LIMIT %s
                   FOR UPDATE SKIP LOCKED
                """,
                self.id,
                fields.Datetime.now(),
                size,
            )
        )
        return members.browse(row[0] for row in rows)
