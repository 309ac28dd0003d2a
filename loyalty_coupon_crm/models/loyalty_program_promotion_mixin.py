from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command


class LoyaltyProgramPromotionMixin(models.AbstractModel):
    """Templates of offers on several items, exchange vouchers and free shipping."""

    _name = "loyalty.program.promotion.mixin"
    _description = "Templates of Promotions"

    @api.model
    def create_from_template(self, template_id):
        """Create a program from a template.

        :raise UserError: when the template needs a tag or a category, and the company
            has none yet
        """
        if template_id == "exchange_voucher" and not self._template_tag():
            raise UserError(
                self.env._(
                    "The exchange voucher gives one of the products with a tag: put a "
                    "product tag on two products or more first."
                )
            )
        if template_id == "bundle_price" and not self._template_category():
            raise UserError(
                self.env._(
                    "The bundle is of one product category: put a product that can be "
                    "sold in a category first."
                )
            )
        return super().create_from_template(template_id)

    @api.model
    def _delivers(self):
        """Return whether free shipping is a reward: Odoo's delivery is installed."""
        kinds = self.env["loyalty.reward"]._fields["reward_type"]
        return "shipping" in kinds.get_values(self.env)

    @api.model
    def _crm_shipping_text(self):
        if not self._delivers():
            return {}
        text = self.env._("A personal code for free delivery")
        return {"free_shipping": (self.env._("Free Shipping"), text, "coupons")}

    @api.model
    def _crm_shipping_offer(self):
        if not self._delivers():
            return {}
        reward = {"reward_type": "shipping", "required_points": 1}
        return {"free_shipping": ([], reward, {})}

    @api.model
    def _crm_template_promotions(self):
        """Return {key: reward} of the offers that everybody gets without a code."""

        def steps(*rows):
            return [
                Command.create({"quantity": quantity, "percent": percent})
                for quantity, percent in rows
            ]

        part = {"quantity": 3, "product_category_id": self._template_category().id}
        return {
            "third_free": {
                "offer_kind": "nth",
                "offer_every": 3,
                "offer_percent": 100,
            },
            "quantity_steps": {
                "offer_kind": "ladder",
                "offer_line_ids": steps((3, 10), (5, 15)),
            },
            "bundle_price": {
                "offer_kind": "bundle",
                "offer_price": 10 * self._template_scale(),
                "offer_line_ids": [Command.create(part)],
            },
        }

    @api.model
    def _crm_promotion_values(self):
        """Return the values of a program that applies by itself, once per order."""
        return {
            **self._crm_common_values(),
            "program_type": "promotion",
            "applies_on": "current",
            "trigger": "auto",
            "portal_visible": False,
            "communication_plan_ids": [Command.clear()],
            "rule_ids": [
                Command.clear(),
                Command.create(
                    {
                        "reward_point_mode": "order",
                        "reward_point_amount": 1,
                        "minimum_qty": 1,
                    }
                ),
            ],
        }

    @api.model
    def _template_tag(self):
        """Return the tag whose products a voucher gives until it is changed."""
        tags = self.env["product.tag"].search([("product_template_ids", "!=", False)])
        return tags.filtered(lambda tag: len(tag.product_ids) > 1)[:1]
