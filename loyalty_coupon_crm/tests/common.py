from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user
from odoo.tools import SQL


class LoyaltyCrmCommon(TransactionCase):
    """The world of our tests: one company, one shop's products, no other program."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(
            context={
                **cls.env.context,
                "tracking_disable": True,
                "mail_create_nolog": True,
                "no_reset_password": True,
            }
        )
        cls.env["loyalty.program"].search([]).action_archive()
        cls.env["product.pricelist"].search([]).action_archive()
        cls.company = cls.env.company
        cls.category = cls.env["product.category"].create({"name": "Drinks"})
        cls.product = cls._create_product("Tea", 100.0, 60.0)
        cls.gift = cls._create_product("Cup", 20.0, 8.0)
        cls.partner = cls.env["res.partner"].create(
            {"name": "Li Wei", "email": "li.wei@example.com", "lang": "en_US"}
        )
        cls.other_partner = cls.env["res.partner"].create(
            {"name": "Wang Fang", "email": "wang.fang@example.com"}
        )

    @classmethod
    def _analyze(cls, *tables):
        """Tell the planner what a test wrote into tables.

        It may believe that they are empty, from an earlier test that was rolled back,
        and join them row by row.
        """
        cls.env.flush_all()
        for table in tables:
            cls.env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))

    @classmethod
    def _create_product(cls, name, price, cost, **values):
        """Return a product without taxes, in the category Drinks."""
        return cls.env["product.product"].create(
            {
                "name": name,
                "list_price": price,
                "standard_price": cost,
                "categ_id": cls.category.id,
                "type": "consu",
                "taxes_id": [Command.clear()],
                "invoice_policy": "order",
                **values,
            }
        )

    @classmethod
    def _create_coupon_program(cls, percent=10, **values):
        """Return a program whose coupons give `percent` off the order."""
        return cls.env["loyalty.program"].create(
            {
                "name": "Coupon",
                "program_type": "coupons",
                "applies_on": "current",
                "trigger": "with_code",
                "communication_plan_ids": [Command.clear()],
                "rule_ids": [Command.clear()],
                "reward_ids": [
                    Command.create(
                        {
                            "reward_type": "discount",
                            "discount": percent,
                            "discount_mode": "percent",
                            "discount_applicability": "order",
                            "required_points": 1,
                        }
                    )
                ],
                **values,
            }
        )

    @classmethod
    def _create_points_program(cls, per_unit=90, required=50, percent=10, **values):
        """Return a points card: so many points per unit, a discount for `required`."""
        return cls.env["loyalty.program"].create(
            {
                "name": "Points",
                "program_type": "loyalty",
                "applies_on": "both",
                "trigger": "auto",
                "communication_plan_ids": [Command.clear()],
                "rule_ids": [
                    Command.create(
                        {"reward_point_mode": "unit", "reward_point_amount": per_unit}
                    )
                ],
                "reward_ids": [
                    Command.create({"discount": percent, "required_points": required})
                ],
                **values,
            }
        )

    @classmethod
    def _create_card(cls, program, partner=None, points=1.0, **values):
        """Return a card with points on it, booked as issued."""
        cards = cls.env["loyalty.card"]
        card = cards.create(
            {
                "program_id": program.id,
                "partner_id": partner.id if partner else False,
                **values,
            }
        )
        if points:
            card._post_move("issue", points)
        return card

    @classmethod
    def _create_currency(cls):
        """Return a currency of which two are worth one of the company's."""
        return cls.env["res.currency"].create(
            {
                "name": "TTT",
                "symbol": "T",
                "rate_ids": [Command.create({"name": "2020-01-01", "rate": 2})],
            }
        )

    @classmethod
    def _create_order(cls, partner=None, quantity=1, product=None, **values):
        """Return a quotation with one line."""
        return cls.env["sale.order"].create(
            {
                "partner_id": (partner or cls.partner).id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": (product or cls.product).id,
                            "product_uom_qty": quantity,
                        }
                    )
                ],
                **values,
            }
        )

    @staticmethod
    def _goodwill_line(product, price, quantity):
        """Return the command of a line of a credit note that names no order line.

        :param product: may be empty
        :param price: of one, without taxes
        """
        return Command.create(
            {
                "name": "Goodwill",
                "product_id": product.id if product else False,
                "price_unit": price,
                "quantity": quantity,
                "tax_ids": [Command.clear()],
            }
        )

    @classmethod
    def _create_user(cls, login, groups):
        """Return a user who has just these groups."""
        return new_test_user(cls.env, login=login, groups=groups)

    @classmethod
    def _apply_code(cls, order, code):
        """Enter a code on an order and take the first reward; return Odoo's result."""
        result = order._try_apply_code(code)
        if result and "error" not in result:
            card, rewards = next(iter(result.items()))
            order._apply_program_reward(rewards[:1], card)
        return result
