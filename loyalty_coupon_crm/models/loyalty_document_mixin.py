from odoo import fields, models


class LoyaltyDocumentMixin(models.AbstractModel):
    """What the rooms need to know of a document that earns or spends.

    `sale.order` implements it here, `pos.order` in the point-of-sale add-on. The
    rooms point at a document by `order_model` and `order_id` and call nothing else.
    """

    _name = "loyalty.document.mixin"
    _description = "Document that earns or spends"

    def _loyalty_origin(self):
        """Return where a row comes from, as values for any of our fact tables.

        :return: dict with `order_model`, `order_id` and `company_id`
        """
        self.ensure_one()
        return {
            "order_model": self._name,
            "order_id": self.id,
            "company_id": self.company_id.id,
        }

    def _loyalty_channel(self):
        """Hook: return the sales channel, a value of `loyalty.purchase.channel`."""
        return "sale"

    def _loyalty_shop(self):
        """Hook: return the name of the shop, till or team; empty when there is none."""
        return ""

    def _loyalty_date(self):
        """Hook: return the moment of the purchase, a naive datetime in UTC."""
        self.ensure_one()
        return fields.Datetime.now()

    def _loyalty_attempt(self):
        """Hook: return what tells a second confirmation of a document from a retry.

        The value becomes a part of `request_key`; it changes only when the document
        was cancelled and is confirmed again.
        """
        return 0

    def _loyalty_purchase_lines(self):
        """Hook: return the product lines as values of `loyalty.purchase.line`.

        Amounts are untaxed, net of discount, in company currency. Reward lines are
        left out, their amount is spread by `_loyalty_purchase_amounts`.
        """
        return []

    def _loyalty_purchase_amounts(self):
        """Hook: return the totals of the document in company currency.

        :return: dict with `amount` (untaxed, net of discount), `amount_total` (with
            taxes), `discount_amount` (untaxed, positive, given by rewards)
        """
        return {"amount": 0.0, "amount_total": 0.0, "discount_amount": 0.0}

    def _loyalty_reward_uses(self):
        """Hook: return one dict per card used on the document.

        :return: list of dicts with `card` (record), `points` (spent, positive),
            `discount_amount` (untaxed, company currency, positive) and `goods_cost`
            (cost of free goods, company currency)
        """
        return []

    def _loyalty_point_rows(self):
        """Hook: return the gross points the document moves.

        :return: list of tuples (card, kind, points); `kind` is `earn` (points > 0)
            or `spend` (points < 0)
        """
        return []
