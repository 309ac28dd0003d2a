from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from .campaign_common import CampaignCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCampaignMessage(CampaignCommon):
    """When messages of campaigns go out, and when not."""

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
