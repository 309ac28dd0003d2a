from collections import Counter
from datetime import date, datetime, timedelta

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tests.common import freeze_time

from .common import LoyaltyReportCommon

NOW = datetime(2026, 8, 3, 4)
TODAY = date(2026, 8, 3)
WEEKS = 12


@tagged("post_install", "-at_install", "loyalty_plain")
class TestDemandReport(LoyaltyReportCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.drinks = cls._create_vouchers_of(cls.gift)
        cls.rows = []
        moments = [NOW - timedelta(days=cls.random.randrange(120)) for _ in range(120)]
        for card in cls._create_coupons(cls.drinks, moments):
            cls._befall(card)

    @classmethod
    def _create_vouchers_of(cls, product, **values):
        """Return a program whose coupons give a product."""
        reward = {"reward_type": "product", "reward_product_id": product.id, **values}
        return cls._create_coupon_program(
            company_id=cls.shop_company.id, reward_ids=[Command.create(reward)]
        )

    @classmethod
    def _befall(cls, card):
        """Let a voucher be used, lapse or stay open, and note it."""
        fate = cls.random.choice(["used", "used", "lapsed", "open", "open", "ends"])
        age = (NOW - card.issued_at) / timedelta(days=1)
        later = cls.random.uniform(0, age)
        if fate == "used":
            moment = card.issued_at + timedelta(days=later)
            card.sudo().write({"used_at": moment.replace(microsecond=0)})
            card._post_move("spend", -1)
        elif fate == "lapsed":
            card.expiration_date = card.issued_at.date() + timedelta(days=int(later))
        elif fate == "ends":
            card.expiration_date = TODAY + timedelta(days=cls.random.randrange(60))
        cls.rows.append(card)

    def _report_now(self):
        self.env.invalidate_all()
        with freeze_time(NOW):
            return self._groups(
                self._report("loyalty.demand.report"),
                ["week:day", "product_id"],
                [("program_id", "=", self.drinks.id)],
            )

    def _life_table(self):
        """Return the chance of use in each week of age, in plain Python."""
        ended, uses = Counter(), Counter()
        for card in self.rows:
            last = card.expiration_date
            end = card.used_at or (
                last and self.shop_company._loyalty_day_start(last + timedelta(days=1))
            )
            end = min(end or NOW, NOW)
            age = max(0, int((end - card.issued_at).total_seconds() // 604800))
            ended[age] += 1
            uses[age] += bool(card.used_at)
        chances = []
        for age in range(max(ended) + WEEKS + 1):
            at_risk = sum(count for week, count in ended.items() if week >= age)
            at_risk -= (ended[age] - uses[age]) / 2
            chances.append(uses[age] / at_risk if at_risk else 0.0)
        return chances

    def _open(self):
        return [
            card
            for card in self.rows
            if not card.used_at
            and (not card.expiration_date or card.expiration_date >= TODAY)
        ]

    def test_forecast_equals_the_life_table(self):
        chances = self._life_table()
        found = self._report_now()
        self.assertEqual(len(found), WEEKS)
        for ahead, (_key, measures) in enumerate(sorted(found.items())):
            start = TODAY + timedelta(weeks=ahead)
            expected = 0.0
            valid = [
                card
                for card in self._open()
                if not card.expiration_date or card.expiration_date >= start
            ]
            for card in valid:
                age = int((NOW - card.issued_at).total_seconds() // 604800)
                chance = chances[age + ahead]
                for week in range(age, age + ahead):
                    chance *= 1 - chances[week]
                expected += chance
            self.assertAlmostEqual(measures["quantity"], expected, 6)
            self.assertEqual(measures["voucher_count"], len(valid))
            self.assertEqual(measures["open_quantity"], len(valid))
        self.assertGreater(sum(row["quantity"] for row in found.values()), 1)

    def test_total_counts_each_voucher_once(self):
        with freeze_time(NOW):
            report = self._report("loyalty.demand.report")
            [total] = self._groups(
                report, [], [("program_id", "=", self.drinks.id)]
            ).values()
        self.assertEqual(total["voucher_count"], len(self._open()))

    def test_choices_quantities_and_programs_without_history(self):
        """Two products to choose from, two pieces each; the curve is that of all."""
        tag = self.env["product.tag"].create({"name": "Treats"})
        (self.gift | self.product).product_tag_ids = tag
        program = self._create_vouchers_of(
            self.env["product.product"],
            reward_product_tag_id=tag.id,
            reward_product_qty=2,
        )
        self._create_coupons(program, [NOW - timedelta(days=3)], points=2.0)
        with freeze_time(NOW):
            found = self._groups(
                self._report("loyalty.demand.report"),
                ["product_id"],
                [("program_id", "=", program.id), ("week", "=", TODAY)],
            )
        self.assertEqual(set(found), {(self.gift.id,), (self.product.id,)})
        for measures in found.values():
            self.assertEqual(measures["open_quantity"], 2)
            self.assertGreater(measures["quantity"], 0)

    def test_a_voucher_of_too_few_points_gives_nothing(self):
        program = self._create_vouchers_of(self.gift, required_points=2)
        for points in (1.0, 2.0, 5.0):
            self._create_coupons(program, [NOW - timedelta(days=3)], points=points)
        with freeze_time(NOW):
            found = self._groups(
                self._report("loyalty.demand.report"),
                [],
                [("program_id", "=", program.id)],
            )[()]
        self.assertEqual((found["voucher_count"], found["open_quantity"]), (2, 3))

    def test_a_voucher_ends_with_the_day_of_the_company(self):
        """Issued an hour after midnight: the seventh day is over within the week."""
        program = self._create_vouchers_of(self.gift)
        issued = datetime(2026, 6, 1, 17)
        cards = self._create_coupons(program, [issued] * 40)
        cards[:30].sudo().write({"used_at": issued + timedelta(days=7, hours=1)})
        cards[30:].expiration_date = date(2026, 6, 8)
        self._create_coupons(program, [NOW - timedelta(hours=1)])
        with freeze_time(NOW):
            found = self._groups(
                self._report("loyalty.demand.report"),
                ["week:day"],
                [("program_id", "=", program.id)],
            )
        self.assertEqual(found["2026-08-03",]["quantity"], 0)
        # Ten of the forty left in the first week, all others used theirs in the next.
        self.assertAlmostEqual(found["2026-08-10",]["quantity"], 1.0, 5)

    def test_rows_open_their_vouchers(self):
        with freeze_time(NOW):
            report = self._report("loyalty.demand.report")
            rows = report.search([("program_id", "=", self.drinks.id)], limit=1)
            action = rows.action_open_rows()
        cards = self.env["loyalty.card"].search(action["domain"])
        self.assertEqual(set(cards.ids), {card.id for card in self._open()})
