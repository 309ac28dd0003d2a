import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

_logger = logging.getLogger(__name__)

BATCH_SIZE = 100
LONGEST_REASON = 200
# What became of a message, in the words of the members of campaigns.
MEMBER_STATES = {
    "outgoing": "outbox",
    "sent": "sent",
    "failed": "failed",
    "cancelled": "skipped",
}


class LoyaltyOutbox(models.Model):
    """Messages for ways that Odoo does not know: WeChat, WhatsApp, push, a gateway.

    A campaign puts its text messages here when another way than Odoo's own is chosen.
    A new way is one line and one or two methods in an add-on of its own::

        gateway = fields.Selection(
            selection_add=[("wechat", "WeChat")], ondelete={"wechat": "cascade"}
        )

        def _address_by_wechat(self, partner): …
        def _send_by_wechat(self): …

    `local` is the example: rows stay here until another program collects them. What
    becomes of a message is noted on the campaign's member, too.
    """

    _name = "loyalty.outbox"
    _description = "Outbox"
    _order = "id desc"
    _rec_name = "address"

    gateway = fields.Selection(
        [("local", "Local outbox")], required=True, readonly=True, string="Way"
    )
    campaign_id = fields.Many2one(
        "loyalty.campaign", readonly=True, ondelete="restrict", index=True
    )
    member_id = fields.Many2one(
        "loyalty.campaign.member", readonly=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    card_id = fields.Many2one(
        "loyalty.card", readonly=True, ondelete="set null", index="btree_not_null"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    address = fields.Char(
        required=True, readonly=True, help="Number or name by which the way knows them."
    )
    body = fields.Text(string="Message", readonly=True)
    state = fields.Selection(
        [
            ("outgoing", "To send"),
            ("sent", "Sent"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="outgoing",
        readonly=True,
    )
    sent_at = fields.Datetime(string="Sent on", readonly=True)
    reason = fields.Char(readonly=True, help="Why it was not sent.")

    _live_member_unique = models.UniqueIndex(
        "(member_id) WHERE state != 'cancelled'",
        "The customer already has this message.",
    )
    _outgoing_index = models.Index("(gateway, id) WHERE state = 'outgoing'")

    def write(self, vals):
        """Write messages; what becomes of them is noted on the campaign's members."""
        result = super().write(vals)
        if {"state", "reason"} & set(vals):
            self._tell_members()
        return result

    def _tell_members(self):
        """Note on members whether their message was handed over, and why not."""
        cancelled = self.env._("No message: it was cancelled in the outbox.")
        # Ways and other programs write messages; members are closed to them.
        for (state, reason), messages in (
            self.sudo().grouped(lambda one: (one.state, one.reason)).items()
        ):
            told = cancelled if state == "cancelled" else reason
            messages.member_id.write(
                {"message_state": MEMBER_STATES[state], "reason": told}
            )

    @api.model
    def _gateways(self):
        """Return the ways as [(key, label)]."""
        return self._fields["gateway"]._description_selection(self.env)

    @api.model
    def _address_of(self, gateway, partner):
        """Return by which address a way reaches a customer, False for none.

        Hook: a way named `x` may have a method `_address_by_x(partner)`; without one it
        is the phone number in international form.

        :param gateway: key of a way
        :param partner: `res.partner` record
        """
        find = getattr(self, f"_address_by_{gateway}", None)
        return find(partner) if find else partner.phone_sanitized

    def _send_by_local(self):
        """Leave the messages here, for a program that collects them.

        Hook: a way named `x` has a method `_send_by_x()`. It gets at most a hundred
        messages that are to be sent, and calls `_note_sent()` or `_note_failed(reason)`
        on those of which it knows; the others are offered to it again. What it raises
        is noted on all of them as the reason.

        This example does nothing. The other program reads messages in the state
        `outgoing` by Odoo's API, sends them and calls `action_mark_sent` or
        `action_mark_failed`.
        """

    @api.model
    def _cron_send(self):
        """Hand what is to be sent to its ways, batch after batch."""
        cron = self.env["ir.cron"]
        for gateway, _label in self._gateways():
            last = 0
            while messages := self.search(
                [
                    ("state", "=", "outgoing"),
                    ("gateway", "=", gateway),
                    ("id", ">", last),
                    ("campaign_id.state", "!=", "paused"),
                ],
                order="id",
                limit=BATCH_SIZE,
            ):
                last = messages[-1].id
                messages._send_batch(gateway)
                if not cron._commit_progress(len(messages)):
                    return

    def _send_batch(self, gateway):
        """Hand messages to their way; an error is noted on them, not on others.

        :param gateway: key of the way of all of them
        """
        messages = self.try_lock_for_update().filtered(
            lambda message: message.state == "outgoing"
        )
        if not messages:
            return
        try:
            with self.env.cr.savepoint():
                getattr(messages, f"_send_by_{gateway}")()
                self.env.flush_all()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:
            _logger.exception("Messages by %s failed", gateway)
            self.env.invalidate_all(flush=False)
            messages._note_failed(str(error))

    def _note_sent(self):
        """Note that messages were sent."""
        self.write({"state": "sent", "sent_at": fields.Datetime.now(), "reason": False})

    def _note_failed(self, reason):
        """Note that messages could not be sent, and why.

        :param reason: words for the list of messages
        """
        text = " ".join(str(reason or "").split())[:LONGEST_REASON]
        self.write({"state": "failed", "reason": text})

    def _expect(self, *states):
        """Check who presses a button, and on what.

        :return: the messages, to be written
        :raise AccessError: for others than marketing
        :raise UserError: when a message is in another state
        """
        self.check_access("read")
        if not self.env.user.has_group("loyalty_coupon_crm.group_loyalty_marketing"):
            raise AccessError(
                self.env._("Only marketing changes the messages in the outbox.")
            )
        labels = dict(self._fields["state"]._description_selection(self.env))
        for message in self:
            if message.state not in states:
                raise UserError(
                    self.env._(
                        "The message to %(address)s is in the state “%(state)s”: "
                        "nothing to do.",
                        address=message.address,
                        state=labels[message.state],
                    )
                )
        # Messages are closed to clients; group and state were just checked.
        return self.sudo()

    def action_retry(self):
        """Send messages that failed or were cancelled once more.

        :raise UserError: when the customer got a later message meanwhile
        """
        messages = self._expect("failed", "cancelled")
        messages._expect_latest()
        messages.write({"state": "outgoing", "reason": False})
        self._trigger_send()

    def _expect_latest(self):
        """Refuse messages that were written anew.

        :raise UserError: when a member has a later message
        """
        later = self.search(
            [("member_id", "in", self.member_id.ids), ("state", "!=", "cancelled")]
        )
        if double := (later - self)[:1]:
            raise UserError(
                self.env._(
                    "The message to %(address)s was written anew: look at the later "
                    "one.",
                    address=double.address,
                )
            )

    def action_cancel(self):
        """Do not send messages that wait or failed."""
        self._expect("outgoing", "failed").write({"state": "cancelled"})

    def action_mark_sent(self):
        """Note that another program sent the messages; for it to call.

        :raise UserError: when one of them is not to be sent any more
        """
        self._expect("outgoing")._note_sent()

    def action_mark_failed(self, reason):
        """Note that another program could not send the messages; for it to call.

        :param reason: its words
        :raise UserError: when one of them is not to be sent any more
        """
        self._expect("outgoing")._note_failed(reason)

    @api.model
    def _trigger_send(self):
        """Wake the scheduled action that sends."""
        # Its user may run it; whoever fills the outbox need not.
        self.env.ref("loyalty_coupon_crm.ir_cron_outbox").sudo()._trigger()
