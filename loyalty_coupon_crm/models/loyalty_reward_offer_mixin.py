from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import format_amount

# What Odoo's own code sees of an offer: an amount off some products.
AS_DISCOUNT = {
    "reward_type": "discount",
    "discount_mode": "per_order",
    "discount_applicability": "specific",
}
WITH_LINES = ("ladder", "bundle")


class LoyaltyRewardOfferMixin(models.AbstractModel):
    """Offers on several items: every Nth cheaper, in steps, and for bundles.

    What they take off is computed by `tools/offers.py`, and by `offers.js` at the till.
    """

    _name = "loyalty.reward.offer.mixin"
    _description = "Offers on Several Items"

    offer_kind = fields.Selection(
        [
            ("nth", "Every Nth item cheaper"),
            ("ladder", "More off in steps of quantity"),
            ("bundle", "Bundle at one price"),
        ],
        string="Offer",
        help="Leave empty for Odoo's own discounts.",
    )
    offer_every = fields.Integer(
        string="Every",
        default=2,
        help="2: of every two items the cheaper one costs less.",
    )
    offer_percent = fields.Float(
        string="% Off this Item", default=50.0, help="100 for a free item."
    )
    offer_same_product = fields.Boolean(
        string="Same Product Only",
        help="Only items of one and the same product count together.",
    )
    offer_times = fields.Integer(
        string="At Most", help="How often on one order; 0 for no limit."
    )
    offer_line_ids = fields.One2many(
        "loyalty.offer.line", "reward_id", string="Steps and Parts", copy=True
    )
    offer_text = fields.Text(
        string="In Words", compute="_compute_offer_text", compute_sudo=True
    )
    offer_data = fields.Json(
        compute="_compute_offer_data",
        compute_sudo=True,
        help="The offer as the till computes it.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Create rewards; offers look like discounts of an amount to Odoo."""
        rewards = super().create(
            [
                {**vals, **AS_DISCOUNT} if vals.get("offer_kind") else vals
                for vals in vals_list
            ]
        )
        rewards._settle_offers()
        return rewards

    def write(self, vals):
        """Write rewards; offers look like discounts of an amount to Odoo."""
        if vals.get("offer_kind"):
            vals = {**vals, **AS_DISCOUNT}
        result = super().write(vals)
        self._settle_offers()
        return result

    def _settle_offers(self):
        """Keep what Odoo's own fields say of offers, such as in forecasts of cost."""
        for reward in self.filtered("offer_kind"):
            values = {
                name: value
                for name, value in AS_DISCOUNT.items()
                if reward[name] != value
            }
            percent = reward._offer_typical_percent()
            if reward.discount != percent:
                values["discount"] = percent
            if values:
                reward.write(values)

    def _offer_typical_percent(self):
        """Return about how much of the price the offer takes off, in percent."""
        self.ensure_one()
        if self.offer_kind == "nth":
            return self.offer_percent / self.offer_every
        return max(self.offer_line_ids.mapped("percent"), default=0.0) or 10.0

    @api.constrains(
        "offer_kind",
        "offer_every",
        "offer_percent",
        "offer_times",
        "offer_price",
        "offer_line_ids",
    )
    def _check_offer(self):
        for reward in self.filtered("offer_kind"):
            problem = reward._offer_problem()
            if problem:
                raise ValidationError(problem)

    def _offer_problem(self):
        """Return why an offer is not possible, in words, or None."""
        self.ensure_one()
        if self.program_id.is_payment_program:
            return self.env._(
                "%s pays: a gift card or an eWallet cannot be an offer on items.",
                self.program_id.name,
            )
        if self.offer_times < 0:
            return self.env._(
                "%s times on one order is not possible: give 0 for no limit, or more.",
                self.offer_times,
            )
        check = {
            "nth": self._offer_nth_problem,
            "ladder": self._offer_ladder_problem,
            "bundle": self._offer_bundle_problem,
        }
        return check[self.offer_kind]()

    def _offer_nth_problem(self):
        if self.offer_every < 2:
            return self.env._(
                "Every %s items is not possible: give 2 for the second item, or more.",
                self.offer_every,
            )
        if not 0 < self.offer_percent <= 100:
            return self.env._(
                "%s %% off is not possible: give more than 0 and no more than 100.",
                f"{self.offer_percent:g}",
            )
        return None

    def _offer_ladder_problem(self):
        steps = self.offer_line_ids
        if not steps:
            return self.env._(
                "An offer in steps needs a step, such as 10 % from 3 items on."
            )
        if len(set(steps.mapped("quantity"))) < len(steps):
            return self.env._(
                "Two steps begin at the same quantity. Change or remove one of them."
            )
        if not all(0 < step.percent <= 100 for step in steps):
            return self.env._(
                "Each step takes off more than 0 % and no more than 100 %."
            )
        return None

    def _offer_bundle_problem(self):
        parts = self.offer_line_ids
        if not parts:
            return self.env._("A bundle needs its products: add a line for each.")
        if self.offer_price < 0:
            return self.env._("The price of a bundle is not below 0.")
        for part in parts:
            if not part.product_ids and not part.product_category_id:
                return self.env._(
                    "A part of the bundle names no product: choose products or a "
                    "category for each line."
                )
            if part.quantity != int(part.quantity):
                return self.env._(
                    "%s items of a product are not possible in a bundle: give a whole "
                    "number.",
                    f"{part.quantity:g}",
                )
        products = [product for part in parts for product in part.product_ids]
        twice = {product for product in products if products.count(product) > 1}
        if twice:
            return self.env._(
                "%s is in two parts of the bundle. Name it once, with its quantity.",
                ", ".join(product.display_name for product in twice),
            )
        return None

    def _get_discount_product_domain(self):
        """Return the domain of the products of an offer, of all parts of a bundle."""
        if self.offer_kind != "bundle":
            return super()._get_discount_product_domain()
        parts = self.sudo().offer_line_ids
        return Domain.OR([part._product_domain() for part in parts])

    @api.depends(
        "offer_kind",
        "offer_line_ids.product_ids",
        "offer_line_ids.product_category_id",
    )
    def _compute_all_discount_product_ids(self):
        return super()._compute_all_discount_product_ids()

    @api.depends(
        "offer_kind",
        "offer_every",
        "offer_percent",
        "offer_price",
        "offer_line_ids.quantity",
        "offer_line_ids.percent",
        "offer_line_ids.product_ids",
        "offer_line_ids.product_category_id",
    )
    def _compute_description(self):
        offers = self.filtered("offer_kind")
        result = super(LoyaltyRewardOfferMixin, self - offers)._compute_description()
        for reward in offers:
            reward.description = reward._offer_title()
        return result

    def _offer_title(self):
        """Return an offer in a few words, as it stands on the order."""
        self.ensure_one()
        # Who sells may not read everything the title is made of.
        reward = self.sudo()
        if reward.offer_kind == "nth":
            if reward.offer_percent == 100:
                return self.env._("One of %s items free", reward.offer_every)
            return self.env._(
                "One of %(every)s items %(percent)s%% off",
                every=reward.offer_every,
                percent=f"{reward.offer_percent:g}",
            )
        if reward.offer_kind == "ladder":
            return ", ".join(
                self.env._(
                    "%(quantity)s items: %(percent)s%% off",
                    quantity=f"{step.quantity:g}",
                    percent=f"{step.percent:g}",
                )
                for step in reward.offer_line_ids.sorted("quantity")
            )
        return self.env._(
            "%(parts)s for %(price)s",
            parts=" + ".join(reward._offer_parts()),
            price=format_amount(self.env, reward.offer_price, reward._offer_currency()),
        )

    def _offer_currency(self):
        return self.currency_id or self.env.company.currency_id

    def _offer_parts(self):
        """Return the parts of a bundle in words."""
        words = []
        for part in self.offer_line_ids.sorted("sequence"):
            names = part.product_ids.mapped("name")
            if part.product_category_id:
                names.append(part.product_category_id.name)
            one = self.env._(" or ").join(names)
            words.append(one if part.quantity == 1 else f"{part.quantity:g} × {one}")
        return words

    @api.depends("description", "offer_kind", "offer_same_product", "offer_times")
    def _compute_offer_text(self):
        for reward in self:
            reward.offer_text = reward.offer_kind and reward._offer_sentence()

    def _offer_sentence(self):
        """Return what an offer does, for whoever sets it up."""
        self.ensure_one()
        texts = {
            "nth": self.env._(
                "The dearest items form groups of %s; in each the cheapest one costs "
                "less. Only whole units count.",
                self.offer_every,
            ),
            "ladder": self.env._(
                "The highest step that is reached counts, for all items. Weighed "
                "quantities count as they are."
            ),
            "bundle": self.env._(
                "The dearest items go into the first bundle; a bundle that would cost "
                "more than its items is not made."
            ),
        }
        parts = [f"{self._offer_title()}.", texts[self.offer_kind]]
        if self.offer_same_product and self.offer_kind != "bundle":
            parts.append(self.env._("Only items of the same product count together."))
        if self.offer_times and self.offer_kind != "ladder":
            parts.append(self.env._("At most %s times per order.", self.offer_times))
        parts.append(
            self.env._(
                "An item takes part in one offer only; of several offers the program "
                "that is first in the list comes first."
            )
        )
        return " ".join(parts)

    @api.depends(
        "offer_kind",
        "offer_every",
        "offer_percent",
        "offer_same_product",
        "offer_times",
        "offer_price",
        "offer_line_ids",
    )
    def _compute_offer_data(self):
        for reward in self:
            reward.offer_data = reward.offer_kind and reward._offer_data()

    def _offer_data(self, products=None):
        """Return an offer as `tools.offers.apply_offers` takes it.

        :param products: `product.product` records of a cart; only these are looked at.
            Without, products are left out but for those of bundles
        :return: dict, amounts in the currency of the program; `rank` says which of
            several offers comes first
        """
        self.ensure_one()
        # A cart does not show who may read what an offer is made of.
        reward = self.sudo()
        program = reward.program_id
        data = {
            "kind": reward.offer_kind,
            "rank": [program.sequence, program.id, reward.id],
            "times": reward.offer_times,
        }
        if reward.offer_kind == "bundle":
            parts = reward.offer_line_ids.sorted("sequence")
            data["price"] = reward.offer_price
            data["parts"] = [
                {
                    "quantity": int(part.quantity),
                    "products": reward._offer_products(
                        part._product_domain(), products
                    ),
                }
                for part in parts
            ]
            return data
        data["same_product"] = reward.offer_same_product
        if products is not None:
            domain = reward._get_discount_product_domain()
            data["products"] = products.sudo().filtered_domain(domain).ids
        if reward.offer_kind == "nth":
            data.update(every=reward.offer_every, percent=reward.offer_percent)
        else:
            data["steps"] = [
                {"quantity": step.quantity, "percent": step.percent}
                for step in reward.offer_line_ids.sorted("quantity")
            ]
        return data

    def _offer_products(self, domain, products):
        """Return the ids of the products of a part of a bundle."""
        domain &= self.program_id._exclusion_domain()
        if products is not None:
            return products.sudo().filtered_domain(domain).ids
        return self.env["product.product"].search(domain).ids

    def _offer_rank(self):
        """Return what offers are sorted by: the first takes its items first."""
        program = self.sudo().program_id
        return (program.sequence, program.id, self.id)
