from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import LoyaltyCrmCommon

MARKETING = "loyalty_coupon_crm.group_loyalty_marketing"


@tagged("post_install", "-at_install")
class TestProgramAccount(LoyaltyCrmCommon):
    """The accounts of a program are those of its products, set where one looks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account, cls.liability = cls.env["account.account"].create(
            [
                {
                    "name": "Discounts",
                    "code": "409901",
                    "account_type": "expense",
                    "company_ids": [Command.set(cls.company.ids)],
                },
                {
                    "name": "Gift Cards",
                    "code": "209901",
                    "account_type": "liability_current",
                    "company_ids": [Command.set(cls.company.ids)],
                },
            ]
        )
        cls.program = cls._create_coupon_program()
        cls.product = cls.program.reward_ids.discount_line_product_id
        cls.card_product = cls._create_product("Gift Card", 50.0, 0.0)
        cls.gift_cards = cls.env["loyalty.program"].create(
            {
                "name": "Gift Cards",
                "program_type": "gift_card",
                "applies_on": "future",
                "trigger": "auto",
                "rule_ids": [
                    Command.create(
                        {
                            "product_ids": [Command.set(cls.card_product.ids)],
                            "reward_point_mode": "money",
                            "reward_point_amount": 1,
                        }
                    )
                ],
                "reward_ids": [
                    Command.create(
                        {
                            "reward_type": "discount",
                            "discount_mode": "per_point",
                            "discount": 1,
                            "discount_applicability": "order",
                        }
                    )
                ],
            }
        )
        cls.bookkeeper = cls._create_user(
            "account_admin", f"account.group_account_manager,{MARKETING}"
        )
        cls.clerk = cls._create_user(
            "account_clerk", f"account.group_account_invoice,{MARKETING}"
        )
        cls.marketing = cls._create_user("account_marketing", MARKETING)

    def test_shown_and_set(self):
        program = self.program.with_user(self.bookkeeper)
        self.assertFalse(program.reward_account_id)
        program.reward_account_id = self.account
        self.assertEqual(self.product.property_account_income_id, self.account)
        self.assertEqual(program.reward_account_used_ids, self.account)
        self.product.property_account_income_id = self.liability
        self.assertEqual(program.reward_account_id, self.liability)
        program.reward_account_id = False
        self.assertFalse(self.product.property_account_income_id)

    def test_what_the_category_says(self):
        self.product.categ_id = self.category
        self.category.property_account_income_categ_id = self.liability
        program = self.program.with_user(self.clerk)
        self.assertFalse(program.reward_account_id)
        self.assertEqual(program.reward_account_used_ids, self.liability)

    def test_gift_cards_sold_and_paid_with(self):
        program = self.gift_cards.with_user(self.bookkeeper)
        program.sale_account_id = self.liability
        self.assertEqual(self.card_product.property_account_income_id, self.liability)
        program.reward_account_id = self.account
        self.assertTrue(program.has_account_difference)
        program.reward_account_id = self.liability
        self.assertFalse(program.has_account_difference)

    def test_on_the_invoice(self):
        self.program.with_user(self.bookkeeper).reward_account_id = self.account
        card = self._create_card(self.program, self.partner)
        order = self._create_order(product=self.gift)
        self._apply_code(order, card.code)
        order.action_confirm()
        invoice = order._create_invoices()
        line = invoice.invoice_line_ids.filtered(
            lambda line: line.product_id == self.product
        )
        self.assertEqual(line.account_id, self.account)

    def test_on_the_form(self):
        with Form(self.program.with_user(self.bookkeeper)) as form:
            form.reward_account_id = self.account
        self.assertEqual(self.product.property_account_income_id, self.account)

    def test_who_may(self):
        with self.assertRaises(AccessError):
            self.program.with_user(self.clerk).reward_account_id = self.account
        with self.assertRaises(AccessError):
            self.program.with_user(self.marketing).read(["reward_account_id"])
        with self.assertRaises(AccessError):
            self.program.with_user(self.marketing).reward_account_id = self.account
        self.assertFalse(self.product.property_account_income_id)

    def test_accounts_of_other_companies(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        account = self.env["account.account"].create(
            {
                "name": "Theirs",
                "code": "409902",
                "account_type": "expense",
                "company_ids": [Command.set(company.ids)],
            }
        )
        with self.assertRaisesRegex(UserError, "Elsewhere|not one of"):
            self.program.reward_account_id = account
        self.program.company_id = False
        self.program.reward_account_id = self.account
        theirs = self.program.with_company(company)
        theirs.invalidate_recordset()
        self.assertFalse(theirs.reward_account_id)

    def test_nothing_to_set(self):
        with self.assertRaisesRegex(UserError, "no product"):
            self.program.sale_account_id = self.account
