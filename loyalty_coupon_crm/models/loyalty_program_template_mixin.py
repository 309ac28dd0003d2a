from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import format_amount

# What one euro or dollar of the defaults becomes where the unit of money is small.
CURRENCY_SCALES = {
    "CLP": 1000,
    "COP": 4000,
    "HUF": 400,
    "IDR": 15000,
    "INR": 50,
    "JPY": 100,
    "KRW": 1000,
    "PHP": 50,
    "RUB": 100,
    "THB": 30,
    "TWD": 30,
    "VND": 25000,
}
CASH, SPEND, SAVE = 20, 200, 30
POINTS_STEP, POINTS_STEP_VALUE = 100, 5


class LoyaltyProgramTemplateMixin(models.AbstractModel):
    """Programs that one click creates, beside Odoo's own, with our rules on."""

    _name = "loyalty.program.template.mixin"
    _description = "Templates of Programs"

    @api.model
    def get_program_templates(self):
        """Return the templates to choose from; Odoo's first, then ours."""
        templates = super().get_program_templates()
        if self.env.context.get("menu_type") == "gift_ewallet":
            return templates
        for key, text in self._crm_template_texts().items():
            title, description, icon = text
            templates[key] = {"title": title, "description": description, "icon": icon}
        return templates

    @api.model
    def create_from_template(self, template_id):
        """Create a program from a template.

        :raise UserError: when the template needs a product or a category, and the
            company has none yet
        """
        if template_id == "drink_voucher" and not self._template_product():
            raise UserError(
                self.env._(
                    "The drink voucher gives a product: create one that can be sold "
                    "first."
                )
            )
        if template_id == "category_coupon" and not self._template_category():
            raise UserError(
                self.env._(
                    "The category coupon is for one product category: put a product "
                    "that can be sold in a category first."
                )
            )
        return super().create_from_template(template_id)

    @api.model
    def _get_template_values(self):
        """Return the values of the programs, by the key of their template."""
        values = super()._get_template_values()
        texts = self._crm_template_texts()
        for key, reward in self._crm_template_promotions().items():
            values[key] = {
                **self._crm_promotion_values(),
                "name": texts[key][0],
                "reward_ids": [Command.clear(), Command.create(reward)],
            }
        for key, (rules, reward, terms) in self._crm_template_offers().items():
            values[key] = {
                **self._crm_coupon_values(),
                "name": texts[key][0],
                "rule_ids": [Command.clear(), *map(Command.create, rules)],
                "reward_ids": [Command.clear(), Command.create(reward)],
                **terms,
            }
        values["points_card"] = {
            **self._crm_points_values(),
            "name": texts["points_card"][0],
        }
        return values

    @api.model
    def _crm_template_texts(self):
        """Return {key: (title, description, icon)} of our templates.

        The icons are files of Odoo's loyalty add-on, where the list looks for them.
        """
        return {
            "cash_coupon": (
                self.env._("Cash Coupon"),
                self.env._(
                    "A personal code worth %(amount)s on any purchase",
                    amount=self._template_money(CASH),
                ),
                "coupons",
            ),
            "percent_coupon": (
                self.env._("Percent Coupon"),
                self.env._("A personal code for 10% off the whole purchase"),
                "promo_code",
            ),
            "spend_save": (
                self.env._("Spend and Save Coupon"),
                self.env._(
                    "Spend %(spend)s, save %(save)s, with a personal code",
                    spend=self._template_money(SPEND),
                    save=self._template_money(SAVE),
                ),
                "promotional_program",
            ),
            "category_coupon": (
                self.env._("Category Coupon"),
                self.env._("15% off one product category, with a personal code"),
                "coupons",
            ),
            "second_half": (
                self.env._("Second Item at Half Price"),
                self.env._("Buy two, the cheaper one costs half; once per coupon"),
                "2_plus_1",
            ),
            "third_free": (
                self.env._("Every Third Item Free"),
                self.env._("Of every three items the cheapest one is free"),
                "2_plus_1",
            ),
            "quantity_steps": (
                self.env._("More Items, More Off"),
                self.env._("3 items: 10% off, 5 items: 15% off"),
                "promotional_program",
            ),
            "bundle_price": (
                self.env._("Bundle Price"),
                self.env._(
                    "Three items for %(amount)s", amount=self._template_money(10)
                ),
                "2_plus_1",
            ),
            "drink_voucher": (
                self.env._("Drink Voucher"),
                self.env._("A personal code for one product, free of charge"),
                "gift_card",
            ),
            "exchange_voucher": (
                self.env._("Exchange Voucher"),
                self.env._("A personal code for one of several products"),
                "gift_card",
            ),
            **self._crm_shipping_text(),
            "new_customer": (
                self.env._("New Customer Coupon"),
                self.env._(
                    "15% off to welcome a customer, valid 30 days, for them alone"
                ),
                "promotional_program",
            ),
            "birthday": (
                self.env._("Birthday Coupon"),
                self.env._(
                    "20% off for a birthday, valid 30 days, for that customer alone"
                ),
                "gift_card",
            ),
            "points_card": (
                self.env._("Points Card"),
                self.env._(
                    "A point for every %(unit)s spent, %(points)s points pay "
                    "%(amount)s",
                    unit=self._template_money(1),
                    points=POINTS_STEP,
                    amount=self._template_money(POINTS_STEP_VALUE),
                ),
                "loyalty_cards",
            ),
        }

    @api.model
    def _crm_template_offers(self):
        """Return {key: (rules, reward, terms)} of the coupons.

        Rules are the conditions of use: a coupon brings its own points.
        """
        scale = self._template_scale()
        category = self._template_category()
        no_condition = {"minimum_qty": 0, "minimum_amount": 0}
        personal = {"transferable": False, "validity_days": 30}

        def percent(discount, applicability="order", **values):
            return {
                "reward_type": "discount",
                "discount_mode": "percent",
                "discount": discount,
                "discount_applicability": applicability,
                "required_points": 1,
                **values,
            }

        def cash(amount):
            return {**percent(amount * scale), "discount_mode": "per_order"}

        return {
            "cash_coupon": ([], cash(CASH), {}),
            "percent_coupon": ([], percent(10), {}),
            "spend_save": (
                [{**no_condition, "minimum_amount": SPEND * scale}],
                cash(SAVE),
                {},
            ),
            "category_coupon": (
                [{"minimum_qty": 1, "product_category_id": category.id}],
                percent(15, "specific", discount_product_category_id=category.id),
                {},
            ),
            # Odoo discounts one unit of the cheapest line, in sales and at the till:
            # with two items that is the second one. More items give no more.
            "second_half": ([{"minimum_qty": 2}], percent(50, "cheapest"), {}),
            "drink_voucher": (
                [],
                {
                    "reward_type": "product",
                    "reward_product_id": self._template_product().id,
                    "reward_product_qty": 1,
                    "required_points": 1,
                },
                {},
            ),
            "exchange_voucher": (
                [],
                {
                    "reward_type": "product",
                    "reward_product_tag_id": self._template_tag().id,
                    "reward_product_qty": 1,
                    "required_points": 1,
                    # A card may have several uses: one at a time.
                    "offer_times": 1,
                },
                {},
            ),
            **self._crm_shipping_offer(),
            "new_customer": ([], percent(15), personal),
            "birthday": ([], percent(20), personal),
        }

    @api.model
    def _crm_common_values(self):
        """Hook: return what all our templates have in common."""
        values = {"strict": True, "sale_ok": True}
        if "pos_ok" in self._fields:
            values["pos_ok"] = True
        return values

    @api.model
    def _crm_coupon_values(self):
        """Return the values of a program whose coupons are issued one by one."""
        template = self.env.ref("loyalty_coupon_crm.mail_template_coupon")
        return {
            **self._crm_common_values(),
            "program_type": "coupons",
            "applies_on": "current",
            "trigger": "with_code",
            "portal_visible": False,
            "portal_point_name": self.env._("use(s)"),
            "communication_plan_ids": [
                Command.clear(),
                Command.create({"trigger": "create", "mail_template_id": template.id}),
            ],
        }

    @api.model
    def _crm_points_values(self):
        """Return the values of the points card: money becomes points, points pay."""
        scale = self._template_scale()
        value = POINTS_STEP_VALUE * scale / POINTS_STEP
        return {
            **self._crm_common_values(),
            "program_type": "loyalty",
            "applies_on": "both",
            "trigger": "auto",
            "portal_visible": True,
            "portal_point_name": self.env._("Points"),
            "transferable": False,
            "points_value": value,
            "clawback_policy": "floor",
            "communication_plan_ids": [Command.clear()],
            "rule_ids": [
                Command.clear(),
                Command.create(
                    {
                        "reward_point_mode": "money",
                        "reward_point_amount": 1 / scale,
                        "minimum_qty": 0,
                    }
                ),
            ],
            "reward_ids": [
                Command.clear(),
                Command.create(
                    {
                        "reward_type": "discount",
                        "discount_mode": "per_point",
                        "discount": value,
                        "discount_applicability": "order",
                        "required_points": POINTS_STEP,
                    }
                ),
            ],
        }

    @api.model
    def _template_scale(self):
        """Return by how much the amounts are larger in the company's currency."""
        return CURRENCY_SCALES.get(self.env.company.currency_id.name, 1)

    @api.model
    def _template_money(self, amount):
        """Return an amount of the defaults in the company's currency, as text."""
        currency = self.env.company.currency_id
        return format_amount(
            self.env,
            amount * self._template_scale(),
            currency,
            # Without decimals, Odoo would take the zeroes of 2,000 for trailing ones.
            trailing_zeroes=not currency.decimal_places,
        )

    @api.model
    def _template_product_domain(self):
        """Hook: return the domain of products that a template may give."""
        products = self.env["product.product"]
        return Domain([("sale_ok", "=", True), ("type", "=", "consu")]) & Domain(
            products._check_company_domain(self.env.company)
        )

    @api.model
    def _template_product(self):
        """Return the product a voucher gives until somebody chooses another one."""
        return self.env["product.product"].search(
            self._template_product_domain(), limit=1
        )

    @api.model
    def _template_category(self):
        """Return the category with the most products that can be sold."""
        rows = self.env["product.product"]._read_group(
            self._template_product_domain() & Domain("categ_id", "!=", False),
            ["categ_id"],
            ["__count"],
            order="__count DESC, categ_id",
            limit=1,
        )
        return rows[0][0] if rows else self.env["product.category"]
