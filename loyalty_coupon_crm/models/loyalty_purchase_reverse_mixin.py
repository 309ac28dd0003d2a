from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.purchase_lines import line_differences


class LoyaltyPurchaseReverseMixin(models.AbstractModel):
    """Corrections of purchases: rows are never changed, what changed is a row more."""

    _name = "loyalty.purchase.reverse.mixin"
    _description = "Reversal of Purchases"

    @api.model
    def _record_reversal(self, documents):
        """Write a row that takes back each open purchase of cancelled documents.

        :param documents: records of a model with `loyalty.document.mixin`
        :return: the new purchases
        """
        rows = self._open_rows(documents)
        if not rows:
            return rows
        self.env["loyalty.purchase.line"].flush_model()
        new = self.env.execute_query(
            SQL(
                """
                INSERT INTO loyalty_purchase
                       (partner_id, commercial_partner_id, company_id, date, amount,
                        amount_total, discount_amount, margin, channel, shop,
                        order_model, order_id, reversal_of_id)
                SELECT partner_id, commercial_partner_id, company_id, %(now)s, -amount,
                       -amount_total, -discount_amount, -margin, channel, shop,
                       order_model, order_id, id
                  FROM loyalty_purchase
                 WHERE id = ANY(%(ids)s)
              ORDER BY id
             RETURNING id
                """,
                now=fields.Datetime.now(),
                ids=rows.ids,
            )
        )
        new = self.browse(row[0] for row in new)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_purchase_line
                       (purchase_id, product_id, categ_id, quantity, amount, cost)
                SELECT back.id, line.product_id, line.categ_id, -line.quantity,
                       -line.amount, -line.cost
                  FROM loyalty_purchase back
                  JOIN loyalty_purchase_line line
                    ON line.purchase_id = back.reversal_of_id
                 WHERE back.id = ANY(%s)
                """,
                new.ids,
            )
        )
        self.invalidate_model(["line_ids", "reversal_ids"])
        return new

    @api.model
    def _record_difference(self, documents):
        """Write a row for what changed on confirmed documents since they were recorded.

        :param documents: records of a model with `loyalty.document.mixin`
        :return: the new purchases, none for a document nobody changed
        """
        rows = self._open_rows(documents).grouped("order_id")
        vals_list = []
        for document in documents:
            known = rows.get(document.id)
            vals = known and self._prepare_difference_vals(document, known)
            if vals:
                vals_list.append(vals)
        return self.create(vals_list)

    @api.model
    def _prepare_difference_vals(self, document, rows):
        """Return the values of the row that brings `rows` to what a document says.

        :param rows: the open purchases of the document
        :return: dict, empty when nothing changed
        """
        vals = self._prepare_change_vals(
            rows,
            document._loyalty_purchase_amounts(),
            document._loyalty_purchase_lines(),
        )
        if not vals:
            return {}
        first = rows[:1]
        return {
            **document._loyalty_origin(),
            **vals,
            "partner_id": first.partner_id.id,
            "commercial_partner_id": first.commercial_partner_id.id,
            "date": fields.Datetime.now(),
            "channel": first.channel,
            "shop": first.shop,
        }

    @api.model
    def _prepare_change_vals(self, rows, wanted_amounts, wanted_lines):
        """Return the amounts and lines that bring `rows` to what is wanted.

        :param rows: purchases that count together
        :param wanted_amounts: dict as of `_loyalty_purchase_amounts`
        :param wanted_lines: dicts as of `_loyalty_purchase_lines`
        :return: dict, empty when nothing changed
        """
        currency = (rows.company_id or self.env.company).currency_id
        amounts = {
            name: currency.round(value - sum(rows.mapped(name)))
            for name, value in wanted_amounts.items()
        }
        lines = line_differences(
            [
                {name: line[name] for name in ("quantity", "amount", "cost")}
                | {"product_id": line.product_id.id, "categ_id": line.categ_id.id}
                for line in rows.line_ids
            ],
            wanted_lines,
            currency.round,
        )
        if not lines and not any(amounts.values()):
            return {}
        return {**amounts, **self._prepare_line_vals(amounts["amount"], lines)}

    @api.model
    def _record_refund(self, order, source, undo=False, date=None):
        """Write a row for what refunds take off the purchase of a sales order.

        :param order: confirmed `sale.order`, or one that is cancelled now
        :param source: the document that refunds, or withdraws a refund
        :param undo: take back all refunds
        :param date: moment of the refund, naive datetime in UTC, now by default
        :return: the new row, none when nothing changed
        """
        first = self._open_rows(order)[:1]
        if not first:
            return first
        known = order._loyalty_refund_rows()
        shares = {} if undo else order._loyalty_refunded_lines(source)
        vals = self._prepare_change_vals(
            known,
            order._loyalty_refund_amounts(shares),
            first._at_recorded_cost(order._loyalty_refund_lines(shares)),
        )
        if not vals:
            return self.browse()
        return self.create(
            {
                **vals,
                **source._loyalty_origin(),
                **self._prepare_customer_vals(order),
                "company_id": first.company_id.id,
                "date": date or fields.Datetime.now(),
                "channel": first.channel,
                "shop": source._loyalty_shop() or first.shop,
                "reversal_of_id": first.id,
            }
        )

    def _at_recorded_cost(self, lines):
        """Return lines with the cost at which the purchase was recorded.

        :param lines: dicts as of `_loyalty_purchase_lines`
        """
        currency = self.company_id.currency_id
        unit_costs = {
            line.product_id.id: line.cost / line.quantity
            for line in self.line_ids
            if line.quantity
        }
        return [
            {
                **line,
                "cost": currency.round(
                    unit_costs[line["product_id"]] * line["quantity"]
                ),
            }
            if line["product_id"] in unit_costs
            else line
            for line in lines
        ]
