import base64

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged, users

from ..tools import codes
from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCodeImport(LoyaltyCrmCommon):
    """Codes printed elsewhere become coupons, all of them or none."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program(strict=True, validity_days=30)
        cls._create_user("code_marketing", "loyalty_coupon_crm.group_loyalty_marketing")
        cls._create_user("code_sales", "sales_team.group_sale_salesman")

    def _wizard(self, text=False, program=None, **values):
        return self.env["loyalty.code.import"].create(
            {"program_id": (program or self.program).id, "text": text, **values}
        )

    def _cards(self):
        return self.program.sudo().with_context(active_test=False).coupon_ids

    @users("code_marketing")
    def test_import(self):
        wizard = self._wizard("SPRING-1\nSPRING-2, spring-1", description="Flyer")
        wizard.action_check()
        self.assertEqual((wizard.found_count, wizard.problem_count), (3, 0))
        self.assertFalse(self._cards(), "a check changes nothing")
        wizard.action_apply()
        cards = self._cards()
        self.assertEqual(
            set(cards.mapped("code")), {"SPRING-1", "SPRING-2", "spring-1"}
        )
        self.assertEqual(set(cards.mapped("state")), {"issued"})
        self.assertEqual(set(cards.mapped("points")), {1})
        self.assertEqual(cards.issued_by_id, self.env.user)
        self.assertEqual(set(cards.mapped("expiration_date")), {wizard.valid_until})
        moves = cards.move_ids
        self.assertEqual(moves.mapped("kind"), ["issue"] * 3)
        self.assertEqual(set(moves.mapped("reason")), {"Flyer"})
        self.assertEqual(len(cards.history_ids), 3)
        self.assertFalse(self.env["loyalty.point.move"].sudo()._ledger_differences())

    def test_it_is_used_as_any_other(self):
        self._wizard("SPRING-1").action_apply()
        order = self._create_order()
        self.assertNotIn("error", self._apply_code(order, " SPRING-1 "))
        order.action_confirm()
        self.assertEqual(order.amount_untaxed, 90)
        self.assertEqual(self._cards().state, "used")

    @users("code_marketing")
    def test_problems_line_by_line_and_nothing_half_done(self):
        other = self.env["res.company"].sudo().create({"name": "Elsewhere"})
        foreign = self._create_coupon_program(company_id=other.id)
        taken = self._create_card(foreign, code="TAKEN").with_user(self.env.user)
        taken.sudo().active = False
        good = codes.generate_code()
        wrong = good[:-1] + ("A" if good[-1] != "A" else "C")
        lines = [
            "GOOD",
            "GOOD",
            "TAKEN",
            "X" * 129,
            wrong,
            "a\x07b",
            codes.format_code(good),
        ]
        wizard = self._wizard("\n".join(lines))
        wizard.action_check()
        self.assertEqual((wizard.found_count, wizard.problem_count), (2, 5))
        report = wizard.report.splitlines()
        for line, words in zip(
            report,
            (
                "Line 2, GOOD: it is on line 1 already",
                "Line 3, TAKEN: a coupon or promotion has this code already",
                "it is longer than 128 characters",
                "a typing error",
                "nobody can type",
            ),
            strict=True,
        ):
            self.assertIn(words, line)
        with self.assertRaisesRegex(UserError, "5 codes cannot be imported"):
            wizard.action_apply()
        self.assertFalse(self._cards())

    def test_code_of_a_promotion_is_taken(self):
        self.env["loyalty.program"].create(
            {
                "name": "Promo",
                "program_type": "promo_code",
                "trigger": "with_code",
                "rule_ids": [Command.create({"mode": "with_code", "code": "SUMMER"})],
            }
        )
        wizard = self._wizard("SUMMER")
        wizard.action_check()
        self.assertEqual(wizard.problem_count, 1)

    def test_file(self):
        data = base64.b64encode(b"Code,Note\nPRINT1,a\nPRINT2,b\n")
        self._wizard(data=data, file_name="codes.csv").action_apply()
        self.assertEqual(set(self._cards().mapped("code")), {"PRINT1", "PRINT2"})

    def test_a_code_that_is_taken_meanwhile(self):
        self._create_card(self.program, code="RACE")
        with self.assertRaisesRegex(UserError, "Nothing was imported"):
            self.env["loyalty.card"]._issue_printed(
                self.program, ["NEW", "RACE"], 1, False, "Flyer"
            )
        self.assertEqual(self._cards().mapped("code"), ["RACE"])

    def test_no_more_than_the_program_may_issue(self):
        self.program.budget_coupons = 1
        with self.assertRaisesRegex(UserError, "2 are too many"):
            self._wizard("A1\nA2").action_apply()
        self.assertFalse(self._cards())

    def test_what_makes_no_sense(self):
        wallet = self._create_points_program()
        for values in (
            {"text": "A1", "program": wallet},
            {"text": "A1", "points_granted": 0},
            {"text": "\n , ;"},
        ):
            with self.subTest(values), self.assertRaises(UserError):
                self._wizard(**values).action_apply()

    def test_many_at_once(self):
        count = 2000
        wizard = self._wizard("\n".join(codes.generate_codes(count)))
        self.env.flush_all()
        with self.assertQueryCount(20):
            wizard.action_apply()
        self.assertEqual(len(self._cards()), count)

    @users("code_sales")
    def test_salespeople_import_nothing(self):
        with self.assertRaises(AccessError):
            self._wizard("A1")
