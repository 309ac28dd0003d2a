from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon


@tagged("post_install", "-at_install")
class TestPosConfirm(LoyaltyCrmPosCommon):
    """Points and redemptions of a paid order, booked once however often it is sent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.coupons = cls._create_coupon_program(percent=10)
        cls.points = cls._create_points_program(per_unit=90, required=50)

    def test_gross_rows(self):
        card = self._create_card(self.points, self.partner, points=60)
        order = self._pay_order(rewards=[self._reward_line(card, 10, cost=50)])
        order.confirm_coupon_programs(self._coupon_data(card, 40))
        self.assertEqual(self._moves(card, order), [("earn", 90), ("spend", -50)])
        self.assertEqual(card.points, 100)
        self.assertLedger(card)

    def test_net_zero_still_has_gross_rows(self):
        card = self._create_card(self.points, self.partner, points=60)
        order = self._pay_order(rewards=[self._reward_line(card, 10, cost=90)])
        order.confirm_coupon_programs(self._coupon_data(card, 0))
        self.assertEqual(self._moves(card, order), [("earn", 90), ("spend", -90)])
        self.assertLedger(card)

    def test_confirm_twice_moves_nothing_twice(self):
        card = self._create_card(self.points, self.partner, points=60)
        coupon = self._create_card(self.coupons, self.partner)
        order = self._pay_order(
            rewards=[
                self._reward_line(card, 10, cost=90, code="a"),
                self._reward_line(coupon, 9, code="b"),
            ]
        )
        data = {**self._coupon_data(card, 0), **self._coupon_data(coupon, -1)}
        first = order.confirm_coupon_programs(dict(data))
        again = order.confirm_coupon_programs(dict(data))
        self.assertEqual((card.points, coupon.points), (60, 0))
        self.assertEqual(self._moves(card, order), [("earn", 90), ("spend", -90)])
        self.assertEqual(self._moves(coupon, order), [("spend", -1)])
        self.assertEqual(len(self._uses(order)), 2)
        self.assertEqual(first["coupon_updates"], again["coupon_updates"])
        self.assertLedger(card, coupon)

    def test_two_cards_of_one_program(self):
        cards = self._create_card(self.coupons) + self._create_card(self.coupons)
        order = self._pay_order(
            rewards=[
                self._reward_line(cards[0], 10, code="a"),
                self._reward_line(cards[1], 9, code="b"),
            ]
        )
        order.confirm_coupon_programs(
            {**self._coupon_data(cards[0], -1), **self._coupon_data(cards[1], -1)}
        )
        self.assertEqual(cards.mapped("points"), [0, 0])
        uses = self._uses(order)
        self.assertEqual(uses.card_id, cards)
        self.assertEqual(uses.mapped("discount_amount"), [10, 9])
        self.assertEqual(set(uses.mapped("order_amount")), {81})
        self.assertEqual(set(uses.mapped("channel")), {"pos"})
        self.assertEqual(set(uses.mapped("shop")), {self.config.name})
        self.assertTrue(all(cards.mapped("used_at")))

    def test_a_second_wallet_is_the_first(self):
        self.points.strict = True
        card = self._create_card(self.points, self.partner, points=60)
        order = self._pay_order()
        answer = order.with_user(self.cashier).confirm_coupon_programs(
            {"-1": {"points": 90, "program_id": self.points.id, "barcode": False}}
        )
        self.assertEqual(self.points.coupon_ids, card)
        self.assertEqual(self._moves(card, order), [("earn", 90)])
        self.assertEqual(card.points, 150)
        update = answer["coupon_updates"][0]
        self.assertEqual((update["old_id"], update["id"]), (-1, card.id))
        self.assertLedger(card)

    def test_a_merged_card_is_found_by_its_code(self):
        card = self._create_card(self.points, self.partner, points=60)
        double = self._create_card(self.points, self.partner, points=5)
        double._merge_into(card, "double")
        cards = self.env["loyalty.card"].with_user(self.cashier)
        self.assertEqual(
            cards.get_loyalty_card_partner_by_code(double.code), self.partner
        )

    def test_new_card_is_created_once_and_booked(self):
        order = self._pay_order()
        data = {
            "-1": {
                "points": 90,
                "program_id": self.points.id,
                "coupon_id": -1,
                "barcode": "",
                "partner_id": self.partner.id,
            }
        }
        first = order.confirm_coupon_programs(dict(data))
        again = order.confirm_coupon_programs(dict(data))
        card = self.points.coupon_ids
        self.assertEqual(len(card), 1)
        self.assertEqual(self._moves(card), [("earn", 90)])
        self.assertTrue(card.issued_at)
        self.assertEqual(again["coupon_updates"][0]["old_id"], -1)
        self.assertEqual(first["coupon_updates"], again["coupon_updates"])

    def test_promotion_card_is_created_once(self):
        """A promotion earns and spends its one point: Odoo leaves no trace of it."""
        promotion = self._create_coupon_program(
            program_type="promotion", trigger="auto", applies_on="current"
        )
        line = self._reward_line(
            self.env["loyalty.card"], 10, reward=promotion.reward_ids
        )
        order = self._pay_order(rewards=[line])
        data = {
            "-1": {
                "points": 0,
                "program_id": promotion.id,
                "coupon_id": -1,
                "barcode": "",
                "line_codes": ["reward"],
            }
        }
        order.confirm_coupon_programs(dict(data))
        order.confirm_coupon_programs(dict(data))
        self.assertEqual(len(promotion.coupon_ids), 1)
        self.assertEqual(len(self._uses(order)), 1)
        self.assertEqual(
            self._moves(promotion.coupon_ids), [("earn", 1), ("spend", -1)]
        )

    def test_gift_card_pays_and_is_no_discount(self):
        self.env.ref("loyalty.gift_card_product_50").active = True
        template = self.env["loyalty.program"].create_from_template("gift_card")
        gift_cards = self.env["loyalty.program"].browse(template["res_id"])
        gift_cards.pos_report_print_id = self.env.ref("loyalty.report_gift_card")
        card = self._create_card(gift_cards, points=50)
        order = self._pay_order(rewards=[self._reward_line(card, 30, cost=30)])
        order.confirm_coupon_programs(self._coupon_data(card, -30))
        self.assertEqual(card.points, 20)
        self.assertEqual(self._moves(card, order), [("spend", -30)])
        self.assertEqual(self._uses(order).discount_amount, 0)
        self.assertEqual(self._purchases(order).amount, 100)
        self.assertEqual(self._purchases(order).discount_amount, 0)
        order.confirm_coupon_programs(self._coupon_data(card, -30))
        self.assertEqual(card.points, 20)
        self.assertLedger(card)

    def test_cashier_runs_the_whole_flow(self):
        card = self._create_card(self.points, self.partner, points=60)
        self.config.with_user(self.cashier).open_ui()
        order = self._sync_as_cashier(card)
        order.confirm_coupon_programs(self._coupon_data(card, 40))
        self.assertEqual(card.points, 100)
        self.assertEqual(self._moves(card, order), [("earn", 90), ("spend", -50)])
        self.assertEqual(len(self._purchases(order)), 1)
        self.assertEqual(len(self._uses(order)), 1)
        self.assertEqual(self._uses(order).user_id, self.cashier)

    def _sync_as_cashier(self, card):
        """Return the order that the till of the cashier sends, paid."""
        session = self.config.current_session_id
        reward = self._reward_line(card, 10, cost=50)
        line = {
            "product_id": self.product.id,
            "qty": 1,
            "price_unit": 100,
            "price_subtotal": 100,
            "price_subtotal_incl": 100,
        }
        reward.update(price_subtotal=-10, price_subtotal_incl=-10)
        data = {
            "uuid": "b2b6b0a4-0000-4000-8000-000000000001",
            "access_token": False,
            "state": "paid",
            "session_id": session.id,
            "partner_id": self.partner.id,
            "lines": [Command.create(line), Command.create(reward)],
            "payment_ids": [
                Command.create(
                    {"amount": 90, "payment_method_id": self.bank_payment_method.id}
                )
            ],
            "amount_total": 90,
            "amount_paid": 90,
            "amount_tax": 0,
            "amount_return": 0,
        }
        orders = self.env["pos.order"].with_user(self.cashier)
        answer = orders.sync_from_ui([data])
        self.assertEqual(len(orders.sync_from_ui([data])["pos.order"]), 1)
        return orders.browse(answer["pos.order"][0]["id"])

    def test_cashier_cannot_write_points(self):
        card = self._create_card(self.points, self.partner, points=60)
        mine = card.with_user(self.cashier)
        contexts = (
            {},
            {"loyalty_coupon_crm.wallet_scope": True, "wallet_scope": "adjust"},
            {"su": True, "sudo": True, "install_mode": True},
        )
        # Every client call comes within a request.
        module = "odoo.addons.loyalty_coupon_crm.models.loyalty_wallet_mixin"
        with patch(f"{module}.request", True):
            for context in contexts:
                with self.subTest(context=context), self.assertRaises(AccessError):
                    mine.with_context(**context).write({"points": 1000})
            with self.assertRaises(AccessError):
                mine.create({"program_id": self.points.id, "points": 5})
        self.assertEqual(card.points, 60)
        with self.assertRaises(AccessError):
            self.env["loyalty.point.move"].with_user(self.cashier).search([])
