import math
from typing import NamedTuple

from odoo import api, fields, models


class Goods(NamedTuple):
    """Free goods of one kind that customers may fetch."""

    name: str
    needed: float
    on_hand: float | None
    """Pieces in the company's warehouses; None where nobody counts them."""

    @property
    def missing(self):
        """Return how many pieces are short, 0 where nobody counts them."""
        if self.on_hand is None:
            return 0.0
        return max(0.0, self.needed - max(0.0, self.on_hand))


class LoyaltyCampaignGoodsMixin(models.AbstractModel):
    """Free goods that a campaign will need, beside what is in stock.

    Odoo's stock is asked where it is installed; without it nothing is said of it.
    """

    _name = "loyalty.campaign.goods.mixin"
    _description = "Free Goods of Campaigns"

    goods_needed = fields.Float(
        string="Free Goods Needed",
        compute="_compute_goods",
        help="Customers who get the offer x redemption rate x quantity of the free "
        "product.",
    )
    goods_summary = fields.Text(
        string="Stock for Free Goods",
        compute="_compute_goods",
        help="Free goods that are needed, in stock and missing, by product.",
    )

    @api.depends(
        "preview_treated",
        "program_id",
        "redemption_percent",
        "variant_ids.program_id",
        "variant_ids.share",
    )
    def _compute_goods(self):
        for campaign in self:
            uses = campaign.preview_treated * campaign.redemption_percent / 100.0
            campaign.goods_needed = uses * campaign._goods_per_use()
            campaign.goods_summary = campaign._describe_goods(uses)

    def _goods_offers(self):
        """Return the product rewards of each offer with its share of the uses."""
        arms = self._drawn_arms()
        offers = [(self._offer_of(arm)[0], arm.share) for arm in arms]
        offers = offers or [(self.program_id, 1.0)]
        total = sum(share for _program, share in offers)
        return [
            (
                program.reward_ids.filtered(
                    lambda reward: reward.active and reward.reward_type == "product"
                ),
                share / total,
            )
            for program, share in offers
        ]

    def _goods_per_use(self):
        """Return how many free products one use takes at most, the arms by share."""
        return sum(
            share * max(rewards.mapped("reward_product_qty"), default=0)
            for rewards, share in self._goods_offers()
        )

    def _goods(self, uses):
        """Return the `Goods` that so many uses take at most, by products.

        :param uses: expected uses of the campaign's cards
        """
        needed = {}
        for rewards, share in self._goods_offers():
            most = {}
            for reward in rewards:
                products = reward.reward_product_ids
                quantity = reward.reward_product_qty
                most[products] = max(most.get(products, 0), quantity)
            for products, quantity in most.items():
                needed[products] = needed.get(products, 0) + uses * share * quantity
        on_hand = self._stock_on_hand(
            self.env["product.product"].union(*needed) if needed else None
        )
        return [
            Goods(
                ", ".join(products.mapped("display_name")),
                quantity,
                # Customers choose one of several products: any of them will do.
                sum(on_hand[product] for product in products.ids)
                if all(product in on_hand for product in products.ids)
                else None,
            )
            for products, quantity in needed.items()
            if products
        ]

    def _stock_on_hand(self, products):
        """Return {product id: pieces in the company's warehouses} of what is counted.

        :param products: `product.product` records, or None
        """
        if not products or "qty_available" not in products._fields:
            return {}
        company = self.company_id
        # Whoever plans a campaign need not see the warehouse; sums are told.
        counted = products.sudo().with_company(company)
        counted = counted.with_context(allowed_company_ids=company.ids)
        return {
            product.id: product.qty_available
            for product in counted.filtered("is_storable")
        }

    def _describe_goods(self, uses):
        """Return a line for each kind of free goods, empty without any.

        :param uses: expected uses of the campaign's cards
        """
        lines = []
        for goods in self._goods(uses):
            values = {"name": goods.name, "needed": math.ceil(goods.needed)}
            if goods.on_hand is None:
                line = self.env._("%(name)s: %(needed)s needed.", **values)
            elif goods.missing:
                line = self.env._(
                    "%(name)s: %(needed)s needed, %(on_hand)s in stock, %(missing)s "
                    "missing.",
                    on_hand=f"{goods.on_hand:g}",
                    missing=math.ceil(goods.missing),
                    **values,
                )
            else:
                line = self.env._(
                    "%(name)s: %(needed)s needed, %(on_hand)s in stock.",
                    on_hand=f"{goods.on_hand:g}",
                    **values,
                )
            lines.append(line)
        return "\n".join(lines)
