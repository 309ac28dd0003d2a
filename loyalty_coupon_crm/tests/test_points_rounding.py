import json
import random

from odoo.fields import Command
from odoo.tests import BaseCase, tagged
from odoo.tools import file_path

from ..tools.rounding import round_earned, round_spent
from .common import LoyaltyCrmCommon

CASES = "loyalty_coupon_crm/static/tests/cases/points_rounding.json"


@tagged("post_install", "-at_install")
class TestRoundingCases(BaseCase):
    """The cases that the till's tests read as well."""

    def test_cases(self):
        with open(file_path(CASES), encoding="utf-8") as stream:
            cases = json.load(stream)
        functions = {"earned": round_earned, "spent": round_spent}
        self.assertEqual(set(cases), set(functions))
        for name, rows in cases.items():
            for row in rows:
                found = functions[name](row["points"], row["step"])
                self.assertEqual(found, row["result"], (name, row))

    def test_a_program_never_gives_more_nor_takes_less(self):
        numbers = random.Random(1)
        for _number in range(2000):
            points, step = numbers.uniform(0, 1e6), numbers.choice((1, 0.1, 0.01))
            given, taken = round_earned(points, step), round_spent(points, step)
            self.assertLessEqual(given, points + 1e-6)
            self.assertGreaterEqual(taken, points - 0.006)
            self.assertLessEqual(taken - given, step + 0.006)


@tagged("post_install", "-at_install")
class TestProgramRounding(LoyaltyCrmCommon):
    """One rule of decimals per program, for what is earned and what is spent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_points_program(strict=True)
        cls.program.rule_ids.write(
            {"reward_point_mode": "money", "reward_point_amount": 0.333}
        )
        cls.program.reward_ids.write(
            {"discount_mode": "per_point", "discount": 0.03, "required_points": 1}
        )
        cls.tea = cls._create_product("Small tea", 19.99, 5.0)

    def _earned(self):
        order = self._create_order(product=self.tea)
        order._update_programs_and_rewards()
        return sum(order.coupon_point_ids.mapped("points"))

    def test_earned_points_are_rounded_down(self):
        # 19.99 * 0.333 = 6.65667
        for step, points in (("0.01", 6.65), ("0.1", 6.6), ("1", 6)):
            self.program.points_step = step
            self.assertAlmostEqual(self._earned(), points)

    def test_spent_points_are_rounded_up(self):
        card = self._create_card(self.program, self.partner, points=10**4)
        # 19.99 / 0.03 = 666.33333
        for step, points in (("0.01", 666.33), ("0.1", 666.4), ("1", 667)):
            self.program.points_step = step
            order = self._create_order(product=self.tea)
            order._update_programs_and_rewards()
            order._apply_program_reward(self.program.reward_ids, card)
            self.assertAlmostEqual(sum(order.order_line.mapped("points_cost")), points)
            self.assertEqual(order.amount_total, 0)

    def test_no_more_is_spent_than_there_is(self):
        self.program.points_step = "0.01"
        self.program.rule_ids.minimum_amount = 10**6
        card = self._create_card(self.program, self.partner, points=666.33)
        self.program.points_step = "1"
        order = self._create_order(product=self.tea)
        order._update_programs_and_rewards()
        order._apply_program_reward(self.program.reward_ids, card)
        self.assertLessEqual(sum(order.order_line.mapped("points_cost")), 666.33)

    def test_programs_that_are_not_strict_keep_odoos_way(self):
        self.program.write({"strict": False, "points_step": "1"})
        self.assertAlmostEqual(self._earned(), 6.65)


@tagged("post_install", "-at_install", "loyalty_plain")
class TestExactlyZero(LoyaltyCrmCommon):
    """An order that is covered as a whole leaves nothing to pay, to the cent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.taxes = {
            included: cls.env["account.tax"].create(
                [
                    {
                        "name": f"{amount} % {included}",
                        "amount": amount,
                        "price_include_override": included,
                    }
                    for amount in (21, 6, 8.25)
                ]
            )
            for included in ("tax_included", "tax_excluded")
        }

    def _program(self, kind):
        if kind in ("ewallet", "gift_card"):
            action = self.env["loyalty.program"].create_from_template(kind)
            program = self.env["loyalty.program"].browse(action["res_id"])
            program.strict = True
            return program
        program = self._create_points_program(strict=True)
        program.rule_ids.minimum_amount = 10**7
        if kind == "points":
            values = {"discount_mode": "per_point", "discount": 0.01}
        else:
            values = {"discount_mode": "percent", "discount": 100}
        program.reward_ids.write({"required_points": 1, **values})
        return program

    def _lines(self, numbers, taxes):
        return [
            Command.create(
                {
                    "product_id": self.product.id,
                    "price_unit": round(numbers.uniform(0.01, 99), 2),
                    "product_uom_qty": numbers.choice((1, 2, 3, 7)),
                    "tax_ids": [Command.set(numbers.choice(taxes).ids)],
                }
            )
            for _line in range(numbers.choice((1, 2, 3, 5, 8)))
        ]

    def _check(self, kind, rounding):
        self.env.company.tax_calculation_rounding_method = rounding
        program = self._program(kind)
        owner = self.partner if kind != "gift_card" else None
        card = self._create_card(program, owner, points=10**6)
        numbers = random.Random(3)
        for included, taxes in self.taxes.items():
            for number in range(4):
                order = self.env["sale.order"].create(
                    {
                        "partner_id": self.partner.id,
                        "order_line": self._lines(numbers, taxes),
                    }
                )
                order._update_programs_and_rewards()
                if kind == "gift_card":
                    order._try_apply_code(card.code)
                order._apply_program_reward(program.reward_ids, card)
                case = (kind, rounding, included, number)
                self.assertEqual(order.amount_total, 0, case)
                # Again and again: nothing piles up.
                order._update_programs_and_rewards()
                order._update_programs_and_rewards()
                self.assertEqual(order.amount_total, 0, case)
        order.action_confirm()
        invoice = order._create_invoices()
        self.assertEqual(invoice.amount_total, 0, case)

    def test_points(self):
        self._check("points", "round_per_line")
        self._check("points", "round_globally")

    def test_a_whole_discount(self):
        self._check("percent", "round_per_line")
        self._check("percent", "round_globally")

    def test_an_ewallet(self):
        self._check("ewallet", "round_per_line")
        self._check("ewallet", "round_globally")

    def test_a_gift_card(self):
        self._check("gift_card", "round_per_line")
        self._check("gift_card", "round_globally")

    def test_a_cent_that_is_missing_is_owed(self):
        program = self._program("ewallet")
        card = self._create_card(program, self.partner, points=99.99)
        order = self._create_order()
        order._update_programs_and_rewards()
        order._apply_program_reward(program.reward_ids, card)
        self.assertAlmostEqual(order.amount_total, 0.01)
