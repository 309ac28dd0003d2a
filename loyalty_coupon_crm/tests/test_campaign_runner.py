from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..tools import codes
from .campaign_common import CampaignCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCampaignRunner(CampaignCommon):
    def test_one_coupon_each(self):
        campaign = self._create_campaign(validity_days=14)
        campaign.action_launch()
        treated = self._treated(campaign)
        self._run(campaign)
        self.assertEqual(campaign.state, "done")
        self.assertEqual(set(treated.mapped("state")), {"issued"})
        cards = treated.card_id
        self.assertEqual(len(cards), len(treated))
        self.assertEqual(cards, self.program.coupon_ids)
        self.assertEqual(cards.partner_id, treated.partner_id)
        last_day = self.company._loyalty_today() + timedelta(days=14)
        for member in treated:
            card = member.card_id
            self.assertEqual(card.partner_id, member.partner_id)
            self.assertTrue(codes.has_valid_check(card.code))
            self.assertEqual(card.points, 1)
            self.assertEqual(card.expiration_date, last_day)
            self.assertEqual(card.campaign_id, campaign)
            self.assertEqual(card.campaign_member_id, member)
            self.assertEqual(card.issued_by_id, campaign.launched_by_id)
            self.assertEqual(card.issued_at, member.issued_at)
            self.assertTrue(card.issued_at)
            self.assertTrue(card.active)
        self.assertFalse(self._control(campaign).card_id)
        self.assertEqual(set(self._control(campaign).mapped("state")), {"skipped"})
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def test_no_more_coupons_than_the_program_may_issue(self):
        self.program.write({"strict": True, "budget_coupons": 2})
        campaign = self._create_campaign()
        campaign.action_launch()
        self._run(campaign)
        treated = self._treated(campaign)
        self.assertGreater(len(treated), 2)
        self.assertEqual(len(treated.card_id), 2)
        self.program.invalidate_recordset(["coupons_left"])
        self.assertEqual(self.program.coupons_left, 0)
        skipped = treated.filtered(lambda member: not member.card_id)
        self.assertEqual(set(skipped.mapped("state")), {"skipped"})
        self.assertIn("no more coupons", skipped[:1].reason)
        self.assertEqual(campaign.state, "done")

    def test_booked_as_the_wallet_books(self):
        campaign = self._create_campaign(points=3, validity_days=5)
        campaign.action_launch()
        self._run(campaign)
        card = self._treated(campaign)[:1].card_id
        twin = self._create_card(
            self.program,
            card.partner_id,
            points=3,
            expiration_date=card.expiration_date,
        )
        ours, theirs = (
            moves.move_ids.read(
                [
                    "partner_id",
                    "program_id",
                    "company_id",
                    "kind",
                    "points",
                    "balance_after",
                    "remaining",
                    "expiration_date",
                    "available_date",
                    "order_model",
                    "order_id",
                    "user_id",
                    "approved_by_id",
                    "reversal_of_id",
                ]
            )
            for moves in (card, twin)
        )
        for rows in (ours, theirs):
            self.assertEqual(len(rows), 1)
            rows[0].pop("id")
        self.assertEqual(ours, theirs)
        self.assertEqual(card.state, twin.state)
        self.assertEqual(card.company_id, twin.company_id)

    def test_coupon_is_used_on_an_order(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        self._run(campaign)
        card = self._treated(campaign)[:1].card_id
        order = self._create_order(card.partner_id)
        self.assertNotIn("error", self._apply_code(order, card.code))
        order.action_confirm()
        self.assertEqual(card.points, 0)
        campaign.invalidate_recordset()
        self.assertEqual(campaign.redemption_count, 1)
        order._action_cancel()
        campaign.invalidate_recordset()
        self.assertEqual(campaign.redemption_count, 0)

    def test_result_does_not_depend_on_batch_size(self):
        results = []
        for size in (1, 7, 1000):
            campaign = self._create_campaign(seed="same", validity_days=3)
            campaign.action_launch()
            self._run(campaign, size)
            results.append(
                sorted(
                    (
                        member.partner_id.id,
                        member.arm,
                        member.state,
                        member.card_id.points,
                        str(member.card_id.expiration_date),
                        len(member.card_id.move_ids),
                    )
                    for member in campaign.member_ids
                )
            )
        self.assertEqual(results[0], results[1])
        self.assertEqual(results[0], results[2])
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def test_batch_returns_what_is_left(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        treated = campaign.treated_count
        self.assertEqual(campaign._run_batch(30), treated - 30)
        self.assertEqual(campaign.issued_count, 30)
        self.assertEqual(campaign._run_batch(30), treated - 60)
        self.assertEqual(campaign._run_batch(treated - 60), 0)
        self.assertEqual(campaign.state, "running")
        self.assertEqual(campaign._run_batch(1000), 0)
        self.assertEqual(campaign.state, "done")
        self.assertEqual(campaign._run_batch(1000), 0)
        self.assertEqual(campaign.issued_count, treated)
        self.assertEqual(sum(campaign.batch_ids.mapped("issued_count")), treated)

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

    def test_archived_and_deleted_customers_are_skipped(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        treated = self._treated(campaign)
        treated[0].partner_id.active = False
        treated[1].partner_id.unlink()
        self._run(campaign)
        self.assertEqual(campaign.state, "done")
        self.assertEqual(campaign.skipped_count, 2)
        self.assertEqual(campaign.progress, 100)
        self.assertEqual(treated[:2].mapped("state"), ["skipped", "skipped"])
        self.assertIn("archived or deleted", treated[0].reason)
        self.assertEqual(set(treated[2:].mapped("state")), {"issued"})

    def test_codes_that_exist_are_drawn_again(self):
        taken = self._create_card(self.program).code
        genuine = codes.generate_codes
        calls = []

        def clashing(count):
            calls.append(count)
            fresh = genuine(count)
            if len(calls) == 1:
                fresh[:3] = [taken, taken, fresh[-1]]
            return fresh

        campaign = self._create_campaign()
        campaign.action_launch()
        with patch.object(codes, "generate_codes", clashing):
            self._run(campaign)
        self.assertEqual(calls, [campaign.treated_count] * 2)
        self.assertEqual(campaign.issued_count, campaign.treated_count)
        cards = self._treated(campaign).card_id
        self.assertEqual(len(set(cards.mapped("code"))), campaign.treated_count)

    def test_last_day_is_the_companys(self):
        self.company.partner_id.tz = "Asia/Shanghai"
        campaign = self._create_campaign(validity_days=1)
        # Half past midnight on 1 March in Shanghai is still February in UTC.
        with freeze_time("2026-02-28 16:30:00"):
            campaign.action_launch()
            self._run(campaign)
        cards = self._treated(campaign).card_id
        self.assertEqual(set(map(str, cards.mapped("expiration_date"))), {"2026-03-02"})

    def test_no_end(self):
        campaign = self._create_campaign(validity_days=0)
        campaign.action_launch()
        self._run(campaign)
        self.assertFalse(any(self.program.coupon_ids.mapped("expiration_date")))

    def test_points_into_wallets(self):
        points = self._create_points_program(expire_after=30)
        wallet = self._create_card(points, self.customers[0], points=12.5)
        debt = self._create_card(points, self.customers[1], points=0)
        debt._post_move("adjust", -30)
        campaign = self._create_campaign(
            program_id=points.id,
            points=20,
            control_percent=0,
            no_control_reason="Test",
        )
        campaign.action_launch()
        self._run(campaign, 7)
        self.assertEqual(campaign.state, "done")
        members = campaign.member_ids
        self.assertEqual(len(points.coupon_ids), 100)
        self.assertEqual(members.card_id.partner_id, self.customers)
        self.assertEqual(wallet.points, 32.5)
        self.assertEqual(debt.points, -10)
        fresh = members.card_id - wallet - debt
        self.assertEqual(set(fresh.mapped("points")), {20})
        self.assertTrue(all(fresh.mapped("issued_at")))
        self.assertFalse(any(members.card_id.mapped("campaign_id")))
        last_day = self.company._loyalty_today() + timedelta(days=30)
        for card, left in ((wallet, 20), (debt, 0), (fresh[0], 20)):
            move = card.move_ids.sorted("id")[-1:]
            self.assertEqual(move.kind, "issue")
            self.assertEqual(move.points, 20)
            self.assertEqual(move.balance_after, card.points)
            self.assertEqual(move.remaining, left)
            self.assertEqual(move.expiration_date, last_day)
            self.assertEqual(card.history_ids[:1].issued, 20)
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def _indebted(self, program, customer):
        """Return a wallet below zero: one spend open, one in part, one given back."""
        card = self._create_card(program, customer, points=0)
        card._post_move("earn", 5)
        card._post_move("spend", -12)
        card._post_move("spend", -4)
        undone = card.move_ids[:1]
        card._post_move("reverse", 4, reversal_of_id=undone.id)
        card._post_move("adjust", -6)
        return card

    def _ledger_of(self, card):
        """Return movements and draws of a card, with their place in it as id."""
        moves = card.move_ids.sorted("id")
        places = {move: place for place, move in enumerate(moves)}
        names = ("kind", "points", "balance_after", "remaining")
        drawn = self.env["loyalty.point.allocation"].search(
            [("spend_id", "in", moves.ids)], order="id"
        )
        return (
            [tuple(move[name] for name in names) for move in moves],
            [(places[one.spend_id], places[one.award_id], one.points) for one in drawn],
        )

    def test_points_of_many_pay_debts_as_points_of_one_do(self):
        points = self._create_points_program()
        other = self._create_points_program()
        bulk = [self._indebted(points, one) for one in self.customers[:3]]
        single = [self._indebted(other, one) for one in self.customers[:3]]
        for given in (10, 10):
            campaign = self._create_campaign(
                program_id=points.id,
                points=given,
                control_percent=0,
                no_control_reason="Test",
            )
            campaign.action_launch()
            self._run(campaign)
            for card in single:
                card._post_move("issue", given)
        self.env.invalidate_all()
        for one, many in zip(single, bulk, strict=True):
            self.assertEqual(self._ledger_of(many), self._ledger_of(one))
            draws = self._ledger_of(many)[1]
            # The first award pays the spend and a part of the rest, the next all.
            self.assertEqual([row for row in draws if row[1] in (5, 6)][0], (1, 5, 7))
            self.assertEqual(sum(row[2] for row in draws if row[1] == 6), 3)
            self.assertEqual(many.points, 7)
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def test_wallet_campaigns_of_one_program_run_in_turn(self):
        points = self._create_points_program()
        values = {"program_id": points.id, "points": 5, "seed": "same"}
        first = self._create_campaign(**values)
        second = self._create_campaign(**values)
        (first + second).action_launch()
        left = second._run_batch(10)
        self.assertEqual(left, second.treated_count)
        self._run(first)
        self._run(second)
        self.assertEqual(set(points.coupon_ids.mapped("points")), {10})
        self.assertEqual(len(points.coupon_ids), first.treated_count)

    def test_shared_program_has_cards_without_company(self):
        self.program.company_id = False
        campaign = self._create_campaign()
        campaign.action_launch()
        self._run(campaign)
        card = self._treated(campaign)[:1].card_id
        self.assertFalse(card.company_id)
        self.assertEqual(card.move_ids.company_id, self.company)

    def test_cron_issues_in_batches(self):
        self.env["ir.config_parameter"].set_param("loyalty.issue_batch_size", "7")
        campaigns = self._create_campaign() + self._create_campaign()
        campaigns.action_launch()
        cron = self.env.ref("loyalty_coupon_crm.ir_cron_issue_campaigns")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        campaigns.invalidate_recordset()
        self.assertEqual(campaigns.mapped("state"), ["done", "done"])
        for campaign in campaigns:
            self.assertEqual(campaign.issued_count, campaign.treated_count)
            self.assertGreater(len(campaign.batch_ids), 8)
            self.assertEqual(max(campaign.batch_ids.mapped("issued_count")), 7)

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

    def test_speed_and_time_left(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        self.assertFalse(campaign.pace, "nothing is known before the first batch")
        now = fields.Datetime.now()
        self.env["loyalty.campaign.batch"].create(
            [
                {
                    "campaign_id": campaign.id,
                    "company_id": self.company.id,
                    "date": fields.Datetime.subtract(now, seconds=ago),
                    "issued_count": 15,
                    "seconds": 10,
                }
                for ago in (7200, 20, 0)
            ]
        )
        campaign.invalidate_recordset()
        self.assertAlmostEqual(campaign._issue_speed(), 1.0)
        left = campaign.treated_count - 45
        self.assertEqual(campaign.pace, f"1.0 a second, {left} seconds left")
        campaign.action_stop()
        self.assertFalse(campaign.pace)

    def test_what_fails_for_everybody_stops_the_campaign(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        runner = self.registry["loyalty.campaign"]
        with (
            patch.object(runner, "_write_offers", side_effect=ValueError("broken")),
            self.assertRaises(ValueError),
        ):
            campaign.sudo()._run_batch(10)

    def test_a_running_campaign_is_not_archived(self):
        campaign = self._create_campaign().with_user(self.marketing)
        campaign.action_launch()
        with self.assertRaisesRegex(UserError, "cancel it"):
            campaign.action_archive()
        campaign.action_cancel()
        campaign.action_archive()
        self.assertFalse(campaign.active)

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

    def test_the_customer_page_tells_why(self):
        campaign = self._create_campaign(
            variant_ids=[Command.create({"name": "Red paper"})]
        )
        campaign.action_launch()
        self._run(campaign)
        member = self._treated(campaign)[0]
        salesperson = self._create_user(
            "teller", "loyalty_coupon_crm.group_loyalty_salesperson"
        )
        action = member.partner_id.with_user(salesperson).action_loyalty_offers()
        found = self.env["loyalty.campaign.member"].with_user(salesperson)
        found = found.search(action["domain"])
        self.assertEqual(found, member)
        for words in ("Autumn, version", "Tea lovers", "Red paper"):
            self.assertIn(words, found.why)

    def test_calendar_of_what_is_planned(self):
        holiday = self.env["loyalty.holiday"].create(
            {
                "name": "Double 11",
                "calendar": "list",
                "date_ids": [Command.create({"date": "2126-11-11"})],
            }
        )
        campaign = self._create_campaign(
            trigger="holiday", trigger_holiday_id=holiday.id, trigger_days=2
        )
        start = self.company._loyalty_day_start(fields.Date.to_date("2126-11-09"))
        self.assertEqual(campaign.planned_at, start)
        campaign.write({"trigger": "date", "start_at": "2126-01-02 03:04:05"})
        self.assertEqual(str(campaign.planned_at), "2126-01-02 03:04:05")

    def test_bad_batch_size(self):
        parameters = self.env["ir.config_parameter"]
        for value, size in (("0", 1), ("-3", 1), ("many", 5000), ("250", 250)):
            parameters.set_param("loyalty.issue_batch_size", value)
            self.assertEqual(self.env["loyalty.campaign"]._batch_size(), size)

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
