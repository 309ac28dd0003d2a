from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .offer_common import OfferCommon


@tagged("post_install", "-at_install")
class TestOfferVouchers(OfferCommon):
    """Vouchers for one of several products, cards with several uses, free shipping."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.book = cls._create_product("Book", 40.0, 20.0)

    def _create_voucher(self, **values):
        tag = self.env["product.tag"].create({"name": "Drinks of the day"})
        tag.product_template_ids = (self.product + self.gift).product_tmpl_id
        program = self._create_coupon_program(strict=True)
        program.reward_ids.write(
            {
                "reward_type": "product",
                "reward_product_tag_id": tag.id,
                "required_points": 1,
                **values,
            }
        )
        return program

    def _use(self, card, product=None, points=None):
        """Return an order on which a card was used by a salesperson."""
        user = self.env.ref("base.user_demo", raise_if_not_found=False)
        user = user or self.env["res.users"].search([("login", "=", "voucher")])
        user = user or self._create_user("voucher", "sales_team.group_sale_salesman")
        order = self._create_order(product=self.book)
        order.user_id = user
        mine = order.with_user(user).with_context(loyalty_spend_points=points)
        ((coupon, rewards),) = mine._try_apply_code(card.code).items()
        answer = mine._apply_program_reward(rewards, coupon, product=product)
        self.assertNotIn("error", answer)
        mine._update_programs_and_rewards()
        return order

    def test_one_of_several_products(self):
        card = self._create_card(self._create_voucher())
        order = self._use(card, self.gift)
        given = order.order_line.filtered("is_reward_line")
        self.assertEqual(given.product_id, self.gift)
        self.assertAlmostEqual(given.price_total, 0)
        order.action_confirm()
        self.assertAlmostEqual(card.points, 0)

    def test_another_product_is_refused(self):
        card = self._create_card(self._create_voucher())
        with self.assertRaises(UserError):
            self._use(card, self.book)

    def test_several_uses_are_counted(self):
        card = self._create_card(self._create_voucher(offer_times=1), points=5)
        for left in (4, 3):
            order = self._use(card, self.product)
            given = order.order_line.filtered("is_reward_line")
            self.assertEqual(given.product_uom_qty, 1)
            order.action_confirm()
            self.assertAlmostEqual(card.points, left)

    def test_so_many_uses_as_chosen(self):
        card = self._create_card(self._create_voucher(), points=5)
        order = self._use(card, self.product, points=2)
        given = order.order_line.filtered("is_reward_line")
        self.assertEqual((given.product_uom_qty, given.points_cost), (2, 2))
        with self.assertRaises(UserError):
            self._use(card, self.product, points=6)

    def test_no_more_uses_than_the_reward_allows(self):
        card = self._create_card(self._create_voucher(offer_times=2), points=5)
        with self.assertRaises(UserError):
            self._use(card, self.product, points=3)
        order = self._use(card, self.product)
        given = order.order_line.filtered("is_reward_line")
        self.assertEqual((given.product_uom_qty, given.points_cost), (2, 2))

    def test_free_shipping_where_delivery_is_installed(self):
        programs = self.env["loyalty.program"]
        templates = programs.get_program_templates()
        kinds = self.env["loyalty.reward"]._fields["reward_type"].get_values(self.env)
        self.assertEqual("free_shipping" in templates, "shipping" in kinds)
        if "shipping" not in kinds:
            return
        action = programs.create_from_template("free_shipping")
        program = programs.browse(action["res_id"])
        card = self._create_card(program)
        order = self._create_order()
        delivery = self._good("delivery", type="service")
        order.order_line = [
            Command.create(
                {"product_id": delivery.id, "price_unit": 7, "is_delivery": True}
            )
        ]
        before = order.amount_total
        ((coupon, rewards),) = order._try_apply_code(card.code).items()
        self.assertNotIn("error", order._apply_program_reward(rewards, coupon))
        self.assertAlmostEqual(order.amount_total, before - 7)
        order.action_confirm()
        self.assertAlmostEqual(card.points, 0)
