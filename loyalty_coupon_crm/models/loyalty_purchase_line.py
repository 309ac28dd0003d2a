from odoo import fields, models


class LoyaltyPurchaseLine(models.Model):
    """One product of one purchase."""

    _name = "loyalty.purchase.line"
    _description = "Purchase Line"
    _log_access = False
    _rec_name = "product_id"

    purchase_id = fields.Many2one(
        "loyalty.purchase",
        required=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(related="purchase_id.company_id")
    currency_id = fields.Many2one(related="purchase_id.currency_id")
    product_id = fields.Many2one("product.product", index="btree_not_null")
    categ_id = fields.Many2one(
        "product.category", string="Category", index="btree_not_null"
    )
    quantity = fields.Float()
    amount = fields.Monetary(
        string="Net Amount", help="Untaxed, net of discount, in company currency."
    )
    cost = fields.Monetary(help="Cost of the goods, in company currency.")
