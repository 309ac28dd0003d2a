from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon


@tagged("post_install", "-at_install")
class TestPosStrictCheck(LoyaltyCrmPosCommon):
    """The check-list before strict rules names the orders that wait at tills, too."""

    def test_waiting_orders_that_would_be_refused(self):
        program = self._create_coupon_program(name="Coupons", transferable=False)
        promotion = self._create_coupon_program(
            name="Spring",
            program_type="promotion",
            trigger="auto",
            limit_usage=True,
            max_usage=1,
        )
        card = self._create_card(program, self.other_partner)
        nothing = self.env["loyalty.card"]
        spring = self._till_reward(nothing, 10, reward=promotion.reward_ids)
        goods = self._till_line(self.product)
        waiting = self._sync(
            [goods, self._till_reward(card, 10), spring],
            self.cashier,
            state="draft",
            payment_ids=[],
        )
        fine = self._create_card(program, self.partner)
        self._sync(
            [goods, self._till_reward(fine, 10)],
            self.cashier,
            state="draft",
            payment_ids=[],
        )
        lines = self._lines(program, promotion)
        self.assertEqual(lines[0].order_count, 1)
        self.assertIn(waiting.display_name, lines[0].changes)
        self.assertIn("belongs to Wang Fang", lines[0].changes)
        self.assertEqual(lines[1].order_count, 0)
        # Somebody else has used the promotion up meanwhile.
        use = self._pay_order(rewards=[{**spring, "coupon_id": False}])
        used = self._create_card(promotion, self.partner, 0, source_pos_order_id=use.id)
        use.lines.filtered("reward_id").coupon_id = used
        self.env["loyalty.redemption"].sudo()._record(use.sudo())
        lines = self._lines(program, promotion)
        self.assertEqual((lines[1].order_count, lines[1].limit_count), (1, 1))
        self.assertIn(waiting.display_name, lines[1].changes)
        self.assertEqual(waiting.state, "draft")
        self.assertFalse(promotion.strict)

    def _lines(self, *programs):
        """Return the lines of a new check-list, in the order of the programs."""
        check = self.env["loyalty.strict.check"].sudo().create({})
        return [
            check.line_ids.filtered(lambda line, one=one: line.program_id == one)
            for one in programs
        ]
