from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .campaign_common import CampaignCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCampaignMessage(CampaignCommon):
    """When messages of campaigns go out, to whom by which way, and when not."""

    def test_messages_come_after_issuing(self):
        template = self.env.ref("loyalty.mail_template_loyalty_card")
        campaign = self._create_campaign(mail_template_id=template.id)
        campaign.action_launch()
        treated = self._treated(campaign)
        treated[0].partner_id.email = False
        treated[1].partner_id.email = "not an address"
        self.env["mail.blacklist"].create(
            {"email": treated[2].partner_id.email_normalized}
        )
        mails = self.env["mail.mail"].search([])
        self._run(campaign)
        self.assertEqual(self.env["mail.mail"].search([]), mails)
        self.assertEqual(set(treated.mapped("state")), {"issued"})
        self.assertEqual(set(treated.mapped("message_state")), {"todo"})
        cron = self.env.ref("loyalty_coupon_crm.ir_cron_campaign_messages")
        for _number in range(2):
            with self.enter_registry_test_mode():
                cron.method_direct_trigger()
            treated.invalidate_recordset()
            self.assertEqual(treated[:3].mapped("message_state"), ["skipped"] * 3)
            self.assertIn("no valid e-mail", treated[0].reason)
            self.assertIn("no valid e-mail", treated[1].reason)
            self.assertIn("blacklist", treated[2].reason)
            self.assertEqual(set(treated[3:].mapped("message_state")), {"queued"})
            sent = self.env["mail.mail"].search([]) - mails
            self.assertEqual(len(sent), len(treated) - 3)
        self.assertEqual(sorted(sent.mapped("res_id")), sorted(treated[3:].card_id.ids))

    def test_program_mail_is_not_sent_by_campaigns(self):
        template = self.env.ref("loyalty.mail_template_loyalty_card")
        self.program.communication_plan_ids = [
            Command.create({"trigger": "create", "mail_template_id": template.id})
        ]
        mails = self.env["mail.mail"].search_count([])
        campaign = self._create_campaign()
        campaign.action_launch()
        self._run(campaign)
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)
        self.assertFalse(any(campaign.member_ids.mapped("message_state")))

    def test_text_messages_go_where_no_mail_goes(self):
        mail = self.env.ref("loyalty_coupon_crm.mail_template_coupon")
        text = self.env.ref("loyalty_coupon_crm.sms_template_coupon")
        campaign = self._create_campaign(mail_template_id=mail.id)
        campaign.with_user(self.marketing).sms_template_id = text
        campaign.with_user(self.marketing).action_launch()
        treated = self._treated(campaign)
        phone, refused, nowhere, both = treated[:4]
        for number, member in enumerate((phone, refused, both)):
            member.partner_id.write({"phone": f"+3247566600{number}"})
        (phone + refused + nowhere).partner_id.email = False
        self.env["phone.blacklist"].add(refused.partner_id.phone_sanitized)
        self._run(campaign)
        texts = self.env["sms.sms"].search([])
        for _number in range(2):
            campaign.sudo()._send_message_batch()
            campaign.sudo()._send_message_batch()
        sent = self.env["sms.sms"].search([]) - texts
        self.assertEqual(sent.number, phone.partner_id.phone_sanitized)
        self.assertIn(phone.card_id.code, sent.body)
        self.assertEqual(phone.message_state, "sms")
        self.assertEqual(both.message_state, "queued")
        self.assertIn("blacklist", refused.reason)
        self.assertIn("phone number", nowhere.reason)

    def test_whom_no_message_reaches_is_called(self):
        template = self.env.ref("loyalty_coupon_crm.mail_template_coupon")
        caller = self._create_user("caller", "base.group_user")
        campaign = self._create_campaign(
            mail_template_id=template.id, call_user_id=caller.id
        )
        campaign.action_launch()
        treated = self._treated(campaign)
        treated[0].partner_id.email = False
        self._run(campaign)
        treated[1].card_id.active = False
        while campaign.sudo()._send_message_batch():
            pass
        activity = treated[0].partner_id.activity_ids
        self.assertEqual(treated[0].message_state, "call")
        self.assertEqual(activity.user_id, caller)
        self.assertIn(treated[0].card_id.code, activity.note)
        self.assertEqual(treated[1].message_state, "skipped")
        self.assertFalse(treated[1:].partner_id.activity_ids)

    def test_a_campaign_without_message_is_a_call_list(self):
        campaign = self._create_campaign(call_user_id=self.env.user.id)
        campaign.action_launch()
        self._run(campaign)
        while campaign.sudo()._send_message_batch():
            pass
        treated = self._treated(campaign)
        self.assertEqual(set(treated.mapped("message_state")), {"call"})
        self.assertEqual(len(treated.partner_id.activity_ids), len(treated))

    def test_a_trial_message_buys_nothing(self):
        template = self.env.ref("loyalty_coupon_crm.mail_template_coupon")
        campaign = self._create_campaign(mail_template_id=template.id)
        campaign = campaign.with_user(self.marketing)
        self.marketing.partner_id.email = "me@example.com"
        mails = self.env["mail.mail"].search([])
        campaign.action_send_test()
        sent = self.env["mail.mail"].search([]) - mails
        self.assertIn("me@example.com", sent.email_to)
        card = self.env["loyalty.card"].browse(sent.res_id)
        self.assertEqual((card.points, card.active), (0, False))
        self.assertFalse(campaign.member_ids)
        self.marketing.partner_id.email = False
        with self.assertRaisesRegex(UserError, "no e-mail address"):
            campaign.action_send_test()
        text = self.env.ref("loyalty_coupon_crm.sms_template_coupon")
        campaign.write({"mail_template_id": False, "sms_template_id": text.id})
        with self.assertRaisesRegex(UserError, "do not reach you"):
            campaign.action_send_test()
        self.marketing.partner_id.phone = "+32475666009"
        campaign.action_send_test()
        sent = self.env["sms.sms"].search([("number", "=", "+32475666009")])
        self.assertIn("your code", sent.body)
        campaign.text_gateway = "local"
        campaign.action_send_test()
        sent = self.env["loyalty.outbox"].search([("campaign_id", "=", campaign.id)])
        self.assertEqual((sent.address, sent.card_id.points), ("+32475666009", 0))
        with self.subTest("a trial is told to no member"):
            sent.with_user(self.marketing).action_mark_failed("Off")
            sent.with_user(self.marketing).action_retry()

    def test_once_more_to_those_who_did_not_look(self):
        template = self.env.ref("loyalty_coupon_crm.mail_template_coupon")
        campaign = self._create_campaign(
            mail_template_id=template.id, control_percent=0, no_control_reason="A test"
        )
        campaign.action_launch()
        self._run(campaign)
        looked = campaign.member_ids[:30]
        looked.card_id._mark_seen()
        campaign.invalidate_recordset(["seen_count"])
        self.assertEqual(campaign.seen_count, 30)
        action = campaign.with_user(self.marketing).action_remind_unseen()
        again = self.env["loyalty.campaign"].browse(action["res_id"])
        again.with_user(self.marketing).action_launch()
        with patch.object(
            type(self.env["ir.cron"]), "_commit_progress", lambda *args, **kw: 1e9
        ):
            self.env["loyalty.campaign"].sudo()._cron_trigger()
        self.assertEqual(
            again.member_ids.partner_id, (campaign.member_ids - looked).partner_id
        )
        self.assertEqual(
            again.member_ids.card_id, (campaign.member_ids - looked).card_id
        )
        with self.subTest("by text message alone"):
            text = self.env.ref("loyalty_coupon_crm.sms_template_coupon")
            campaign.write({"mail_template_id": False, "sms_template_id": text.id})
            action = campaign.with_user(self.marketing).action_remind_unseen()
            again = self.env["loyalty.campaign"].browse(action["res_id"])
            self.assertEqual(again.sms_template_id, text)
            self.assertFalse(again._launch_problems())
            again.sms_template_id = False
            self.assertIn("A reminder needs", again._launch_problems()[0])

    def test_cancelled_campaigns_write_nothing_any_more(self):
        template = self.env.ref("loyalty_coupon_crm.mail_template_coupon")
        campaign = self._create_campaign(mail_template_id=template.id)
        campaign.action_launch()
        campaign.sudo()._run_batch(10)
        campaign.with_user(self.marketing).action_cancel()
        issued = campaign.member_ids.filtered(lambda m: m.state == "issued")
        self.assertEqual(len(issued), 10)
        self.assertEqual(set(issued.mapped("message_state")), {"skipped"})

    def test_a_message_that_fails_stops_its_campaign_alone(self):
        template = self.env.ref("loyalty_coupon_crm.mail_template_coupon")
        broken, fine = (
            self._create_campaign(mail_template_id=template.copy().id) for _i in "ab"
        )
        templates = self.registry["mail.template"]
        genuine = templates.send_mail_batch

        def failing(template, *args, **values):
            if template == broken.mail_template_id:
                raise ValueError("No paper")
            return genuine(template, *args, **values)

        for campaign in broken + fine:
            campaign.action_launch()
            self._run(campaign)
        with (
            patch.object(
                type(self.env["ir.cron"]), "_commit_progress", lambda *args, **kw: 1e9
            ),
            patch.object(templates, "send_mail_batch", failing),
            self.assertLogs(level="ERROR"),
        ):
            campaign.sudo()._cron_send_messages()
        self.assertEqual(broken.state, "paused")
        states = self._treated(fine).mapped("message_state")
        self.assertEqual(set(states), {"queued"})

    def test_quiet_hours_by_the_customers_clock(self):
        now = fields.Datetime.now()
        # The next hours are quiet in UTC, and over in a zone twelve hours away.
        self.company.loyalty_quiet_from = now.hour
        self.company.loyalty_quiet_to = (now.hour + 2) % 24
        self.customers.tz = "UTC"
        self.customers[:50].tz = "Etc/GMT+12"
        campaign = self._create_campaign(
            control_percent=0,
            no_control_reason="A test",
            mail_template_id=self.env.ref("loyalty_coupon_crm.mail_template_coupon").id,
        )
        campaign.action_launch()
        self._run(campaign)
        while campaign.sudo()._send_message_batch():
            pass
        sent = campaign.member_ids.filtered(lambda m: m.message_state == "queued")
        waiting = campaign.member_ids - sent
        self.assertEqual(sent.partner_id, self.customers[:50])
        self.assertTrue(all(moment > now for moment in waiting.mapped("message_at")))

    def test_no_message_on_blackout_dates(self):
        today = self.company._loyalty_today()
        self.env["loyalty.holiday"].create(
            {
                "name": "Mourning",
                "calendar": "list",
                "is_blackout": True,
                "date_ids": [
                    Command.create({"date": today + timedelta(days=number)})
                    for number in (-1, 0, 1)
                ],
            }
        )
        campaign = self._create_campaign(
            mail_template_id=self.env.ref("loyalty_coupon_crm.mail_template_coupon").id
        )
        campaign.action_launch()
        self._run(campaign)
        campaign.sudo()._send_message_batch()
        self.assertFalse(
            campaign.member_ids.filtered(lambda m: m.message_state == "queued")
        )
