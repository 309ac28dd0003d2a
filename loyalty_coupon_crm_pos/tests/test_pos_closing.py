from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon


@tagged("post_install", "-at_install")
class TestPosClosing(LoyaltyCrmPosCommon):
    """Who closes the till reads what coupons and points came to."""

    def _totals(self):
        session = self.config.current_session_id.with_user(self.cashier)
        return session.get_closing_control_data()["loyalty_details"]

    def test_totals_of_a_session(self):
        coupons = self._create_coupon_program(strict=True)
        points = self._create_points_program(per_unit=90, required=50, strict=True)
        wallet = self._create_card(points, self.partner, 60)
        coupon = self._create_card(coupons, self.partner)
        first = self._pay_order(rewards=[self._reward_line(coupon, 10)])
        first.confirm_coupon_programs(self._coupon_data(wallet, 90))
        self.assertEqual(
            self._totals(),
            {
                "coupons": 1,
                "discount": 10,
                "earned": 90,
                "spent": 0,
                "lost": 0,
                "lost_amount": 0,
                "flagged": 0,
            },
        )
        # The same coupon once more, and points.
        lines = [self._reward_line(coupon, 10), self._reward_line(wallet, 5, cost=50)]
        self._pay_order(rewards=lines)
        totals = self._totals()
        self.assertEqual((totals["coupons"], totals["discount"]), (3, 25))
        self.assertEqual((totals["lost"], totals["lost_amount"]), (1, 10))
        self.assertEqual((totals["spent"], totals["flagged"]), (50, 1))

    def test_refund_takes_the_use_off(self):
        coupon = self._create_card(self._create_coupon_program(strict=True))
        order = self._pay_order(rewards=[self._reward_line(coupon, 10)])
        self._refund(order)
        totals = self._totals()
        self.assertEqual((totals["coupons"], totals["discount"]), (0, 0))

    def test_session_without_coupons(self):
        self._pay_order()
        self.assertFalse(any(self._totals().values()))
