from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import LoyaltyCrmPosCommon

UUID = "33333333-0000-4000-8000-000000000001"


@tagged("post_install", "-at_install")
class TestPosClaims(LoyaltyCrmPosCommon):
    """The server computes what an order earns; what the till says is compared."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.points = cls._create_points_program(per_unit=90, required=50, strict=True)
        cls.coupons = cls._create_coupon_program(percent=10, strict=True)
        cls.wallet = cls._create_card(cls.points, cls.partner, 0)
        cls.coupon = cls._create_card(cls.coupons, cls.partner)

    def _confirm(self, order, card, points, **values):
        data = self._coupon_data(card, points, **values)
        return order.with_user(self.cashier).confirm_coupon_programs(data)

    def test_true_claim_is_not_flagged(self):
        order = self._pay_order(quantity=2)
        self._confirm(order, self.wallet, 180)
        self.assertEqual(self._moves(self.wallet, order), [("earn", 180)])
        self.assertFalse(order.loyalty_flag)

    def test_more_and_less_than_earned_is_corrected_and_flagged(self):
        for claimed in (100000, 1):
            wallet = self._create_card(
                self.points, self.env["res.partner"].create({"name": "A"}), 0
            )
            order = self._pay_order(partner=wallet.partner_id)
            answer = self._confirm(order, wallet, claimed)
            self.assertEqual(wallet.points, 90)
            self.assertEqual(answer["coupon_updates"][0]["points"], 90)
            self.assertIn("90", order.loyalty_flag)
            self.assertIn(str(claimed), order.message_ids[0].body)

    def _send(self, order, key, points=100000, **values):
        """Have the cashier's browser claim something, whatever it is."""
        claim = {"points": points, "coupon_id": int(key), "barcode": False, **values}
        order = order.with_user(self.cashier)
        return order.confirm_coupon_programs({str(key): claim})

    def test_points_under_the_name_of_another_program(self):
        loose = self._create_coupon_program(program_type="promotion", trigger="auto")
        action = self.env["loyalty.program"].create_from_template("gift_card")
        gifts = self.env["loyalty.program"].browse(action["res_id"])
        gifts.pos_report_print_id = self.env.ref("loyalty.report_gift_card")
        order = self._pay_order()
        before = self.wallet.points
        wallet = self.wallet.id
        for key, values in (
            (wallet, {"program_id": loose.id}),
            (wallet, {"program_id": gifts.id}),
            (wallet, {"program_id": self.coupons.id}),
            (-1, {"program_id": gifts.id, "coupon_id": wallet}),
            (-1, {"program_id": gifts.id, "code": self.wallet.code}),
            (self.coupon.id, {"program_id": self.points.id, "coupon_id": wallet}),
        ):
            for _attempt in range(2):
                self._send(order, key, **values)
            self.assertEqual((self.wallet.points, self.coupon.points), (before, 1))
            self.assertIn(self.wallet.code, order.loyalty_flag)
            order.sudo().loyalty_flag = False
        self.assertLedger(self.wallet, self.coupon)

    def test_points_of_an_order_that_nobody_paid(self):
        lines = [self._till_line(self.product, 1000)]
        order = self._sync(lines, self.cashier, state="draft", payment_ids=[])
        self.assertEqual(order.state, "draft")
        answer = self._send(order, self.wallet.id, program_id=self.points.id)
        self.assertFalse(answer["coupon_updates"])
        self._send(order, -1, program_id=self.points.id)
        order.action_pos_order_cancel()
        self._send(order, self.wallet.id, program_id=self.points.id)
        self.assertEqual(self.points.sudo().coupon_ids.mapped("points"), [0])

    def test_points_for_somebody_else(self):
        thief = self._create_card(self.points, self.other_partner, 0)
        order = self._pay_order()
        for key, owner in ((-1, self.other_partner), (thief.id, self.partner)):
            self._send(order, key, 90, program_id=self.points.id, partner_id=owner.id)
        self.assertEqual(thief.points, 0)

    def test_points_that_are_no_number(self):
        order = self._pay_order()
        for points in ("nan", "inf", "-inf"):
            self._send(order, self.wallet.id, float(points), program_id=self.points.id)
        self.assertEqual(self.wallet.points, 90)

    def test_points_that_no_line_of_the_order_takes(self):
        for claimed in (-1, -1e300):
            order = self._pay_order()
            self._confirm(order, self.coupon, claimed)
            self.assertEqual(self.coupon.points, 1)
            self.assertIn(self.coupons.name, order.loyalty_flag)

    def test_costs_beyond_all_numbers_of_points(self):
        """A balance of so many digits would lose its own."""
        self.wallet.sudo()._post_move("issue", 100)
        line = self._till_reward(self.wallet, 10, cost=1e300)
        self._sync([self._till_line(self.product), line], self.cashier)
        self.assertEqual(self.wallet.points, 0)
        self.assertLedger(self.wallet)

    def test_wallet_of_somebody_else_is_asked_what_the_order_earns_or_not(self):
        """What it earns goes to the customer: the other wallet needs its hold."""
        self.wallet.sudo()._post_move("issue", 100)
        line = self._till_reward(self.wallet, 10, cost=50)
        lines = [self._till_line(self.product), line]
        for transferable, words in ((False, "belongs to"), (True, None)):
            self.points.sudo().transferable = transferable
            order = self._sync(lines, self.cashier, self.other_partner)
            if words:
                self.assertRegex(order.sudo().loyalty_flag, words)
            else:
                self.assertFalse(order.sudo().loyalty_flag)

    def test_card_that_was_held_for_somebody_else(self):
        self.coupons.sudo().transferable = False
        self.enterContext(self.enter_registry_test_mode())
        self.env.flush_all()
        till = self.config.with_user(self.cashier)
        till.hold_cards(UUID, {str(self.coupon.id): 1}, self.partner.id)
        order = self._pay_order(
            rewards=[self._reward_line(self.coupon, 10)],
            partner=self.other_partner,
            uuid=UUID,
        )
        self.assertIn(f"held for {self.partner.name}", order.loyalty_flag)

    def test_rewards_that_name_no_card(self):
        """The wallet of the customer pays; for who has none it is told."""
        self.wallet.sudo()._post_move("issue", 100)
        self.points.rule_ids.sudo().minimum_amount = 1000
        line = {**self._till_reward(self.wallet, 10, cost=50), "coupon_id": False}
        lines = [self._till_line(self.product), line]
        order = self._sync(lines, self.cashier)
        self.assertEqual((order.lines.coupon_id, self.wallet.points), (self.wallet, 50))
        self.assertFalse(order.sudo().loyalty_flag)
        for partner in (False, self.other_partner.id):
            order = self._sync(lines, self.cashier, partner_id=partner)
            self.assertIn("without a card", order.sudo().loyalty_flag)
        line = {**self._till_reward(self.coupon, 10), "coupon_id": False}
        order = self._sync([self._till_line(self.product), line], self.cashier)
        self.assertIn("without a card", order.sudo().loyalty_flag)
        self.assertEqual(self.coupon.points, 1)

    def _rewarded(self):
        """Return (reward line of a paid order, the coupon that paid it)."""
        card = self._create_card(self.coupons, self.partner)
        order = self._pay_order(rewards=[self._reward_line(card, 10)])
        return order.lines.filtered("reward_id"), card

    def _sync_as_refund(self, line, origin, **values):
        """Return an order of the cashier whose reward says that it refunds a line."""
        line = {**line, "refunded_orderline_id": origin.id, **values}
        return self._sync([self._till_line(self.product), line], self.cashier)

    def test_reward_that_is_sent_as_a_refund(self):
        """It takes off what it says it gives back: the card pays, and it is told."""
        given, used = self._rewarded()
        goods = given.order_id.lines - given
        for origin in (given, goods):
            card = self._create_card(self.coupons, self.partner)
            order = self._sync_as_refund(self._till_reward(card, 10), origin)
            self.assertEqual(card.points, 0)
            self.assertIn("as a refund", order.sudo().loyalty_flag)
            self.assertEqual(self._uses(order).discount_amount, 10)
            self.assertEqual((used.points, given._loyalty_returned_part()), (0, 0))
            self.assertLedger(card)

    def test_reward_with_turned_signs_that_is_sent_as_a_refund(self):
        given, _used = self._rewarded()
        line = self._till_reward(self.coupon, 10)
        order = self._sync_as_refund(line, given, qty=-1, price_unit=10)
        self.assertEqual(self.coupon.points, 0)
        self.assertIn("as a refund", order.sudo().loyalty_flag)

    def test_reward_that_names_no_reward_but_a_refund(self):
        given, _used = self._rewarded()
        unnamed = {"reward_id": False, "coupon_id": False, "is_reward_line": False}
        line = self._till_reward(self.coupon, 10)
        order = self._sync_as_refund(line, given, **unnamed)
        self.assertIn("as a refund", order.sudo().loyalty_flag)

    def test_refund_of_a_reward_of_another_card_gives_nothing_back(self):
        given, used = self._rewarded()
        line = self._till_reward(self.coupon, -10)
        order = self._sync_as_refund(line, given, qty=-1, price_unit=-10)
        self.assertEqual(used.points, 0)
        self.assertIn("as a refund", order.sudo().loyalty_flag)

    def test_coupon_that_comes_back_for_less_or_more_than_once(self):
        for values in ({"price_unit": -0.01}, {"qty": -3}):
            given, used = self._rewarded()
            line = self._till_reward(used, -10)
            values = {"qty": -1, "price_unit": -10, **values}
            order = self._sync_as_refund(line, given, **values)
            self.assertIn("took back more", order.sudo().loyalty_flag)

    def test_true_refund_beside_a_sale_is_not_flagged(self):
        given, used = self._rewarded()
        for named in (True, False):
            line = self._till_reward(used, -10)
            if not named:
                line.update(reward_id=False, coupon_id=False, is_reward_line=False)
            order = self._sync_as_refund(line, given, qty=-0.5, price_unit=-10)
            self.assertFalse(order.sudo().loyalty_flag)
        self.assertEqual(used.points, 1)
        self.assertLedger(used)

    def test_goods_that_are_sent_as_a_refund_are_sold(self):
        """They restore nothing of what was truly taken back."""
        order = self._pay_order(quantity=2)
        self._refund(order)
        self.assertEqual(self.wallet.points, 0)
        free = self._till_line(self.product, 2, price_unit=0)
        free["refunded_orderline_id"] = order.lines.id
        again = self._sync([free], self.cashier)
        self.assertEqual(self._moves(self.wallet, again), [("earn", 180)])
        self.assertEqual(order.lines._loyalty_returned_part(), 1)

    def test_who_runs_no_till_claims_nothing(self):
        program = self._create_coupon_program(
            program_type="next_order_coupons",
            applies_on="future",
            trigger="auto",
            strict=True,
            rule_ids=[Command.clear(), Command.create({"minimum_amount": 150})],
        )
        order = self._pay_order()
        claim = {"-1": {"points": 1, "program_id": program.id}}
        for group in ("base.group_portal", "base.group_user"):
            user = new_test_user(self.env, login=f"nobody_{group}", groups=group)
            with self.assertRaises(AccessError):
                order.with_user(user).confirm_coupon_programs(claim)
        self.assertFalse(program.sudo().coupon_ids)
        self.assertFalse(order.loyalty_flag)

    def test_promotion_leaves_no_points_behind(self):
        promotion = self._create_coupon_program(
            program_type="promotion", trigger="auto", strict=True
        )
        order = self._pay_order()
        self._send(order, -1, program_id=promotion.id, code="MINE")
        self.assertFalse(sum(promotion.sudo().coupon_ids.mapped("points")))
        self.assertIn(promotion.name, order.loyalty_flag)

    def test_gross_of_what_was_spent(self):
        self.wallet.sudo()._post_move("issue", 60)
        order = self._pay_order(rewards=[self._reward_line(self.wallet, 10, cost=50)])
        self._confirm(order, self.wallet, 5000)
        self.assertEqual(
            self._moves(self.wallet, order), [("earn", 90), ("spend", -50)]
        )
        self.assertEqual(self.wallet.points, 100)
        self.assertLedger(self.wallet)

    def test_spent_points_are_not_claimed_back(self):
        self.wallet.sudo()._post_move("issue", 60)
        order = self._pay_order(rewards=[self._reward_line(self.wallet, 10, cost=50)])
        self._confirm(order, self.wallet, 0)
        self.assertEqual(self.wallet.points, 100)

    def test_reward_without_points_costs_them(self):
        order = self._pay_order(rewards=[self._reward_line(self.coupon, 10, cost=0)])
        self.assertEqual((self.coupon.points, self.coupon.state), (0, "used"))
        self.assertIn(self.coupon.code, order.loyalty_flag)
        self.assertEqual(self._uses(order).points, 1)
        self._confirm(order, self.coupon, 0)
        self.assertEqual(self.coupon.points, 0)
        self.assertLedger(self.coupon)

    def test_reward_that_takes_off_too_much(self):
        """10 % of 100.00; the cents of rounding are let pass."""
        for amount, flagged in (
            (10, False),
            (10.02, False),
            (10.03, True),
            (100, True),
        ):
            coupon = self._create_card(self.coupons, self.partner)
            order = self._pay_order(rewards=[self._reward_line(coupon, amount)])
            self.assertEqual(bool(order.loyalty_flag), flagged, amount)
        self.assertRegex(order.loyalty_flag, r"100\.00.*10\.02")

    def test_rewards_that_give_as_much_as_they_may(self):
        reward = self.coupons.reward_ids
        gift = {"product_id": self.gift.id, "qty": 1}
        cases = [
            ({"discount_max_amount": 8}, 8),
            ({"discount_mode": "per_order", "discount_max_amount": 0}, 10),
            ({"discount_mode": "percent", "discount_applicability": "cheapest"}, 2),
            (
                {
                    "discount_applicability": "specific",
                    "discount_product_ids": [Command.set(self.product.ids)],
                },
                10,
            ),
            ({"reward_type": "product", "reward_product_id": self.gift.id}, 20),
        ]
        for values, most in cases:
            reward.sudo().write(values)
            for amount in (most, most + 1):
                coupon = self._create_card(self.coupons, self.partner)
                line = self._reward_line(coupon, amount)
                order = self._pay_order(rewards=[gift, line])
                self.assertEqual(bool(order.loyalty_flag), amount > most, values)

    def test_reward_of_another_program_than_the_cards(self):
        loose = self._create_points_program(required=50)
        self.wallet.sudo()._post_move("issue", 60)
        line = self._reward_line(self.wallet, 10, cost=0, reward=loose.reward_ids)
        order = self._pay_order(rewards=[line])
        self.assertIn(self.wallet.code, order.loyalty_flag)
        self.assertEqual(
            self._moves(self.wallet, order), [("earn", 90), ("spend", -50)]
        )

    def test_void_coupon_is_a_loss_with_the_true_reason(self):
        self.coupon.sudo().write({"voided_at": "2026-01-01", "void_reason": "Lost"})
        order = self._pay_order(rewards=[self._reward_line(self.coupon, 10)])
        self.assertIn("voided", order.loyalty_flag)

    def test_used_coupon_names_the_use(self):
        self._pay_order(rewards=[self._reward_line(self.coupon, 10)])
        second = self._pay_order(rewards=[self._reward_line(self.coupon, 10)])
        loss = self.env["loyalty.point.move"].search(
            [("card_id", "=", self.coupon.id), ("kind", "=", "loss")]
        )
        self.assertIn("was used", loss.reason)
        self.assertIn(self.coupon.code, second.loyalty_flag)

    def test_held_coupon_is_not_asked_again(self):
        self.enterContext(self.enter_registry_test_mode())
        self.env.flush_all()
        till = self.config.with_user(self.cashier)
        self.assertEqual(
            till.hold_cards(UUID, {str(self.coupon.id): 1}, self.partner.id), {}
        )
        # The coupon ends after the till took it: the customer keeps it.
        self.coupon.sudo().expiration_date = "2020-01-01"
        order = self._pay_order(rewards=[self._reward_line(self.coupon, 10)], uuid=UUID)
        self.assertFalse(order.loyalty_flag)
        self.assertEqual(self.coupon.points, 0)

    def test_new_coupons_of_an_order_that_earns_none(self):
        program = self.env["loyalty.program"].create(
            {
                "name": "Next Time",
                "program_type": "next_order_coupons",
                "applies_on": "future",
                "trigger": "auto",
                "strict": True,
                "communication_plan_ids": [Command.clear()],
                "rule_ids": [
                    Command.clear(),
                    Command.create({"minimum_amount": 150, "reward_point_amount": 1}),
                ],
                "reward_ids": [Command.clear(), Command.create({"discount": 10})],
            }
        )
        vals = {"points": 1, "program_id": program.id, "partner_id": self.partner.id}
        order = self._pay_order()
        order.confirm_coupon_programs({"-7": {**vals}})
        self.assertFalse(program.sudo().coupon_ids)
        self.assertIn("Next Time", order.loyalty_flag)
        order = self._pay_order(quantity=2)
        order.confirm_coupon_programs({"-7": {**vals}, "-8": {**vals}})
        self.assertEqual(program.sudo().coupon_ids.mapped("points"), [1])

    def test_money_rule_counts_what_was_paid(self):
        rule = self.points.rule_ids
        rule.write({"reward_point_mode": "money", "reward_point_amount": 0.333})
        self.points.points_step = "1"
        order = self._pay_order(
            quantity=2, rewards=[self._reward_line(self.coupon, 20)]
        )
        # 180.00 were paid: 59.94 points, in whole ones 59.
        self.assertEqual(order._loyalty_earned(self.points), 59)
        rule.minimum_amount = 200
        self.assertEqual(order._loyalty_earned(self.points), 0)
        rule.write({"minimum_amount": 0, "product_ids": [Command.set(self.gift.ids)]})
        self.assertEqual(order._loyalty_earned(self.points), 0)

    def test_free_goods_of_the_program_earn_nothing(self):
        reward = self.points.reward_ids
        reward.write({"reward_type": "product", "reward_product_id": self.product.id})
        line = self._reward_line(self.wallet, 100, cost=50, reward=reward)
        order = self._pay_order(quantity=2, rewards=[line])
        self.assertEqual(order._loyalty_earned(self.points), 90)

    def test_ended_program_and_no_customer_earn_nothing(self):
        order = self._pay_order()
        self.points.date_to = "2020-01-01"
        self.assertEqual(order._loyalty_earned(self.points), 0)
        self.points.date_to = False
        self.assertEqual(order._loyalty_earned(self.points), 90)
        order.partner_id = False
        self.assertEqual(order._loyalty_earned(self.points), 0)

    def test_programs_of_odoo_keep_odoos_way(self):
        self.points.strict = False
        order = self._pay_order()
        self._confirm(order, self.wallet, 7)
        self.assertEqual(self.wallet.points, 7)
        self.assertFalse(order.loyalty_flag)

    def test_till_sends_no_flag(self):
        data = {"loyalty_flag": "All is well"}
        orders = self.env["pos.order"].with_user(self.cashier)
        with self.assertRaises(KeyError):
            orders._process_order(data, False)
        self.assertNotIn("loyalty_flag", data)
