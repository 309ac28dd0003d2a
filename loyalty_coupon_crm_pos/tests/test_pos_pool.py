from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon


@tagged("post_install", "-at_install")
class TestPosPool(LoyaltyCrmPosCommon):
    """Members of a household use its wallet at the till."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_points_program(strict=True)
        cls.card = cls._create_card(cls.program, cls.partner, points=100)
        cls.member = (
            cls.env["loyalty.card.member"]
            .sudo()
            .create(
                {
                    "card_id": cls.card.id,
                    "partner_id": cls.other_partner.id,
                    "spend_limit": 60,
                    "limit_period": "day",
                }
            )
        )

    def _wallet(self, partner):
        cards = self.env["loyalty.card"].with_user(self.cashier)
        return cards.get_pooled_wallet(self.program.id, partner.id)

    def _confirm(self, key, points, rewards=(), partner=None):
        order = self._pay_order(partner=partner or self.other_partner, rewards=rewards)
        data = {
            "points": points,
            "program_id": self.program.id,
            "coupon_id": key,
            "barcode": False,
            "partner_id": order.partner_id.id,
        }
        answer = order.with_user(self.cashier).confirm_coupon_programs({str(key): data})
        return order, answer

    def test_the_till_finds_the_wallet(self):
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        self.assertEqual(
            self._wallet(self.other_partner), {"id": self.card.id, "points": 60}
        )
        self.assertEqual(self._wallet(self.partner)["points"], 100)
        self.assertFalse(self._wallet(stranger))
        self.assertFalse(self._wallet(stranger.browse(10**9)))
        self.member.active = False
        self.assertFalse(self._wallet(self.other_partner))
        self.assertFalse(self._wallet(self.partner))

    def _hold(self, uuid, points, partner=None):
        # Holds are taken by a cursor of their own, which sees what is written.
        self.env.flush_all()
        partner = partner or self.other_partner
        till = self.config.with_user(self.cashier)
        return till.hold_cards(uuid, {str(self.card.id): points}, partner.id)

    def test_a_member_is_told_of_the_limit_before_payment(self):
        self.enterContext(self.enter_registry_test_mode())
        first, second = "11111111", "22222222"
        self.assertIn("may spend 60", self._hold(first, 61)[self.card.id])
        self.assertFalse(self._hold(first, 40))
        self.assertIn("held by", self._hold(second, 21)[self.card.id])
        self.assertFalse(self._hold(second, 20))
        self.assertFalse(self._hold(first, 40), "asking again renews")
        self.assertTrue(self._hold(first, 41))
        self.assertFalse(self._hold("33333333", 40, self.partner), "no limit")

    def test_a_member_earns_and_spends(self):
        line = self._reward_line(self.card, 10, cost=50)
        order, answer = self._confirm(self.card.id, 40, [line])
        self.assertEqual(self.card.points, 140)
        self.assertEqual(self._moves(self.card, order), [("earn", 90), ("spend", -50)])
        self.assertEqual(self._uses(order).used_by_id, self.other_partner)
        self.assertEqual(self._uses(order).partner_id, self.partner)
        self.assertEqual(answer["coupon_updates"][0]["points"], 10)
        self.assertEqual(self._wallet(self.other_partner)["points"], 10)
        self.assertEqual(self.program.coupon_ids, self.card)
        self.assertLedger(self.card)

    def test_a_card_of_ones_own_stays_out(self):
        own = self._create_card(self.program, self.other_partner, points=5)
        order, _answer = self._confirm(self.card.id, 90)
        self.assertEqual((self.card.points, own.points), (190, 5))
        self.assertEqual(self._moves(self.card, order), [("earn", 90)])

    def test_a_till_that_did_not_know(self):
        order, answer = self._confirm(-1, 90)
        self.assertEqual(self.card.points, 190)
        self.assertEqual(self.program.coupon_ids, self.card)
        self.assertEqual(answer["coupon_updates"][0]["id"], self.card.id)
        self.assertLedger(self.card)

    def test_confirmed_twice_is_once(self):
        order, _answer = self._confirm(self.card.id, 90)
        order.with_user(self.cashier).confirm_coupon_programs(
            self._coupon_data(self.card, 90, partner_id=self.other_partner.id)
        )
        self.assertEqual(self.card.points, 190)

    def test_the_panel_of_the_cashier(self):
        wallets = self.config.with_user(self.cashier).get_customer_wallet(
            self.other_partner.id
        )["wallets"]
        self.assertEqual(
            [(wallet["id"], wallet["points"]) for wallet in wallets],
            [(self.card.id, 60)],
        )
