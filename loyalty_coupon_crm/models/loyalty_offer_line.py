from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class LoyaltyOfferLine(models.Model):
    """A step of an offer in steps, or a part of a bundle."""

    _name = "loyalty.offer.line"
    _description = "Step or Part of an Offer"
    _order = "reward_id, sequence, quantity, id"

    reward_id = fields.Many2one(
        "loyalty.reward", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="reward_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    quantity = fields.Float(
        required=True,
        default=1,
        help="In steps: from how many on, kilograms count as they are weighed. In "
        "bundles: how many of these products are in one bundle.",
    )
    percent = fields.Float(string="% Off", help="Off the price of all these items.")
    product_ids = fields.Many2many(
        "product.product", string="Products", help="Any one of them will do."
    )
    product_category_id = fields.Many2one(
        "product.category", help="Any product of the category will do, too."
    )

    _quantity_positive = models.Constraint(
        "CHECK(quantity > 0)", "A step or a part of an offer is for more than 0 items."
    )
    _percent_possible = models.Constraint(
        "CHECK(percent >= 0 AND percent <= 100)",
        "A step takes off more than 0 % and no more than 100 %.",
    )

    @api.constrains("quantity", "percent", "product_ids", "product_category_id")
    def _check_reward(self):
        self.reward_id._check_offer()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_last(self):
        for reward in self.reward_id:
            if reward.offer_line_ids <= self:
                raise ValidationError(
                    self.env._(
                        "%s needs a step or a part. Add another one first, or remove "
                        "the reward.",
                        reward.description,
                    )
                )

    def _product_domain(self):
        """Return the domain of the products of one part of a bundle."""
        self.ensure_one()
        domain = Domain("id", "in", self.product_ids.ids)
        if self.product_category_id:
            domain |= Domain("categ_id", "child_of", self.product_category_id.id)
        return domain
