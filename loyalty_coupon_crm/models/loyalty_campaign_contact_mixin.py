from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class Ways(NamedTuple):
    """What an arm reaches its customers by; empty records for what it does not."""

    mail: models.BaseModel
    text: models.BaseModel
    caller: models.BaseModel


class LoyaltyCampaignContactMixin(models.AbstractModel):
    """Ways to a customer beside e-mail: text message, call; and a trial message.

    Text messages go into Odoo's own queue. A call is an activity on the customer, so
    that it stands on the caller's list.
    """

    _name = "loyalty.campaign.contact.mixin"
    _description = "Texts, Calls and Trials of Campaigns"

    sms_template_id = fields.Many2one(
        "sms.template",
        string="Text Message",
        domain=[("model", "=", "loyalty.card")],
        ondelete="restrict",
        index="btree_not_null",
        help="Sent to customers whom no e-mail reaches, or to all when the campaign "
        "has no e-mail. Numbers on the phone blacklist get none.",
    )
    text_gateway = fields.Selection(
        selection="_select_text_gateway",
        string="Text Messages by",
        required=True,
        default="sms",
        help="Odoo's own text messages, or another way, which takes them from the "
        "outbox.",
    )
    call_user_id = fields.Many2one(
        "res.users",
        string="Call List for",
        domain=[("share", "=", False)],
        help="Who calls the customers that get no message: those without an address or "
        "on the blacklist, or all when the campaign has no message.",
    )

    @api.model
    def _select_text_gateway(self):
        """Return Odoo's own text messages and the ways of the outbox."""
        return [
            ("sms", self.env._("Odoo's text messages")),
            *self.env["loyalty.outbox"]._gateways(),
        ]

    def _ways_of(self, variant):
        """Return the `Ways` of an arm.

        :param variant: `loyalty.campaign.variant` record, may be empty
        """
        mail = variant.mail_template_id or self.mail_template_id
        text = variant.sms_template_id or self.sms_template_id
        ways = {"mail": mail, "text": text, "call": self.call_user_id}
        chosen = variant.channel or "campaign"
        return Ways(
            *(
                way if chosen in ("campaign", name) else way.browse()
                for name, way in ways.items()
            )
        )

    def _way_problems(self):
        """Return a sentence for every arm that has not what its way needs."""
        return [
            self.env._(
                "The arm %(name)s has no message or nobody who calls: choose one, or "
                "another way.",
                name=variant.name,
            )
            for variant in self.variant_ids
            if variant.channel in ("mail", "text", "call")
            and not any(self._ways_of(variant))
        ]

    def _write_otherwise(self, members, ways):
        """Reach members by text message, or else by a call, or else say why not.

        :param members: `loyalty.campaign.member` records whom no e-mail reaches
        :param ways: the `Ways` of their arm
        """
        self.ensure_one()
        texts = calls = members.browse()
        for member in members:
            blocker = ways.text and member._phone_blocker()
            if ways.text and not blocker:
                texts |= member
            elif ways.caller:
                calls |= member
            else:
                reason = self.env._("No message: it was taken off the campaign.")
                if ways.text:
                    reason = blocker
                elif ways.mail:
                    reason = member._address_blocker()
                member.write({"message_state": "skipped", "reason": reason})
        self._put_on_call_list(calls)
        if self.text_gateway == "sms":
            self._put_into_sms_queue(ways.text, texts)
        else:
            self._put_into_outbox(ways.text, texts)

    def _put_into_outbox(self, template, members):
        """Write text messages for a way that takes them from the outbox.

        :param template: `sms.template` record
        :param members: `loyalty.campaign.member` records that the way reaches
        """
        if not members:
            return
        bodies = self._text_bodies(template, members)
        # The outbox is closed to clients; the messages are the campaign's.
        outbox = self.env["loyalty.outbox"].sudo()
        outbox.create(
            [
                {
                    "gateway": self.text_gateway,
                    "campaign_id": self.id,
                    "member_id": member.id,
                    "partner_id": member.partner_id.id,
                    "card_id": member.card_id.id,
                    "company_id": self.company_id.id,
                    "address": member._text_address(),
                    "body": bodies[member.card_id.id],
                }
                for member in members
            ]
        )
        members.write({"message_state": "outbox"})
        outbox._trigger_send()

    def _text_bodies(self, template, members):
        """Return {card id: text message}."""
        # The template was chosen by who planned the campaign.
        return template.sudo()._render_field(
            "body", members.card_id.ids, compute_lang=True
        )

    def _put_on_call_list(self, members):
        """Plan a call with each member whom no message reaches.

        :param members: `loyalty.campaign.member` records with a card
        """
        self.ensure_one()
        for member in members:
            card = member.card_id
            note = self.env._(
                "%(offer)s, code %(code)s", offer=card.program_id.name, code=card.code
            )
            if card.expiration_date:
                note = self.env._(
                    "%(offer)s, valid until %(day)s",
                    offer=note,
                    day=format_date(self.env, card.expiration_date),
                )
            member.partner_id.activity_schedule(
                "mail.mail_activity_data_call",
                user_id=self.call_user_id.id,
                summary=self.name,
                note=note,
                date_deadline=self.company_id._loyalty_today(),
            )
        if members:
            members.write({"message_state": "call"})

    def action_send_test(self):
        """Send the message to the user with a card that buys nothing.

        :raise UserError: when there is no message, no offer or no address
        """
        self.ensure_one()
        self.check_access("write")
        partner = self.env.user.partner_id
        mail = self.mail_template_id or self.variant_ids.mail_template_id[:1]
        text = self.sms_template_id or self.variant_ids.sms_template_id[:1]
        program = self.program_id or self.variant_ids.program_id[:1]
        if not program or not (mail or text):
            raise UserError(
                self.env._("A trial needs an offer and a message: choose both.")
            )
        address = self._trial_address(by_mail=bool(mail))
        # Cards are written by the runner; this one is without points and archived.
        card = (
            self.env["loyalty.card"]
            .sudo()
            .create({"program_id": program.id, "partner_id": partner.id})
        )
        if mail:
            mail.sudo().send_mail(
                card.id,
                email_values={
                    "email_to": partner.email_formatted,
                    "recipient_ids": [],
                },
                email_layout_xmlid="mail.mail_notification_light",
            )
        else:
            self._send_trial_text(text, card, address)
        if not program.is_nominative:
            card.active = False
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "The message is on its way to %(address)s. Its code buys nothing.",
                    address=address,
                ),
            },
        }

    def _trial_address(self, by_mail):
        """Return where a trial reaches the user.

        :raise UserError: when the user has no such address
        """
        partner = self.env.user.partner_id
        if by_mail:
            if not partner.email_normalized:
                raise UserError(
                    self.env._("You have no e-mail address: enter one in your profile.")
                )
            return partner.email_normalized
        address = partner.phone_sanitized
        if self.text_gateway != "sms":
            address = self.env["loyalty.outbox"]._address_of(self.text_gateway, partner)
        if not address:
            raise UserError(
                self.env._(
                    "Text messages do not reach you: enter your phone number in your "
                    "profile."
                )
            )
        return address

    def _send_trial_text(self, template, card, address):
        """Put a trial into the queue of text messages, or into the outbox.

        :param template: `sms.template` record
        """
        # The template was chosen by who plans the campaign; the queues are Odoo's.
        bodies = template.sudo()._render_field("body", card.ids, compute_lang=True)
        partner = card.partner_id
        if self.text_gateway == "sms":
            self.env["sms.sms"].sudo().create(
                {
                    "number": address,
                    "partner_id": partner.id,
                    "body": bodies[card.id],
                }
            )
            self.env.ref("sms.ir_cron_sms_scheduler_action").sudo()._trigger()
            return
        outbox = self.env["loyalty.outbox"].sudo()
        outbox.create(
            {
                "gateway": self.text_gateway,
                "campaign_id": self.id,
                "partner_id": partner.id,
                "card_id": card.id,
                "company_id": self.company_id.id,
                "address": address,
                "body": bodies[card.id],
            }
        )
        outbox._trigger_send()
