from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

BOOKKEEPERS = "account.group_account_readonly,account.group_account_invoice"
ACCOUNT_ADMIN = "account.group_account_manager"
ACCOUNT_DOMAIN = (
    "[('account_type', 'not in', ('asset_receivable', 'liability_payable', "
    "'asset_cash', 'liability_credit_card', 'off_balance'))]"
)


class LoyaltyProgramAccountMixin(models.AbstractModel):
    """Which accounts a program books on: those of Odoo's own products.

    Discounts and payments are lines of the rewards' products; gift cards and top-ups
    are sold as the products of the rules. Accounts are those of the program's company,
    of a shared program those of the current one.
    """

    _name = "loyalty.program.account.mixin"
    _description = "Accounts of a Program"

    reward_account_id = fields.Many2one(
        "account.account",
        string="Account of Rewards",
        compute="_compute_reward_account_id",
        inverse="_inverse_reward_account_id",
        compute_sudo=True,
        domain=ACCOUNT_DOMAIN,
        groups=BOOKKEEPERS,
        help="Income account of the products of discounts and payments; empty when "
        "they have none of their own, or different ones.",
    )
    reward_account_used_ids = fields.Many2many(
        "account.account",
        string="Rewards Are Booked on",
        compute="_compute_accounts_used",
        compute_sudo=True,
        groups=BOOKKEEPERS,
        help="With what the product category or the company says where the products "
        "say nothing.",
    )
    sale_account_id = fields.Many2one(
        "account.account",
        string="Account of Sold Cards",
        compute="_compute_sale_account_id",
        inverse="_inverse_sale_account_id",
        compute_sudo=True,
        domain=ACCOUNT_DOMAIN,
        groups=BOOKKEEPERS,
        help="Income account of the products with which gift cards and top-ups are "
        "sold; empty when they have none of their own, or different ones.",
    )
    sale_account_used_ids = fields.Many2many(
        "account.account",
        string="Sold Cards Are Booked on",
        compute="_compute_accounts_used",
        compute_sudo=True,
        groups=BOOKKEEPERS,
        help="With what the product category or the company says where the products "
        "say nothing.",
    )
    has_account_difference = fields.Boolean(
        compute="_compute_accounts_used",
        compute_sudo=True,
        groups=BOOKKEEPERS,
        help="Cards are sold on other accounts than those they pay on, so that the "
        "liability is never settled.",
    )

    @api.depends("reward_ids.discount_line_product_id.property_account_income_id")
    @api.depends_context("company")
    def _compute_reward_account_id(self):
        for program in self:
            products = program._account_products("reward")
            program.reward_account_id = program._common_account(products)

    @api.depends("rule_ids.product_ids.property_account_income_id", "program_type")
    @api.depends_context("company")
    def _compute_sale_account_id(self):
        for program in self:
            products = program._account_products("sale")
            program.sale_account_id = program._common_account(products)

    @api.depends("reward_account_id", "sale_account_id")
    @api.depends_context("company")
    def _compute_accounts_used(self):
        for program in self:
            rewards = program._accounts_used("reward")
            sales = program._accounts_used("sale")
            program.reward_account_used_ids = rewards
            program.sale_account_used_ids = sales
            program.has_account_difference = bool(sales) and sales != rewards

    def _inverse_reward_account_id(self):
        for program in self:
            program._set_account("reward", program.reward_account_id)

    def _inverse_sale_account_id(self):
        for program in self:
            program._set_account("sale", program.sale_account_id)

    def _account_company(self):
        """Return the company whose accounts are meant."""
        return self.company_id or self.env.company

    def _account_products(self, kind):
        """Hook: return the products whose income account books a part of the program.

        :param kind: `reward` (discounts, payments) or `sale` (gift cards, top-ups)
        """
        self.ensure_one()
        if kind == "reward":
            products = self.reward_ids.discount_line_product_id
        elif self.is_payment_program:
            products = self.rule_ids.product_ids
        else:
            products = self.env["product.product"]
        return products.with_company(self._account_company())

    def _common_account(self, products):
        """Return the account that all the products have of their own, else none."""
        accounts = {product.property_account_income_id for product in products}
        return accounts.pop() if len(accounts) == 1 else self.env["account.account"]

    def _accounts_used(self, kind):
        """Return the accounts on which a part of the program is booked."""
        accounts = self.env["account.account"]
        for template in self._account_products(kind).product_tmpl_id:
            accounts |= template._get_product_accounts()["income"]
        return accounts.sorted("id")

    def _set_account(self, kind, account):
        """Write the account of a part of the program on its products.

        :param kind: as of `_account_products`
        :param account: `account.account` record, empty for that of the category
        :raise AccessError: for others than the administrators of accounting
        :raise UserError: when the account is of another company, or has no product
        """
        self.ensure_one()
        if not self.env.su and not self.env.user.has_group(ACCOUNT_ADMIN):
            raise AccessError(
                self.env._(
                    "Only an administrator of accounting changes the accounts of "
                    "%(program)s.",
                    program=self.name,
                )
            )
        company = self._account_company()
        # The parent companies of a branch are not for everybody to read.
        if account and not account.sudo().company_ids & company.sudo().parent_ids:
            raise UserError(
                self.env._(
                    "The account %(account)s is not one of %(company)s.",
                    account=account.display_name,
                    company=company.name,
                )
            )
        # Who keeps the books need not write products.
        products = self.sudo()._account_products(kind)
        if account and not products:
            raise UserError(
                self.env._(
                    "%(program)s has no product for this account yet. Add a reward or "
                    "the product that is sold first.",
                    program=self.name,
                )
            )
        products.product_tmpl_id.property_account_income_id = account
