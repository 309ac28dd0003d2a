from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestGateScope(LoyaltyCrmCommon):
    """For whom, where and for what an offer is; what it goes together with."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program(strict=True, name="Tea Time")
        cls.card = cls._create_card(cls.program)
        cls.dear = cls._create_product("Pot", 500.0, 480.0)
        cls.public = cls.env.ref("base.public_user")

    def _blockers(self, partner=None, channel="sale", document=None, card=None):
        """Return {reason: message} of the gate."""
        found = self.env["loyalty.program"]._redemption_blockers(
            card or self.card, partner or self.partner, channel, document=document
        )
        return dict(found)

    def _add_rule(self, **values):
        self.program.rule_ids = [Command.create(values)]

    def _promotion(self, name, percent=10, **values):
        """Return a promotion of a strict program that applies by itself."""
        return self._create_coupon_program(
            percent,
            name=name,
            program_type="promotion",
            trigger="auto",
            strict=True,
            rule_ids=[Command.create({})],
            **values,
        )

    def _add_promotion(self, order, program):
        """Apply the reward of a promotion; return Odoo's answer."""
        order._update_programs_and_rewards()
        card = order.coupon_point_ids.coupon_id.filtered(
            lambda card: card.program_id == program
        )
        return order._apply_program_reward(program.reward_ids, card)

    def test_segment(self):
        segment = self.env["loyalty.segment"].create({"name": "Gold", "kind": "static"})
        self.program.segment_ids = segment
        self.assertIn("segment Gold", self._blockers()["segment"])
        self.env["loyalty.segment.member"].create(
            {
                "segment_id": segment.id,
                "partner_id": self.partner.id,
                "date_from": "2026-01-01",
            }
        )
        self.assertEqual(self._blockers(), {})
        contact = self.env["res.partner"].create(
            {"name": "Li Wei Junior", "parent_id": self.partner.id}
        )
        self.assertEqual(self._blockers(contact), {})
        segment.member_ids.is_excluded = True
        self.assertIn("segment", self._blockers())
        self.assertIn("no_customer", self._blockers(self.public.partner_id))

    def test_first_order_only(self):
        self.program.first_order_only = True
        order = self._create_order()
        self.assertEqual(self._blockers(document=order), {})
        order.action_confirm()
        self.assertEqual(self._blockers(document=order), {}, "it is the first one")
        message = self._blockers(document=self._create_order())["first_order"]
        self.assertIn("Li Wei has bought before", message)
        order._action_cancel()
        self.assertEqual(self._blockers(), {})

    def test_first_order_that_cost_nothing_was_one(self):
        self.program.reward_ids.discount = 100
        self.program.first_order_only = True
        order = self._create_order()
        self._apply_code(order, self._create_card(self.program).code)
        order.action_confirm()
        self.assertEqual(order.amount_untaxed, 0)
        self.assertIn("first_order", self._blockers())

    def test_channel(self):
        self.program.sale_ok = False
        message = self._blockers()["channel"]
        self.assertIn("Tea Time can be used", message)
        self.assertNotIn("in sales orders", message)
        self.assertEqual(self._blockers(channel="import"), {})

    def test_minimum_says_what_is_missing(self):
        self._add_rule(minimum_amount=106)
        order = self._create_order()
        error = order._try_apply_code(self.card.code)["error"]
        self.assertIn("6.00 more", error)
        order.order_line.product_uom_qty = 2
        self.assertNotIn("error", self._apply_code(order, self.card.code))
        order.order_line[0].product_uom_qty = 1
        self.assertIn("minimum", self._blockers(document=order))
        with self.assertRaisesRegex(ValidationError, "6.00 more"):
            order.action_confirm()

    def test_missing_products_are_counted(self):
        self._add_rule(minimum_qty=3, product_ids=[Command.set(self.product.ids)])
        error = self._create_order()._try_apply_code(self.card.code)["error"]
        self.assertIn("2 more of the products", error)
        order = self._create_order(product=self.gift, quantity=3)
        self.assertIn("3 more", order._try_apply_code(self.card.code)["error"])

    def test_the_nearest_of_several_rules_counts(self):
        self._add_rule(minimum_amount=900)
        self._add_rule(minimum_amount=150)
        error = self._create_order()._try_apply_code(self.card.code)["error"]
        self.assertIn("50.00 more", error)
        order = self._create_order(quantity=2)
        self.assertNotIn("error", order._try_apply_code(self.card.code))

    def test_public_reads_what_is_missing_and_nothing_else(self):
        self._add_rule(minimum_amount=106)
        order = self._create_order().with_user(self.public).sudo()
        self.assertIn("6.00 more", order._try_apply_code(self.card.code)["error"])
        self.program.sale_ok = False
        answer = order._try_apply_code(self.card.code)
        unknown = order._try_apply_code("SUMMER10")
        self.assertEqual(
            answer["error"].replace(self.card.code, "X"),
            unknown["error"].replace("SUMMER10", "X"),
        )

    def test_excluded_products_are_not_discounted(self):
        self.program.excluded_product_ids = self.gift
        order = self._create_order()
        order.order_line = [Command.create({"product_id": self.gift.id})]
        self._apply_code(order, self.card.code)
        self.assertEqual(order.amount_untaxed, 110)

    def test_excluded_categories_reach_those_below_and_the_conditions(self):
        below = self.env["product.category"].create(
            {"name": "Green Tea", "parent_id": self.category.id}
        )
        self.gift.categ_id = self.env["product.category"].create({"name": "Cups"})
        self.product.categ_id = below
        self.program.excluded_category_ids = self.category
        self._add_rule(minimum_amount=10)
        order = self._create_order()
        self.assertIn("10.00 more", order._try_apply_code(self.card.code)["error"])
        order.order_line = [Command.create({"product_id": self.gift.id})]
        self._apply_code(order, self.card.code)
        self.assertEqual(order.amount_untaxed, 118)

    def test_excluded_tag(self):
        tag = self.env["product.tag"].create({"name": "Books"})
        self.product.product_tmpl_id.product_tag_ids = tag
        self.program.excluded_tag_ids = tag
        order = self._create_order()
        order.order_line = [Command.create({"product_id": self.gift.id})]
        self._apply_code(order, self.card.code)
        self.assertEqual(order.amount_untaxed, 118)

    def test_exclusions_narrow_later_rewards(self):
        self.program.excluded_product_ids = self.gift
        reward = self.program.reward_ids
        self.assertEqual(reward.discount_applicability, "specific")
        reward.discount_applicability = "order"
        self.assertEqual(reward.discount_applicability, "specific")
        products = self.gift | self.product
        domain = reward._get_discount_product_domain()
        self.assertEqual(products.filtered_domain(domain), self.product)

    def test_stands_alone(self):
        self.program.stacking_policy = "alone"
        promotion = self._promotion("Spring")
        order = self._create_order()
        self._apply_code(order, self.card.code)
        error = self._add_promotion(order, promotion)["error"]
        self.assertIn("cannot be combined with Tea Time", error)
        other = self._create_order()
        self._add_promotion(other, promotion)
        error = other._try_apply_code(self.card.code)["error"]
        self.assertIn("Spring", error)

    def test_groups_are_not_transitive(self):
        first, second, third = self.env["loyalty.stacking.group"].create(
            [{"name": name} for name in "ABC"]
        )
        first.excluded_group_ids = second
        second.excluded_group_ids = third
        a, b, c = (
            self._promotion(
                group.name, stacking_policy="group", stacking_group_id=group.id
            )
            for group in (first, second, third)
        )
        self.assertTrue(a._excludes_program(b))
        self.assertTrue(b._excludes_program(a))
        self.assertTrue(c._excludes_program(b))
        self.assertFalse(a._excludes_program(c))
        twin = self._promotion(
            "Twin", stacking_policy="group", stacking_group_id=first.id
        )
        self.assertTrue(a._excludes_program(twin))
        self.assertFalse(a._excludes_program(self.program))
        with self.assertRaises(ValidationError):
            first.excluded_group_ids = first

    def test_payments_go_with_everything(self):
        self.program.stacking_policy = "alone"
        wallet = self._create_coupon_program(program_type="ewallet", strict=True)
        self.assertFalse(self.program._excludes_program(wallet))
        self.assertFalse(wallet._excludes_program(self.program))

    def test_offer_that_conflicts_is_not_offered(self):
        self.program.stacking_policy = "alone"
        promotion = self._promotion("Spring")
        order = self._create_order()
        order._update_programs_and_rewards()
        self.assertTrue(order._get_claimable_rewards())
        self._apply_code(order, self.card.code)
        offered = [card.program_id for card in order._get_claimable_rewards()]
        self.assertNotIn(promotion, offered)

    def test_margin_guard(self):
        self.program.margin_guard = True
        order = self._create_order(product=self.dear)
        order.order_line = [Command.create({"product_id": self.product.id})]
        error = self._apply_and_return(order)
        self.assertIn("take Pot below its least margin, by", error)
        self.assertIn("30.00", error)
        self.assertEqual(len(order.order_line), 2, "nothing was left behind")
        fine = self._create_order()
        self._apply_code(fine, self.card.code)
        self.assertEqual(fine.amount_untaxed, 90)
        self.program.margin_floor = 35
        with self.assertRaisesRegex(ValidationError, "Tea below its least margin"):
            fine.action_confirm()

    def _apply_and_return(self, order):
        """Enter the code, take its reward, and return the error."""
        rewards = order._try_apply_code(self.card.code)
        return order._apply_program_reward(rewards[self.card], self.card)["error"]

    def test_margin_of_discounts_together(self):
        promotion = self._promotion("Spring", percent=35, margin_guard=True)
        self.program.reward_ids.discount_applicability = "specific"
        order = self._create_order()
        self._apply_code(order, self.card.code)
        self.assertIn("below", self._add_promotion(order, promotion)["error"])

    def test_senseless_margin(self):
        for percent in (-1, 100):
            with self.assertRaises(ValidationError):
                self.program.margin_floor = percent

    def test_promotion_outside_its_hours_does_not_apply(self):
        promotion = self._promotion(
            "Spring",
            usage_window_ids=[
                Command.create({"kind": "closed", "date_from": "2020-01-01"})
            ],
        )
        order = self._create_order()
        order._update_programs_and_rewards()
        self.assertIn(promotion, order.coupon_point_ids.coupon_id.program_id)
        promotion.usage_window_ids.date_to = "2100-01-01"
        order._update_programs_and_rewards()
        self.assertFalse(order.coupon_point_ids)

    def test_promotion_code_asks_the_gate(self):
        program = self._create_coupon_program(
            name="Summer",
            program_type="promo_code",
            strict=True,
            rule_ids=[Command.create({"mode": "with_code", "code": "SUMMER10"})],
            per_customer_limit=1,
        )
        order = self._create_order()
        self.assertNotIn("error", self._apply_code(order, "SUMMER10"))
        order.action_confirm()
        again = self._create_order()
        error = again._try_apply_code("SUMMER10")["error"]
        self.assertIn("1 times in all", error)
        program.strict = False
        self.assertNotIn("error", again._try_apply_code("SUMMER10"))

    def test_lax_program_has_no_scope(self):
        self.program.write(
            {"strict": False, "first_order_only": True, "stacking_policy": "alone"}
        )
        self._create_order().action_confirm()
        self.assertEqual(self._blockers(document=self._create_order()), {})

    def test_roles(self):
        group = self.env["loyalty.stacking.group"].create({"name": "Welcome"})
        seller = self._create_user("seller", "sales_team.group_sale_salesman")
        maker = self._create_user("maker", "loyalty_coupon_crm.group_loyalty_marketing")
        self.assertEqual(group.with_user(seller).name, "Welcome")
        self.assertFalse(group.with_user(seller).has_access("write"))
        group.with_user(maker).name = "Hello"
        self.program.with_user(maker).write(
            {
                "stacking_policy": "group",
                "stacking_group_id": group.id,
                "excluded_product_ids": self.gift.ids,
                "first_order_only": True,
                "margin_guard": True,
            }
        )
        order = self._create_order(user_id=seller.id).with_user(seller)
        self._apply_code(order, self.card.code)
        order.action_confirm()
        self.assertEqual(order.state, "sale")
