from odoo import models
from odoo.exceptions import ValidationError

NO_PAYMENT = ("refund", "validation")


class LoyaltySaleCheckMixin(models.AbstractModel):
    """The gate asked once more: before an order is paid, and when it is confirmed.

    Whoever paid is not sent away: what does not go any more is accepted then, and the
    order says so.
    """

    _name = "loyalty.sale.check.mixin"
    _description = "Last Check of a Sales Order"

    def _loyalty_check_cards(self):
        """Ask the gate about every card of the orders.

        :raise ValidationError: when a card may not be used any more; of a paid order
            only when it is void
        """
        for order in self:
            cards = order.order_line.coupon_id.filtered(
                lambda card: (
                    card.voided_at or card.program_id.strict or card.sudo().member_ids
                )
            )
            for card in cards:
                order._loyalty_check_card(card)

    def _loyalty_check_card(self, card):
        """Ask the gate about one card of the order, as `_loyalty_check_cards`."""
        self.ensure_one()
        blockers = self._loyalty_blockers(card)
        if not blockers:
            return
        if self._loyalty_is_paid() and not card.sudo().voided_at:
            self._loyalty_note(
                self.env._(
                    "The coupon %(code)s was accepted because the order is paid: "
                    "%(reasons)s",
                    code=card.code,
                    reasons=" ".join(message for _code, message in blockers),
                )
            )
            return
        self.env["loyalty.refusal"]._log_refusal(
            card, self.partner_id, self._loyalty_channel(), self, card.code, blockers
        )
        raise ValidationError(
            self.env._(
                "The coupon %(code)s on order %(order)s cannot be used: %(reasons)s "
                "Remove its line and try again.",
                code=card.code,
                order=self.display_name,
                reasons=self._loyalty_answer(blockers).replace("\n", " "),
            )
        )

    def _loyalty_before_payment(self, ttl):
        """Check and hold what the orders use, before money changes hands.

        :param ttl: seconds after which the holds lapse
        :raise UserError: when a card may not be used any more, or is held elsewhere
        """
        open_orders = self.filtered(
            lambda order: (
                not order._loyalty_is_confirmed() and not order._loyalty_is_paid()
            )
        )
        open_orders._loyalty_check_cards()
        open_orders._loyalty_hold(ttl)

    def _loyalty_use_moment(self):
        """Return the moment that decides whether a card is valid on the order.

        A customer who paid in time is not refused when the order is confirmed later.

        :return: naive datetime in UTC, or None for now
        """
        self.ensure_one()
        if not self._loyalty_is_paid():
            return None
        return min(self._loyalty_payments().mapped("create_date"), default=None)

    def _loyalty_is_paid(self):
        """Return whether as much was paid as the order asks for: a deposit is less."""
        self.ensure_one()
        payments = self._loyalty_payments()
        if not payments:
            return False
        # Without an online payment to confirm it, an order asks for all of it.
        required = self._get_prepayment_required_amount() or self.amount_total
        paid = sum(payments.mapped("amount"))
        return self.currency_id.compare_amounts(paid, required) >= 0

    def _loyalty_payments(self):
        """Return the payments that brought money; refunds do not."""
        # The salesperson may not read payments; only their time is used.
        return self.sudo().transaction_ids.filtered(
            lambda payment: (
                payment.state in ("authorized", "done")
                and payment.operation not in NO_PAYMENT
            )
        )

    def _loyalty_honours(self, program):
        """Return whether a paid order keeps what a program gave, whatever changed."""
        self.ensure_one()
        return program in self.order_line.reward_id.program_id and (
            self._loyalty_is_paid()
        )
