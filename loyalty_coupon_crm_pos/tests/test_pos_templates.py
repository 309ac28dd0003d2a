from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon

# What the coupon of each template takes off two boxes of tea and a cup, 220 in all.
OFF = {
    "cash_coupon": 20,
    "percent_coupon": 22,
    "spend_save": 30,
    "category_coupon": 33,
    "second_half": 10,
    "drink_voucher": 20,
    "new_customer": 33,
    "birthday": 44,
}


@tagged("post_install", "-at_install")
class TestPosTemplates(LoyaltyCrmPosCommon):
    """The till scans, holds and spends the coupon of every template."""

    def _create_from(self, key):
        action = self.env["loyalty.program"].sudo().create_from_template(key)
        program = self.env["loyalty.program"].sudo().browse(action["res_id"])
        if key == "category_coupon":
            program.rule_ids.product_category_id = self.category
            program.reward_ids.discount_product_category_id = self.category
        if key == "drink_voucher":
            program.reward_ids.reward_product_id = self.gift
        return program

    def test_coupon_of_each_is_scanned_held_and_spent(self):
        self.enterContext(self.enter_registry_test_mode())
        till = self.config.with_user(self.cashier)
        cup = {"product_id": self.gift.id, "qty": 1}
        for number, (key, off) in enumerate(OFF.items()):
            with self.subTest(template=key):
                card = self._create_card(self._create_from(key), self.partner)
                answer = till.use_coupon_code(
                    card.code, "2026-01-01 10:00:00", self.partner.id, False
                )
                self.assertTrue(answer["successful"], answer)
                self.env.flush_all()
                uuid = f"44444444-0000-4000-8000-{number:012}"
                held = till.hold_cards(uuid, {str(card.id): 1}, self.partner.id)
                self.assertEqual(held, {})
                order = self._pay_order(
                    quantity=2, rewards=[cup, self._reward_line(card, off)], uuid=uuid
                )
                self.assertEqual((card.points, card.state), (0, "used"))
                self.assertEqual(order.amount_total, 220 - off)
                use = self._uses(order)
                self.assertEqual(use.card_id, card)
                free = key == "drink_voucher"
                self.assertEqual(use.discount_amount, 0 if free else off)
                self.assertEqual(use.goods_cost, 8 if free else 0)

    def test_points_card_earns_and_pays(self):
        program = self._create_from("points_card")
        wallet = self._create_card(program, self.partner, 192)
        order = self._pay_order(rewards=[self._reward_line(wallet, 5, cost=100)])
        order.confirm_coupon_programs(self._coupon_data(wallet, 0))
        self.assertEqual(self._moves(wallet, order), [("earn", 100), ("spend", -100)])
        self.assertEqual(wallet.points, 192)
