from odoo.fields import Command

from .common import LoyaltyCrmCommon


class OfferCommon(LoyaltyCrmCommon):
    """Programs of offers, and orders as the shared carts describe them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.ref("product.decimal_price").digits = 3
        cls.goods, cls.taxes = {}, {}

    def setUp(self):
        super().setUp()
        # What a test created is gone with it.
        self.goods.clear()
        self.taxes.clear()

    @classmethod
    def _good(cls, key, **values):
        """Return the product of a key of the carts."""
        if key not in cls.goods:
            cls.goods[key] = cls._create_product(key.title(), 1.0, 0.0, **values)
        return cls.goods[key]

    @classmethod
    def _tax(cls, key):
        """Return the tax of a key such as 19i (included), 7e (excluded) or 0 (none)."""
        if key == "0":
            return cls.env["account.tax"]
        if key not in cls.taxes:
            included = "tax_included" if key.endswith("i") else "tax_excluded"
            cls.taxes[key] = cls.env["account.tax"].create(
                {
                    "name": key,
                    "amount": float(key[:-1]),
                    "price_include_override": included,
                }
            )
        return cls.taxes[key]

    @classmethod
    def _currency(cls, rounding):
        """Return a currency with a smallest amount: the company's for a cent."""
        currency = cls.company.currency_id
        if rounding == currency.rounding:
            return currency
        return cls.env["res.currency"].create(
            {"name": f"X{rounding:g}"[:3], "symbol": "X", "rounding": rounding}
        )

    @classmethod
    def _create_offer(cls, offer, sequence=1, currency=None, **values):
        """Return a program that gives an offer, as the shared carts describe it."""
        rows = offer.get("steps") or offer.get("parts") or []
        reward = {
            "offer_kind": offer["kind"],
            "offer_every": offer.get("every", 2),
            "offer_percent": offer.get("percent", 50),
            "offer_times": offer.get("times", 0),
            "offer_same_product": offer.get("same_product", False),
            "offer_price": offer.get("price", 0),
            "discount_max_amount": offer.get("most", 0),
            "discount_product_ids": [
                Command.set([cls._good(key).id for key in offer.get("products") or []])
            ],
            "offer_line_ids": [
                Command.create(cls._offer_line(row, number))
                for number, row in enumerate(rows)
            ],
        }
        return cls.env["loyalty.program"].create(
            {
                "name": "Offer",
                "program_type": "promotion",
                "applies_on": "current",
                "trigger": "auto",
                "sequence": sequence,
                "currency_id": (currency or cls.company.currency_id).id,
                "communication_plan_ids": [Command.clear()],
                "rule_ids": [
                    Command.clear(),
                    Command.create({"reward_point_mode": "order", "minimum_qty": 0}),
                ],
                "reward_ids": [Command.clear(), Command.create(reward)],
                **values,
            }
        )

    @classmethod
    def _offer_line(cls, row, number):
        products = [cls._good(key).id for key in row.get("products", ())]
        return {
            "sequence": number,
            "quantity": row["quantity"],
            "percent": row.get("percent", 0),
            "product_ids": [Command.set(products)],
        }

    @classmethod
    def _create_cart(cls, lines, currency=None, **values):
        """Return a quotation with the lines of a shared cart."""
        pricelist = cls.env["product.pricelist"].create(
            {"name": "Cart", "currency_id": (currency or cls.company.currency_id).id}
        )
        order = cls.env["sale.order"].create(
            {"partner_id": cls.partner.id, "pricelist_id": pricelist.id, **values}
        )
        for line in lines:
            cls._add_line(order, line)
        return order

    @classmethod
    def _add_line(cls, order, line):
        parts = line["parts"]
        if len(parts) == 1:
            return cls._add_good(order, cls._good(line["product"]), line, parts[0])
        items = [cls._good(f"{line['product']} {part['tax']}") for part in parts]
        combos = cls.env["product.combo"].create(
            [
                {
                    "name": item.name,
                    "combo_item_ids": [Command.create({"product_id": item.id})],
                }
                for item in items
            ]
        )
        menu = cls._good(
            line["product"], type="combo", combo_ids=[Command.set(combos.ids)]
        )
        parent = cls._add_good(order, menu, line, {"price": 0, "tax": "0"})
        for item, combo, part in zip(items, combos, parts, strict=True):
            cls._add_good(
                order,
                item,
                line,
                part,
                linked_line_id=parent.id,
                combo_item_id=combo.combo_item_ids.id,
            )
        return parent

    @classmethod
    def _add_good(cls, order, product, line, part, **values):
        return cls.env["sale.order.line"].create(
            {
                "order_id": order.id,
                "product_id": product.id,
                "product_uom_qty": line["quantity"],
                "price_unit": part["price"],
                "tax_ids": [Command.set(cls._tax(part["tax"]).ids)],
                **values,
            }
        )

    @classmethod
    def _claim_all(cls, order):
        """Put every reward on an order that it can claim."""
        order._update_programs_and_rewards()
        for card, rewards in order._get_claimable_rewards().items():
            for reward in rewards:
                order._apply_program_reward(reward, card)
        order._update_programs_and_rewards()

    @classmethod
    def _off(cls, order, program):
        """Return {tax key: amount off the price} of a program on an order."""
        lines = order.order_line.filtered(
            lambda one: one.reward_id in program.reward_ids
        )
        return {line.tax_ids.name or "0": -line.price_unit for line in lines}
