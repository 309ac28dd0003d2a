from datetime import date, datetime
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from ..tools.periods import next_start, period_start
from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestGateLimit(LoyaltyCrmCommon):
    """Limits and budgets: counted in the redemption, given back by its reversal."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.tz = "Asia/Shanghai"
        cls.program = cls._create_coupon_program(strict=True, name="Tea Time")

    def _blockers(self, partner=None, document=None, at=None):
        """Return {reason: message} of the gate for a fresh coupon."""
        card = self._create_card(self.program)
        found = self.env["loyalty.program"]._redemption_blockers(
            card, partner or self.partner, "sale", at, document
        )
        return dict(found)

    def _use(self, partner=None, quantity=1, confirm=True):
        """Return an order on which a fresh coupon is used."""
        order = self._create_order(partner, quantity)
        result = self._apply_code(order, self._create_card(self.program).code)
        self.assertNotIn("error", result)
        if confirm:
            order.action_confirm()
        return order

    def _counter(self, kind):
        return self.env["loyalty.use.counter"].search(
            [("program_id", "=", self.program.id), ("kind", "=", kind)]
        )

    def test_limit_per_customer(self):
        self.program.per_customer_limit = 2
        self._use()
        self.assertEqual(self._blockers(), {})
        self._use()
        message = self._blockers()["limit_customer"]
        self.assertIn("Li Wei", message)
        self.assertIn("2 times in all", message)
        self.assertEqual(self._blockers(self.other_partner), {})

    def test_counted_once_when_a_code_is_entered(self):
        """Odoo asks again before it offers the reward; later it is counted anew."""
        self.program.per_customer_limit = 1
        programs, asked = self.env.registry["loyalty.program"], []
        read = programs._gate_read_facts

        def counted(own, uses):
            asked.append(uses)
            return read(own, uses)

        order, card = self._create_order(), self._create_card(self.program)
        with patch.object(programs, "_gate_read_facts", counted):
            self.assertIn(card, order._try_apply_code(card.code))
            self.assertEqual(len(asked), 1)
            self._use()
            self.assertNotIn(card, order._get_claimable_rewards())

    def test_contacts_of_a_company_count_together(self):
        self.program.per_customer_limit = 1
        contact = self.env["res.partner"].create(
            {"name": "Li Wei Junior", "parent_id": self.partner.id}
        )
        self._use(contact)
        self.assertIn("limit_customer", self._blockers())

    def test_household_that_shares_a_wallet(self):
        self.program.per_household_limit = 1
        wallet = self._create_card(
            self._create_points_program(strict=True), self.partner, 10
        )
        self.env["loyalty.card.member"].create(
            {"card_id": wallet.id, "partner_id": self.other_partner.id}
        )
        self._use()
        message = self._blockers(self.other_partner)["limit_household"]
        self.assertIn("household of Wang Fang", message)
        stranger = self.env["res.partner"].create({"name": "Zhao Min"})
        self.assertEqual(self._blockers(stranger), {})

    def test_nobody_has_no_limit_to_count(self):
        self.program.per_customer_limit = 1
        found = dict(
            self.env["loyalty.program"]._redemption_blockers(
                self._create_card(self.program), self.env["res.partner"], "pos"
            )
        )
        self.assertIn("Choose the customer", found["no_customer"])
        public = self.env.ref("base.public_partner")
        self.assertIn("no_customer", self._blockers(public))

    def test_limit_of_a_day_ends_at_midnight_of_the_company(self):
        self.program.per_day_limit = 1
        order = self._use(confirm=False)
        with patch.object(
            fields.Datetime, "now", lambda *args: datetime(2026, 3, 1, 15, 59)
        ):
            order.action_confirm()
        self.assertEqual(self._counter("day").period, date(2026, 3, 1))
        message = self._blockers(at=datetime(2026, 3, 1, 15, 59, 59))["limit_day"]
        self.assertIn("Again from 03/02/2026", message)
        self.assertEqual(self._blockers(at=datetime(2026, 3, 1, 16, 0)), {})

    def test_periods(self):
        for period, day, start, following in (
            ("day", (2026, 12, 31), (2026, 12, 31), (2027, 1, 1)),
            ("week", (2026, 3, 1), (2026, 2, 23), (2026, 3, 2)),
            ("month", (2026, 12, 31), (2026, 12, 1), (2027, 1, 1)),
            ("month", (2028, 2, 29), (2028, 2, 1), (2028, 3, 1)),
            ("year", (2026, 12, 31), (2026, 1, 1), (2027, 1, 1)),
        ):
            with self.subTest(period=period, day=day):
                self.assertEqual(period_start(period, date(*day)), date(*start))
                self.assertEqual(next_start(period, date(*day)), date(*following))
        self.assertIsNone(next_start("ever", date(2026, 1, 1)))

    def test_limit_in_total_counts_confirmed_uses_only(self):
        self.program.write({"limit_usage": True, "max_usage": 2})
        carts = [self._use(confirm=False) for _number in range(4)]
        self.assertEqual(self.program.total_order_count, 0, "carts are no uses")
        carts[0].action_confirm()
        carts[1].action_confirm()
        self.assertEqual(self.program.uses_left, 0)
        self.program.invalidate_recordset(["total_order_count"])
        self.assertEqual(self.program.total_order_count, 2)
        with self.assertRaisesRegex(ValidationError, "as often as allowed: 2 times"):
            carts[2].action_confirm()
        self.assertIn("limit_total", self._blockers())
        self.assertTrue(self.program.is_used_up)
        found = self.env["loyalty.program"].search([("is_used_up", "=", True)])
        self.assertIn(self.program, found)

    def test_what_others_hold_counts_in_total(self):
        self.program.write({"limit_usage": True, "max_usage": 1})
        order = self._use(confirm=False)
        self.env["loyalty.point.hold"].create(
            {
                "card_id": order.order_line.coupon_id.id,
                "points": 1,
                "holder": order._loyalty_holder(),
                "expires_at": "2100-01-01",
            }
        )
        self.assertIn("limit_total", self._blockers())
        self.assertEqual(self._blockers(document=order), {})

    def test_orders_confirmed_together_do_not_exceed_the_limit(self):
        self.program.per_customer_limit = 1
        orders = self._use(confirm=False) + self._use(confirm=False)
        with self.assertRaisesRegex(ValidationError, "1 times in all"):
            orders.action_confirm()

    def test_cancelled_order_gives_back(self):
        self.program.write({"per_customer_limit": 1, "limit_usage": True})
        self.program.max_usage = 1
        order = self._use()
        self.assertIn("limit_customer", self._blockers())
        order._action_cancel()
        self.assertEqual(self._blockers(), {})
        self.assertEqual(self._counter("customer").uses, 0)
        order.action_draft()
        self._apply_code(order, self._create_card(self.program).code)
        order.action_confirm()
        self.assertEqual(self._counter("total").uses, 1)

    def test_confirmed_order_may_be_asked_again(self):
        self.program.per_customer_limit = 1
        order = self._use()
        self.assertEqual(self._blockers(document=order), {})

    def test_budget_stops_by_itself(self):
        self.program.budget_amount = 25
        self._use()
        self._use()
        self.assertEqual(self.program.budget_spent, 20)
        self.assertEqual(self.program.budget_left, 5)
        self.assertEqual(self._blockers(), {}, "something is left")
        with self.assertRaisesRegex(ValidationError, "budget of Tea Time"):
            self._use()
        self.program.budget_amount = 20
        self.assertTrue(self.program.is_used_up)
        self.assertIn("20.00", self._blockers()["limit_budget"])

    def test_reversal_gives_the_budget_back(self):
        self.program.budget_amount = 10
        order = self._use()
        self.assertIn("limit_budget", self._blockers())
        order._action_cancel()
        self.program.invalidate_recordset()
        self.assertEqual(self.program.budget_spent, 0)
        self.assertEqual(self._blockers(), {})

    def test_edited_order_changes_the_budget(self):
        self.program.budget_amount = 100
        order = self._use()
        order.order_line[0].product_uom_qty = 3
        order._update_programs_and_rewards()
        self.env.cr.precommit.run()
        self.program.invalidate_recordset()
        self.assertEqual(self.program.budget_spent, 30)
        self.assertEqual(self._counter("budget").uses, 1)

    def test_limit_that_comes_later_counts_earlier_uses(self):
        first, second = self._use(), self._use()
        second._action_cancel()
        self.assertFalse(self._counter("customer"))
        self.program.write({"per_customer_limit": 1, "budget_amount": 50})
        self.assertEqual(self._counter("customer").uses, 1)
        self.assertEqual(self.program.budget_spent, 10)
        self.assertIn("limit_customer", self._blockers())
        first._action_cancel()
        self.assertEqual(self._blockers(), {})

    def test_lax_program_has_no_limits(self):
        self.program.write({"per_customer_limit": 1, "strict": False})
        self._use()
        self.assertEqual(self._blockers(), {})
        self.assertFalse(self._counter("customer"))

    def test_paid_order_is_honoured_and_seen(self):
        self.program.per_customer_limit = 1
        order = self._use(confirm=False)
        self._use()
        orders = self.env.registry["sale.order"]
        with patch.object(orders, "_loyalty_is_paid", lambda self: True):
            order.action_confirm()
        self.assertEqual(order.amount_untaxed, 90)
        self.assertEqual(self._counter("customer").mapped("uses"), [1, 1])
        self.assertIn("limit_customer", self._blockers())
        order._action_cancel()
        self.assertIn("limit_customer", self._blockers())
        self.env["loyalty.use.counter"]._gc_parts()
        self.assertEqual(self._counter("customer").uses, 1)
        self.assertEqual(self._counter("customer").part, 0)

    def test_unknown_customer_hides_no_other_limit(self):
        self.program.write({"per_customer_limit": 5, "per_day_limit": 1})
        self._use()
        nobody = self.env.ref("base.public_partner")
        self.assertEqual(set(self._blockers(nobody)), {"no_customer", "limit_day"})

    def test_merged_customers_count_together(self):
        self.program.per_customer_limit = 2
        self._use()
        self._use(self.other_partner)
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.partner | self.other_partner).ids, self.partner)
        self.assertEqual(self._counter("customer").uses, 2)
        self.assertIn("limit_customer", self._blockers())

    def test_coupons_to_issue(self):
        self.program.budget_coupons = 3
        self._create_card(self.program)
        self.assertEqual(self.program.coupons_left, 2)
        wizard = self.env["loyalty.generate.wizard"].create(
            {"program_id": self.program.id, "mode": "anonymous", "coupon_qty": 3}
        )
        with self.assertRaisesRegex(UserError, "2 are left: 3 are too many"):
            wizard.generate_coupons()
        wizard.coupon_qty = 2
        self.assertEqual(len(wizard.generate_coupons()), 2)

    def test_senseless_limits_are_refused(self):
        for name in ("per_customer_limit", "budget_amount", "budget_coupons"):
            with self.subTest(name=name), self.assertRaises(ValidationError):
                self.program[name] = -1

    def test_roles(self):
        self.program.per_customer_limit = 1
        user = self._create_user("seller", "sales_team.group_sale_salesman")
        order = self._use(confirm=False)
        order.user_id = user
        order.with_user(user).action_confirm()
        counter = self._counter("customer").with_user(user)
        self.assertEqual(counter.uses, 1)
        self.assertEqual(counter.customer_id, self.partner)
        self.assertFalse(counter.has_access("write"))
        card = self._create_card(self.program)
        gate = self.env["loyalty.program"].with_user(user)
        found = gate._redemption_blockers(card.with_user(user), self.partner, "sale")
        self.assertEqual([code for code, _message in found], ["limit_customer"])
        maker = self._create_user("maker", "loyalty_coupon_crm.group_loyalty_marketing")
        with Form(self.program.with_user(maker)) as form:
            form.per_customer_limit = 3
            form.budget_amount = 500
        self.assertEqual(self.program.budget_spent, 10)
