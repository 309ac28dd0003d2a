from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .loyalty_redemption_reverse_mixin import AMOUNTS


class LoyaltyRedemption(models.Model):
    """One use of one card on one document, or a row that corrects or reverses it.

    What counts of a use is its net: the row itself and all rows that name it. A use
    is live as long as something of it is left.
    """

    _name = "loyalty.redemption"
    _inherit = ["loyalty.redemption.reverse.mixin"]
    _description = "Redemption"
    _order = "date desc, id desc"
    _log_access = False
    _rec_name = "card_id"

    card_id = fields.Many2one(
        "loyalty.card", required=True, ondelete="restrict", index=True
    )
    program_id = fields.Many2one(
        "loyalty.program",
        required=True,
        ondelete="restrict",
        index=True,
    )
    campaign_id = fields.Many2one("loyalty.campaign", index="btree_not_null")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null"
    )
    used_by_id = fields.Many2one(
        "res.partner",
        index="btree_not_null",
        help="The customer of the document; of a shared wallet, one of its members.",
    )
    company_id = fields.Many2one("res.company", index="btree_not_null")
    currency_id = fields.Many2one(related="company_id.currency_id")
    channel = fields.Selection(
        selection=lambda self: (
            self.env["loyalty.purchase"]
            ._fields["channel"]
            ._description_selection(self.env)
        ),
        required=True,
    )
    shop = fields.Char()
    user_id = fields.Many2one("res.users")
    order_model = fields.Char(string="Document Model")
    order_id = fields.Many2oneReference(string="Document", model_field="order_model")
    external_ref = fields.Char(
        string="External Reference", help="Key of an imported use; unique per company."
    )
    date = fields.Datetime(required=True, default=fields.Datetime.now, index=True)
    points = fields.Float(help="Points spent; negative on a reversal.")
    discount_amount = fields.Monetary(
        string="Discount", help="Discount given, untaxed, in company currency."
    )
    goods_cost = fields.Monetary(
        string="Cost of Free Goods",
        help="Cost of the goods given free, in company currency.",
    )
    order_amount = fields.Monetary(
        string="Net Sales", help="Untaxed amount of the document, net of discount."
    )
    reversal_of_id = fields.Many2one(
        "loyalty.redemption",
        string="Reverses",
        index="btree_not_null",
        help="The use that this row corrects or reverses.",
    )
    reversed_by_ids = fields.One2many(
        "loyalty.redemption", "reversal_of_id", string="Reversed by"
    )
    concession_id = fields.Many2one(
        "loyalty.concession",
        ondelete="restrict",
        index="btree_not_null",
        help="What a manager allowed: without it the use would have been refused.",
    )
    is_live = fields.Boolean(
        string="Counts",
        compute="_compute_is_live",
        search="_search_is_live",
        help="A use of which something is left after its corrections and reversals.",
    )

    _document_index = models.Index("(order_model, order_id) WHERE order_id IS NOT NULL")
    _external_ref_unique = models.UniqueIndex(
        "(company_id, external_ref) WHERE external_ref IS NOT NULL",
        "This use was already imported.",
    )

    @api.depends(*AMOUNTS, "reversal_of_id", "reversed_by_ids")
    def _compute_is_live(self):
        live = self.search([("id", "in", self._origin.ids), ("is_live", "=", True)])
        for row in self:
            row.is_live = row._origin in live

    def _search_is_live(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        self.flush_model([*AMOUNTS, "reversal_of_id"])
        return Domain.custom(to_sql=lambda model, alias, query: model._live_sql(alias))

    @api.model
    def _live_sql(self, alias):
        """Return the SQL condition that a row is a use of which something is left.

        It looks at the corrections of each row: for few rows of many.

        :param alias: name of the table `loyalty_redemption` in the query
        """
        return SQL(
            """(%(use)s.reversal_of_id IS NULL AND NOT EXISTS (
                SELECT 1 FROM loyalty_redemption back
                 WHERE back.reversal_of_id = %(use)s.id
                HAVING COUNT(*) > 0 AND %(gone)s))""",
            use=SQL.identifier(alias),
            gone=self._gone_sql(alias),
        )

    @api.model
    def _all_live_sql(self):
        """Return SQL of all uses of which something is left, read in one go.

        :return: query with the columns `order_model` and `order_id`
        """
        return SQL(
            """
            SELECT use.order_model, use.order_id
              FROM loyalty_redemption use
             WHERE use.reversal_of_id IS NULL
               AND use.id NOT IN (
                   SELECT use.id
                     FROM loyalty_redemption back
                     JOIN loyalty_redemption use ON use.id = back.reversal_of_id
                    GROUP BY use.id
                   HAVING %s)
            """,
            self._gone_sql("use"),
        )

    @api.model
    def _gone_sql(self, alias):
        """Return the SQL condition that the rows `back` leave nothing of a use.

        Points tell; of a use that took none, the discount and the goods do.

        :param alias: name of the use in the query
        """
        return SQL(
            """ABS(COALESCE(%(use)s.points, 0)
                   + SUM(COALESCE(back.points, 0))) < 0.005
               AND (COALESCE(%(use)s.points, 0) != 0
                 OR ABS(COALESCE(%(use)s.discount_amount, 0)
                        + SUM(COALESCE(back.discount_amount, 0)))
                  + ABS(COALESCE(%(use)s.goods_cost, 0)
                        + SUM(COALESCE(back.goods_cost, 0))) < 0.005)""",
            use=SQL.identifier(alias),
        )

    @api.model_create_multi
    def create(self, vals_list):
        """Create uses, and count them where the program limits them."""
        rows = super().create(vals_list)
        # Counters are written by the gate alone.
        self.env["loyalty.use.counter"].sudo()._count(rows.sudo())
        rows.card_id.filtered(
            lambda card: card.program_id.validity_from == "first_use"
        )._set_validity()
        return rows

    def write(self, vals):
        """Refuse to change a redemption.

        :raise UserError: when anything but the customer changes
        """
        if set(vals) - {"partner_id", "used_by_id"}:
            raise UserError(
                self.env._(
                    "A redemption is never changed: it is reversed by a new row."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(
            self.env._("A redemption is never deleted: it is reversed by a new row.")
        )

    def _document(self):
        """Return the document of a use, or None when there is none any more."""
        self.ensure_one()
        if self.order_model not in self.env or not self.order_id:
            return None
        return self.env[self.order_model].browse(self.order_id).exists() or None

    def _counted(self):
        """Return what a row adds to the counters of its program.

        :return: (uses, amount in the program's currency); negative to give back
        """
        self.ensure_one()
        amount = self._program_amount(self)
        use = self.reversal_of_id
        if not use:
            return 1, amount
        earlier = use + use.reversed_by_ids.filtered(lambda row: row.id < self.id)
        return int(use._is_left(earlier + self)) - int(use._is_left(earlier)), amount

    def _program_amount(self, rows):
        """Return what rows of a use gave, in the program's currency at its day.

        :param rows: the use and rows that correct or reverse it
        """
        self.ensure_one()
        given = sum(rows.mapped("discount_amount")) + sum(rows.mapped("goods_cost"))
        company = self.company_id or self.env.company
        return company.currency_id._convert(
            given, self.program_id.currency_id, company, self.date.date()
        )

    def _is_honoured(self):
        """Hook: return whether a use counts although it exceeds a limit.

        What was paid is not refused: the counter then shows more than the limit.
        Imported uses happened elsewhere.
        """
        self.ensure_one()
        document = self._document()
        return bool(self.external_ref or not document or document._loyalty_is_paid())

    def _is_on(self, document):
        """Return whether the use happened on a document."""
        self.ensure_one()
        return (self.order_model, self.order_id) == (document._name, document.id)

    def _document_name(self):
        """Return the name of the document of a use, for a person to read."""
        self.ensure_one()
        if self.order_model in self.env and self.order_id:
            document = self.env[self.order_model].browse(self.order_id).exists()
            if document:
                return document.display_name
        return self.external_ref or self.env._("a deleted document")

    @api.model
    def _record(self, documents):
        """Write the uses of cards on confirmed documents that have no row yet.

        :param documents: records of a model with `loyalty.document.mixin`
        :return: the new redemptions
        """
        known = self._open_cards_by_document(documents)
        vals_list = []
        for document in documents:
            amount = document._loyalty_purchase_amounts()["amount"]
            for use in document._loyalty_reward_uses():
                if use["card"].id in known.get(document.id, ()):
                    continue
                vals_list.append(self._prepare_vals(document, use, amount))
        uses = self.create(vals_list)
        for use in uses:
            if not use.card_id.used_at or use.card_id.used_at < use.date:
                use.card_id.used_at = use.date
        return uses

    @api.model
    def _prepare_vals(self, document, use, amount):
        """Hook: return the values of one redemption.

        :param document: the document the card was used on
        :param use: one dict of `_loyalty_reward_uses`
        :param amount: untaxed net amount of the document, company currency
        """
        card = use["card"]
        return {
            **document._loyalty_origin(),
            "card_id": card.id,
            "program_id": card.program_id.id,
            "campaign_id": card.campaign_id.id,
            "concession_id": self.env["loyalty.concession"]._of_use(document, card).id,
            "partner_id": (card.partner_id or document.partner_id).id,
            "used_by_id": document.partner_id.id,
            "channel": document._loyalty_channel(),
            "shop": document._loyalty_shop(),
            "user_id": self.env.uid,
            "date": document._loyalty_date(),
            "points": use["points"],
            "discount_amount": use["discount_amount"],
            "goods_cost": use["goods_cost"],
            "order_amount": amount,
        }

    @api.model
    def _document_rows(self, documents):
        """Return the uses on documents, with what the documents corrected themselves.

        A refund is a document of its own: what it takes back is not among them.

        :param documents: records of a model with `loyalty.document.mixin`
        :return: {use: recordset of its own row and its corrections}, oldest first
        """
        found = {}
        domain = [
            ("order_model", "=", documents._name),
            ("order_id", "in", documents.ids),
        ]
        for row in self.search(domain, order="id"):
            use = row.reversal_of_id
            if not use:
                found[row] = row
            elif use in found:
                found[use] += row
        return found

    @api.model
    def _open_uses(self, documents):
        """Return the uses that the documents themselves did not take back.

        :param documents: records of a model with `loyalty.document.mixin`
        """
        rows = self._document_rows(documents)
        return self.union(*(use for use in rows if use._is_left(rows[use])))

    @api.model
    def _open_cards_by_document(self, documents):
        """Return {document id: set of card ids} of uses that were not taken back."""
        found = {}
        for row in self._open_uses(documents):
            found.setdefault(row.order_id, set()).add(row.card_id.id)
        return found

    def _mark_used(self):
        """Note on the cards of these rows when they were used last.

        :return: the rows
        """
        for card in self.card_id:
            used_at = card._last_use().date
            if card.used_at != used_at:
                card.used_at = used_at
        return self

    @api.model
    def _backfill(self):
        """Hook: write the uses on documents from before the installation."""
        lines = self.env["sale.order.line"].search(
            [("coupon_id", "!=", False), ("state", "=", "sale")]
        )
        self._record(lines.order_id)
