import random

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmCommon

SEEDS = range(5)
STEPS = 14


@tagged("post_install", "-at_install", "loyalty_plain")
class TestOrderChanges(LoyaltyCrmCommon):
    """Rewards and quantities that change on a confirmed order: every room follows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref(
            "loyalty_coupon_crm.group_loyalty_auditor"
        )
        cls.seller = cls._create_user(
            "changes_seller", "sales_team.group_sale_salesman_all_leads"
        )
        cls.coupons = cls._create_coupon_program(percent=10)
        cls.points = cls._create_points_program(
            reward_ids=[
                Command.create({"discount": 10, "required_points": 50}),
                Command.create(
                    {
                        "reward_type": "product",
                        "reward_product_id": cls.gift.id,
                        "reward_product_qty": 1,
                        "required_points": 60,
                    }
                ),
            ]
        )

    def _uses(self, order, card=None):
        domain = [("order_model", "=", "sale.order"), ("order_id", "=", order.id)]
        if card:
            domain.append(("card_id", "=", card.id))
        return self.env["loyalty.redemption"].search(domain, order="id")

    def _wallet_order(self, quantity=1, points=500):
        """Return (order, wallet): confirmed, with a discount for 50 points."""
        wallet = self._create_card(self.points, self.partner, points)
        order = self._create_order(quantity=quantity)
        order._update_programs_and_rewards()
        order._apply_program_reward(self.points.reward_ids[0], wallet)
        order.action_confirm()
        return order, wallet

    def _coupon_order(self, quantity=1):
        """Return (order, coupon): confirmed, with 10% off."""
        coupon = self._create_card(self.coupons, self.partner)
        order = self._create_order(quantity=quantity)
        self._apply_code(order, coupon.code)
        order.action_confirm()
        return order, coupon

    def assertRooms(self, *orders):
        """Check that ledger, redemptions and purchases say what the orders say."""
        self.env.cr.flush()
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())
        for order in orders:
            confirmed = order.state == "sale"
            purchases = self.env["loyalty.purchase"].search(
                [("order_model", "=", "sale.order"), ("order_id", "=", order.id)]
            )
            amount = order._loyalty_purchase_amounts()["amount"] if confirmed else 0
            self.assertAlmostEqual(sum(purchases.mapped("amount")), amount, 2)
            uses = self._uses(order)
            for card in uses.card_id | order.order_line.coupon_id:
                self._check_card(order, card, uses, amount)

    def _check_card(self, order, card, uses, amount):
        rows = uses.filtered(lambda use: use.card_id == card)
        wanted = {"points": 0, "discount_amount": 0, "order_amount": 0}
        lines = order.order_line.filtered(lambda line: line.coupon_id == card)
        cost = sum(lines.mapped("points_cost"))
        if order.state == "sale" and cost:
            discount = -sum(
                (lines & order._loyalty_discount_lines()).mapped("price_subtotal")
            )
            wanted = {
                "points": cost,
                "discount_amount": discount,
                "order_amount": amount,
            }
        for name, value in wanted.items():
            self.assertAlmostEqual(sum(rows.mapped(name)), value, 2, name)
        self.assertEqual(len(rows.filtered("is_live")), 1 if wanted["points"] else 0)
        self.assertEqual(card.used_at, card._last_use().date)

    def test_second_reward_of_the_card(self):
        order, wallet = self._wallet_order()
        order._apply_program_reward(self.points.reward_ids[1], wallet)
        self.assertRooms(order)
        self.assertEqual(len(self._uses(order).filtered("is_live")), 1)
        self.assertGreater(sum(self._uses(order).mapped("points")), 50)
        self.assertEqual(sum(self._uses(order).mapped("goods_cost")) % 8, 0)

    def test_replaced_reward(self):
        order, coupon = self._coupon_order()
        better = self._create_card(self._create_coupon_program(50), self.partner)
        self._apply_code(order, better.code)
        order._update_programs_and_rewards()
        self.assertRooms(order)
        self.assertEqual((coupon.points, better.points), (1, 0))

    def test_quantity_changes_the_discount(self):
        order, coupon = self._coupon_order()
        order.order_line[0].product_uom_qty = 5
        order._update_programs_and_rewards()
        self.assertRooms(order)
        use, change = self._uses(order)
        self.assertEqual((change.discount_amount, change.order_amount), (40, 360))
        self.assertEqual(change.reversal_of_id, use)

    def test_update_without_a_change_books_nothing(self):
        order, wallet = self._wallet_order()
        count = len(wallet.move_ids)
        for _count in range(3):
            order._update_programs_and_rewards()
        self.env.cr.flush()
        self.assertEqual(len(wallet.move_ids), count)
        self.assertEqual(len(self._uses(order)), 1)

    def test_given_back_names_the_spend(self):
        order, wallet = self._wallet_order()
        spend = wallet.move_ids.filtered(lambda move: move.kind == "spend")
        order.order_line.filtered("reward_id").product_uom_qty = 0
        back = wallet.move_ids.sorted("id")[-1]
        self.assertEqual((back.points, back.reversal_of_id), (50, spend))
        order._action_cancel()
        self.assertRooms(order)
        self.assertEqual(wallet.points, 500)

    def test_reward_set_to_zero_gives_the_coupon_back(self):
        order, coupon = self._coupon_order()
        line = order.with_user(self.seller).order_line.filtered("reward_id")
        line.product_uom_qty = 0
        self.assertRooms(order)
        self.assertEqual((coupon.points, coupon.used_at), (1, False))
        with self.assertRaisesRegex(UserError, "taken off"):
            line.product_uom_qty = 1
        self._apply_code(self._create_order(), coupon.code)

    def test_edit_and_cancel_in_one_transaction(self):
        order, coupon = self._coupon_order()
        order.order_line[0].product_uom_qty = 4
        order._action_cancel()
        self.assertRooms(order)
        self.assertEqual(coupon.points, 1)

    def test_second_use_after_the_first_was_given_back(self):
        order, coupon = self._coupon_order()
        order.order_line.filtered("reward_id").product_uom_qty = 0
        self.env.cr.flush()
        order._update_programs_and_rewards()
        self.assertRooms(order)
        self.assertEqual(self._uses(order).mapped("points"), [1, -1, 1])

    def test_rewards_of_two_orders_are_booked_under_their_own(self):
        first, wallet = self._wallet_order()
        second = self._create_order()
        second._update_programs_and_rewards()
        second._apply_program_reward(self.points.reward_ids[0], wallet)
        second.action_confirm()
        lines = (first + second).order_line.filtered("reward_id")
        lines.points_cost = 20
        self.assertEqual(
            [
                (move.points, move.order_id)
                for move in wallet.move_ids.sorted("id")
                if move.kind == "reverse"
            ],
            [(30, first.id), (30, second.id)],
        )
        self.assertRooms(first, second)
        lines.product_uom_qty = 0
        self.assertRooms(first, second)
        self.assertEqual(wallet.points, 680)

    def test_half_given_back_is_still_a_use(self):
        order, coupon = self._coupon_order()
        use = self._uses(order)
        use._reverse(0.5)
        self.assertTrue(use.is_live)
        self.assertIn(use, self.env["loyalty.redemption"].search([("is_live", "=", 1)]))
        use._reverse(0.5)
        use.invalidate_recordset()
        self.assertFalse(use.is_live)

    def test_campaign_counts_what_is_left(self):
        campaign = self.env["loyalty.campaign"].create({"name": "Spring"})
        order, coupon = self._coupon_order()
        use = self._uses(order).sudo().copy({"campaign_id": campaign.id})
        use._reverse(0.4)
        self.assertEqual(campaign.redemption_count, 1)
        use._reverse(0.6)
        campaign.invalidate_recordset()
        self.assertEqual(campaign.redemption_count, 0)

    def test_customer_of_a_confirmed_order_is_corrected(self):
        order, wallet = self._wallet_order()
        coupon = self._create_card(self.coupons, None)
        self._apply_code(order, coupon.code)
        other = self.other_partner
        order.with_user(self.seller).partner_id = other
        rows = self.env["loyalty.purchase"].search(
            [("order_model", "=", "sale.order"), ("order_id", "=", order.id)]
        )
        self.assertEqual(rows.commercial_partner_id, other)
        self.assertEqual(rows.partner_id, other)
        theirs = self.points.coupon_ids.filtered(lambda card: card.partner_id == other)
        self.assertEqual((wallet.points, theirs.points), (450, 90))
        self.assertEqual(order.coupon_point_ids.coupon_id & wallet, wallet.browse())
        self.assertEqual(self._uses(order, wallet).partner_id, self.partner)
        self.assertRooms(order)
        order._action_cancel()
        self.assertEqual((wallet.points, theirs.points), (500, 0))
        self.assertRooms(order)

    def test_customer_is_corrected_there_and_back(self):
        order, wallet = self._wallet_order()
        for partner in (self.other_partner, self.partner, self.other_partner):
            order.partner_id = partner
        self.assertEqual(wallet.points, 450)
        self.assertRooms(order)

    def test_merged_wallet_gets_the_points(self):
        order, wallet = self._wallet_order()
        target = self._create_card(self.points, self.other_partner, 10)
        wallet._merge_into(target, "Same person")
        self.assertEqual((wallet.points, target.points), (0, 550))
        order._action_cancel()
        self.assertEqual((wallet.points, target.points), (0, 510))
        self.assertAlmostEqual(sum(target.move_ids.mapped("remaining")), 510)
        self.assertRooms(order)

    def test_replaced_coupon_gets_the_use_back(self):
        coupon = self._create_card(self.coupons, self.partner, 2)
        order = self._create_order()
        self._apply_code(order, coupon.code)
        order.action_confirm()
        new = coupon._reissue("Lost")
        self.assertEqual(new.issued_at, coupon.issued_at)
        order._action_cancel()
        self.assertEqual((coupon.points, new.points), (0, 2))
        self.assertRooms(order)

    def test_coupon_of_a_cancelled_order_is_a_draft(self):
        program = self._create_coupon_program(
            program_type="next_order_coupons",
            applies_on="future",
            trigger="auto",
            rule_ids=[Command.create({"minimum_amount": 1})],
        )
        order = self._create_order()
        order._update_programs_and_rewards()
        order.action_confirm()
        card = program.coupon_ids
        self.assertEqual(card.state, "issued")
        order._action_cancel()
        self.assertEqual((card.state, card.issued_at, card.active), ("draft", False, 0))

    def test_coupon_used_before_its_order_is_cancelled(self):
        program = self._create_coupon_program(
            program_type="next_order_coupons",
            applies_on="future",
            trigger="auto",
            rule_ids=[Command.create({"minimum_amount": 100})],
        )
        order = self._create_order()
        order._update_programs_and_rewards()
        order.action_confirm()
        card = program.coupon_ids
        other = self._create_order(product=self.gift)
        self._apply_code(other, card.code)
        other.action_confirm()
        order._action_cancel()
        self.assertEqual((card.state, card.points), ("used", 0))
        other._action_cancel()
        self.assertEqual((card.state, card.points), ("draft", 0))
        self.assertRooms(order, other)

    def test_random_changes(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                self._run_random(random.Random(seed))

    def _run_random(self, rnd):
        """Change orders at random and compare all rooms after every step."""
        coupons = [self._create_card(self.coupons, self.partner) for _c in range(3)]
        self.points.coupon_ids.sudo().action_archive()
        self._create_card(self.points, self.partner, rnd.choice([1, 60, 500]))
        orders = self.env["sale.order"]
        for _count in range(3):
            orders += self._create_order(quantity=rnd.randrange(1, 4))
        steps = [self._confirm, self._cancel, self._draft, self._quantity]
        steps += [self._code, self._reward, self._remove, self._update]
        for _count in range(STEPS):
            step = rnd.choice(steps)
            try:
                with self.env.cr.savepoint():
                    step(rnd, rnd.choice(orders), coupons)
            except (UserError, ValidationError):
                self.env.invalidate_all()
            self.assertRooms(*orders)

    def _confirm(self, rnd, order, coupons):
        if order.state == "draft":
            order.action_confirm()

    def _cancel(self, rnd, order, coupons):
        if order.state == "sale":
            order._action_cancel()

    def _draft(self, rnd, order, coupons):
        if order.state == "cancel":
            order.action_draft()

    def _quantity(self, rnd, order, coupons):
        if order.state != "cancel":
            order.order_line[0].product_uom_qty = rnd.randrange(1, 6)

    def _code(self, rnd, order, coupons):
        if order.state != "cancel":
            self._apply_code(order, rnd.choice(coupons).code)

    def _reward(self, rnd, order, coupons):
        order._update_programs_and_rewards()
        found = order._get_claimable_rewards()
        if found and order.state != "cancel":
            card = rnd.choice(list(found))
            order._apply_program_reward(rnd.choice(list(found[card])), card)

    def _remove(self, rnd, order, coupons):
        rewards = order.order_line.filtered("reward_id")
        if rewards and rnd.random() < 0.5:
            rewards[:1].product_uom_qty = 0
        elif rewards and order.state != "cancel":
            rewards[:1].unlink()

    def _update(self, rnd, order, coupons):
        if order.state != "cancel":
            order._update_programs_and_rewards()
