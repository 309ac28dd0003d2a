import random
import string
from uuid import uuid4

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

NOT_DELIVERED = ("bounced", "failed")
# Odoo's own three characters can be tried out; the code stops messages to a number.
STOP_CODE_SIZE = 12


class LoyaltyCampaignMailingMixin(models.AbstractModel):
    """Puts messages into Odoo's queues so that Odoo tells what became of them.

    Each arm has a mailing of Odoo's for each way, each message a trace in it. The
    pixel of an e-mail, the short links, the mail gateway and the text message service
    write the traces, and those their members.
    """

    _name = "loyalty.campaign.mailing.mixin"
    _description = "Tracked Messages of Campaigns"

    mailing_ids = fields.One2many(
        "mailing.mailing", "loyalty_campaign_id", string="Mailings"
    )
    message_count = fields.Integer(
        string="Messages Written",
        compute="_compute_message_counts",
        help="Messages written to customers, whatever became of them.",
    )
    delivered_count = fields.Integer(
        string="Sent", compute="_compute_message_counts", help="E-mails and texts."
    )
    undelivered_count = fields.Integer(
        string="Not Delivered",
        compute="_compute_message_counts",
        help="Messages that came back or could not be sent.",
    )
    bounced_count = fields.Integer(string="Bounced", compute="_compute_message_counts")
    opened_count = fields.Integer(
        string="Opened",
        compute="_compute_message_counts",
        help="Customers who opened the message or clicked in it. Mail readers that "
        "show no images do not tell.",
    )
    clicked_count = fields.Integer(
        string="Clicked",
        compute="_compute_message_counts",
        help="Customers who followed a link of the message.",
    )

    def _compute_message_counts(self):
        members = self.env["loyalty.campaign.member"]
        ours = Domain("campaign_id", "in", self.ids)

        def counts(field):
            return members._read_group(
                ours & Domain(field, "!=", False), ["campaign_id"], ["__count"]
            )

        states = {
            (campaign, state): count
            for campaign, state, count in members._read_group(
                ours & Domain("message_state", "not in", (False, "todo", "skipped")),
                ["campaign_id", "message_state"],
                ["__count"],
            )
        }
        opened, clicked = dict(counts("opened_at")), dict(counts("clicked_at"))
        for campaign in self:
            origin = campaign._origin
            mine = {key[1]: n for key, n in states.items() if key[0] == origin}
            campaign.message_count = sum(mine.values())
            campaign.delivered_count = mine.get("sent", 0)
            campaign.bounced_count = mine.get("bounced", 0)
            campaign.undelivered_count = sum(mine.get(one, 0) for one in NOT_DELIVERED)
            campaign.opened_count = opened.get(origin, 0)
            campaign.clicked_count = clicked.get(origin, 0)

    def _prepare_mailings(self):
        """Create the mailings of the arms that write, before anybody writes."""
        for campaign in self:
            for variant in campaign.variant_ids or [campaign.variant_ids]:
                ways = campaign._ways_of(variant)
                if ways.mail:
                    campaign._mailing_of(variant, "mail")
                if ways.text and campaign.text_gateway == "sms":
                    campaign._mailing_of(variant, "sms")

    def _mailing_of(self, variant, kind):
        """Return the mailing in which the messages of an arm are counted.

        :param variant: `loyalty.campaign.variant` record, may be empty
        :param kind: `mail` or `sms`
        """
        self.ensure_one()
        # Who plans campaigns, and the cron, need not have rights on Odoo's mailings.
        mailings = self.env["mailing.mailing"].sudo()
        known = mailings.with_context(active_test=False).search(
            [
                ("loyalty_campaign_id", "=", self.id),
                ("loyalty_variant_id", "=", variant.id),
                ("mailing_type", "=", kind),
            ],
            limit=1,
        )
        return known or mailings.create(self._prepare_mailing_vals(variant, kind))

    def _prepare_mailing_vals(self, variant, kind):
        """Return the values of a mailing that is done and for nobody."""
        company = self.company_id
        name = f"{self.name} · {variant.name}" if variant else self.name
        sender = company.email_formatted or self.env.user.email_formatted
        return {
            "subject": name,
            "name": f"{name} ({self.id}/{variant.id or 0}/{kind})",
            "mailing_type": kind,
            "loyalty_campaign_id": self.id,
            "loyalty_variant_id": variant.id,
            "mailing_model_id": self.env["ir.model"]._get_id("loyalty.card"),
            "mailing_domain": "[(0, '=', 1)]",
            "user_id": self.user_id.id,
            "email_from": sender or company.name,
            "state": "done",
            "sent_date": fields.Datetime.now(),
        }

    def _put_into_mail_queue(self, template, members):
        """Write e-mails, which Odoo's queue sends.

        :param template: `mail.template` record
        :param members: `loyalty.campaign.member` records of one arm with an address,
            no card twice
        """
        mailing = self._mailing_of(members.variant_id, "mail")
        mails = template.send_mail_batch(
            members.card_id.ids,
            email_values={"mailing_id": mailing.id},
            email_layout_xmlid="mail.mail_notification_light",
        )
        fixed, known = mailing._fixed_links(template, "body_html"), {}
        member_of = {member.card_id.id: member for member in members}
        traces = []
        for mail in mails:
            member = member_of[mail.res_id]
            html = mailing._shorten_html(mail.body_html, fixed, known)
            if html != mail.body_html:
                mail.body_html = html
            traces.append(
                {
                    **self._prepare_trace_vals(mailing, member),
                    "trace_type": "mail",
                    "mail_mail_id": mail.id,
                    "message_id": mail.message_id,
                    "email": member.partner_id.email_normalized,
                }
            )
        # Traces are Odoo's; the cron writes them for the campaign.
        self.env["mailing.trace"].sudo().create(traces)
        members.write({"message_state": "queued"})

    def _prepare_trace_vals(self, mailing, member):
        return {
            "mass_mailing_id": mailing.id,
            "model": "loyalty.card",
            "res_id": member.card_id.id,
            "loyalty_member_id": member.id,
        }

    def _put_into_sms_queue(self, template, members):
        """Write text messages, which Odoo's queue sends.

        :param template: `sms.template` record
        :param members: `loyalty.campaign.member` records of one arm with a valid phone
            number, no card twice
        """
        if not members:
            return
        bodies = self._text_bodies(template, members)
        mailing = self._mailing_of(members.variant_id, "sms")
        # The template was chosen by who planned the campaign; the queue is Odoo's.
        fixed, known = mailing._fixed_links(template.sudo(), "body"), {}
        texts = self.env["sms.sms"].sudo()
        texts = texts.create(
            [
                self._prepare_text_vals(
                    mailing,
                    member,
                    mailing._shorten_text(bodies[member.card_id.id], fixed, known),
                )
                for member in members
            ]
        )
        for text_id, body in texts._update_body_short_links().items():
            texts.browse(text_id).body = body
        members.write({"message_state": "sms"})
        # The cron is Odoo's, too.
        self.env.ref("sms.ir_cron_sms_scheduler_action").sudo()._trigger()

    def _prepare_text_vals(self, mailing, member, body):
        """Return the values of a text message with its trace and its way out.

        :param body: the text, without the address by which one stops the messages
        """
        composer = self.env["sms.composer"]
        number = member.partner_id.phone_sanitized
        letters = string.ascii_letters + string.digits
        code = "".join(random.SystemRandom().choices(letters, k=STOP_CODE_SIZE))
        stop = composer._get_unsubscribe_info(
            composer._get_unsubscribe_url(mailing.id, code)
        )
        uuid = uuid4().hex
        trace = {
            **self._prepare_trace_vals(mailing, member),
            "trace_type": "sms",
            "sms_code": code,
            "sms_number": number,
            "sms_tracker_ids": [Command.create({"sms_uuid": uuid})],
        }
        return {
            "uuid": uuid,
            "number": number,
            "partner_id": member.partner_id.id,
            "body": f"{body}\n{stop}",
            "mailing_id": mailing.id,
            "mailing_trace_ids": [Command.create(trace)],
        }

    def action_retry_messages(self):
        """Write once more to those whom the message did not reach.

        :raise UserError: when there is nobody, or the campaign was cancelled
        """
        self.check_access("write")
        self._expect_state("running", "paused", "done")
        if not sum(campaign._write_again() for campaign in self):
            raise UserError(
                self.env._("Every message was delivered: there is nothing to repeat.")
            )
        self._trigger_messages()

    def _write_again(self, members=None):
        """Let messages be written anew to those whom they did not reach.

        :param members: `loyalty.campaign.member` records, all of them by default
        :return: number of members
        """
        self.ensure_one()
        domain = Domain("campaign_id", "=", self.id)
        if members is not None:
            domain &= Domain("id", "in", members.ids)
        # Members are closed to clients; who may press the button was just checked.
        failed = self.env["loyalty.campaign.member"].sudo()
        failed = failed.search(domain & Domain("message_state", "in", NOT_DELIVERED))
        failed._forget_message()
        return len(failed)

    def action_view_undelivered(self):
        """Open the members whose message came back or was not sent, with the reason."""
        action = self.action_view_members()
        return {**action, "context": {"search_default_undelivered": 1}}

    def action_view_mailings(self):
        """Open what Odoo counts of the messages."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Mailings"),
            "res_model": "mailing.mailing",
            "view_mode": "list,form",
            "domain": [("loyalty_campaign_id", "=", self.id)],
            "context": {"create": False},
        }
