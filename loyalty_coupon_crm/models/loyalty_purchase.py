from odoo import api, fields, models
from odoo.exceptions import UserError

CHANNELS = [
    ("sale", "Sales"),
    ("website", "Website"),
    ("pos", "Point of Sale"),
    ("import", "Imported"),
]


class LoyaltyPurchase(models.Model):
    """One purchase or refund of one customer, whatever the channel."""

    _name = "loyalty.purchase"
    _description = "Purchase"
    _order = "date desc, id desc"
    _log_access = False
    _rec_name = "external_ref"

    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null"
    )
    commercial_partner_id = fields.Many2one(
        "res.partner", string="Commercial Customer", index="btree_not_null"
    )
    company_id = fields.Many2one("res.company", required=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Datetime(required=True)
    amount = fields.Monetary(
        string="Net Amount", help="Untaxed, net of discount, in company currency."
    )
    amount_total = fields.Monetary(
        string="Total", help="With taxes, in company currency."
    )
    discount_amount = fields.Monetary(
        string="Discount", help="Discount given by coupons and points, untaxed."
    )
    margin = fields.Monetary(help="Net amount less cost of goods; empty when unknown.")
    channel = fields.Selection(CHANNELS, required=True)
    shop = fields.Char()
    order_model = fields.Char(string="Document Model")
    order_id = fields.Many2oneReference(string="Document", model_field="order_model")
    external_ref = fields.Char(
        string="External Reference",
        help="Key of an imported purchase; unique per company.",
    )
    reversal_of_id = fields.Many2one(
        "loyalty.purchase", string="Reverses", index="btree_not_null"
    )
    line_ids = fields.One2many("loyalty.purchase.line", "purchase_id", string="Lines")

    _customer_index = models.Index("(company_id, commercial_partner_id, date)")
    _date_index = models.Index("(company_id, date)")
    _document_index = models.Index("(order_model, order_id) WHERE order_id IS NOT NULL")
    _external_ref_unique = models.UniqueIndex(
        "(company_id, external_ref) WHERE external_ref IS NOT NULL",
        "This purchase was already imported.",
    )

    def write(self, vals):
        """Refuse to change a purchase.

        :raise UserError: when anything but the customer changes
        """
        if set(vals) - {"partner_id", "commercial_partner_id"}:
            raise UserError(
                self.env._(
                    "A purchase row is never changed: it is reversed by a new row."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(
            self.env._("A purchase row is never deleted: it is reversed by a new row.")
        )

    @api.model
    def _record(self, documents):
        """Write one purchase per confirmed document that has none open.

        :param documents: records of a model with `loyalty.document.mixin`
        :return: the new purchases
        """
        return self

    @api.model
    def _record_reversal(self, documents):
        """Write a row that takes back the open purchases of cancelled documents.

        :return: the new purchases
        """
        return self

    @api.model
    def _backfill(self):
        """Hook: write the purchases of documents from before the installation."""
