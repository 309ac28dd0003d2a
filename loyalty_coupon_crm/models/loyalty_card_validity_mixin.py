from odoo import fields, models


class LoyaltyCardValidityMixin(models.AbstractModel):
    """From and until when a coupon can be used: days after its issue or first use."""

    _name = "loyalty.card.validity.mixin"
    _description = "Validity of a Card"

    def _first_day(self, company):
        """Return the first day on which the card can be used, or None.

        :param company: `res.company` record whose days count
        """
        self.ensure_one()
        days = self.program_id.validity_start_days
        if not days or not self.issued_at:
            return None
        return fields.Date.add(company._loyalty_today(self.issued_at), days=days)

    def _set_validity(self):
        """Set the last day of strict programs' coupons that have none yet.

        A coupon whose validity counts from its first use gets it then, and loses it
        again when nothing of its uses is left.
        """
        for card in self.filtered(lambda card: card._has_validity()):
            start = card._validity_start()
            if start and not card.expiration_date:
                company = card.company_id or self.env.company
                card.expiration_date = fields.Date.add(
                    company._loyalty_today(start), days=card.program_id.validity_days
                )
            elif not start and card.redemption_ids:
                card.expiration_date = False

    def _has_validity(self):
        """Return whether the program sets the last day of the card."""
        self.ensure_one()
        program = self.program_id
        return (
            program.strict
            and program.validity_days
            and program.program_type not in ("loyalty", "ewallet")
        )

    def _validity_start(self):
        """Return the moment from which the days count, or nothing."""
        self.ensure_one()
        if self.program_id.validity_from == "issue":
            return self.issued_at or fields.Datetime.now()
        uses = self.redemption_ids.filtered("is_live")
        return min(uses.mapped("date"), default=None)
