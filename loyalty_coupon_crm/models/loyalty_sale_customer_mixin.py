from odoo import models


class LoyaltySaleCustomerMixin(models.AbstractModel):
    """A confirmed sales order whose customer is corrected.

    Purchases and uses are pointed at the new customer, the only thing of a fact that
    may change. Points that the order gave move to the wallet of the new customer by
    rows. What the old customer's wallet paid stays paid by it: nobody spends the points
    of another without asking.
    """

    _name = "loyalty.sale.customer.mixin"
    _description = "Customer of a Sales Order"

    def _loyalty_change_customer(self, old):
        """Make the rows of a confirmed order those of its customer.

        :param old: the customer before, `res.partner` record
        """
        self.ensure_one()
        # Facts and wallets are written by the system, whoever corrects the order.
        order = self.sudo()
        order._loyalty_repoint_purchases()
        order._loyalty_repoint_uses(old)
        order._loyalty_move_earned(old)

    def _loyalty_repoint_purchases(self):
        purchases = self.env["loyalty.purchase"]
        rows = purchases.search(
            [("order_model", "=", self._name), ("order_id", "=", self.id)]
        )
        rows |= purchases.search([("reversal_of_id", "in", rows.ids)])
        rows.write(purchases._prepare_customer_vals(self))

    def _loyalty_repoint_uses(self, old):
        uses = self.env["loyalty.redemption"].search(
            [("order_model", "=", self._name), ("order_id", "=", self.id)]
        )
        uses |= uses.reversed_by_ids
        users = uses.filtered(lambda use: use.used_by_id == old)
        users.write({"used_by_id": self.partner_id.id})
        foreign = uses.filtered(
            lambda use: use.partner_id == old and use.card_id.partner_id != old
        )
        foreign.write({"partner_id": self.partner_id.id})

    def _loyalty_move_earned(self, old):
        """Move what the order earned to the wallets of its new customer."""
        cards = self.env["loyalty.card"]
        earned = [
            (move, points)
            for move, points in cards._document_moves(self).items()
            if points > 0
            and move.kind == "earn"
            and move.card_id.program_id.is_nominative
            and move.card_id._surviving().partner_id == old
        ]
        if not earned:
            return
        origin = self._loyalty_origin()
        with cards._wallet_scope("earn", document=self) as scope:
            cards._wallet_undo(
                [
                    (move, -points, f"customer/{self.partner_id.id}/{move.id}")
                    for move, points in earned
                ],
                self,
            )
            for move, points in earned:
                wallet = self._loyalty_wallet_of(move.program_id)
                scope.plan(
                    wallet.id,
                    "earn",
                    points,
                    **origin,
                    available_date=move.available_date,
                    expiration_date=move.expiration_date,
                )
                wallet.points += points
                entry = self.coupon_point_ids.filtered(
                    lambda entry, card=move.card_id: entry.coupon_id == card
                )
                entry.coupon_id = wallet

    def _loyalty_wallet_of(self, program):
        """Return the wallet of the customer, a new one when there is none."""
        wallet = self.env["loyalty.card"].search(
            [
                ("program_id", "=", program.id),
                ("partner_id", "=", self.partner_id.id),
            ],
            limit=1,
        )
        return wallet or wallet.with_context(loyalty_no_mail=True).create(
            {"program_id": program.id, "partner_id": self.partner_id.id}
        )
