from odoo import models
from odoo.fields import Domain


class LoyaltyProgramPaymentMixin(models.AbstractModel):
    """What gift cards and eWallets must not pay.

    Who tops up an eWallet from an eWallet, or buys a gift card with one, makes money of
    nothing as soon as a discount or a second program meets it: the price of these
    products is always paid with money.
    """

    _name = "loyalty.program.payment.mixin"
    _description = "What Gift Cards and eWallets Pay"

    def _not_payable(self, products, programs=None):
        """Return which products a gift card or eWallet does not pay.

        An eWallet pays no top-up of an eWallet, a gift card neither a top-up nor a gift
        card. The rule holds where one of both programs is strict.

        :param products: products of an order
        :param programs: programs whose products count, all by default
        """
        self.ensure_one()
        if not self.is_payment_program or not products:
            return products.browse()
        kinds = {"ewallet", self.program_type}
        if programs is None:
            company = self.company_id or self.env.company
            domain = Domain("program_type", "in", tuple(kinds))
            domain &= self._check_company_domain(company)
            # Programs of a colleague's team top up just as well.
            programs = self.sudo().search(domain)
        refused = products.browse()
        for program in programs.sudo():
            if program.program_type not in kinds or not (self.strict or program.strict):
                continue
            for rule in program.rule_ids:
                # A rule for any product tops nothing up: Odoo ignores it.
                domain = (
                    program.trigger_product_ids and rule._get_valid_product_domain()
                )
                if domain:
                    refused |= products.filtered_domain(domain)
        return refused

    def _wrongly_paying(self, total, paid, kept, currency):
        """Return a program of these that pays what it must not, or an empty record.

        :param total: amount of an order before gift cards and eWallets, with taxes
        :param paid: dict {program: amount it pays}
        :param kept: dict {program: amount it must not pay, see `_not_payable`}
        :param currency: currency of the order, of all amounts
        """
        for program in self:
            # What one program must not pay, one that may pay less must not either.
            together = sum(paid[one] for one in self if kept[one] >= kept[program])
            payable = max(total - kept[program], 0.0)
            if kept[program] and currency.compare_amounts(together, payable) > 0:
                return program
        return self.browse()

    def _not_payable_message(self, products):
        """Return in words that products have to be paid with money.

        :param products: as of `_not_payable`
        """
        self.ensure_one()
        return self.env._(
            "%(program)s cannot pay for %(products)s: top-ups and gift cards are paid "
            "with money.",
            program=self.name,
            products=", ".join(products.mapped("display_name")),
        )
