from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestSaleHold(LoyaltyCrmCommon):
    """A sent quotation holds its coupon; a draft holds nothing."""

    def setUp(self):
        super().setUp()
        self.enterContext(self.enter_registry_test_mode())
        self.program = self._create_coupon_program(strict=True)
        self.card = self._create_card(self.program, self.partner)
        self.first = self._create_order()
        self.second = self._create_order()
        self.env.flush_all()

    def _holds(self):
        self.card.invalidate_recordset()
        return self.card.hold_ids.mapped("holder")

    def test_sent_quotation_holds(self):
        self._apply_code(self.first, self.card.code)
        self.assertFalse(self._holds())
        self.first.action_quotation_sent()
        self.assertEqual(self._holds(), [f"sale.order,{self.first.id}"])

    def test_second_order_cannot_take_what_is_held(self):
        self._apply_code(self.first, self.card.code)
        self._apply_code(self.second, self.card.code)
        self.first.action_quotation_sent()
        with self.assertRaises(UserError):
            self.second.action_quotation_sent()
        with self.assertRaises(ValidationError):
            self.second.action_confirm()
        self.first.action_confirm()
        self.assertEqual(self.card.points, 0)

    def test_a_held_coupon_is_not_applied_elsewhere(self):
        self._apply_code(self.first, self.card.code)
        self.first.action_quotation_sent()
        self._apply_code(self.second, self.card.code)
        self.assertFalse(self.second.order_line.coupon_id)

    def test_confirmation_consumes_the_hold(self):
        self._apply_code(self.first, self.card.code)
        self.first.action_quotation_sent()
        self.first.action_confirm()
        self.assertFalse(self._holds())
        self.assertEqual(self.card.points, 0)

    def test_the_rest_of_a_confirmed_order_is_paid(self):
        self._apply_code(self.first, self.card.code)
        self.first.action_confirm()
        self.first._loyalty_hold(600)
        self.assertFalse(self._holds())

    def test_cancel_and_removal_release(self):
        self._apply_code(self.first, self.card.code)
        self.first.action_quotation_sent()
        self.first.order_line.filtered("coupon_id").unlink()
        self.assertFalse(self._holds())
        self._apply_code(self.second, self.card.code)
        self.second.action_quotation_sent()
        self.second._action_cancel()
        self.assertFalse(self._holds())

    def test_payment_holds_before_money_changes_hands(self):
        self._apply_code(self.first, self.card.code)
        self._apply_code(self.second, self.card.code)
        self.first.action_quotation_sent()
        provider = self.env["payment.provider"].search([], limit=1)
        method = provider.with_context(active_test=False).payment_method_ids[:1]
        values = {
            "provider_id": provider.id,
            "payment_method_id": method.id,
            "amount": 90,
            "currency_id": self.second.currency_id.id,
            "partner_id": self.partner.id,
            "sale_order_ids": [Command.set(self.second.ids)],
        }
        with self.assertRaises(UserError):
            self.env["payment.transaction"].create(values)
        values["sale_order_ids"] = [Command.set(self.first.ids)]
        self.assertTrue(self.env["payment.transaction"].create(values))

    def test_payment_of_a_draft_holds_and_a_retry_holds_once(self):
        self._apply_code(self.first, self.card.code)
        provider = self.env["payment.provider"].search([], limit=1)
        method = provider.with_context(active_test=False).payment_method_ids[:1]
        values = {
            "provider_id": provider.id,
            "payment_method_id": method.id,
            "amount": 90,
            "currency_id": self.first.currency_id.id,
            "partner_id": self.partner.id,
            "sale_order_ids": [Command.set(self.first.ids)],
        }
        self.assertFalse(self._holds())
        self.env["payment.transaction"].create({**values, "reference": "try 1"})
        self.card.invalidate_recordset()
        first = self.card.hold_ids.read()
        self.env["payment.transaction"].create({**values, "reference": "try 2"})
        self.card.invalidate_recordset()
        (again,) = self.card.hold_ids.read()
        self.assertEqual(self._holds(), [f"sale.order,{self.first.id}"])
        for name in ("id", "points", "held_since", "user_id"):
            self.assertEqual(again[name], first[0][name], name)
        self.assertGreaterEqual(again["expires_at"], first[0]["expires_at"])

    def test_a_quotation_sent_twice_holds_once(self):
        self._apply_code(self.first, self.card.code)
        self.first.action_quotation_sent()
        self.first.write({"state": "draft"})
        self.first.action_quotation_sent()
        self.assertEqual(self._holds(), [f"sale.order,{self.first.id}"])

    def test_a_manager_sees_who_holds_what_since_when(self):
        self._apply_code(self.first, self.card.code)
        seller = self._create_user("holding_seller", "sales_team.group_sale_salesman")
        self.first.user_id = seller
        self.first.with_user(seller).action_quotation_sent()
        manager = self._create_user(
            "seeing_manager", "loyalty_coupon_crm.group_loyalty_manager"
        )
        holds = self.env["loyalty.point.hold"].with_user(manager)
        (hold,) = holds.search([("card_id", "=", self.card.id)])
        self.assertEqual((hold.points, hold.user_id), (1, seller))
        self.assertTrue(hold.held_since and hold.shop)
        self.assertGreater(hold.expires_at, hold.held_since)

    def test_only_a_manager_releases(self):
        self._apply_code(self.first, self.card.code)
        self.first.action_quotation_sent()
        salesman = self._create_user("hold_sales", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            self.card.hold_ids.with_user(salesman).action_release()
        manager = self._create_user(
            "hold_manager", "loyalty_coupon_crm.group_loyalty_manager"
        )
        self.card.hold_ids.with_user(manager).action_release()
        self.assertFalse(self._holds())

    def test_odoo_programs_hold_nothing(self):
        self.program.strict = False
        self._apply_code(self.first, self.card.code)
        self.first.action_quotation_sent()
        self.assertFalse(self._holds())
