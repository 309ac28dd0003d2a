from unittest import SkipTest

from odoo.exceptions import UserError
from odoo.fields import Command, Datetime
from odoo.tests import HttpCase, JsonRpcException, tagged
from odoo.tools import mute_logger

from .common import LoyaltyCrmPosCommon

FIRST = "11111111-0000-4000-8000-000000000001"
SECOND = "11111111-0000-4000-8000-000000000002"


class SelfOrderCommon(LoyaltyCrmPosCommon):
    """A till that is open, and orders as guests send them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program(percent=100, strict=True)
        cls.coupon = cls._create_card(cls.program, cls.partner)
        cls.config.open_ui()

    def _order(self, lines, **values):
        """Return an order as Odoo's routes of self-ordering pass it on."""
        return {
            "uuid": FIRST,
            "access_token": "token",
            "session_id": self.config.current_session_id.id,
            "company_id": self.company.id,
            "source": "kiosk",
            "state": "draft",
            "amount_tax": 0,
            "amount_total": 100,
            "amount_paid": 0,
            "amount_return": 0,
            "pos_reference": "K-1",
            "lines": lines,
            **values,
        }

    def _goods(self, **values):
        return {
            "product_id": self.product.id,
            "qty": 1,
            "price_unit": 100,
            "price_subtotal": 100,
            "price_subtotal_incl": 100,
            "tax_ids": [Command.clear()],
            **values,
        }

    def _reward(self, **values):
        amounts = {"price_subtotal": -100, "price_subtotal_incl": -100}
        return {**self._reward_line(self.coupon, 100), **amounts, **values}

    def _claims(self):
        """Return lines by which a guest claims what only the till may give."""
        return [
            self._reward(),
            self._reward(coupon_id=False),
            self._goods(coupon_id=self.coupon.id),
            self._goods(is_reward_line=True, price_unit=-100),
            self._goods(points_cost=-50),
        ]


@tagged("post_install", "-at_install")
class TestPosSelfOrder(SelfOrderCommon):
    """Whoever orders without a cashier brings no rewards along; parked orders hold."""

    def _sync(self, order, user=None, sudo=True):
        orders = self.env["pos.order"].with_user(user or self.cashier)
        result = (orders.sudo() if sudo else orders).sync_from_ui([order])
        return self.env["pos.order"].browse(result["pos.order"][0]["id"])

    def test_guest_claims_no_reward(self):
        for claim in self._claims():
            with self.subTest(claim), self.assertRaisesRegex(UserError, "at the till"):
                self._sync(
                    self._order(
                        [Command.create(self._goods()), Command.create(claim)],
                        amount_total=0,
                    )
                )
        self.assertEqual(self.coupon.points, 1)

    def test_guest_changes_no_reward_of_the_till(self):
        lines = [Command.create(self._goods()), Command.create(self._reward())]
        order = self._sync(self._order(lines, source="pos"), sudo=False)
        goods, reward = order.lines
        changed = [
            Command.update(reward.id, {"price_unit": -500, "coupon_id": False}),
            Command.update(goods.id, {"qty": 2}),
        ]
        self._sync(self._order(changed, source="mobile"))
        self.assertEqual((reward.price_unit, reward.coupon_id), (-100, self.coupon))
        self.assertEqual(goods.qty, 2)
        claimed = [Command.update(goods.id, {"coupon_id": self.coupon.id})]
        with self.assertRaisesRegex(UserError, "at the till"):
            self._sync(self._order(claimed, source="mobile"))

    def test_guest_takes_no_line_of_another_order(self):
        lines = [Command.create(self._goods()), Command.create(self._reward())]
        other = self._order(lines, source="pos", uuid=SECOND, pos_reference="K-2")
        goods, reward = self._sync(other, sudo=False).lines
        hidden = [
            self._goods(combo_line_ids=[Command.create(self._reward())]),
            self._goods(refund_orderline_ids=[[1, goods.id, {"points_cost": 5}]]),
        ]
        attacks = [
            *(Command.link(line.id) for line in (goods, reward)),
            Command.set([goods.id, reward.id]),
            Command.clear(),
            *map(Command.create, hidden),
        ]
        for attack in attacks:
            with self.subTest(attack), self.assertRaisesRegex(UserError, "at the till"):
                self._sync(self._order([Command.create(self._goods()), attack]))
        strange = [
            Command.create(self._goods()),
            Command.update(goods.id, {"price_unit": -500}),
            Command.delete(reward.id),
        ]
        order = self._sync(self._order(strange))
        self.assertEqual(len(order.lines), 1)
        self.assertEqual((goods.price_unit, reward.exists()), (100, reward))

    def test_order_of_a_guest_gets_rewards_at_the_till(self):
        order = self._sync(self._order([Command.create(self._goods())]))
        self.assertEqual(order.source, "kiosk")
        again = self._order([Command.create(self._reward())])
        self.assertEqual(self._sync(again, sudo=False), order)
        self.assertEqual(order.lines.coupon_id, self.coupon)

    def test_parked_order_keeps_what_it_holds(self):
        self.config.loyalty_hold_minutes = 60
        till = self.config.with_user(self.cashier)
        with self.enter_registry_test_mode():
            self.env.flush_all()
            self.assertEqual(
                till.hold_cards(FIRST, {str(self.coupon.id): 1}, self.partner.id), {}
            )
            hold = self.env["loyalty.point.hold"].search(
                [("card_id", "=", self.coupon.id)]
            )

            def _shorten():
                soon = Datetime.add(Datetime.now(), minutes=5)
                hold.sudo().expires_at = soon
                self.env.flush_all()
                return soon

            for renew in (
                lambda: self._sync(
                    self._order([Command.create(self._goods())], source="pos"),
                    sudo=False,
                ),
                self.env["pos.order"].sudo()._cron_renew_parked_holds,
            ):
                soon = _shorten()
                renew()
                hold.invalidate_recordset()
                self.assertGreater(hold.expires_at, Datetime.add(soon, minutes=50))
            # What has lapsed may be another's by now: it is asked for again.
            hold.sudo().expires_at = Datetime.subtract(Datetime.now(), minutes=1)
            self.env.flush_all()
            self.env["pos.order"].sudo()._cron_renew_parked_holds()
            hold.invalidate_recordset()
            self.assertLess(hold.expires_at, Datetime.now())

    def test_what_the_till_has_to_know_for_the_best_offer(self):
        alone = self._create_coupon_program(strict=True, stacking_policy="alone")
        closed = self._create_coupon_program(strict=True, date_from="2020-01-01")
        closed.limit_usage = False
        new = self._create_coupon_program(
            program_type="promotion",
            trigger="auto",
            strict=True,
            first_order_only=True,
        )
        self._pay_order()
        void = self._create_card(closed, self.partner)
        void.sudo().write({"voided_at": Datetime.now(), "void_reason": "Lost"})
        self.env.flush_all()
        facts = self.config.with_user(self.cashier).best_offer_facts(
            FIRST,
            [self.coupon.id, void.id, 999999999],
            [*(self.program + alone + new).ids, 999999999],
            self.partner.id,
        )
        self.assertEqual(facts["cards"], void.ids)
        self.assertEqual(facts["programs"], new.ids)
        pairs = {frozenset(pair) for pair in facts["excluded"]}
        self.assertIn(frozenset((alone.id, self.program.id)), pairs)
        self.assertNotIn(frozenset((self.program.id, new.id)), pairs)


@tagged("post_install", "-at_install", "loyalty_pages")
class TestKioskPages(SelfOrderCommon, HttpCase):
    """The routes of the kiosk, which anybody may call, where it is installed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "self_ordering_mode" not in cls.config._fields:
            raise SkipTest("the kiosk is not installed")
        cls.config.write(
            {
                "self_ordering_mode": "kiosk",
                "self_ordering_default_user_id": cls.cashier.id,
            }
        )

    def _send(self, lines, **values):
        """Order at the kiosk; return the order as the server has it."""
        answer = self.make_jsonrpc_request(
            "/pos-self-order/process-order/kiosk/",
            {
                "order": self._order(lines, **values),
                "access_token": self.config.access_token,
                "table_identifier": None,
            },
        )
        return self.env["pos.order"].browse(answer["pos.order"][0]["id"])

    @mute_logger("odoo.http")
    def test_nobody_uses_coupons_at_the_kiosk(self):
        orders = self.env["pos.order"].search_count([])
        for claim in self._claims():
            lines = [Command.create(self._goods()), Command.create(claim)]
            for order in ({}, {"source": "pos"}, {"state": "paid"}):
                with (
                    self.subTest(claim, order=order),
                    self.assertRaisesRegex(JsonRpcException, "UserError"),
                ):
                    self._send(lines, amount_total=0, **order)
        self.assertEqual(self.env["pos.order"].search_count([]), orders)
        self.assertEqual(self.coupon.points, 1)
        self.assertFalse(self.coupon.hold_ids)

    @mute_logger("odoo.http")
    def test_guesses_at_the_kiosk_are_answered_alike(self):
        """Whether a card is there, used, over, of somebody or nobody's."""
        used = self._create_card(self.program, self.partner, 0)
        used.sudo().used_at = "2026-01-01"
        cards = {
            "live": self.coupon,
            "used": used,
            "expired": self._create_card(
                self.program, self.partner, expiration_date="2020-01-01"
            ),
            "foreign": self._create_card(self.program, self.other_partner),
        }
        ids = {kind: card.id for kind, card in cards.items()}
        ids["unknown"] = max(ids.values()) + 100
        answers = {}
        for kind, card_id in ids.items():
            lines = [
                Command.create(self._goods()),
                Command.create(self._goods(coupon_id=card_id)),
            ]
            try:
                self._send(lines)
                answer = "taken"
            except JsonRpcException as refused:
                answer = str(refused)
            answers.setdefault(answer, []).append(kind)
        self.assertEqual(len(answers), 1, answers)
        self.assertNotIn("taken", answers)

    @mute_logger("odoo.http")
    def test_a_coupon_comes_on_the_order_at_the_till(self):
        order = self._send([Command.create(self._goods())])
        self.assertEqual((order.source, order.state), ("kiosk", "draft"))
        till = self.config.with_user(self.cashier)
        self.env.flush_all()
        refused = till.hold_order(order.uuid, {str(self.coupon.id): 1}, self.partner.id)
        self.assertEqual(refused, {"cards": {}, "programs": {}})
        # Whoever sends the order again from the kiosk takes nothing off the till.
        line = order.lines
        self._send([Command.update(line.id, {"qty": 2})])
        self.assertEqual(line.qty, 2)
        with self.assertRaisesRegex(JsonRpcException, "UserError"):
            self._send([Command.update(line.id, {"coupon_id": self.coupon.id})])
        self.assertEqual(self.coupon.hold_ids.holder, order._loyalty_holder())
