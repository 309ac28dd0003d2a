from odoo import fields
from odoo.tests import tagged

from .credit_note_common import CreditNoteCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCreditNoteAward(CreditNoteCommon):
    """Points go back to the award they came from, with a grace if it has lapsed."""

    def test_given_back_to_its_award(self):
        wallet = self._create_card(self.points, self.partner, 0)
        self.points.expire_after = 10
        wallet._post_move("issue", 30)
        self.points.expire_after = 20
        wallet._post_move("issue", 40)
        awards = wallet.move_ids.sorted("id")
        self.points.rule_ids.product_ids = self.gift
        order = self._create_order(quantity=2)
        order._update_programs_and_rewards()
        order._apply_program_reward(self.points.reward_ids, wallet)
        order.action_confirm()
        self.assertEqual(awards.mapped("remaining"), [0, 20])
        invoice = self._invoice(order)
        reward = order.order_line.filtered("reward_id").product_id
        for _count in range(2):
            self._credit(invoice, {self.product: 1, reward: 0.5})
        self.assertEqual(awards.mapped("remaining"), [30, 40])
        self.assertRemaining(wallet)

    def test_grace_when_the_award_has_lapsed(self):
        wallet = self._create_card(self.points, self.partner, 0)
        self.points.write({"expire_after": 10, "refund_grace_days": 5})
        wallet._post_move("issue", 50, expiration_date="2020-01-01")
        self.points.rule_ids.product_ids = self.gift
        order = self._create_order()
        order._update_programs_and_rewards()
        award = wallet.move_ids
        spend = wallet._post_move("spend", -50, **order._loyalty_origin())
        spend = wallet.move_ids.sorted("id")[-1]
        wallet._post_move("reverse", 50, reversal_of_id=spend.id)
        back = wallet.move_ids.sorted("id")[-1]
        self.assertEqual((award.remaining, back.remaining), (0, 50))
        days = (back.expiration_date - self.company._loyalty_today()).days
        self.assertEqual(days, 5)
        self.points.refund_grace_days = 0
        wallet._post_move("spend", -50)
        spend = wallet.move_ids.sorted("id")[-1]
        back.flush_recordset()
        wallet._post_move("reverse", 50, reversal_of_id=spend.id)
        self.assertRemaining(wallet)

    def test_parts_of_a_refund_share_lapsed_and_open_awards(self):
        """What came back for the days of grace does not come back a second time."""
        wallet = self._create_card(self.points, self.partner, 0)
        self.points.refund_grace_days = 5
        wallet._post_move("issue", 50)
        wallet._post_move("issue", 30, expiration_date="2020-01-01")
        open_award, lapsed = wallet.move_ids.sorted("id")
        wallet._post_move("spend", -80)
        spend = wallet.move_ids.sorted("id")[-1]
        for points in (20, 40, 20):
            wallet._post_move("reverse", points, reversal_of_id=spend.id)
        back = wallet.move_ids.sorted("id")[-3:]
        last_day = fields.Date.add(self.company._loyalty_today(), days=5)
        self.assertEqual(lapsed.remaining, 0)
        self.assertEqual(back.mapped("remaining"), [20, 10, 0])
        self.assertEqual(back[0].expiration_date, last_day)
        self.assertEqual(open_award.remaining, 50)
        self.assertRemaining(wallet)

    def test_points_that_no_award_explains_get_no_last_day(self):
        """The grace is for what lapsed, not for what was spent below zero."""
        wallet = self._create_card(self.points, self.partner, 0)
        self.points.refund_grace_days = 5
        wallet._post_move("issue", 5, expiration_date="2020-01-01")
        wallet._post_move("spend", -8)
        spend = wallet.move_ids.sorted("id")[-1]
        wallet._post_move("earn", 10)
        # Points that a campaign gave to many wallets at once say of no debt they paid.
        self.env.cr.execute(
            "DELETE FROM loyalty_point_allocation"
            " WHERE spend_id = %s AND award_id = %s",
            (spend.id, wallet.move_ids.sorted("id")[-1].id),
        )
        wallet._post_move("reverse", 8, reversal_of_id=spend.id)
        back = wallet.move_ids.sorted("id")[-1]
        self.assertEqual((back.remaining, back.expiration_date), (8, False))
        self.assertRemaining(wallet)

    def test_what_was_spent_below_zero_goes_back_to_the_award_that_paid(self):
        wallet = self._create_card(self.points, self.partner, 0)
        self.points.refund_grace_days = 5
        wallet._post_move("issue", 5, expiration_date="2020-01-01")
        wallet._post_move("spend", -8)
        spend = wallet.move_ids.sorted("id")[-1]
        wallet._post_move("earn", 10)
        award = wallet.move_ids.sorted("id")[-1]
        self.assertEqual(award.remaining, 7)
        wallet._post_move("reverse", 8, reversal_of_id=spend.id)
        back = wallet.move_ids.sorted("id")[-1]
        self.assertEqual(award.remaining, 10)
        grace = fields.Date.add(self.company._loyalty_today(), days=5)
        self.assertEqual((back.remaining, back.expiration_date), (5, grace))
        self.assertRemaining(wallet)

    def _spent_and_given_back(self, days_ago):
        """Return (award, what came back) of 50 points spent so many days ago."""
        wallet = self._create_card(self.points, self.partner, 0)
        wallet._post_move("issue", 50, inactive_days=30)
        wallet._post_move("spend", -50)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE loyalty_point_move SET date = date - %s * INTERVAL '1 day' "
            "WHERE card_id = %s",
            (days_ago, wallet.id),
        )
        self.env.invalidate_all()
        award, spend = wallet.move_ids.sorted("id")
        wallet._post_move("reverse", 50, reversal_of_id=spend.id)
        return award, wallet.move_ids.sorted("id")[-1]

    def test_grace_when_the_award_has_lapsed_without_a_purchase(self):
        self.points.write({"expire_inactive_days": 30, "refund_grace_days": 5})
        award, back = self._spent_and_given_back(100)
        self.assertEqual((award.remaining, back.remaining), (0, 50))
        days = (back.expiration_date - self.company._loyalty_today()).days
        self.assertEqual((days, back.inactive_days), (5, 0))
        self.env["loyalty.point.move"]._expire_awards(1000)
        self.assertEqual(back.card_id.points, 50)

    def test_no_grace_for_who_bought_in_time(self):
        self.points.write({"expire_inactive_days": 30, "refund_grace_days": 5})
        award, back = self._spent_and_given_back(30)
        self.assertEqual((award.remaining, back.remaining), (50, 0))

    def test_without_grace_it_lapses_again(self):
        self.points.write({"expire_inactive_days": 30, "refund_grace_days": 0})
        award, back = self._spent_and_given_back(100)
        self.assertEqual((award.remaining, back.remaining), (50, 0))
        self.env["loyalty.point.move"]._expire_awards(1000)
        self.assertEqual(back.card_id.points, 0)

    def test_expired_coupon_comes_back_for_the_grace(self):
        self.coupons.refund_grace_days = 7
        order, _wallet, coupon = self._order(coupon=True)
        invoice = self._invoice(order)
        coupon.expiration_date = "2020-01-01"
        self._credit(invoice)
        days = (coupon.expiration_date - self.company._loyalty_today()).days
        self.assertEqual((coupon.points, days), (1, 7))
