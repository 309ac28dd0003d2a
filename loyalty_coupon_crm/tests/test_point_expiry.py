from datetime import date, datetime, timedelta

from odoo.tests import freeze_time, tagged

from .point_expiry_common import PointExpiryCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestPointExpiry(PointExpiryCommon):
    """Awards lapse after their last day, each by the terms it was given under."""

    def test_award_lapses_after_its_last_day(self):
        card = self._wallet("2026-01-01 04:00:00", expire_after=30)
        self.assertEqual(card.move_ids.expiration_date, date(2026, 1, 31))
        self.assertEqual(self._expire("2026-01-31 15:59:59"), 0)
        self.assertEqual(card.points, 10)
        self.assertEqual(self._expire("2026-01-31 16:00:00"), 1)
        self.assertEqual(card.points, 0)
        lapse = card.move_ids.sorted("id")[-1]
        self.assertEqual((lapse.kind, lapse.points), ("expire", -10))
        self.assertFalse(self.moves._ledger_differences())

    def test_only_what_is_left_lapses(self):
        card = self._wallet("2026-01-01 04:00:00", expire_after=30)
        card._post_move("spend", -4)
        self._expire("2026-03-01 00:00:00")
        self.assertEqual(card.points, 0)
        self.assertEqual(card.move_ids.sorted("id")[-1].points, -6)

    def test_expiring_twice_takes_once(self):
        card = self._wallet("2026-01-01 04:00:00", expire_after=30)
        self._expire("2026-03-01 00:00:00")
        self.assertEqual(self._expire("2026-03-01 00:00:00"), 0)
        self.assertEqual(len(card.move_ids), 2)

    def test_a_changed_policy_leaves_old_awards_alone(self):
        card = self._wallet("2026-01-01 04:00:00", expire_after=30)
        card.program_id.expire_after = 0
        with freeze_time("2026-01-02 04:00:00"):
            card._post_move("earn", 5)
        self._expire("2026-03-01 00:00:00")
        self.assertEqual(card.points, 5)

    def test_several_awards_of_a_card_lapse_in_one_row(self):
        card = self._wallet("2026-01-01 04:00:00", expire_after=30)
        with freeze_time("2026-01-02 04:00:00"):
            card._post_move("earn", 5)
        self.assertEqual(self._expire("2026-03-01 00:00:00"), 2)
        lapse = card.move_ids.sorted("id")[-1]
        self.assertEqual((lapse.points, lapse.balance_after), (-15, 0))
        drawn = self.env["loyalty.point.allocation"].search(
            [("spend_id", "=", lapse.id)]
        )
        self.assertEqual(sorted(drawn.mapped("points")), [5, 10])

    def test_batches_leave_nothing(self):
        cards = self._wallet("2026-01-01 04:00:00", expire_after=30)
        for _count in range(4):
            cards |= self._wallet("2026-01-01 04:00:00", expire_after=30)
        with freeze_time("2026-03-01 00:00:00"):
            done = [self.moves._expire_awards(limit=2) for _count in range(4)]
        self.assertEqual(done, [2, 2, 1, 0])
        self.assertEqual(set(cards.mapped("points")), {0})

    def test_coupons_lapse_only_in_strict_programs(self):
        today = date(2026, 3, 1)
        cards = self.env["loyalty.card"]
        for strict in (False, True):
            program = self._create_coupon_program(strict=strict)
            cards |= self._create_card(
                program, self.partner, 1, expiration_date=today - timedelta(days=1)
            )
        self._expire("2026-03-01 00:00:00")
        self.assertEqual(cards.mapped("points"), [1, 0])

    def test_an_extended_coupon_does_not_lapse(self):
        program = self._create_coupon_program(strict=True)
        card = self._create_card(
            program, self.partner, 1, expiration_date=date(2026, 2, 1)
        )
        card.expiration_date = date(2026, 4, 1)
        self.assertEqual(self._expire("2026-03-01 00:00:00"), 0)

    def test_held_points_do_not_lapse_before_they_are_spent(self):
        program = self._create_coupon_program(strict=True)
        yesterday = self.company._loyalty_today() - timedelta(days=1)
        card = self._create_card(program, self.partner, 1, expiration_date=yesterday)
        hold = (
            self.env["loyalty.point.hold"]
            .sudo()
            .create(
                {
                    "card_id": card.id,
                    "points": 1,
                    "holder": "sale.order,1",
                    "expires_at": datetime.now() + timedelta(hours=1),
                }
            )
        )
        self.assertEqual(self.moves._expire_awards(limit=100), 0)
        hold.unlink()
        self.assertEqual(self.moves._expire_awards(limit=100), 1)

    def test_auditors_hear_of_differences(self):
        auditor = self._create_user(
            "loyalty_auditor_ledger", "loyalty_coupon_crm.group_loyalty_auditor"
        )
        card = self._wallet("2026-01-01 04:00:00", expire_after=30)
        self.moves._cron_check_ledger()
        activities = self.env["mail.activity"].search([("user_id", "=", auditor.id)])
        self.assertFalse(activities)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE loyalty_card SET points = 11 WHERE id = %s", [card.id]
        )
        self.env.invalidate_all()
        self.moves._cron_check_ledger()
        activities = self.env["mail.activity"].search([("user_id", "=", auditor.id)])
        self.assertIn(card.code, activities.note)
        self.assertEqual(card.points, 11)
