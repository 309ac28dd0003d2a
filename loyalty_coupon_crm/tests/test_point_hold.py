from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestPointHold(LoyaltyCrmCommon):
    """Promise 3: what one document holds, another cannot take."""

    def setUp(self):
        super().setUp()
        self.enterContext(self.enter_registry_test_mode())
        program = self._create_coupon_program()
        self.card = self._create_card(program, self.partner, 2)
        self.env.flush_all()

    def test_held_points_are_not_held_twice(self):
        self.assertTrue(self.card._hold(2, "till 1", 60, shop="Till 1"))
        self.assertFalse(self.card._hold(1, "till 2", 60))
        self.assertEqual(self.card.hold_ids.mapped("holder"), ["till 1"])
        self.assertEqual(self.card.hold_ids.shop, "Till 1")

    def test_same_holder_renews(self):
        self.assertTrue(self.card._hold(1, "till 1", 60))
        self.assertTrue(self.card._hold(2, "till 1", 600))
        self.assertEqual(self.card.hold_ids.points, 2)
        self.assertFalse(self.card._hold(3, "till 1", 600))
        self.assertEqual(self.card.hold_ids.points, 2)

    def test_released_points_are_free(self):
        self.card._hold(2, "till 1", 60)
        self.card._release("till 1")
        self.assertTrue(self.card._hold(2, "till 2", 60))

    def test_lapsed_hold_holds_nothing(self):
        self.card._hold(2, "till 1", 60)
        self.card.hold_ids.sudo().expires_at = fields.Datetime.now() - timedelta(
            hours=1
        )
        self.env.flush_all()
        self.assertFalse(self.card._live_holds())
        self.assertTrue(self.card._hold(2, "till 2", 60))

    def test_own_hold_is_not_somebody_elses(self):
        self.card._hold(2, "till 1", 60)
        self.assertTrue(self.card._live_holds())
        self.assertFalse(self.card._live_holds(but="till 1"))

    def test_absurd_numbers(self):
        for points, ttl in ((0, 60), (-1, 60), (1, 0)):
            with self.subTest(points=points, ttl=ttl), self.assertRaises(UserError):
                self.card._hold(points, "till 1", ttl)

    def test_archived_card_is_not_held(self):
        self.card.active = False
        self.env.flush_all()
        self.assertFalse(self.card._hold(1, "till 1", 60))
