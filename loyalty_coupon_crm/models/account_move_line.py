from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    loyalty_liability_id = fields.Many2one(
        "loyalty.point.liability",
        string="Points Liability",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The points that the journal item was proposed for.",
    )

    def _loyalty_amount_in(self, currency):
        """Return the untaxed amount that the line of a credit note gives back.

        :param currency: currency of the amount; another one than that of the line is
            reached at the rate of the line's day
        """
        self.ensure_one()
        if currency == self.currency_id:
            return self.amount_currency
        return self.company_currency_id._convert(
            self.balance, currency, self.company_id, self.date
        )

    def _loyalty_is_payment(self):
        """Return whether the line pays: with a gift card, an eWallet or in advance."""
        return any(
            line.is_downpayment or line.reward_id.program_id.is_payment_program
            for line in self.sale_line_ids
        )

    def _loyalty_open_part(self, credits):
        """Return which part of a billed line was not credited, between 0 and 1.

        :param credits: lines that credit order lines, or bill them again
        """
        self.ensure_one()
        if not self.sale_line_ids:
            return 1.0
        same = credits.filtered(lambda line: line.sale_line_ids & self.sale_line_ids)
        if self.balance:
            part = 1 + sum(same.mapped("balance")) / self.balance
        else:
            taken = sum(
                line.quantity if line.move_type == "out_refund" else -line.quantity
                for line in same
            )
            part = 1 - taken / (self.quantity or 1.0)
        return min(1.0, max(0.0, part))
