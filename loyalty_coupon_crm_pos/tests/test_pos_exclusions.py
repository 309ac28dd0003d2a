import json

from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon


@tagged("post_install", "-at_install")
class TestPosExclusions(LoyaltyCrmPosCommon):
    """What a program excludes neither counts for it at the till nor is discounted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        category = cls.env["product.category"].create({"name": "Spirits"})
        below = category.create({"name": "Whisky", "parent_id": category.id})
        cls.whisky = cls._create_product(
            "Whisky", 100.0, 60.0, available_in_pos=True, categ_id=below.id
        )
        cls.program = cls._create_coupon_program(
            strict=True,
            excluded_category_ids=[Command.set(category.ids)],
            rule_ids=[Command.create({"minimum_amount": 100})],
        )
        cls.other = cls._create_coupon_program(
            strict=True, rule_ids=[Command.create({"minimum_amount": 100})]
        )
        cls.card = cls._create_card(cls.program, cls.partner)

    def _row(self, model, program):
        """Return what a till reads of the only rule or reward of a program."""
        till = self.config.with_user(self.cashier)
        (row,) = till.load_programs(False, program.ids)[model]
        return row

    def test_till_knows_which_products_count(self):
        rule = self._row("loyalty.rule", self.program)
        self.assertFalse(rule["any_product"])
        self.assertIn(self.product.id, rule["valid_product_ids"])
        self.assertNotIn(self.whisky.id, rule["valid_product_ids"])
        reward = self._row("loyalty.reward", self.program)
        self.assertEqual(reward["discount_applicability"], "specific")
        # The till evaluates the domain itself, and knows no categories below.
        chosen = json.loads(reward["reward_product_domain"])
        goods = self.product + self.whisky
        self.assertEqual(goods.filtered_domain(chosen), self.product)

    def test_programs_without_exclusions_stay_as_they_are(self):
        for rules in (
            self.program.rule_ids + self.other.rule_ids,
            self.other.rule_ids + self.program.rule_ids,
        ):
            rules.invalidate_recordset()
            rules.mapped("any_product")
            self.assertTrue(self.other.rule_ids.any_product)
            self.assertFalse(self.program.rule_ids.any_product)

    def test_rules_with_the_same_products(self):
        both = (self.product + self.whisky).ids
        rules = self.program.rule_ids + self.other.rule_ids
        rules.write({"product_ids": [Command.set(both)]})
        self.assertEqual(self.program.rule_ids.valid_product_ids, self.product)
        self.assertEqual(self.other.rule_ids.valid_product_ids.ids, both)

    def test_excluded_products_and_tags(self):
        tag = self.env["product.tag"].create({"name": "Sale"})
        self.gift.product_tmpl_id.product_tag_ids = tag
        self.program.write(
            {
                "excluded_category_ids": [Command.clear()],
                "excluded_product_ids": [Command.set(self.whisky.ids)],
                "excluded_tag_ids": [Command.set(tag.ids)],
            }
        )
        found = self.program.rule_ids.valid_product_ids
        self.assertIn(self.product, found)
        self.assertFalse((self.whisky + self.gift) & found)

    def test_minimum_is_reached_by_other_products_only(self):
        line = self._reward_line(self.card, 10)
        self.assertIn("100.00", self._flag(self.whisky, line))
        other = self._reward_line(self._create_card(self.program, self.partner), 10)
        self.assertFalse(self._flag(self.product, other))

    def test_discount_of_excluded_goods_is_flagged(self):
        self.program.rule_ids.minimum_amount = 0
        whisky = {"product_id": self.whisky.id, "qty": 1}
        order = self._pay_order(rewards=[whisky, self._reward_line(self.card, 20)])
        self.assertIn("gives", order.loyalty_flag)

    def test_excluded_goods_earn_nothing(self):
        points = self._create_points_program(
            strict=True, excluded_product_ids=[Command.set(self.whisky.ids)]
        )
        self._pay_order(product=self.whisky)
        self.assertFalse(points.sudo().coupon_ids)
        self._pay_order()
        self.assertEqual(points.sudo().coupon_ids.points, 90)

    def _flag(self, product, line):
        return self._pay_order(product=product, rewards=[line]).loyalty_flag
