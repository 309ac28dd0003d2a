from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestStrictCheck(LoyaltyCrmCommon):
    """The check-list says beforehand what strict rules would change."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.points = cls._create_points_program(name="Points")
        cls.coupons = cls._create_coupon_program(name="Coupons", transferable=False)

    def _line(self, program):
        check = self.env["loyalty.strict.check"].create({})
        return check.line_ids.filtered(lambda line: line.program_id == program)

    def test_nothing_changes(self):
        line = self._line(self.coupons)
        self.assertIn("Nothing", line.changes)
        self.assertFalse(line.is_chosen)

    def test_double_wallets_and_negative_balances(self):
        self._create_card(self.points, self.partner, 10)
        twin = self._create_card(self.points, self.partner, 10)
        twin._post_move("adjust", -15)
        line = self._line(self.points)
        self.assertEqual((line.double_count, line.negative_count), (1, 1))
        self.assertIn("1 members have several wallets", line.changes)

    def test_uses_by_others(self):
        card = self._create_card(self.coupons, self.other_partner)
        order = self._create_order()
        self._apply_code(order, card.code)
        self.assertEqual(self._line(self.coupons).foreign_count, 0)
        order.action_confirm()
        self.assertEqual(self._line(self.coupons).foreign_count, 1)
        self.coupons.transferable = True
        self.assertEqual(self._line(self.coupons).foreign_count, 0)

    def test_quotations_that_would_be_refused(self):
        card = self._create_card(self.coupons, self.other_partner)
        order = self._create_order()
        self._apply_code(order, card.code)
        line = self._line(self.coupons)
        self.assertEqual(line.order_count, 1)
        self.assertIn(order.name, line.changes)
        self.assertIn("belongs to Wang Fang", line.changes)
        self.assertFalse(self.coupons.strict, "looking changes nothing")
        order.action_confirm()

    def test_limits_that_are_reached(self):
        used = []
        for _number in range(2):
            card = self._create_card(self.coupons, self.partner)
            order = self._create_order()
            self._apply_code(order, card.code)
            order.action_confirm()
            used.append(order)
        waiting = self._create_order(self.other_partner)
        self._apply_code(waiting, self._create_card(self.coupons).code)
        self.coupons.write(
            {
                "limit_usage": True,
                "max_usage": 3,
                "per_customer_limit": 2,
                "per_household_limit": 2,
                "per_day_limit": 5,
                "budget_amount": 100,
            }
        )
        line = self._line(self.coupons)
        self.assertEqual(line.limit_count, 2)
        self.assertIn("1 customers have used it as often as allowed", line.changes)
        self.assertIn("1 households have used it", line.changes)
        self.assertEqual(line.order_count, 0)
        self.coupons.write({"max_usage": 2, "budget_amount": 20})
        line = self._line(self.coupons)
        self.assertEqual(line.limit_count, 4)
        self.assertIn("as often as allowed: 2 times in all", line.changes)
        self.assertIn("does not suffice any more", line.changes)
        self.assertIn(waiting.name, line.changes)
        counters = self.env["loyalty.use.counter"]
        self.assertFalse(counters.search([("program_id", "=", self.coupons.id)]))
        self.assertFalse(self.coupons.strict, "looking changes nothing")

    def test_looking_leaves_the_choice(self):
        """What the form has not saved yet outlives the trial."""
        order = self._create_order()
        self._apply_code(order, self._create_card(self.coupons, self.partner).code)
        maker = self._create_user("maker", "loyalty_coupon_crm.group_loyalty_marketing")
        form = Form(self.env["loyalty.strict.check"].with_user(maker))
        with form.line_ids.edit(0) as line:
            line.is_chosen = True
        check = form.save()
        self.assertEqual(check.chosen_count, 1)
        self.assertTrue(all(check.line_ids.mapped("changes")))

    def test_only_chosen_programs_are_switched(self):
        self._create_card(self.points, self.partner, 10)
        self._create_card(self.points, self.partner, 20)
        maker = self._create_user("maker", "loyalty_coupon_crm.group_loyalty_marketing")
        form = Form(self.env["loyalty.strict.check"].with_user(maker))
        check = form.save()
        with self.assertRaisesRegex(UserError, "Choose the programs"):
            check.action_apply()
        lines = check.line_ids
        lines.filtered(lambda line: line.program_id == self.points).is_chosen = True
        check.action_apply()
        self.assertTrue(self.points.strict)
        self.assertFalse(self.coupons.strict)
        wallets = self.env["loyalty.card"].search(
            [("program_id", "=", self.points.id), ("partner_id", "=", self.partner.id)]
        )
        self.assertEqual(wallets.mapped("points"), [30])
        self.assertFalse(self._line(self.points), "it is strict now")

    def test_salesperson_may_not(self):
        seller = self._create_user("seller", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            self.env["loyalty.strict.check"].with_user(seller).create({})
