from odoo import api, models


class LoyaltyRedemption(models.Model):
    _inherit = "loyalty.redemption"

    @api.model
    def _record_refund(self, refund, original):
        """Reverse the uses on an order as far as a refund takes back their rewards.

        :param refund: paid `pos.order` with lines that refund
        :param original: the `pos.order` they refund
        :return: the new rows
        """
        used = original._loyalty_used_lines()
        rows = self.browse()
        uses = self._open_uses(original)
        for use in uses - self._reversals_on(refund).reversal_of_id:
            lines = used.get(use.card_id, original.lines.browse())
            share = lines._loyalty_refunded_share()
            part = share - lines._loyalty_refunded_share(without=refund)
            if part > 0:
                rows += use._reverse(
                    part,
                    **refund._loyalty_origin(),
                    shop=refund._loyalty_shop(),
                    date=refund._loyalty_date(),
                )
            if share >= 1:
                use.card_id.used_at = use.card_id._last_use().date
        return rows

    @api.model
    def _reversals_on(self, refund):
        """Return the reversals that a refund order caused."""
        return self.search(
            [
                ("order_model", "=", refund._name),
                ("order_id", "=", refund.id),
                ("reversal_of_id", "!=", False),
            ]
        )

    @api.model
    def _open_uses(self, documents):
        """Return the uses on the documents that were not taken back.

        A POS order is never cancelled: a refund is an order of its own, and the use
        stays one even when it was given back.
        """
        if documents._name != "pos.order":
            return super()._open_uses(documents)
        return self.search(
            [
                ("order_model", "=", documents._name),
                ("order_id", "in", documents.ids),
                ("reversal_of_id", "=", False),
            ]
        )
