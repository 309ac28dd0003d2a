from contextlib import contextmanager
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..models import loyalty_campaign_print_mixin
from .campaign_common import CampaignCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCampaignChannel(CampaignCommon):
    """Other ways to the customer: paper, the outbox; and what they consent to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mail = cls.env.ref("loyalty_coupon_crm.mail_template_coupon")
        cls.text = cls.env.ref("loyalty_coupon_crm.sms_template_coupon")
        cls.few = cls._create_segment(cls.customers[:12])
        cls.outbox = cls.env["loyalty.outbox"]
        cls.consents = cls.env["loyalty.consent"]

    def _launch(self, **values):
        campaign = self._create_campaign(
            **{
                "segment_id": self.few.id,
                "control_percent": 0,
                "no_control_reason": "A test",
                **values,
            }
        )
        campaign.with_user(self.marketing).action_launch()
        return campaign

    def _write_messages(self, campaign):
        while campaign.sudo()._send_message_batch():
            pass
        campaign.member_ids.invalidate_recordset()

    def _decide(self, partners, **decisions):
        self.consents._note(
            partners, decisions, company_id=self.company.id, source="staff"
        )

    # Paper

    def test_coupons_that_nothing_else_brings_are_printed(self):
        campaign = self._launch(mail_template_id=self.mail.id)
        treated = self._treated(campaign)
        nowhere = treated[:3]
        nowhere.partner_id.email = False
        self._run(campaign)
        mine = campaign.with_user(self.marketing)
        self.assertEqual(mine.to_print_count, 0, "the messages are still to come")
        self._write_messages(campaign)
        mine.invalidate_recordset()
        self.assertEqual(mine.to_print_count, 3)
        with patch.object(loyalty_campaign_print_mixin, "PRINT_SIZE", 2):
            first = mine.action_print_coupons()
            second = mine.action_print_coupons()
        self.assertEqual(first["report_type"], "qweb-pdf")
        printed = first["context"]["active_ids"] + second["context"]["active_ids"]
        self.assertEqual(printed, nowhere.card_id.ids)
        self.assertEqual(set(nowhere.mapped("message_state")), {"printed"})
        self.assertFalse(any(nowhere.mapped("reason")))
        with self.assertRaisesRegex(UserError, "choose them under Cards"):
            mine.action_print_coupons()
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            first["report_name"], first["context"]["active_ids"]
        )
        self.assertIn(nowhere[0].card_id.code_grouped, html.decode())

    def test_a_campaign_without_message_is_printed(self):
        campaign = self._launch()
        self._run(campaign)
        salesperson = self._create_user(
            "printer", "loyalty_coupon_crm.group_loyalty_salesperson"
        )
        with self.assertRaises(AccessError):
            campaign.with_user(salesperson).action_print_coupons()
        campaign.with_user(self.marketing).action_print_coupons()
        treated = self._treated(campaign)
        self.assertEqual(set(treated.mapped("message_state")), {"printed"})

    # Other ways

    @contextmanager
    def _gateway(self, send, **more):
        """Let an add-on bring a way of its own, `test`, for the time of a test."""
        field = type(self.outbox)._fields["gateway"]
        methods = {"_send_by_test": send, **more}
        known = {**field._selection, "test": "A test"}
        with (
            patch.object(field, "_selection", known),
            patch.object(field, "selection", list(known.items())),
        ):
            for name, method in methods.items():
                setattr(type(self.outbox), name, method)
            try:
                yield
            finally:
                for name in methods:
                    delattr(type(self.outbox), name)

    def test_another_program_collects_the_outbox(self):
        campaign = self._launch(sms_template_id=self.text.id, text_gateway="local")
        treated = self._treated(campaign)
        reached, nowhere = treated[0], treated[1:]
        reached.partner_id.phone = "+32475666000"
        self._run(campaign)
        for _twice in range(2):
            self._write_messages(campaign)
        message = self.outbox.search([("campaign_id", "=", campaign.id)])
        self.assertEqual(message.member_id, reached)
        self.assertEqual(message.address, "+32475666000")
        self.assertIn(reached.card_id.code, message.body)
        self.assertEqual(reached.message_state, "outbox")
        self.assertEqual(set(nowhere.mapped("message_state")), {"skipped"})
        self.assertIn("does not reach", nowhere[0].reason)
        self.assertFalse(self.env["sms.sms"].search([("body", "=", message.body)]))
        with self.enter_registry_test_mode():
            self.env.ref("loyalty_coupon_crm.ir_cron_outbox").method_direct_trigger()
        self.assertEqual(message.state, "outgoing", "it waits to be collected")
        mine = message.with_user(self.marketing)
        with self.assertRaises(AccessError):
            mine.write({"state": "sent"})
        salesperson = self._create_user(
            "no_sender", "loyalty_coupon_crm.group_loyalty_salesperson"
        )
        with self.assertRaises(AccessError):
            message.with_user(salesperson).action_mark_sent()
        mine.action_mark_failed("Number\n is  off")
        self.assertEqual((message.state, message.reason), ("failed", "Number is off"))
        self.assertEqual(reached.message_state, "failed")
        self.assertEqual(reached.reason, "Number is off")
        mine.action_retry()
        self.assertEqual((reached.message_state, reached.reason), ("outbox", False))
        mine.action_mark_sent()
        self.assertEqual((message.state, message.reason), ("sent", False))
        self.assertTrue(message.sent_at)
        self.assertEqual(reached.message_state, "sent")
        with self.assertRaisesRegex(UserError, "nothing to do"):
            mine.action_mark_sent()
        reached._note_followed()
        self.assertTrue(reached.opened_at and reached.clicked_at)

    def test_what_the_outbox_could_not_hand_over_is_written_anew(self):
        campaign = self._launch(sms_template_id=self.text.id, text_gateway="local")
        treated = self._treated(campaign)
        treated.partner_id.phone = "+32475666000"
        self._run(campaign)
        self._write_messages(campaign)
        mine = campaign.with_user(self.marketing)
        first = self.outbox.search([("campaign_id", "=", campaign.id)])
        lost, unwanted = (first[:2]).with_user(self.marketing)
        lost.action_mark_failed("Number is off")
        unwanted.action_cancel()
        mine.invalidate_recordset()
        self.assertEqual((mine.undelivered_count, mine.to_print_count), (1, 1))
        self.assertEqual(unwanted.member_id.message_state, "skipped")
        self.assertIn("cancelled in the outbox", unwanted.member_id.reason)
        found = self.env["loyalty.campaign.member"].with_user(self.marketing)
        found = found.search(
            mine.action_view_undelivered()["domain"]
            + [("message_state", "in", ("bounced", "failed"))]
        )
        self.assertEqual((found, found.reason), (lost.member_id, "Number is off"))
        salesperson = self._create_user(
            "no_retry", "loyalty_coupon_crm.group_loyalty_salesperson"
        )
        with self.assertRaises(AccessError):
            found.with_user(salesperson).action_retry()
        lost.partner_id.sudo().phone = "+32475666001"
        found.action_retry()
        self.assertEqual((found.message_state, lost.state), ("todo", "cancelled"))
        self._write_messages(campaign)
        again = self.outbox.search([("campaign_id", "=", campaign.id)]) - first
        self.assertEqual((again.member_id, again.address), (found, "+32475666001"))
        with self.assertRaisesRegex(UserError, "written anew"):
            lost.action_retry()
        with self.assertRaisesRegex(UserError, "nothing to try"):
            found.action_retry()

    def test_an_add_on_brings_its_own_way(self):
        calls = []

        def send(messages):
            calls.append(messages.mapped("address"))
            if len(calls) == 1:
                raise ValueError("The gateway is down")
            messages[0]._note_failed("Unknown user")
            messages[1:]._note_sent()

        with self._gateway(
            send, _address_by_test=lambda self, partner: f"wx-{partner.id}"
        ):
            campaign = self._launch(sms_template_id=self.text.id, text_gateway="test")
            treated = self._treated(campaign)
            self._run(campaign)
            self._write_messages(campaign)
            messages = self.outbox.search([("gateway", "=", "test")], order="id")
            self.assertEqual(len(messages), len(treated))
            self.assertEqual(messages[0].address, f"wx-{messages[0].partner_id.id}")
            with self.assertLogs("odoo.addons", "ERROR"):
                messages._send_batch("test")
            self.assertEqual(set(messages.mapped("state")), {"failed"})
            self.assertEqual(set(messages.mapped("reason")), {"The gateway is down"})
            self.assertEqual(set(treated.mapped("message_state")), {"failed"})
            self.assertEqual(set(treated.mapped("reason")), {"The gateway is down"})
            messages.with_user(self.marketing).action_retry()
            messages._send_batch("test")
            self.assertEqual(messages[0].reason, "Unknown user")
            self.assertEqual(set(messages[1:].mapped("state")), {"sent"})
            self.assertEqual(messages[0].member_id.reason, "Unknown user")
            self.assertEqual(set(messages[1:].member_id.mapped("reason")), {False})
            messages._send_batch("test")
            self.assertEqual(len(calls), 2, "what was sent is not sent again")
            messages.unlink()

    # Consent

    def test_who_withdrew_gets_nothing_from_the_next_batch_on(self):
        campaign = self._launch()
        treated = self._treated(campaign)
        campaign.sudo()._run_batch(5)
        done = treated.filtered(lambda member: member.state == "issued")
        self.assertEqual(len(done), 5)
        gone = treated[-5:]
        again = treated[-1:]
        self._decide(gone.partner_id, programme=False)
        self._decide(again.partner_id, programme=True)
        self._run(campaign, 5)
        gone -= again
        self.assertEqual(set(gone.mapped("state")), {"skipped"})
        self.assertIn("withdrew", gone[0].reason)
        self.assertFalse(gone.card_id)
        self.assertEqual(set((treated - gone).mapped("state")), {"issued"})
        # The next campaign does not draw them at all.
        following = self._launch()
        self.assertFalse(following.member_ids.partner_id & gone.partner_id)
        self.assertIn(again.partner_id, following.member_ids.partner_id)

    def test_messages_go_by_purpose(self):
        campaign = self._launch(
            mail_template_id=self.mail.id, sms_template_id=self.text.id
        )
        treated = self._treated(campaign)
        no_mail, no_text, nothing, free = treated[:4]
        treated.partner_id.write({"phone": "+32475666001"})
        self._run(campaign)
        self._decide(no_mail.partner_id, email=False)
        self._decide(no_text.partner_id, sms=False, email=False)
        self._decide(nothing.partner_id, programme=False)
        self._write_messages(campaign)
        self.assertEqual(
            (treated[:4]).mapped("message_state"),
            ["sms", "skipped", "skipped", "queued"],
        )
        self.assertIn("does not consent to text", no_text.reason)
        self.assertIn("withdrew", nothing.reason)
        self.assertTrue(free.card_id)

    def test_arms_have_ways_of_their_own(self):
        other_text = self.text.copy({"body": "Second text {{ object.code }}"})
        ways = {
            "campaign": "queued",
            "mail": "queued",
            "text": "sms",
            "call": "call",
            "none": "skipped",
        }
        arms = [
            Command.create({"name": way, "channel": way, "share": 1}) for way in ways
        ]
        campaign = self._create_campaign(variant_ids=arms)
        with self.assertRaisesRegex(UserError, "The arm text has no message"):
            campaign.with_user(self.marketing).action_launch()
        campaign.write(
            {
                "mail_template_id": self.mail.id,
                "sms_template_id": self.text.id,
                "call_user_id": self.marketing.id,
            }
        )
        campaign.variant_ids[2].sms_template_id = other_text
        campaign.with_user(self.marketing).action_launch()
        self.segment.member_ids.partner_id.write({"phone": "+32475666002"})
        self._run(campaign)
        self._write_messages(campaign)
        for arm in campaign.variant_ids:
            members = self._treated(campaign).filtered(
                lambda member, arm=arm: member.variant_id == arm
            )
            self.assertTrue(members)
            wanted = False if arm.channel == "none" else ways[arm.channel]
            self.assertEqual(set(members.mapped("message_state")), {wanted}, arm.name)
        texts = self.env["sms.sms"].search(
            [("mailing_id", "in", campaign.mailing_ids.ids)]
        )
        self.assertTrue(all(text.body.startswith("Second text") for text in texts))

    def test_consent_beforehand(self):
        self.company.loyalty_consent_required = True
        campaign = self._launch(mail_template_id=self.mail.id)
        treated = self._treated(campaign)
        asked = treated[0]
        self._decide(asked.partner_id, email=True)
        self._run(campaign)
        self._write_messages(campaign)
        self.assertEqual(asked.message_state, "queued")
        self.assertEqual(set(treated[1:].mapped("message_state")), {"skipped"})

    def test_who_refuses_profiling_gets_what_everybody_gets(self):
        shy = self.customers[:2]
        self._decide(shy, profiling=False)
        everybody = self._launch()
        self.assertLessEqual(shy, everybody.member_ids.partner_id)
        self.few.write(
            {
                "kind": "dynamic",
                "domain": str([("id", "in", self.customers[:9].ids)]),
                "member_ids": [Command.clear()],
            }
        )
        chosen = self._launch()
        self.assertTrue(chosen.member_ids)
        self.assertFalse(chosen.member_ids.partner_id & shy)

    def test_merged_contacts_keep_a_refusal(self):
        double = self.env["res.partner"].create(
            {"name": "Double", "email": self.customers[0].email}
        )
        self._decide(double, programme=False)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.customers[0] | double).ids, self.customers[0]
        )
        held = self.consents._last(self.customers[0], ["programme"], self.company)
        self.assertIs(held[self.customers[0].id, "programme"], False)

    # Jobs

    def test_batches_become_jobs_where_there_is_a_queue(self):
        """`queue_job` is no part of the tests: what it is told is looked at."""
        orders = []
        models = type(self.env["loyalty.campaign"])

        def with_delay(records, **options):
            class Delayed:
                def _job_issue(self, chain):
                    orders.append((records, chain, options["identity_key"]))

            return Delayed()

        campaign = self._create_campaign()
        with (
            patch.object(models, "with_delay", with_delay, create=True),
            patch.object(models, "_has_job_queue", lambda self: True),
        ):
            campaign.with_user(self.marketing).action_launch()
            self.assertEqual([order[1] for order in orders], [0, 1])
            self.assertEqual(len({order[2] for order in orders}), 2)
            size = self.env["ir.config_parameter"].sudo()
            size.set_param("loyalty.issue_batch_size", 15)
            jobs = 0
            while orders:
                records, chain, _key = orders.pop(0)
                self.assertTrue(records.env.user._is_superuser())
                records._job_issue(chain)
                jobs += 1
                self.assertLess(jobs, 30)
        self.assertEqual(campaign.state, "done")
        treated = self._treated(campaign)
        self.assertEqual(set(treated.mapped("state")), {"issued"})
        self.assertEqual(len(treated.card_id), len(treated))

    def test_a_job_that_fails_stops_its_campaign(self):
        campaign = self._launch()
        models = type(campaign)
        with (
            patch.object(models, "_issue_batch", side_effect=ValueError("Broken")),
            self.assertLogs("odoo.addons", "ERROR"),
        ):
            self.assertEqual(campaign.sudo()._job_issue(0), "Broken")
        self.assertEqual(campaign.state, "paused")
        self.assertIn("Broken", campaign.stop_reason)
