from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..tools.use_slot import LimitReachedError
from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestGateClaim(LoyaltyCrmCommon):
    """Who holds a coupon holds a use of every limit of its program."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program(strict=True, name="Tea Time")

    def setUp(self):
        super().setUp()
        self.enterContext(self.enter_registry_test_mode())
        self.first, self.second = (
            self._create_card(self.program, self.partner) for _number in range(2)
        )
        self.env.flush_all()

    def _claim(self, card, holder, partner=None):
        """Hold a card as a till does; return whether it was taken."""
        slots = self.program._limit_slots(
            partner or self.partner, self.company._loyalty_today()
        )
        self.env.flush_all()
        return card._hold(1, holder, 600, slots=slots)

    def _blockers(self, card, partner=None, holder=None):
        return dict(
            self.env["loyalty.program"]._redemption_blockers(
                card, partner or self.partner, "sale", holder=holder
            )
        )

    def test_every_limit_of_uses(self):
        for name, kind, partner in (
            ("per_customer_limit", "customer", self.partner),
            ("per_household_limit", "household", self.partner),
            ("per_day_limit", "day", self.other_partner),
            ("period_limit", "period", self.other_partner),
        ):
            with self.subTest(name=name):
                self.program[name] = 1
                self.assertTrue(self._claim(self.first, "till 1"))
                self.assertTrue(self._claim(self.first, "till 1"), "renewed")
                with self.assertRaises(LimitReachedError) as caught:
                    self._claim(self.second, "till 2", partner)
                self.assertEqual(caught.exception.slot.kind, kind)
                self.assertIn(f"limit_{kind}", self._blockers(self.second, partner))
                self.assertEqual(self._blockers(self.first, holder="till 1"), {})
                self.first._release("till 1")
                self.assertTrue(self._claim(self.second, "till 2", partner))
                self.second._release("till 2")
                self.program[name] = 0

    def test_limit_in_total(self):
        self.program.write({"limit_usage": True, "max_usage": 1})
        self.assertTrue(self._claim(self.first, "till 1"))
        with self.assertRaises(LimitReachedError):
            self._claim(self.second, "till 2", self.other_partner)

    def test_another_customer_has_uses_of_their_own(self):
        self.program.per_customer_limit = 1
        self.assertTrue(self._claim(self.first, "till 1"))
        self.assertTrue(self._claim(self.second, "till 2", self.other_partner))

    def test_two_coupons_on_one_order_are_two_uses(self):
        self.program.per_customer_limit = 1
        self.assertTrue(self._claim(self.first, "till 1"))
        with self.assertRaises(LimitReachedError):
            self._claim(self.second, "till 1")

    def test_lapsed_holds_claim_nothing(self):
        self.program.per_customer_limit = 1
        self._claim(self.first, "till 1")
        self.first.hold_ids.expires_at = "2020-01-01"
        self.assertTrue(self._claim(self.second, "till 2"))

    def test_second_quotation_is_refused(self):
        orders = self._create_order() + self._create_order()
        for order, card in zip(orders, self.first + self.second, strict=True):
            self._apply_code(order, card.code)
        self.program.per_customer_limit = 1
        orders[0].action_quotation_sent()
        with self.assertRaisesRegex(UserError, "1 times in all"):
            orders[1].action_quotation_sent()

    def test_used_up_is_what_the_state_says(self):
        cards = self.env["loyalty.card"]
        for points, expiration, used, issued in (
            (1, False, False, True),
            (0, False, True, True),
            (0, "2020-01-01", True, True),
            (0, "2020-01-01", False, True),
            (0, "2100-01-01", False, True),
            (0, False, False, False),
            (0.5, False, True, True),
        ):
            card = self._create_card(self.program, points=points)
            now = "2026-01-01"
            card.write({"expiration_date": expiration})
            card.write({"used_at": used and now, "issued_at": issued and now})
            cards += card
        wallet = self._create_card(self._create_points_program(), points=0)
        cards += wallet
        for card in cards:
            self.assertEqual(card._is_used_up(), card.state == "used", card.read())

    def test_checks_of_many_coupons_read_once(self):
        self.program.write(
            {
                "per_customer_limit": 3,
                "per_day_limit": 50,
                "first_order_only": True,
                "segment_ids": [
                    Command.create({"name": "Gold", "kind": "static"}),
                ],
            }
        )
        self.program.segment_ids._add_members(self.partner)
        cards = self.env["loyalty.card"].union(
            *(self._create_card(self.program, self.partner) for _number in range(20))
        )
        self.env.flush_all()
        ask = self.env["loyalty.program"]._redemption_blockers_of
        self.assertFalse(any(ask(cards, self.partner, "sale").values()))
        # What is cached of the cards stays; the facts of all of them are one query.
        with self.assertQueryCount(1):
            self.assertFalse(any(ask(cards, self.partner, "sale").values()))
