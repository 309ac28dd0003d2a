from odoo import models
from odoo.exceptions import UserError, ValidationError


class LoyaltySalePaymentMixin(models.AbstractModel):
    """Gift cards and eWallets pay no top-up and no gift card on a sales order.

    At least the price of these products is left to pay, whatever else lowers the order:
    discounts and other payments count for the goods.
    """

    _name = "loyalty.sale.payment.mixin"
    _description = "Paying with Gift Cards and eWallets on Sales Orders"

    def _discountable_order(self, reward):
        """Return what a reward may take off: of a payment, less what it cannot pay."""
        amount, per_tax = super()._discountable_order(reward)
        return self._loyalty_payable(reward, amount), per_tax

    def _discountable_specific(self, reward):
        """Return what a reward may take off: of a payment, less what it cannot pay."""
        amount, per_tax = super()._discountable_specific(reward)
        return self._loyalty_payable(reward, amount), per_tax

    def _discountable_cheapest(self, reward):
        """Return what a reward may take off: of a payment, less what it cannot pay."""
        amount, per_tax = super()._discountable_cheapest(reward)
        return self._loyalty_payable(reward, amount), per_tax

    def _get_claimable_rewards(self, forced_coupons=None):
        """Return the rewards that can be claimed: no payment without goods to pay."""
        result = super()._get_claimable_rewards(forced_coupons=forced_coupons)
        for card in list(result):
            program = card.program_id
            if (
                program.is_payment_program
                and (kept := self._loyalty_not_payable_amount(program))
                and self.currency_id.compare_amounts(self.amount_total, kept) <= 0
            ):
                # Without a form or a button nobody asks why it does nothing.
                result.pop(card)
        return result

    def _loyalty_payable(self, reward, amount):
        """Return how much of an amount a reward takes off at most.

        :param amount: amount of the order in its currency
        :raise UserError: when a payment finds nothing but what it cannot pay
        """
        program = reward.program_id
        kept = self._loyalty_not_payable_amount(program)
        if not kept or not amount:
            return amount
        amount = min(amount, max(self.amount_total - kept, 0.0))
        if self.currency_id.is_zero(amount):
            raise UserError(
                program._not_payable_message(self._loyalty_not_payable(program))
            )
        return amount

    def _loyalty_not_payable(self, program):
        """Return the products of the order that a payment program does not pay."""
        goods = self.order_line.filtered(
            lambda line: not line.reward_id and line.product_uom_qty > 0
        )
        return program._not_payable(goods.product_id)

    def _loyalty_not_payable_amount(self, program):
        """Return what of the order has to be paid with money, with taxes.

        :param program: gift card or eWallet; any other program pays nothing
        """
        self.ensure_one()
        products = self._loyalty_not_payable(program)
        lines = self.order_line.filtered(
            lambda line: not line.reward_id and line.product_id in products
        )
        return max(sum(lines.mapped("price_total")), 0.0)

    def _loyalty_check_payments(self):
        """Refuse orders on which gift cards or eWallets pay what they must not.

        Lines may have changed since a payment was put on the order.

        :raise ValidationError: names the products that are to be paid with money
        """
        for order in self:
            program = order._loyalty_wrong_payment()
            if program:
                message = program._not_payable_message(
                    order._loyalty_not_payable(program)
                )
                raise ValidationError(
                    self.env._(
                        "%(message)s Lower its payment on order %(order)s and confirm "
                        "again.",
                        message=message,
                        order=order.display_name,
                    )
                )

    def _loyalty_wrong_payment(self):
        """Return a program that pays what it must not, or an empty record."""
        self.ensure_one()
        paid = {}
        for line in self.order_line.filtered("reward_id"):
            program = line.reward_id.program_id
            if program.is_payment_program:
                paid[program] = paid.get(program, 0.0) - line.price_total
        total = self.amount_total + sum(paid.values())
        kept = {program: self._loyalty_not_payable_amount(program) for program in paid}
        programs = self.env["loyalty.program"].union(*paid)
        return programs._wrongly_paying(total, paid, kept, self.currency_id)
