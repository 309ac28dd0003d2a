from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .campaign_common import CampaignCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCampaignStop(CampaignCommon):
    """What stops a campaign, by hand or by an error, and how it goes on."""

    def test_stop_resume_cancel(self):
        campaign = self._create_campaign().with_user(self.marketing)
        campaign.action_launch()
        campaign.sudo()._run_batch(10)
        campaign.action_stop()
        self.assertEqual(campaign.state, "paused")
        self.assertIn(self.marketing.name, campaign.stop_reason)
        campaign.sudo()._run_batch(10)
        self.assertEqual(campaign.issued_count, 10)
        campaign.action_resume()
        campaign.sudo()._run_batch(10)
        self.assertEqual(campaign.issued_count, 20)
        campaign.action_cancel()
        cron = self.env.ref("loyalty_coupon_crm.ir_cron_issue_campaigns")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        campaign.invalidate_recordset()
        self.assertEqual(campaign.state, "cancelled")
        self.assertEqual(campaign.issued_count, 20)
        self.assertEqual(campaign.todo_count, 0)
        issued = campaign.member_ids.filtered("card_id")
        self.assertEqual(len(issued), 20)
        self.assertEqual(set(issued.card_id.mapped("points")), {1})
        rest = self._treated(campaign) - issued
        self.assertEqual(set(rest.mapped("state")), {"skipped"})
        self.assertEqual(set(rest.mapped("reason")), {"The campaign was cancelled."})

    def test_cancelled_draft_has_no_runs(self):
        campaign = self._create_campaign()
        campaign.action_cancel()
        self.assertEqual(campaign.state, "cancelled")
        self.assertEqual(campaign.todo_count, 0)

    def test_offer_that_ends_stops_the_campaign(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        campaign._run_batch(10)
        self.program.active = False
        campaign._run_batch(10)
        self.assertEqual(campaign.state, "paused")
        self.assertIn("archived", campaign.stop_reason)
        self.assertEqual(campaign.issued_count, 10)
        with self.assertRaisesRegex(Exception, "archived"):
            campaign.action_resume()
        self.program.active = True
        campaign.action_resume()
        self._run(campaign)
        self.assertEqual(campaign.issued_count, campaign.treated_count)

    def test_what_fails_for_everybody_stops_the_campaign(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        runner = self.registry["loyalty.campaign"]
        with (
            patch.object(runner, "_write_offers", side_effect=ValueError("broken")),
            self.assertRaises(ValueError),
        ):
            campaign.sudo()._run_batch(10)

    @mute_logger("odoo.addons.loyalty_coupon_crm.models.loyalty_campaign_runner_mixin")
    def test_error_stops_the_campaign_with_its_reason(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        runner = self.registry["loyalty.campaign"]
        cron = self.env.ref("loyalty_coupon_crm.ir_cron_issue_campaigns")
        with (
            self.enter_registry_test_mode(),
            patch.object(runner, "_issue_coupons", side_effect=ValueError("No paper")),
        ):
            cron.method_direct_trigger()
        campaign.invalidate_recordset()
        self.assertEqual(campaign.state, "paused")
        self.assertIn("No paper", campaign.stop_reason)
        self.assertIn("No paper", "".join(campaign.message_ids.mapped("body")))
        self.assertFalse(self._treated(campaign).card_id)
        campaign.action_resume()
        self._run(campaign)
        self.assertEqual(campaign.issued_count, campaign.treated_count)

    def test_failures_are_named_and_tried_again(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        runner = self.registry["loyalty.campaign"]
        genuine = runner._write_offers
        bad = set(self._treated(campaign)[3:6].ids)

        def failing(self, rows, values):
            if bad & {member_id for member_id, _partner in rows}:
                raise ValueError("The customer\nhas no country.")
            return genuine(self, rows, values)

        with patch.object(runner, "_write_offers", failing):
            self._run(campaign)
        failed = campaign.member_ids.filtered(lambda m: m.state == "failed")
        self.assertEqual(set(failed.ids), bad)
        self.assertEqual(set(failed.mapped("reason")), {"The customer has no country."})
        self.assertEqual((campaign.failed_count, campaign.todo_count), (3, 0))
        self.assertEqual(campaign.state, "done")
        self.assertEqual(campaign.progress, 100)
        salesperson = self._create_user(
            "retry", "loyalty_coupon_crm.group_loyalty_salesperson"
        )
        with self.assertRaises(AccessError):
            campaign.with_user(salesperson).action_retry_failed()
        with self.assertRaises(AccessError):
            failed[0].with_user(salesperson).action_retry()
        failed[0].with_user(self.marketing).action_retry()
        self.assertEqual((campaign.failed_count, campaign.todo_count), (2, 1))
        campaign.with_user(self.marketing).action_retry_failed()
        self.assertEqual(campaign.todo_count, 3)
        self._run(campaign)
        self.assertEqual(campaign.issued_count, campaign.treated_count)
        self.assertEqual(len(failed.card_id), 3)
        self.assertEqual(campaign.failed_count, 0)
        with self.assertRaises(UserError):
            campaign.action_retry_failed()

    def test_batch_is_tried_again_after_a_conflict(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        runner = self.registry["loyalty.campaign"]
        genuine = runner._lock_members
        calls = []

        def conflicting(self, size):
            calls.append(size)
            if len(calls) == 1:
                raise SerializationFailure
            return genuine(self, size)

        cron = self.env.ref("loyalty_coupon_crm.ir_cron_issue_campaigns")
        with (
            self.enter_registry_test_mode(),
            patch.object(runner, "_lock_members", conflicting),
        ):
            cron.method_direct_trigger()
        campaign.invalidate_recordset()
        self.assertEqual(campaign.state, "done")
        self.assertEqual(campaign.issued_count, campaign.treated_count)

    def test_a_running_campaign_is_not_archived(self):
        campaign = self._create_campaign().with_user(self.marketing)
        campaign.action_launch()
        with self.assertRaisesRegex(UserError, "cancel it"):
            campaign.action_archive()
        campaign.action_cancel()
        campaign.action_archive()
        self.assertFalse(campaign.active)
