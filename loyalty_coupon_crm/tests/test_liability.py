from datetime import date

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tests.common import freeze_time

from .liability_common import LiabilityCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestLiability(LiabilityCommon):
    def _example(self):
        """The example of the standard, its two periods in June and July."""
        self._earn(10000, 100000, "2026-06-05 03:00:00", 1)
        self._draw(4500, "2026-06-20 03:00:00")
        # Already July in Shanghai.
        self._draw(4000, "2026-06-30 16:00:00")

    def test_example_of_the_standard(self):
        self._example()
        june = self._propose("2026-06-30")
        self.assertEqual(
            (june.earned, june.redeemed, june.outstanding), (10000, 4500, 5500)
        )
        self.assertAlmostEqual(june.expected_total, 9500)
        self.assertAlmostEqual(june.allocated, 8675.80)
        self.assertAlmostEqual(june.recognised, 4109.59)
        self.assertAlmostEqual(june.amount, 4566.21)
        self.assertAlmostEqual(june.fair_amount, 5000.0)
        self.program.expected_breakage = 3.0
        july = self._propose("2026-07-31")
        self.assertEqual(july.date_from, date(2026, 7, 1))
        self.assertEqual((july.earned, july.redeemed), (0, 4000))
        self.assertAlmostEqual(july.expected_total, 9700)
        self.assertEqual(july.allocated, 0)
        self.assertAlmostEqual(july.recognised, 7602.51 - 4109.59)
        self.assertAlmostEqual(july.amount, 1073.29)
        self.assertEqual([june.line_ids.cohort], [date(2026, 6, 1)])
        self._assert_entry(june, [(8675.80, -8675.80), (-4109.59, 4109.59)])
        self._assert_entry(july, [(-3492.92, 3492.92)])

    def _assert_entry(self, row, pairs):
        """Check balances of revenue and liability, pair by pair, of a draft."""
        move = row.move_id
        self.assertEqual((move.state, move.date), ("draft", row.date))
        self.assertEqual(move.company_id, self.company)
        lines = move.line_ids.sorted("id")
        self.assertEqual(
            [round(balance, 2) for balance in lines.mapped("balance")],
            [balance for pair in pairs for balance in pair],
        )
        owed = lines.filtered("loyalty_liability_id")
        self.assertEqual(owed.loyalty_liability_id, row)
        self.assertEqual(
            set(owed.account_id.ids), {self.accounts["liability_account_id"]}
        )
        move.with_user(self.bookkeeper).action_post()

    def test_what_is_owed_today_without_a_proposal(self):
        self._example()
        self._propose("2026-06-30")
        reader = self._create_user(
            "liability_auditor", "loyalty_coupon_crm.group_loyalty_auditor"
        )
        reader.write(
            {
                "company_ids": [Command.set(self.company.ids)],
                "company_id": self.company.id,
            }
        )
        estimates = self.env["loyalty.liability.estimate"].with_user(reader)
        estimates = estimates.with_company(self.company)
        before = self.env["loyalty.point.liability"].search_count([])
        with freeze_time("2026-08-14 17:00:00"):
            action = estimates.action_open()
        row = estimates.search(action["domain"])
        self.assertEqual(row.program_id, self.program)
        # In Shanghai the next day has begun.
        self.assertEqual(
            (row.date_from, row.date), (date(2026, 7, 1), date(2026, 8, 15))
        )
        self.assertEqual(self.env["loyalty.point.liability"].search_count([]), before)
        august = self._propose("2026-08-15")
        for name in ("outstanding", "expiring", "breakage_rate", "redeemed", "earned"):
            self.assertEqual(row[name], august[name], name)
        for name in ("fair_amount", "allocated", "recognised", "amount"):
            self.assertAlmostEqual(row[name], august[name], 2, name)
        seller = self._create_user(
            "estimate_seller", "loyalty_coupon_crm.group_loyalty_salesperson"
        )
        plain = self.env["loyalty.liability.estimate"]
        for user in (seller, self.bookkeeper):
            with self.assertRaises(AccessError):
                plain.with_user(user).action_open()
        with self.assertRaises(AccessError):
            estimates.create({"program_id": self.program.id})
        stranger = self._create_user(
            "estimate_stranger", "loyalty_coupon_crm.group_loyalty_manager"
        )
        self.assertFalse(plain.with_user(stranger).search(action["domain"]))

    def test_refunds_lapses_and_free_points(self):
        award = self._earn(100, 1000, "2026-06-05 03:00:00", 1)
        self._earn(50, 500, "2026-06-06 03:00:00", 2)
        self._draw(-30, "2026-06-06 03:00:00", "issue", remaining=30)
        self._draw(40, "2026-06-07 03:00:00", "reverse", reversal_of_id=award.id)
        self.env["loyalty.purchase"].create(
            {
                "company_id": self.company.id,
                "date": "2026-06-07 03:00:00",
                "amount": -400,
                "channel": "sale",
                "order_model": "account.move",
                "order_id": 7,
                "reversal_of_id": self.env["loyalty.purchase"]
                .search([("order_id", "=", 1), ("company_id", "=", self.company.id)])
                .id,
            }
        )
        self._draw(60, "2026-06-08 03:00:00", "expire")
        june = self._propose("2026-06-30")
        self.assertEqual((june.earned, june.sales_amount), (110, 1100))
        self.assertEqual((june.redeemed, june.outstanding), (0, 50))
        self.assertEqual(june.breakage_rate, 1.0)
        self.assertEqual(june.line_ids.lapsed, 60)

    def test_more_taken_back_than_earned(self):
        award = self._earn(100, 1000, "2026-06-05 03:00:00", 1)
        june = self._propose("2026-06-30")
        self._draw(25, "2026-07-05 03:00:00", "reverse", reversal_of_id=award.id)
        july = self._propose("2026-07-31")
        self.assertEqual(july.earned, -25)
        self.assertAlmostEqual(july.allocated, -round(june.allocated / 4, 2))
        self.assertGreater(july.amount, 0)

    def test_points_that_pay_a_debt_are_not_owed(self):
        award = self._earn(10, 100, "2026-06-05 03:00:00", 1)
        self._draw(10, "2026-06-06 03:00:00")
        self._draw(10, "2026-06-07 03:00:00", "reverse", reversal_of_id=award.id)
        nothing_left = {"terms": {"remaining": 0}}
        self._earn(10, 100, "2026-06-08 03:00:00", 2, **nothing_left)._allocate()
        june = self._propose("2026-06-30")
        self.assertEqual((june.outstanding, june.outstanding_all), (0, 0))
        self.assertEqual((june.earned, june.redeemed), (10, 10))

    def test_points_spent_in_advance_are_redeemed_when_they_are_earned(self):
        self._draw(10, "2026-06-06 03:00:00")
        self._earn(5, 50, "2026-06-07 03:00:00", 1, terms={"remaining": 0})._allocate()
        june = self._propose("2026-06-30")
        self.assertEqual((june.earned, june.redeemed, june.outstanding), (5, 5, 0))
        award = self._earn(8, 80, "2026-07-08 03:00:00", 2, terms={"remaining": 3})
        award._allocate()
        july = self._propose("2026-07-31")
        self.assertEqual((july.earned, july.redeemed, july.outstanding), (8, 5, 3))
        self.assertEqual(july.line_ids.filtered("used").mapped("used"), [5, 5])

    def test_history_replaces_the_estimate(self):
        """One closed month: 30 of 40 spent in its second month."""
        self.program.expected_breakage = 90.0
        self._earn(40, 400, "2026-04-05 03:00:00", 1)
        self._draw(30, "2026-05-06 03:00:00")
        self._draw(10, "2026-05-31 03:00:00", "expire")
        terms = {"expiration_date": "2026-08-31"}
        self._earn(80, 800, "2026-06-05 03:00:00", 2, terms=terms)
        june = self._propose("2026-06-30")
        self.assertAlmostEqual(june.expected_use, 0.75)
        self.assertAlmostEqual(june.breakage_rate, 0.25)
        self.assertAlmostEqual(june.expected_total, 30 + 60)
        self.assertEqual(june.expiring, 80)
        # 120 points at 0.75 beside sales of 1,200: 1200 x 90 / 1290.
        self.assertAlmostEqual(june.allocated, 83.72)
        self.assertAlmostEqual(june.recognised, 27.91)

    def test_two_companies_and_two_currencies(self):
        euro = self.env.ref("base.EUR")
        dollar = self.env.ref("base.USD")
        (euro | dollar).active = True
        other = self._create_shop("Café", currency_id=euro.id)
        self.env["res.currency.rate"].search(
            [("company_id", "in", [other.id, False])]
        ).filtered(lambda rate: rate.company_id == other).unlink()
        self.env["res.currency.rate"].create(
            {
                "currency_id": dollar.id,
                "company_id": other.id,
                "name": "2026-01-01",
                "rate": 1.25,
            }
        )
        shared = self._create_points_program(
            name="Shared", company_id=False, currency_id=dollar.id, points_value=0.5
        )
        self.company.currency_id = dollar
        card = self._create_card(shared, self.partner, 0)
        self._earn(200, 1000, "2026-06-05 03:00:00", 1, card=card)
        self._earn(100, 300, "2026-06-06 03:00:00", 2, card=card, company=other)
        # Drawn in the first company, from the award of the other one, too.
        self._draw(250, "2026-06-10 03:00:00", card=card)
        mine = self._propose("2026-06-30").filtered(lambda r: r.program_id == shared)
        theirs = self._propose(
            "2026-06-30",
            user=self._create_bookkeeper(other),
            company=other,
            accounts=self._create_accounts(other),
        )
        self.assertEqual((mine.points_value, mine.earned), (0.5, 200))
        self.assertAlmostEqual(mine.allocated, 90.91)
        self.assertAlmostEqual(theirs.points_value, 0.4)
        # 300 x 100 x 0.4 / (300 + 40).
        self.assertAlmostEqual(theirs.allocated, 35.29)
        self.assertEqual(mine.redeemed + theirs.redeemed, 250)
        self.assertEqual(theirs.program_id, shared)
        self.assertEqual(theirs.currency_id, euro)
        self.assertAlmostEqual(theirs.recognised, 17.65)
        self.assertEqual(theirs.move_id.company_id, other)
        seen = self.env["loyalty.point.liability"].with_user(self.bookkeeper)
        self.assertNotIn(theirs, seen.search([]))

    def test_two_programs_earn_on_one_sale(self):
        """1,000 earn 100 points of 0.95 and 50 of 1.00; 500 earn 50 of the first.

        1000 x 95 / (1000 + 95 + 50) = 82.97, 500 x 47.5 / (500 + 47.5) = 43.38, and
        1000 x 50 / 1145 = 43.67. A fifth of the shared sale comes back in July.
        """
        club = self._create_points_program(
            name="Club", company_id=self.company.id, points_value=1.0
        )
        card = self._create_card(club, self.partner, 0)
        first = self._earn(100, 1000, "2026-06-05 03:00:00", 1)
        second = first.copy(
            {
                "card_id": card.id,
                "program_id": club.id,
                "points": 50,
                "remaining": 50,
            }
        )
        self._earn(50, 500, "2026-06-06 03:00:00", 2)
        # A program without a value gives points that cost nothing.
        free = self._create_points_program(name="Stars", company_id=self.company.id)
        stars = self._create_card(free, self.partner, 0)
        first.copy({"card_id": stars.id, "program_id": free.id, "points": 9})
        june = self._propose("2026-06-30")
        mine = june.filtered(lambda row: row.program_id == self.program)
        theirs = june - mine
        self.assertAlmostEqual(mine.allocated, 126.35)
        self.assertAlmostEqual(theirs.allocated, 43.67)
        self.assertEqual((mine.sales_amount, theirs.sales_amount), (1500, 1000))
        self._earn(80, 800, "2026-07-01 03:00:00", 3)
        self._refund(1, -200)
        self._draw(20, "2026-07-02 03:00:00", "reverse", reversal_of_id=first.id)
        terms = {"reversal_of_id": second.id}
        self._draw(10, "2026-07-02 03:00:00", "reverse", card=card, **terms)
        july = self._propose("2026-07-31")
        mine = july.filtered(lambda row: row.program_id == self.program)
        # 800 x 76 / 876 - 200 x 19 / (200 + 19 + 10).
        self.assertAlmostEqual(mine.allocated, 52.81)
        self.assertAlmostEqual((july - mine).allocated, -round(43.67 / 5, 2))

    def _refund(self, document, amount):
        """Write what of a sale was taken back, in July."""
        purchase = self.env["loyalty.purchase"].search(
            [("order_id", "=", document), ("company_id", "=", self.company.id)]
        )
        self.env["loyalty.purchase"].create(
            {
                "company_id": self.company.id,
                "date": "2026-07-02 03:00:00",
                "amount": amount,
                "channel": "sale",
                "order_model": "account.move",
                "order_id": 70 + document,
                "reversal_of_id": purchase.id,
            }
        )

    def test_points_kept_by_a_refund_are_owed_until_they_go(self):
        """100 earned, 60 spent, 40 lapse; the 60 come back for thirty days of grace."""
        self.program.refund_grace_days = 30
        terms = {"expiration_date": "2026-06-30"}
        self._earn(100, 1000, "2026-05-05 03:00:00", 1, terms=terms)
        spend = self._draw(60, "2026-05-10 03:00:00")
        self._draw(40, "2026-07-01 03:00:00", "expire")
        with freeze_time("2026-07-10 12:00:00"):
            back = self._draw(
                -60,
                "2026-07-10 03:00:00",
                "reverse",
                reversal_of_id=spend.id,
                balance_after=60,
            )
            back._give_back(spend)
        back.invalidate_recordset()
        self.assertEqual(
            (back.remaining, str(back.expiration_date)), (60, "2026-08-09")
        )
        july = self._propose("2026-07-31")
        self.assertEqual((july.redeemed, july.outstanding, july.expiring), (0, 60, 60))
        self._draw(25, "2026-08-05 03:00:00")
        self._draw(35, "2026-08-10 03:00:00", "expire")
        august = self._propose("2026-08-31")
        self.assertEqual((august.redeemed, august.outstanding), (25, 0))
        self.assertEqual(august.line_ids.lapsed, 75)
        self.assertEqual((august.expiring, august.amount), (0, 0))

    def test_archived_program_is_proposed_while_something_is_owed(self):
        self._earn(100, 1000, "2026-06-05 03:00:00", 1)
        june = self._propose("2026-06-30")
        self.assertGreater(june.amount, 0)
        self.program.action_archive()
        wizards = self.env["loyalty.liability.propose"].with_user(self.bookkeeper)
        wizards = wizards.with_company(self.company)
        asked = {"company_id": self.company.id, "date": "2026-07-31", **self.accounts}
        wizard = wizards.create(asked)
        wizard.invalidate_recordset()
        self.assertEqual(wizard.program_ids, self.program)
        self._draw(100, "2026-07-05 03:00:00", "expire")
        self.assertEqual(self._propose("2026-07-31").amount, 0)
        self.assertFalse(wizards.create({**asked, "date": "2026-08-31"}).program_ids)

    def test_periods_follow_each_other(self):
        self._example()
        june = self._propose("2026-06-30")
        for day in ("2026-06-30", "2026-05-31"):
            with self.subTest(day=day), self.assertRaisesRegex(UserError, "already"):
                self._propose(day)
        with self.assertRaisesRegex(UserError, "not over"):
            self._propose("2026-09-15")
        july = self._propose("2026-07-31")
        with self.assertRaisesRegex(UserError, "built on"):
            june.move_id.unlink()
        july.move_id.with_user(self.bookkeeper).unlink()
        self.assertFalse(july.exists())
        again = self._propose("2026-07-31")
        self.assertEqual(again.redeemed, 4000)

    def test_last_accounts_are_proposed_again(self):
        self._example()
        self._propose("2026-06-30")
        wizard = (
            self.env["loyalty.liability.propose"]
            .with_user(self.bookkeeper)
            .with_company(self.company)
            .new({"company_id": self.company.id, "date": "2026-07-31"})
        )
        self.assertEqual(
            wizard.liability_account_id._origin.id,
            self.accounts["liability_account_id"],
        )
        self.assertEqual(
            wizard.revenue_account_id._origin.id, self.accounts["revenue_account_id"]
        )
        self.assertEqual(wizard.program_ids._origin, self.program)

    def test_nothing_to_post_and_no_value(self):
        self.assertFalse(self._propose("2026-06-30").move_id)
        self.program.points_value = 0
        with self.assertRaisesRegex(UserError, "no value"):
            self._propose("2026-07-31", program_ids=[Command.set(self.program.ids)])
        with self.assertRaises(ValidationError):
            self.program.expected_breakage = 100

    def test_rights(self):
        manager = self._create_user(
            "liability_manager", "loyalty_coupon_crm.group_loyalty_manager"
        )
        seller = self._create_user(
            "liability_seller", "loyalty_coupon_crm.group_loyalty_salesperson"
        )
        rows = self.env["loyalty.point.liability"]
        rows.with_user(manager).search([])
        with self.assertRaises(AccessError):
            rows.with_user(seller).search([])
        with self.assertRaises(AccessError):
            self._propose("2026-06-30", user=manager)
        with self.assertRaises(AccessError):
            rows.with_user(self.bookkeeper).create({"program_id": self.program.id})
