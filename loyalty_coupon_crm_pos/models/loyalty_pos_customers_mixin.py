from odoo import models

NOBODY = "loyalty_nobody"


class Nobody:
    """Odoo's own customers are not wanted: a context that no client can send."""


class LoyaltyPosCustomersMixin(models.AbstractModel):
    """The customers that a till loads, by counts that are kept.

    Odoo counts all orders there ever were whenever a till opens.
    """

    _name = "loyalty.pos.customers.mixin"
    _description = "Customers of a Till"

    def _get_limited_partner_count(self):
        if isinstance(self.env.context.get(NOBODY), Nobody):
            return 0
        return super()._get_limited_partner_count()

    def get_limited_partners_loading(self, offset=0):
        """Return the customers with most orders, then by name, as Odoo does.

        :param offset: how many customers the till has already
        :return: list of tuples with the id of a `res.partner`
        """
        limit = self._get_limited_partner_count()
        customers = self.env["loyalty.pos.customer"]
        rows = customers._most_frequent(self.company_id, limit, offset)
        # Other add-ons add somebody to what Odoo finds: without limit it would count.
        till = self.with_context(**{NOBODY: Nobody()})
        others = super(LoyaltyPosCustomersMixin, till).get_limited_partners_loading(
            offset
        )
        return rows + [row for row in others if row not in rows]
