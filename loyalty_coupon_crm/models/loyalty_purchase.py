from itertools import chain

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

CHANNELS = [
    ("sale", "Sales"),
    ("website", "Website"),
    ("pos", "Point of Sale"),
    ("import", "Imported"),
]


class LoyaltyPurchase(models.Model):
    """One purchase or refund of one customer, whatever the channel."""

    _name = "loyalty.purchase"
    _inherit = ["loyalty.purchase.reverse.mixin"]
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
    reversal_ids = fields.One2many(
        "loyalty.purchase", "reversal_of_id", string="Reversed by"
    )
    line_ids = fields.One2many("loyalty.purchase.line", "purchase_id", string="Lines")

    _customer_index = models.Index("(company_id, commercial_partner_id, date)")
    _date_index = models.Index("(company_id, date)")
    _moment_index = models.Index("(date)")
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

    @api.depends("external_ref", "order_model", "order_id", "date")
    def _compute_display_name(self):
        for purchase in self:
            purchase.display_name = (
                purchase.external_ref
                or purchase._document_name()
                or fields.Datetime.to_string(purchase.date)
            )

    def _document_name(self):
        """Return the name of the document, empty when it is gone or out of reach."""
        self.ensure_one()
        if self.order_model not in self.env or self.order_model == self._name:
            return ""
        document = self.env[self.order_model].browse(self.order_id).exists()
        return document.display_name if document.has_access("read") else ""

    @api.model
    def _record(self, documents):
        """Write one purchase per confirmed document that has none open.

        :param documents: records of a model with `loyalty.document.mixin`
        :return: the new purchases
        """
        known = set(self._open_rows(documents).mapped("order_id"))
        fresh = documents.filtered(lambda document: document.id not in known)
        return self.create([self._prepare_vals(document) for document in fresh])

    @api.model
    def _prepare_vals(self, document):
        """Hook: return the values of the purchase of one document, lines included.

        :param document: record with `loyalty.document.mixin`
        """
        amounts = document._loyalty_purchase_amounts()
        refunded = document._loyalty_refunded_document()
        return {
            **document._loyalty_origin(),
            **self._prepare_customer_vals(document),
            **amounts,
            **self._prepare_line_vals(
                amounts["amount"], document._loyalty_purchase_lines()
            ),
            "date": document._loyalty_date(),
            "channel": document._loyalty_channel(),
            "shop": document._loyalty_shop(),
            "reversal_of_id": self._open_rows(refunded)[:1].id if refunded else False,
        }

    @api.model
    def _prepare_customer_vals(self, document):
        """Return whose purchase it is: nobody's when the public user bought."""
        users = document.partner_id.with_context(active_test=False).user_ids
        partner = document.partner_id
        if any(user._is_public() for user in users):
            partner = partner.browse()
        return {
            "partner_id": partner.id,
            "commercial_partner_id": partner.commercial_partner_id.id,
        }

    @api.model
    def _prepare_line_vals(self, amount, lines):
        """Return the lines, and the margin when the cost of every one is known.

        A product without cost has an unknown one: its margin stays empty, not full.

        :param amount: net amount of the purchase, company currency
        :param lines: dicts of `_loyalty_purchase_lines`
        """
        values = []
        for line in lines:
            line = dict(line)
            if not line["cost"] and line["amount"] and line["quantity"]:
                # A value that is not given stays NULL; an empty one becomes zero.
                del line["cost"]
            values.append(line)
        vals = {"line_ids": [Command.create(line) for line in values]}
        if values and all("cost" in line for line in values):
            vals["margin"] = amount - sum(line["cost"] for line in values)
        return vals

    @api.model
    def _open_rows(self, documents):
        """Return the rows of the documents that the document itself did not take back.

        A refund is a document of its own: what it refunds stays open.

        :param documents: records of a model with `loyalty.document.mixin`
        """
        if not documents.ids:
            return self.browse()
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT row.id
                  FROM loyalty_purchase row
             LEFT JOIN loyalty_purchase origin ON origin.id = row.reversal_of_id
                 WHERE row.order_model = %(model)s
                   AND row.order_id = ANY(%(ids)s)
                   AND (origin.id IS NULL
                        OR (origin.order_model, origin.order_id)
                           IS DISTINCT FROM (row.order_model, row.order_id))
                   AND NOT EXISTS (
                       SELECT FROM loyalty_purchase back
                        WHERE back.reversal_of_id = row.id
                          AND back.order_model = row.order_model
                          AND back.order_id = row.order_id)
              ORDER BY row.id
                """,
                model=documents._name,
                ids=documents.ids,
            )
        )
        return self.browse(row[0] for row in rows)

    @api.model
    def _sync_customers(self, partners):
        """Have purchases follow contacts to the company they belong to now.

        :param partners: contacts that moved, or companies whose contacts did
        """
        if not partners.ids:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE loyalty_purchase purchase
                   SET commercial_partner_id = partner.commercial_partner_id
                  FROM res_partner partner
                 WHERE partner.id = purchase.partner_id
                   AND (partner.id = ANY(%(ids)s)
                        OR partner.commercial_partner_id = ANY(%(ids)s)
                        OR purchase.commercial_partner_id = ANY(%(ids)s))
                   AND purchase.commercial_partner_id
                       IS DISTINCT FROM partner.commercial_partner_id
                """,
                ids=partners.ids,
            )
        )
        self.invalidate_model(["commercial_partner_id"])

    @api.model
    def _import_rows(self, rows, company=None, **options):
        """Import purchases from another system, one row per line of a basket.

        :param rows: iterable of dicts with `external_ref`, `date`, `customer_ref`,
            `product_ref`, `quantity`, `amount` (untaxed, net), `discount`, `cost`,
            `channel`, `shop`, `refund_of`, `customer_name`, `product_name`,
            `product_category`; the first of them gives the columns. Money is in company
            currency; a time without zone is in the company's.
        :param company: the current company by default
        :param options: those of `loyalty.import._execute`: `create_customers`,
            `create_products`, `dry_run`, `on_progress`, `size`
        :return: its report; baskets that are there already count as `known`
        :raise UserError: when a row is wrong; nothing is written then
        """
        rows = iter(rows)
        first = next(rows, None)
        if first is None:
            return self.env["loyalty.import"]._empty_report()
        report = self.env["loyalty.import"]._execute(
            "purchase",
            list(first),
            enumerate(chain([first], rows), start=1),
            company or self.env.company,
            **options,
        )
        if report["problems"]:
            raise UserError(
                self.env["loyalty.import"]._problem_text(report["problems"])
            )
        return report

    @api.model
    def _backfill(self):
        """Hook: write the purchases of documents from before the installation.

        May be called again: a document that has a row gets no second one.
        """
        self.env["loyalty.purchase.backfill"]._run()
