import re

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from odoo.addons.mail.tests.common import MockEmail
from odoo.addons.sms.tests.common import MockSMS

from .campaign_common import CampaignCommon

SHOP = "https://tea.example.com/shop"
BOUNCE = """\
Return-Path: <>
To: {catcher}
From: MAILER-DAEMON@example.com
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"
Message-Id: <{own_id}@example.com>

--b
Content-Type: text/plain; charset=us-ascii

The mailbox {email} does not exist.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; example.com

Final-Recipient: rfc822; {email}
Action: failed
Status: 5.1.1

--b
Content-Type: message/rfc822

From: shop@example.com
To: {email}
Message-Id: {message_id}
Subject: Your coupon

Hello
--b--
"""


@tagged("post_install", "-at_install", "loyalty_pages")
class TestCampaignTracking(CampaignCommon, MockEmail, MockSMS, HttpCase):
    """What becomes of messages: opened, clicked, come back, not sent, repeated."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alias_domain = cls.env["mail.alias.domain"].create(
            {
                "name": "tea.example.com",
                "bounce_alias": "bounce",
                "catchall_alias": "catchall",
                "company_ids": [Command.link(cls.company.id)],
            }
        )
        cls.mail = cls.env.ref("loyalty_coupon_crm.mail_template_coupon").copy(
            {
                "body_html": f"""
                <p>Hello <t t-out="object.partner_id.name"/>,
                <a href="{SHOP}">our shop</a> and
                <a t-att-href="object._pass_url()">your coupon</a></p>"""
            }
        )
        cls.text = cls.env.ref("loyalty_coupon_crm.sms_template_coupon").copy(
            {"body": f"Code {{{{ object.code }}}}, {SHOP}"}
        )
        cls.few = cls._create_segment(cls.customers[:6])

    def _write(self, **values):
        """Return a campaign whose messages are written, and its members."""
        campaign = self._create_campaign(
            **{
                "segment_id": self.few.id,
                "control_percent": 0,
                "no_control_reason": "A test",
                **values,
            }
        )
        campaign.with_user(self.marketing).action_launch()
        self._run(campaign)
        self._write_messages(campaign)
        return campaign, self._treated(campaign)

    def _write_messages(self, campaign):
        while campaign.sudo()._send_message_batch():
            pass
        campaign.member_ids.invalidate_recordset()

    def _send_mails(self, members):
        """Send the e-mails; return the HTML that left, by member."""
        traces = members.trace_ids
        with self.mock_mail_gateway(mail_unlink_sent=True):
            traces.mail_mail_id.send()
        members.invalidate_recordset()
        self.assertFalse(traces.mail_mail_id, "they are deleted when they are sent")
        sent = {mail["message_id"]: mail["body"] for mail in self._mails}
        return {trace.loyalty_member_id: sent[trace.message_id] for trace in traces}

    def test_mails_are_opened_clicked_and_come_back(self):
        campaign, members = self._write(mail_template_id=self.mail.id)
        mine = campaign.with_user(self.marketing)
        self.assertEqual(set(members.mapped("message_state")), {"queued"})
        mailing = campaign.mailing_ids
        self.assertEqual((len(mailing), mailing.state), (1, "done"))
        self.assertFalse(mailing._get_remaining_recipients())
        html = self._send_mails(members)
        self.assertEqual(set(members.mapped("message_state")), {"sent"})
        self.assertEqual((mine.message_count, mine.delivered_count), (6, 6))
        opener, clicker, phone, gone = members[:4]

        with self.subTest("the pixel, by somebody without login"):
            [pixel] = re.findall(r"/mail/track/\d+/\w+/blank.gif", html[opener])
            self.assertEqual(self.url_open(pixel).headers["Content-Type"], "image/gif")
            members.invalidate_recordset()
            self.assertTrue(opener.opened_at)
            self.assertFalse(opener.clicked_at)
            self.assertFalse(clicker.opened_at)
            forged = re.sub(r"/\w+/blank", "/0/blank", pixel)
            self.assertEqual(self.url_open(forged).status_code, 401)
        with self.subTest("a link of the template is short, and counts"):
            self.assertNotIn(f'"{SHOP}"', html[clicker])
            [link] = re.findall(r"/r/\w+/m/\d+", html[clicker])
            answer = self.url_open(link, allow_redirects=False)
            self.assertTrue(answer.headers["Location"].startswith(SHOP))
            members.invalidate_recordset()
            self.assertTrue(clicker.opened_at and clicker.clicked_at)
        with self.subTest("the address of the coupon is never short, and counts"):
            self.assertEqual(
                len(
                    self.env["link.tracker"].search(
                        [("mass_mailing_id", "=", mailing.id)]
                    )
                ),
                1,
            )
            [page] = re.findall(r"/loyalty/card/\d+/[^\"/]+", html[phone])
            self.assertEqual(self.url_open(page).status_code, 200)
            members.invalidate_recordset()
            self.assertTrue(phone.opened_at and phone.clicked_at)
            self.assertEqual(phone.card_id.state, "seen")
        with self.subTest("a mail that comes back"):
            self._bounce(gone)
            self.assertEqual(gone.message_state, "bounced")
            self.assertIn("Bounce", gone.reason)
            self.assertIn("does not exist", gone.reason)
        mine.invalidate_recordset()
        self.assertEqual(
            (mine.message_count, mine.opened_count, mine.clicked_count),
            (6, 3, 2),
        )
        self.assertEqual((mine.undelivered_count, mine.bounced_count), (1, 1))
        found = self.env["loyalty.campaign.member"].with_user(self.marketing)
        action = mine.action_view_undelivered()
        self.assertEqual(
            found.search(
                action["domain"] + [("message_state", "in", ("bounced", "failed"))]
            ),
            gone,
        )

        with self.subTest("once more to those who did not look"):
            campaign._write_own({"state": "done"})
            draft = campaign.browse(mine.action_remind_unseen()["res_id"])
            draft.trigger_days = 0
            draft.with_user(self.marketing).action_launch()
            draft.sudo()._look_for_events()
            self.assertEqual(
                draft.member_ids.partner_id,
                (members - opener - clicker - phone).partner_id,
            )
        with self.subTest("and to those whom it did not reach"):
            salesperson = self._create_user(
                "no_writer", "loyalty_coupon_crm.group_loyalty_salesperson"
            )
            with self.assertRaises(AccessError):
                campaign.with_user(salesperson).action_retry_messages()
            gone.partner_id.email = "new@example.com"
            mine.action_retry_messages()
            self.assertEqual((gone.message_state, gone.reason), ("todo", False))
            self._write_messages(campaign)
            self.assertEqual(gone.trace_ids.email, "new@example.com")
            self.assertEqual(gone.message_state, "queued")
            with self.assertRaisesRegex(UserError, "nothing to repeat"):
                mine.action_retry_messages()
        with self.subTest("Odoo's mailing stays"), self.assertRaises(UserError):
            mailing.unlink()

    def _bounce(self, member):
        """Let the mail to a member come back through the mail gateway."""
        trace = member.trace_ids
        message = BOUNCE.format(
            catcher="bounce@tea.example.com",
            email=trace.email,
            message_id=trace.message_id,
            own_id=f"bounce-{trace.id}",
        )
        self.env["mail.thread"].message_process(None, message)
        member.invalidate_recordset()

    def test_a_mail_that_cannot_be_sent_is_named(self):
        campaign, members = self._write(mail_template_id=self.mail.id)
        mails = members.trace_ids.mail_mail_id
        mails._postprocess_sent_message([], [], failure_type="mail_smtp")
        mails.write({"state": "exception"})
        self.assertEqual(set(members.mapped("message_state")), {"failed"})
        self.assertIn("Connection failed", members[0].reason)
        campaign.mailing_ids.action_retry_failed()
        self.assertEqual(set(mails.mapped("state")), {"cancel"}, "not twice")
        self._write_messages(campaign)
        self.assertEqual(set(members.mapped("message_state")), {"queued"})
        self.assertEqual(len(members.trace_ids), len(members))

    def test_arms_have_mailings_of_their_own(self):
        campaign, members = self._write(
            mail_template_id=self.mail.id,
            variant_ids=[
                Command.create({"name": "A"}),
                Command.create({"name": "B"}),
            ],
            segment_id=self.segment.id,
        )
        mailings = campaign.mailing_ids
        self.assertEqual(mailings.loyalty_variant_id, campaign.variant_ids)
        self.assertEqual(len(mailings), 2)
        for mailing in mailings:
            theirs = members.filtered(
                lambda member, mailing=mailing: (
                    member.variant_id == mailing.loyalty_variant_id
                )
            )
            self.assertEqual(mailing.mailing_trace_ids.loyalty_member_id, theirs)
        with self.assertRaises(AccessError):
            mailings.with_user(self.marketing).read(["subject"])

    def test_text_messages(self):
        self.customers[:6].write({"phone": "+32475666001"})
        _campaign, members = self._write(sms_template_id=self.text.id)
        texts = self.env["sms.sms"].browse(members.trace_ids.mapped("sms_id_int"))
        fine, wrong = texts[0], texts[1]
        self.assertIn("/sms/", fine.body, "how to stop them")
        self.assertNotIn(SHOP, fine.body)
        wrong.number = "+32475666009"
        with self.mockSMSGateway(nbr_t_error={wrong.number: "wrong_number_format"}):
            (fine | wrong)._send()
        of_fine, of_wrong = (
            members.filtered(lambda one, text=text: one.trace_ids.sms_id_int == text.id)
            for text in (fine, wrong)
        )
        self.assertEqual(of_fine.message_state, "sent")
        self.assertEqual(of_wrong.message_state, "failed")
        self.assertIn("Wrong Number Format", of_wrong.reason)
        [link] = re.findall(r"/r/\w+/s/\d+", fine.body)
        self.url_open(link, allow_redirects=False)
        members.invalidate_recordset()
        self.assertTrue(of_fine.clicked_at)
        self.assertTrue(of_fine.opened_at)
