from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import file_open

from .common import LoyaltyCrmCommon

OURS = (
    "cash_coupon",
    "percent_coupon",
    "spend_save",
    "category_coupon",
    "second_half",
    "third_free",
    "quantity_steps",
    "bundle_price",
    "drink_voucher",
    "exchange_voucher",
    "new_customer",
    "birthday",
    "points_card",
)


@tagged("post_install", "-at_install", "loyalty_plain")
class TestProgramTemplates(LoyaltyCrmCommon):
    """One click creates each program, and its coupon gives what the title says."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.programs = cls.env["loyalty.program"]
        tag = cls.env["product.tag"].create({"name": "Exchange"})
        tag.product_template_ids = (cls.product + cls.gift).product_tmpl_id
        cls.env["product.tag"].search([("id", "!=", tag.id)]).unlink()
        cls.cheap = cls._create_product("Milk", 30.0, 10.0)

    def _create_from(self, key):
        """Return the program that a click on a template creates and opens."""
        action = self.programs.create_from_template(key)
        return self.programs.browse(action["res_id"])

    def _order_lines(self, *lines):
        """Return a quotation with one line per (product, quantity)."""
        return self.env["sale.order"].create(
            {
                "partner_id": self.partner.id,
                "order_line": [
                    Command.create(
                        {"product_id": product.id, "product_uom_qty": quantity}
                    )
                    for product, quantity in lines
                ],
            }
        )

    def _use(self, program, *lines):
        """Return the order on which a new coupon of a program was used."""
        card = self._create_card(program, self.partner)
        order = self._order_lines(*lines)
        result = self._apply_code(order, card.code)
        self.assertNotIn("error", result)
        order.action_confirm()
        self.assertEqual(card.state, "used")
        return order

    def _refused(self, program, *lines):
        card = self._create_card(program, self.partner)
        return self._order_lines(*lines)._try_apply_code(card.code)["error"]

    def test_each_is_offered_with_a_text_and_an_icon_that_exists(self):
        templates = self.programs.get_program_templates()
        for key in OURS:
            template = templates[key]
            self.assertTrue(template["title"] and template["description"])
            icon = f"loyalty/static/img/{template['icon']}.svg"
            with file_open(icon, "rb") as file:
                self.assertTrue(file.read(1))
        self.assertIn("promotion", templates)
        gifts = self.programs.with_context(menu_type="gift_ewallet")
        self.assertFalse(set(OURS) & set(gifts.get_program_templates()))

    def test_each_is_strict_and_open_to_every_channel(self):
        for key in OURS:
            program = self._create_from(key)
            self.assertTrue(program.strict and program.sale_ok, key)
            if "pos_ok" in program._fields:
                self.assertTrue(program.pos_ok, key)
            self.assertEqual(program.company_id, self.company)
            self.assertEqual(program.currency_id, self.company.currency_id)
            self.assertEqual(len(program.reward_ids), 1, key)

    def test_odoo_s_own_templates_stay_lax(self):
        self.assertFalse(self._create_from("coupons").strict)

    def test_cash_coupon(self):
        program = self._create_from("cash_coupon")
        self.assertAlmostEqual(self._use(program, (self.product, 2)).amount_total, 180)
        # It never pays out more than the order.
        small = self._create_product("Candy", 5.0, 1.0)
        self.assertAlmostEqual(self._use(program, (small, 1)).amount_total, 0)

    def test_percent_coupon(self):
        order = self._use(self._create_from("percent_coupon"), (self.product, 3))
        self.assertAlmostEqual(order.amount_total, 270)

    def test_spend_and_save(self):
        program = self._create_from("spend_save")
        self.assertAlmostEqual(self._use(program, (self.product, 2)).amount_total, 170)
        self.assertIn("200", self._refused(program, (self.product, 1)))

    def test_category_coupon(self):
        program = self._create_from("category_coupon")
        program.rule_ids.product_category_id = self.category
        program.reward_ids.discount_product_category_id = self.category
        elsewhere = self.env["product.category"].create({"name": "Books"})
        book = self._create_product("Book", 40.0, 20.0, categ_id=elsewhere.id)
        order = self._use(program, (self.product, 1), (book, 1))
        self.assertAlmostEqual(order.amount_total, 85 + 40)
        self.assertTrue(self._refused(program, (book, 1)))

    def test_promotions_of_several_items(self):
        for key, quantity, total in (
            ("third_free", 3, 200),
            ("quantity_steps", 5, 425),
            ("bundle_price", 3, 10),
        ):
            program = self._create_from(key)
            program.reward_ids.offer_line_ids.filtered(
                "product_category_id"
            ).product_category_id = self.category
            order = self._order_lines((self.product, quantity))
            order._update_programs_and_rewards()
            ((card, reward),) = order._get_claimable_rewards().items()
            order._apply_program_reward(reward, card)
            self.assertAlmostEqual(order.amount_total, total)
            program.action_archive()

    def test_second_item_at_half_price(self):
        program = self._create_from("second_half")
        two = self._use(program, (self.product, 2))
        self.assertAlmostEqual(two.amount_total, 150)
        mixed = self._use(program, (self.product, 1), (self.cheap, 1))
        self.assertAlmostEqual(mixed.amount_total, 115)
        # The limit: one unit per coupon, however many are bought.
        four = self._use(program, (self.product, 4))
        self.assertAlmostEqual(four.amount_total, 350)
        self.assertTrue(self._refused(program, (self.product, 1)))

    def test_second_item_with_tax(self):
        tax = self.env["account.tax"].create({"name": "13 %", "amount": 13})
        product = self._create_product(
            "Soap", 9.9, 3.0, taxes_id=[Command.set(tax.ids)]
        )
        order = self._use(self._create_from("second_half"), (product, 2))
        self.assertAlmostEqual(order.amount_total, 1.5 * 9.9 * 1.13, 2)

    def test_drink_voucher(self):
        program = self._create_from("drink_voucher")
        program.reward_ids.reward_product_id = self.cheap
        order = self._use(program, (self.product, 1))
        self.assertAlmostEqual(order.amount_total, 100)
        free = order.order_line.filtered("reward_id")
        self.assertEqual((free.product_id, free.product_uom_qty), (self.cheap, 1))

    def test_new_customer_and_birthday_coupon_are_personal(self):
        for key, total in (("new_customer", 85), ("birthday", 80)):
            program = self._create_from(key)
            order = self._use(program, (self.product, 1))
            self.assertAlmostEqual(order.amount_total, total)
            card = self._create_card(program, self.other_partner)
            order = self._order_lines((self.product, 1))
            self.assertIn("belongs to", order._try_apply_code(card.code)["error"])

    def test_coupons_that_are_generated_end_with_the_program_s_validity(self):
        program = self._create_from("birthday")
        wizard = self.env["loyalty.generate.wizard"].create(
            {"program_id": program.id, "coupon_qty": 2}
        )
        self.assertEqual(
            wizard.valid_until, fields.Date.add(self.company._loyalty_today(), days=30)
        )
        cards = wizard.generate_coupons()
        self.assertEqual(set(cards.mapped("expiration_date")), {wizard.valid_until})
        program = self._create_from("cash_coupon")
        wizard = wizard.create({"program_id": program.id, "coupon_qty": 1})
        self.assertFalse(wizard.valid_until)

    def test_points_card_earns_and_pays(self):
        program = self._create_from("points_card")
        order = self._order_lines((self.product, 2))
        order._update_programs_and_rewards()
        order.action_confirm()
        wallet = self.env["loyalty.card"].search([("program_id", "=", program.id)])
        self.assertEqual(wallet.partner_id, self.partner)
        self.assertEqual(wallet.points, 200)
        wallet._post_move("adjust", 50)
        order = self._order_lines((self.product, 1))
        order._update_programs_and_rewards()
        rewards = order._get_claimable_rewards()[wallet]
        order._apply_program_reward(rewards, wallet)
        # 350 points with those of this order, of which whole hundreds can pay.
        self.assertAlmostEqual(order.amount_total, 100 - 3 * 5)
        self.assertAlmostEqual(program.points_value * 100, 5)

    def test_amounts_fit_the_currency(self):
        company = self.env["res.company"].create(
            {"name": "Tokyo", "currency_id": self.env.ref("base.JPY").id}
        )
        programs = self.programs.with_company(company)
        text = programs.get_program_templates()["cash_coupon"]["description"]
        self.assertIn("2,000", text)
        program = programs.browse(
            programs.create_from_template("cash_coupon")["res_id"]
        )
        self.assertEqual(program.reward_ids.discount, 2000)
        self.assertEqual(program.currency_id.name, "JPY")

    def test_without_products(self):
        self.env["product.product"].search([]).write({"sale_ok": False})
        for key in ("drink_voucher", "category_coupon"):
            with self.assertRaisesRegex(UserError, "first"):
                self.programs.create_from_template(key)
        self.assertTrue(self._create_from("cash_coupon"))

    def test_marketing_creates_them(self):
        user = self._create_user(
            "marketing", "loyalty_coupon_crm.group_loyalty_marketing"
        )
        programs = self.programs.with_user(user)
        for key in OURS:
            action = programs.create_from_template(key)
            program = programs.browse(action["res_id"])
            program.reward_ids.write({"description": "Thank you", "discount": 7})
            program.write({"name": "Ours", "active": False})
            self.assertEqual(program.name, "Ours")
            self.assertFalse(program.active)
        seller = self._create_user("seller", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            program.with_user(seller).active = True
