from odoo import api, fields, models
from odoo.exceptions import UserError

from .implied_many2one import ImpliedMany2one

# A message of these was written, tried to be, or is on its way.
TOLD_STATES = (
    "queued",
    "sms",
    "sent",
    "bounced",
    "failed",
    "outbox",
    "call",
    "printed",
)


class LoyaltyCampaignMember(models.Model):
    """One customer on one occasion of a campaign, the control group included."""

    _name = "loyalty.campaign.member"
    _description = "Campaign Member"
    _log_access = False
    _rec_name = "partner_id"

    campaign_id = fields.Many2one(
        "loyalty.campaign", required=True, ondelete="restrict"
    )
    company_id = ImpliedMany2one("res.company", required=True)
    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null", ondelete="set null"
    )
    occasion = fields.Char(
        required=True, help="The occasion, empty text for a single issue."
    )
    variant_id = fields.Many2one(
        "loyalty.campaign.variant", string="Arm", index="btree_not_null"
    )
    arm = fields.Selection(
        [("treated", "Treated"), ("control", "Control"), ("holdout", "Holdout")],
        string="Group",
        required=True,
    )
    state = fields.Selection(
        [
            ("todo", "To issue"),
            ("issued", "Issued"),
            ("skipped", "Skipped"),
            ("failed", "Failed"),
        ],
        required=True,
        default="todo",
    )
    card_id = fields.Many2one("loyalty.card", index="btree_not_null")
    assigned_at = fields.Datetime(string="Assigned on", required=True)
    issued_at = fields.Datetime(string="Issued on")
    message_state = fields.Selection(
        [
            ("todo", "To write"),
            ("queued", "In the mail queue"),
            ("sms", "In the text message queue"),
            ("sent", "Sent"),
            ("bounced", "Came back"),
            ("failed", "Not sent"),
            ("outbox", "In the outbox"),
            ("call", "On the call list"),
            ("printed", "Printed"),
            ("skipped", "None"),
        ],
        string="Message",
    )
    message_at = fields.Datetime(
        string="Message not before",
        help="The message waits for this moment: quiet hours, blackout dates.",
    )
    opened_at = fields.Datetime(
        string="Opened on",
        help="The message was opened for the first time, or a link of it was followed.",
    )
    clicked_at = fields.Datetime(
        string="Clicked on", help="The last time a link of the message was followed."
    )
    trace_ids = fields.One2many("mailing.trace", "loyalty_member_id", string="Traces")
    version = fields.Integer(help="Version of the campaign that chose the customer.")
    reason = fields.Char()
    refuses_offer = fields.Boolean(compute="_compute_refuses")
    refuses_email = fields.Boolean(string="Refuses E-mail", compute="_compute_refuses")
    refuses_text = fields.Boolean(compute="_compute_refuses")
    why = fields.Text(
        compute="_compute_why",
        help="The rule, audience, version and arm that chose the customer.",
    )

    _occasion_unique = models.Constraint(
        "UNIQUE(campaign_id, partner_id, occasion)",
        "The customer already takes part in this campaign on this occasion.",
    )
    _todo_index = models.Index("(campaign_id, id) WHERE state = 'todo'")
    _told_index = models.Index(
        "(campaign_id, message_state) WHERE message_state IS NOT NULL"
    )
    _opened_index = models.Index("(campaign_id) WHERE opened_at IS NOT NULL")
    _clicked_index = models.Index("(campaign_id) WHERE clicked_at IS NOT NULL")
    _message_index = models.Index("(campaign_id, id) WHERE message_state = 'todo'")
    _told_at_index = models.Index(
        "(COALESCE(message_at, issued_at, assigned_at))"
        f" WHERE message_state IN {TOLD_STATES}"
    )

    @api.depends("campaign_id", "variant_id", "version", "occasion", "arm")
    def _compute_why(self):
        for member in self:
            # Who may read the member may know why; the offer's program need not be his.
            campaign = member.campaign_id.sudo()
            parts = [
                self.env._(
                    "%(campaign)s, version %(version)s: %(sentence)s",
                    campaign=campaign.name,
                    version=member.version,
                    sentence=campaign.trigger_sentence,
                )
            ]
            if campaign.segment_id:
                parts.append(
                    self.env._("Audience: %(name)s.", name=campaign.segment_id.name)
                )
            if member.variant_id:
                parts.append(self.env._("Arm: %(name)s.", name=member.variant_id.name))
            if member.occasion:
                parts.append(
                    self.env._(
                        "Occasion: %(day)s.", day=member.occasion.partition("/")[0]
                    )
                )
            member.why = " ".join(parts)

    @api.depends("campaign_id", "partner_id")
    def _compute_refuses(self):
        for campaign, members in self.grouped("campaign_id").items():
            # The runner asks for everybody.
            refusals = campaign.sudo()._refusals(members.partner_id)
            for member in members:
                refused = refusals.get(member.partner_id.id, set())
                member.refuses_offer = "programme" in refused
                member.refuses_email = "email" in refused
                member.refuses_text = "sms" in refused

    def _address_blocker(self):
        """Return why no e-mail reaches the member, or an empty text."""
        self.ensure_one()
        if self.refuses_email:
            return self.env._("No message: the customer does not consent to e-mail.")
        if not self.partner_id.email_normalized:
            return self.env._("No message: the customer has no valid e-mail address.")
        if self.partner_id.is_blacklisted:
            return self.env._("No message: the e-mail address is on the blacklist.")
        return ""

    def _phone_blocker(self):
        """Return why no text message reaches the member, or an empty text."""
        self.ensure_one()
        if self.refuses_text:
            return self.env._(
                "No message: the customer does not consent to text messages."
            )
        if not self._text_address():
            if self.campaign_id.text_gateway != "sms":
                return self.env._("No message: this way does not reach the customer.")
            return self.env._(
                "No message: the customer has no valid e-mail address and no valid "
                "phone number."
            )
        if self.partner_id.phone_sanitized_blacklisted:
            return self.env._("No message: the phone number is on the blacklist.")
        return ""

    def _text_address(self):
        """Return the address of the campaign's text messages, False for none."""
        gateway = self.campaign_id.text_gateway
        if gateway == "sms":
            return self.partner_id.phone_sanitized
        return self.env["loyalty.outbox"]._address_of(gateway, self.partner_id)

    def _offer_blocker(self):
        """Return why there is nothing to write about any more, or an empty text."""
        self.ensure_one()
        if self.refuses_offer:
            return self.env._("No message: the customer withdrew the consent.")
        if self.campaign_id.is_reminder and self.card_id.state not in (
            "issued",
            "seen",
        ):
            return self.env._("No message: the coupon was used or lapsed meanwhile.")
        if not self.card_id.active:
            return self.env._("No message: the card was archived.")
        return ""

    def _once_per_card(self):
        """Return the first member of each card: nobody is written to twice at once."""
        first = {member.card_id.id: member.id for member in reversed(self)}
        return self.filtered(lambda member: first[member.card_id.id] == member.id)

    def _forget_message(self):
        """Let the message be written anew; the old one tells nothing any more."""
        traces = self.trace_ids
        mails, text_ids = traces.mail_mail_id, traces.mapped("sms_id_int")
        traces.loyalty_member_id = False
        mails.filtered(lambda mail: mail.state == "exception").cancel()
        texts = self.env["sms.sms"].search(
            [("id", "in", text_ids), ("state", "=", "error")]
        )
        texts.action_set_canceled()
        outbox = self.env["loyalty.outbox"].search(
            [("member_id", "in", self.ids), ("state", "=", "failed")]
        )
        outbox.write({"state": "cancelled"})
        # Another message of the member may follow at once; only one may be live.
        outbox.flush_recordset(["state"])
        self.write(
            {
                "message_state": "todo",
                "message_at": False,
                "opened_at": False,
                "clicked_at": False,
                "reason": False,
            }
        )

    def _note_followed(self):
        """Note that customers came by the address of their coupon in the message."""
        now = fields.Datetime.now()
        for member in self:
            # Several when there was a first try; the last one is what they have.
            trace = member.trace_ids.sorted("id")[-1:]
            trace.set_opened()
            trace.set_clicked()
            if not trace and member.message_state in ("outbox", "sent"):
                # The ways of the outbox have no traces of Odoo's.
                opened = member.opened_at or now
                member.write({"opened_at": opened, "clicked_at": now})

    def action_retry(self):
        """Issue once more, or write once more, to those for whom it failed.

        :raise UserError: when nothing failed, or a campaign was cancelled
        :raise AccessError: when the user may not change a campaign
        """
        campaigns = self.campaign_id
        campaigns.check_access("write")
        campaigns._expect_state("running", "paused", "done")
        count = sum(
            campaign._issue_again(members) + campaign._write_again(members)
            for campaign, members in self.grouped("campaign_id").items()
        )
        if not count:
            raise UserError(
                self.env._(
                    "Nothing failed for the customers chosen: there is nothing to try "
                    "again."
                )
            )
        campaigns._trigger_issue()
        campaigns._trigger_messages()
