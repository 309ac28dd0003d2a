from odoo import models


class LoyaltySaleRecommendMixin(models.AbstractModel):
    """A sales order that shows what goes with its products."""

    _name = "loyalty.sale.recommend.mixin"
    _inherit = "loyalty.recommend.mixin"
    _description = "Product Recommendations of a Sales Order"

    def _loyalty_recommend_depends(self):
        return ["order_line.product_id", "company_id"]

    def _loyalty_recommended(self):
        self.ensure_one()
        lines = self.order_line.filtered(lambda line: not line.is_reward_line)
        return self.env["loyalty.product.pair"]._recommend(
            self.company_id, lines.product_id, "basket"
        )

    def _loyalty_reason(self, product, reason):
        return self.env._(
            "%(product)s: often bought together with %(reason)s.",
            product=product.display_name,
            reason=reason.display_name,
        )
