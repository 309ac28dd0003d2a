from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestPrefilter(LoyaltyCrmCommon):
    """Leaving programs out beforehand changes nothing but the time."""

    def _promotion(self, **rule):
        return self._create_coupon_program(
            program_type="promotion", trigger="auto", rule_ids=[Command.create(rule)]
        )

    def _unreachable(self, order):
        programs = self.env["loyalty.program"].search([("trigger", "=", "auto")])
        return programs - order._loyalty_reachable_programs()

    def test_out_of_reach(self):
        tag = self.env["product.tag"].create({"name": "Hot"})
        elsewhere = self.env["product.category"].create({"name": "Books"})
        below = self.env["product.category"].create(
            {"name": "Green Tea", "parent_id": self.category.id}
        )
        self.product.categ_id = below
        reached = (
            self._promotion()
            | self._promotion(product_ids=[Command.set(self.product.ids)])
            | self._promotion(product_category_id=self.category.id)
            | self._promotion(
                product_category_id=elsewhere.id,
                product_ids=[Command.set(self.product.ids)],
            )
            | self._promotion(product_domain="[('list_price', '>', 5)]")
        )
        missed = (
            self._promotion(product_ids=[Command.set(self.gift.ids)])
            | self._promotion(product_category_id=elsewhere.id)
            | self._promotion(product_tag_id=tag.id)
            | self._promotion(minimum_qty=2)
        )
        order = self._create_order()
        self.assertEqual(self._unreachable(order), missed)
        order._update_programs_and_rewards()
        self.assertEqual(order.coupon_point_ids.coupon_id.program_id, reached)
        self.product.product_tmpl_id.product_tag_ids = tag
        order.order_line[0].product_uom_qty = 2
        order._update_programs_and_rewards()
        applied = order.coupon_point_ids.coupon_id.program_id
        self.assertEqual(applied, reached | missed[2:])

    def test_wallets_and_what_is_on_the_order_are_never_left_out(self):
        promotion = self._promotion(product_ids=[Command.set(self.product.ids)])
        wallet = self._create_points_program()
        wallet.rule_ids.product_ids = self.gift
        order = self._create_order()
        order._update_programs_and_rewards()
        order.order_line[0].product_id = self.gift
        self.assertFalse(self._unreachable(order) & (promotion | wallet))
        order._update_programs_and_rewards()
        self.assertNotIn(promotion, order.coupon_point_ids.coupon_id.program_id)

    def test_code_is_not_prefiltered(self):
        program = self._promotion(product_ids=[Command.set(self.gift.ids)])
        program.write({"trigger": "with_code", "program_type": "promo_code"})
        program.rule_ids.write({"mode": "with_code", "code": "GIFT10"})
        error = self._create_order()._try_apply_code("GIFT10")["error"]
        self.assertIn("required product quantities", error)
        # Odoo's website tries the code of a link again while it updates the rewards.
        card = self._create_card(self._create_coupon_program(), points=1)
        order = self._create_order().with_context(loyalty_crm_prefilter=True)
        self.assertEqual(list(order._try_apply_code(card.code)), [card])

    def test_audience_the_customer_is_not_of(self):
        """Those outside are left out before, who joins is offered, archived is none."""
        segments = self.env["loyalty.segment"].create(
            [{"name": name, "kind": "static"} for name in ("Gold", "Silver")]
        )
        segments[0]._add_members(self.partner)
        own, other = self._promotion(), self._promotion()
        for program, segment in zip(own | other, segments, strict=True):
            program.write({"strict": True, "segment_ids": [Command.set(segment.ids)]})
        order = self._create_order()
        self.assertEqual(self._unreachable(order), other)
        order._update_programs_and_rewards()
        self.assertEqual(order.coupon_point_ids.coupon_id.program_id, own)
        other.strict = False
        self.assertFalse(self._unreachable(order))
        other.strict = True
        segments[1].active = False
        self.assertFalse(self._unreachable(order), "no audience is left")
        segments[1].active = True
        segments[1]._add_members(self.partner.commercial_partner_id)
        self.assertFalse(self._unreachable(order))
        order._update_programs_and_rewards()
        self.assertEqual(order.coupon_point_ids.coupon_id.program_id, own | other)

    def test_rules_match_the_products_that_their_domain_finds(self):
        tag = self.env["product.tag"].create({"name": "Hot"})
        self.gift.product_tmpl_id.product_tag_ids = tag
        programs = (
            self._promotion()
            | self._promotion(product_ids=[Command.set(self.product.ids)])
            | self._promotion(product_tag_id=tag.id)
            | self._promotion(product_category_id=self.category.id)
            | self._promotion(product_domain=f"[('id', '=', {self.gift.id})]")
            | self._promotion()
            | self._promotion(product_ids=[Command.set(self.product.ids)])
        )
        programs[5].excluded_product_ids = self.gift
        programs[6].excluded_tag_ids = tag
        products = self.gift | self.product
        found = programs._get_valid_products(products)
        self.assertEqual(set(found), set(programs.rule_ids))
        for rule in programs.rule_ids:
            with self.subTest(rule=rule._get_valid_product_domain()):
                expected = products.filtered_domain(rule._get_valid_product_domain())
                self.assertEqual(found[rule].ids, expected.ids)

    def test_same_rewards_as_without(self):
        order = self._create_order(quantity=3)
        for number in range(1, 5):
            self._promotion(minimum_qty=number)
            self._promotion(
                minimum_amount=number * 90,
                product_ids=[Command.set((self.product | self.gift)[number % 2 :].ids)],
            )
        order._update_programs_and_rewards()
        found = order.coupon_point_ids.coupon_id.program_id
        everything = order._get_applicable_program_points()
        self.assertEqual(found, self.env["loyalty.program"].union(*everything))
