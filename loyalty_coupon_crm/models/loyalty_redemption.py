from odoo import api, fields, models
from odoo.exceptions import UserError


class LoyaltyRedemption(models.Model):
    """One use of one card on one document, or its reversal."""

    _name = "loyalty.redemption"
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
    company_id = fields.Many2one("res.company", index="btree_not_null")
    currency_id = fields.Many2one(related="company_id.currency_id")
    channel = fields.Selection(
        selection=lambda self: (
            self.env["loyalty.purchase"]._fields["channel"].selection
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
        "loyalty.redemption", string="Reverses", index="btree_not_null"
    )
    reversed_by_ids = fields.One2many("loyalty.redemption", "reversal_of_id")

    _document_index = models.Index("(order_model, order_id) WHERE order_id IS NOT NULL")
    _external_ref_unique = models.UniqueIndex(
        "(company_id, external_ref) WHERE external_ref IS NOT NULL",
        "This use was already imported.",
    )

    def write(self, vals):
        """Refuse to change a redemption.

        :raise UserError: when anything but the customer changes
        """
        if set(vals) - {"partner_id"}:
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
            "partner_id": (card.partner_id or document.partner_id).id,
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
    def _open_uses(self, documents):
        """Return the uses on the documents that were not reversed."""
        return self.search(
            [
                ("order_model", "=", documents._name),
                ("order_id", "in", documents.ids),
                ("reversal_of_id", "=", False),
                ("reversed_by_ids", "=", False),
            ]
        )

    @api.model
    def _open_cards_by_document(self, documents):
        """Return {document id: set of card ids} of uses that were not reversed."""
        found = {}
        for row in self._open_uses(documents):
            found.setdefault(row.order_id, set()).add(row.card_id.id)
        return found

    @api.model
    def _record_reversal(self, documents):
        """Reverse the uses of cards on cancelled documents.

        :param documents: records of a model with `loyalty.document.mixin`
        :return: the new rows
        """
        uses = self._open_uses(documents)
        reversals = uses._reverse()
        for card in uses.card_id:
            card.used_at = card._last_use().date
        return reversals

    def _reverse(self, share=1.0, **origin):
        """Write a row that takes back each use.

        :param share: part of the use that is undone, between 0 and 1
        :param origin: values that differ, the refund document for one
        :return: the new rows
        """
        vals_list = []
        for use in self:
            vals = use.copy_data()[0]
            vals.update(
                {
                    "date": fields.Datetime.now(),
                    "user_id": self.env.uid,
                    "points": -use.points * share,
                    "discount_amount": -use.discount_amount * share,
                    "goods_cost": -use.goods_cost * share,
                    "order_amount": -use.order_amount * share,
                    "reversal_of_id": use.id,
                    "external_ref": False,
                    **origin,
                }
            )
            vals_list.append(vals)
        return self.create(vals_list)

    @api.model
    def _backfill(self):
        """Hook: write the uses on documents from before the installation."""
        lines = self.env["sale.order.line"].search(
            [("coupon_id", "!=", False), ("state", "=", "sale")]
        )
        self._record(lines.order_id)
