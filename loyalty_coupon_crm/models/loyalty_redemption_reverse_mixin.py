from odoo import api, fields, models
from odoo.tools import float_is_zero

from ..tools.rounding import POINTS_DIGITS

AMOUNTS = ("points", "discount_amount", "goods_cost", "order_amount")


class LoyaltyRedemptionReverseMixin(models.AbstractModel):
    """Corrections of uses: rows are never changed, what changed is a row more.

    An order that was changed or cancelled corrects its own uses; what refunds give
    back stands in rows of the refunds.
    """

    _name = "loyalty.redemption.reverse.mixin"
    _description = "Reversal of Redemptions"

    @api.model
    def _record_difference(self, documents):
        """Bring the uses of confirmed documents to what the documents say now.

        A card that is used since gets a row, a use that changed gets a row for the
        difference, and one that is gone is reversed.

        :param documents: records of a model with `loyalty.document.mixin`
        :return: the new rows, none for a document nobody changed
        """
        rows = self._document_rows(documents)
        vals_list = []
        for document in documents:
            amount = document._loyalty_purchase_amounts()["amount"]
            wanted = {
                use["card"]: self._prepare_vals(document, use, amount)
                for use in document._loyalty_reward_uses()
            }
            for use, known in rows.items():
                if use._is_on(document) and use._is_left(known):
                    now = wanted.pop(use.card_id, {})
                    vals_list.append(use._difference_vals(known, now))
            vals_list += filter(self._has_value, wanted.values())
        return self.create([vals for vals in vals_list if vals])._mark_used()

    def _difference_vals(self, known, wanted):
        """Return the values of the row that brings a use to what is wanted.

        :param known: the use and the rows that correct it
        :param wanted: values of the use as it is now, empty when it is gone
        :return: dict, empty when nothing changed
        """
        self.ensure_one()
        gone = not self._has_value(wanted)
        change = {
            name: (0.0 if gone else wanted[name]) - amount
            for name, amount in known._sums().items()
        }
        if all(float_is_zero(amount, POINTS_DIGITS) for amount in change.values()):
            return {}
        return {**self._correction_vals(), **change}

    @api.model
    def _has_value(self, vals):
        """Return whether values of a use take points or give something."""
        return any(
            not float_is_zero(vals.get(name, 0.0), POINTS_DIGITS)
            for name in ("points", "discount_amount", "goods_cost")
        )

    @api.model
    def _record_reversal(self, documents):
        """Reverse the uses of cards on cancelled documents.

        :param documents: records of a model with `loyalty.document.mixin`
        :return: the new rows
        """
        rows = self._document_rows(documents)
        vals_list = [
            use._difference_vals(known, {})
            for use, known in rows.items()
            if use._is_left(known)
        ]
        return self.create([vals for vals in vals_list if vals])._mark_used()

    @api.model
    def _record_refund(self, document, source, undo=False):
        """Bring what refunds give back of the uses on a document up to date.

        Shares are of all refunds so far, as in `loyalty.card._wallet_refund`.

        :param document: record with `loyalty.document.mixin` whose goods came back
        :param source: the document that refunds, or withdraws a refund
        :param undo: take back all refunds, because the document itself is cancelled
        :return: the new rows
        """
        vals_list = []
        for use, known in self._document_rows(document).items():
            if not use._is_on(document) or not use._is_left(known):
                continue
            share = 0.0
            if not undo:
                share = document._loyalty_refunded_share(use.card_id, True)
            earlier = use.reversed_by_ids - known
            if not earlier and not use.program_id.strict:
                continue
            done = earlier._sums()
            change = use._refund_amounts(known, share, done)
            if any(change.values()):
                vals_list.append(
                    {
                        **use._correction_vals(),
                        **change,
                        **source._loyalty_origin(),
                        "shop": source._loyalty_shop() or use.shop,
                    }
                )
        return self.create(vals_list)._mark_used()

    def _refund_amounts(self, known, share, done):
        """Return what is still to be given back of a use.

        :param known: the use and the rows with which its document corrected it
        :param share: which part of its rewards was refunded, between 0 and 1
        :param done: sums of the rows of earlier refunds
        """
        self.ensure_one()
        currency = self.currency_id or self.env.company.currency_id
        change = {}
        for name, amount in known._sums().items():
            back = -amount * share
            back = (
                round(back, POINTS_DIGITS) if name == "points" else currency.round(back)
            )
            rest = back - done[name]
            change[name] = 0.0 if float_is_zero(rest, POINTS_DIGITS) else rest
        return change

    def _correction_vals(self):
        """Return the values of a row that corrects a use, without its amounts."""
        self.ensure_one()
        return {
            **self.copy_data()[0],
            "date": fields.Datetime.now(),
            "user_id": self.env.uid,
            "reversal_of_id": self.id,
            "external_ref": False,
        }

    def _reverse(self, share=1.0, **origin):
        """Write a row that takes back each use.

        :param share: part of the use that is undone, between 0 and 1
        :param origin: values that differ, the refund document for one
        :return: the new rows
        """
        vals_list = []
        for use in self:
            vals_list.append(
                {
                    **use._correction_vals(),
                    **{name: -use[name] * share for name in AMOUNTS},
                    **origin,
                }
            )
        return self.create(vals_list)

    def _is_left(self, rows):
        """Return whether something of a use is left.

        :param rows: the use and rows that correct or reverse it
        """
        self.ensure_one()
        rest = rows._sums()
        if len(rows) == 1 or not float_is_zero(rest["points"], POINTS_DIGITS):
            return True
        value = abs(rest["discount_amount"]) + abs(rest["goods_cost"])
        return not self.points and not float_is_zero(value, POINTS_DIGITS)

    def _sums(self):
        """Return {name: sum} of what the rows count together."""
        return {name: sum(self.mapped(name)) for name in AMOUNTS}
