from datetime import date

from odoo.exceptions import ValidationError
from odoo.tests import BaseCase, freeze_time, tagged

from ..tools.award_terms import last_day
from .point_expiry_common import PointExpiryCommon


@tagged("post_install", "-at_install")
class TestAwardLastDay(BaseCase):
    """The last day of an award by its rules, without a database."""

    def test_no_rule(self):
        self.assertIsNone(last_day(date(2026, 1, 1)))

    def test_rolling_over_a_leap_day(self):
        self.assertEqual(last_day(date(2028, 2, 28), after_days=1), date(2028, 2, 29))
        self.assertEqual(last_day(date(2027, 2, 28), after_days=1), date(2027, 3, 1))

    def test_end_of_next_year(self):
        for earned in (date(2026, 1, 1), date(2026, 12, 31)):
            day = last_day(earned, month=12, day=31, years=1)
            self.assertEqual(day, date(2027, 12, 31))

    def test_leap_day_in_a_year_without(self):
        earned = date(2026, 5, 1)
        self.assertEqual(last_day(earned, month=2, day=29, years=1), date(2027, 2, 28))
        self.assertEqual(last_day(earned, month=2, day=29, years=2), date(2028, 2, 29))
        self.assertEqual(last_day(earned, month=2, day=31, years=1), date(2027, 2, 28))

    def test_end_of_a_short_month(self):
        day = last_day(date(2026, 1, 15), month=4, day=31, years=0)
        self.assertEqual(day, date(2026, 4, 30))

    def test_the_day_itself_is_included(self):
        earned = date(2026, 6, 30)
        self.assertEqual(last_day(earned, month=6, day=30), earned)

    def test_a_day_that_is_over_is_next_year(self):
        day = last_day(date(2026, 7, 1), month=6, day=30)
        self.assertEqual(day, date(2027, 6, 30))

    def test_never_before_it_can_be_spent(self):
        day = last_day(date(2026, 12, 20), date(2027, 1, 3), month=12, day=31)
        self.assertEqual(day, date(2027, 12, 31))

    def test_the_earliest_wins(self):
        rules = {"after_days": 30, "month": 12, "day": 31, "years": 0}
        self.assertEqual(last_day(date(2026, 6, 1), **rules), date(2026, 7, 1))
        self.assertEqual(last_day(date(2026, 12, 15), **rules), date(2026, 12, 31))


@tagged("post_install", "-at_install", "loyalty_plain")
class TestAwardTerms(PointExpiryCommon):
    """Programs with several terms, in the time zone of the company."""

    def test_last_year_by_the_company_clock(self):
        terms = {"expire_month": "12", "expire_day": 31, "expire_years": 1}
        # Already 2027 in Shanghai.
        card = self._wallet("2026-12-31 16:30:00", **terms)
        self.assertEqual(card.move_ids.expiration_date, date(2028, 12, 31))
        card = self._wallet("2026-12-31 15:30:00", **terms)
        self.assertEqual(card.move_ids.expiration_date, date(2027, 12, 31))
        self.assertEqual(self._expire("2027-12-31 15:59:59"), 0)
        self.assertEqual(self._expire("2027-12-31 16:00:00"), 1)
        self.assertEqual(card.points, 0)

    def test_terms_are_kept_when_the_program_changes(self):
        card = self._wallet("2026-01-01 04:00:00", expire_inactive_days=60)
        card.program_id.write({"expire_inactive_days": 10, "expire_after": 5})
        self.assertEqual(self._expire("2026-02-20 04:00:00"), 0)
        self.assertEqual(self._expire("2026-03-02 04:00:00"), 0)
        self.assertEqual(self._expire("2026-03-03 04:00:00"), 1)

    def test_inactivity_lapses_the_whole_wallet(self):
        card = self._wallet("2026-01-01 04:00:00", expire_inactive_days=30)
        with freeze_time("2026-01-21 04:00:00"):
            card._post_move("earn", 5)
        self.assertEqual(self._expire("2026-02-20 15:59:59"), 0)
        self.assertEqual(self._expire("2026-02-20 16:00:00"), 2)
        lapse = card.move_ids.sorted("id")[-1]
        self.assertEqual((lapse.kind, lapse.points, card.points), ("expire", -15, 0))
        self.assertEqual(lapse.reason, "No purchase for too long")
        self.assertFalse(self.moves._ledger_differences())

    def test_a_spend_and_a_purchase_without_points_are_activity(self):
        card = self._wallet("2026-01-01 04:00:00", expire_inactive_days=30)
        with freeze_time("2026-01-20 04:00:00"):
            card._post_move("spend", -1)
        self.assertEqual(self._expire("2026-02-10 04:00:00"), 0)
        self.env["loyalty.purchase"].create(
            {
                "partner_id": self.partner.id,
                "company_id": self.company.id,
                "date": "2026-02-15 04:00:00",
                "channel": "sale",
                "amount": 10,
            }
        )
        self.assertEqual(self._expire("2026-03-17 04:00:00"), 0)
        self.assertEqual(self._expire("2026-03-18 04:00:00"), 1)

    def test_what_we_do_ourselves_is_no_activity(self):
        card = self._wallet("2026-01-01 04:00:00", expire_inactive_days=30)
        with freeze_time("2026-01-20 04:00:00"):
            card._post_move("adjust", -1)
            card._post_move("issue", 3)
        self.assertEqual(self._expire("2026-02-01 04:00:00"), 1)
        self.assertEqual(card.points, 3)

    def test_two_reasons_are_two_rows(self):
        card = self._wallet("2026-01-01 04:00:00", expire_after=10)
        card.program_id.write({"expire_after": 0, "expire_inactive_days": 5})
        with freeze_time("2026-01-02 04:00:00"):
            card._post_move("issue", 7)
        with freeze_time("2026-01-03 04:00:00"):
            card.program_id.expire_inactive_days = 0
            card._post_move("issue", 100)
        self.assertEqual(self._expire("2026-02-01 04:00:00"), 2)
        lapses = card.move_ids.sorted("id")[-2:]
        self.assertEqual(sorted(lapses.mapped("points")), [-10, -7])
        self.assertEqual(lapses[-1].balance_after, 100)
        self.assertEqual(lapses[0].balance_after, 117 + lapses[0].points)
        self.assertFalse(self.moves._ledger_differences())

    def test_spends_draw_from_what_inactivity_takes_first(self):
        card = self._wallet("2026-01-01 04:00:00", expire_inactive_days=10)
        card.program_id.write({"expire_inactive_days": 0, "expire_after": 5})
        with freeze_time("2026-01-02 04:00:00"):
            card._post_move("issue", 7)
            card.program_id.expire_after = 0
            card._post_move("issue", 9)
            card._post_move("spend", -8)
        self.assertEqual(card.move_ids.sorted("id").mapped("remaining"), [9, 0, 9, 0])

    def test_all_coming_days_are_shown(self):
        card = self._wallet("2026-01-01 04:00:00", expire_after=30)
        card.program_id.expire_after = 60
        with freeze_time("2026-01-02 04:00:00"):
            card._post_move("issue", 5)
            card._post_move("issue", 2)
            card.program_id.expire_after = 0
            card._post_move("issue", 1)
            rows = [(row.date, row.points, row.days_left) for row in card.lapse_ids]
            self.assertEqual(card.next_expiry_points, 10)
        self.assertEqual(rows, [(date(2026, 1, 31), 10, 29), (date(2026, 3, 3), 7, 60)])

    def test_senseless_terms_are_refused(self):
        program = self._create_points_program()
        for terms in (
            {"expire_after": -1},
            {"expire_month": "2", "expire_day": 30},
            {"expire_month": "4", "expire_day": 31},
            {"expire_month": "4", "expire_day": 0},
            {"expire_after": 10, "pending_days": 10},
        ):
            with self.assertRaises(ValidationError, msg=terms), self.env.cr.savepoint():
                program.write(terms)
        program.write({"expire_month": "2", "expire_day": 29})

    def test_salesperson_reads_what_lapses(self):
        self._wallet("2026-01-01 04:00:00", expire_after=30)
        user = self._create_user(
            "loyalty_lapse_reader", "loyalty_coupon_crm.group_loyalty_salesperson"
        )
        with freeze_time("2026-01-02 04:00:00"):
            rows = self.env["loyalty.point.lapse"].with_user(user).search([])
            self.assertEqual(rows.mapped("points"), [10])

    def test_other_companies_see_nothing(self):
        company = self.env["res.company"].create({"name": "Another shop"})
        self._wallet("2026-01-01 04:00:00", expire_after=30, company_id=company.id)
        user = self._create_user(
            "loyalty_lapse_stranger", "loyalty_coupon_crm.group_loyalty_salesperson"
        )
        with freeze_time("2026-01-02 04:00:00"):
            self.assertFalse(self.env["loyalty.point.lapse"].with_user(user).search([]))
