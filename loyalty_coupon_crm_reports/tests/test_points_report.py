from collections import Counter
from datetime import date, datetime, timedelta

from odoo import fields
from odoo.tests import tagged

from .common import START, LoyaltyReportCommon

KINDS = {
    "issued": ("opening", "issue"),
    "earned": ("earn",),
    "spent": ("spend",),
    "expired": ("expire", "void"),
    "adjusted": ("adjust", "transfer"),
}
TAKEN = ("spend", "expire", "void")


@tagged("post_install", "-at_install", "loyalty_plain")
class TestPointsReport(LoyaltyReportCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = {"company_id": cls.shop_company.id}
        cls.programs = cls._create_points_program(name="Tea Points", **company)
        cls.programs |= cls._create_points_program(name="Cake Points", **company)
        cls.report = cls._report("loyalty.points.report")
        cls.domain = [("program_id", "in", cls.programs.ids)]
        cls.cards = {
            program: cls._create_card(program, cls.customers[0], points=0)
            for program in cls.programs
        }

    def setUp(self):
        super().setUp()
        self.balances = Counter()

    def _move(self, program, moment, kind, points, **values):
        self.balances[program] += points
        return self.env["loyalty.point.move"].create(
            {
                "card_id": self.cards[program].id,
                "program_id": program.id,
                "company_id": self.shop_company.id,
                "date": moment,
                "kind": kind,
                "points": points,
                "balance_after": self.balances[program],
                **values,
            }
        )

    def _fill(self, count=150):
        moves = self.env["loyalty.point.move"]
        # The cards are below zero before they are above.
        for program in self.programs:
            moves |= self._move(program, START, "spend", -500)
        kinds = [kind for kinds in KINDS.values() for kind in kinds]
        for number in range(2 * count):
            program = self.programs[number % 2]
            kind = self.random.choice(kinds)
            points = self.random.randrange(1, 10000) / 100
            points = -points if kind in TAKEN else points
            move = self._move(program, self._moment(), kind, points)
            moves |= move
            if self.random.random() < 0.2:
                later = move.date + timedelta(days=20)
                moves |= self._move(
                    program, later, "reverse", -points, reversal_of_id=move.id
                )
        return moves

    def _expected(self, moves, all_moves, last_month):
        """Recompute the figures of the group of `moves` that ends with a month."""
        rises = self._rises(all_moves)
        expected = {"change": sum(rises[move] for move in moves)}
        for name, kinds in KINDS.items():
            points = sum(
                move.points
                for move in moves
                if (move.reversal_of_id or move).kind in kinds
            )
            expected[name] = -points if kinds[0] in TAKEN else points
        expected["outstanding"] = self._outstanding(all_moves, last_month)
        return expected

    def _outstanding(self, moves, last_month):
        """Return the sum of the positive balances at the end of a month."""
        balances = Counter()
        for move in moves:
            if self._month(move.date) <= last_month:
                balances[move.card_id] += move.points
        return sum(max(0, balance) for balance in balances.values())

    def _months(self, moves):
        """Return the months from the first movement to today."""
        month = fields.Date.to_date(min(self._month(move.date) for move in moves))
        months = []
        while month <= self.shop_company._loyalty_today():
            months.append(month.strftime("%Y-%m-01"))
            month = fields.Date.add(month, months=1)
        return months

    def test_every_measure_of_program_and_total(self):
        moves = self._fill()
        last = self._months(moves)[-1]
        self._assert_measures(
            {(): self._expected(moves, moves, last)},
            self._groups(self.report, [], self.domain),
        )
        self._assert_measures(
            {
                (program.id,): self._expected(rows, rows, last)
                for program, rows in moves.grouped("program_id").items()
            },
            self._groups(self.report, ["program_id"], self.domain),
        )

    def test_every_measure_of_every_month(self):
        moves = self._fill()
        expected = {}
        for program, rows in moves.grouped("program_id").items():
            by_month = rows.grouped(lambda move: self._month(move.date))
            for month in self._months(rows):
                inside = by_month.get(month, rows.browse())
                expected[(program.id, month)] = self._expected(inside, rows, month)
        groupby = ["program_id", "month:month"]
        found = self._groups(self.report, groupby, self.domain)
        self._assert_measures(expected, found)

    def test_outstanding_of_a_quarter_is_that_of_its_last_month(self):
        moves = self._fill(count=40)
        found = self._groups(self.report, ["month:quarter"], self.domain)
        self.assertAlmostEqual(
            found[("2026-01-01",)]["outstanding"],
            self._outstanding(moves, "2026-03-01"),
        )

    def test_month_of_the_company(self):
        self._move(self.programs[0], datetime(2026, 1, 31, 16, 0), "earn", 5)
        rows = self.report.search(self.domain, order="month")
        self.assertEqual(rows[0].month, date(2026, 2, 1))
        self.assertEqual(set(rows.mapped("outstanding")), {5.0})
        moves = self.env["loyalty.point.move"]
        action = rows[0].action_open_rows()
        self.assertEqual(moves.search(action["domain"]).mapped("points"), [5.0])
        action = rows[1].action_open_rows()
        self.assertFalse(moves.search(action["domain"]))

    def test_rows_keep_their_id(self):
        self._move(self.programs[1], START, "earn", 5)
        rows = self.report.search(self.domain)
        self._move(self.programs[0], START - timedelta(days=90), "earn", 5)
        rows.invalidate_recordset()
        self.assertEqual(rows.program_id, self.programs[1])
        ids = self.report.search([]).ids
        self.assertEqual(len(ids), len(set(ids)))

    def test_coupons_are_not_points(self):
        program = self._create_coupon_program(company_id=self.shop_company.id)
        self._create_card(program, self.customers[0])
        self.assertFalse(self.report.search([("program_id", "=", program.id)]))

    def test_real_order(self):
        program = self._create_points_program()
        card = self._create_card(program, self.partner, points=100)
        report = self._report("loyalty.points.report", companies=self.company)
        domain = [("program_id", "=", program.id)]
        order = self._create_order()
        order._update_programs_and_rewards()
        order._apply_program_reward(program.reward_ids, card)
        order.action_confirm()
        found = self._groups(report, [], domain)[()]
        self.assertEqual(found["issued"], 100)
        self.assertEqual(found["earned"], 90)
        self.assertEqual(found["spent"], 50)
        self.assertEqual(found["outstanding"], card.points)
        order._action_cancel()
        found = self._groups(report, [], domain)[()]
        self.assertEqual((found["earned"], found["spent"]), (0, 0))
        self.assertEqual(found["outstanding"], 100)
