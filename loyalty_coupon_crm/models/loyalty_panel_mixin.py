from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .loyalty_card_state_mixin import OPEN_STATES

READERS = (
    "loyalty_coupon_crm.group_loyalty_salesperson,"
    "loyalty_coupon_crm.group_loyalty_auditor"
)
CARDS_SHOWN = 40
USES_SHOWN = 5


class LoyaltyPanelMixin(models.AbstractModel):
    """What staff see of a customer's cards beside a document.

    The cards of all contacts of the same commercial partner are shown: they may use
    each other's. A few queries serve any number of records.
    """

    _name = "loyalty.panel.mixin"
    _description = "Panel of a Customer's Cards"

    loyalty_wallet_ids = fields.Many2many(
        "loyalty.card",
        string="Wallets",
        compute="_compute_loyalty_cards",
        groups=READERS,
    )
    loyalty_lapse_ids = fields.Many2many(
        "loyalty.point.lapse",
        string="Points That Lapse",
        compute="_compute_loyalty_lapse_ids",
        groups=READERS,
    )
    loyalty_coupon_ids = fields.Many2many(
        "loyalty.card",
        string="Open Coupons",
        compute="_compute_loyalty_cards",
        groups=READERS,
    )
    loyalty_use_ids = fields.Many2many(
        "loyalty.redemption",
        string="Last Uses",
        compute="_compute_loyalty_use_ids",
        groups=READERS,
    )

    def _loyalty_panel_depends(self):
        """Hook: return the fields that name the customer and the applied cards."""
        return ["partner_id"]

    def _loyalty_panel_partner(self):
        """Hook: return the customer of a record."""
        self.ensure_one()
        return self.partner_id

    def _loyalty_panel_companies(self):
        """Hook: return the companies whose cards a record may use."""
        self.ensure_one()
        company = self.company_id or self.env.company
        # A card of the parent company is valid in its branches.
        return company | company.sudo().parent_ids

    def _loyalty_panel_applied(self):
        """Hook: return the cards that the record uses already."""
        return self.env["loyalty.card"]

    @api.depends(lambda self: self._loyalty_panel_depends())
    @api.depends_context("company")
    def _compute_loyalty_cards(self):
        found = self._loyalty_panel_rows(
            self.env["loyalty.card"],
            Domain("state", "in", OPEN_STATES) & Domain("program_id.active", "=", True),
            SQL("expiration_date, id"),
            CARDS_SHOWN,
        )
        for record in self:
            companies = record._loyalty_panel_companies()
            cards = found(record).filtered(
                lambda card, allowed=companies: (
                    not card.company_id or card.company_id in allowed
                )
            )
            wallets = cards.filtered("program_id.is_nominative")
            record.loyalty_wallet_ids = wallets
            record.loyalty_coupon_ids = (
                cards - wallets - record._loyalty_panel_applied()
            )

    @api.depends("loyalty_wallet_ids.lapse_ids")
    def _compute_loyalty_lapse_ids(self):
        for record in self:
            record.loyalty_lapse_ids = record.loyalty_wallet_ids.lapse_ids

    @api.depends(lambda self: self._loyalty_panel_depends())
    @api.depends_context("company")
    def _compute_loyalty_use_ids(self):
        found = self._loyalty_panel_rows(
            self.env["loyalty.redemption"],
            Domain("is_live", "=", True),
            SQL("date DESC, id DESC"),
            USES_SHOWN,
        )
        for record in self:
            record.loyalty_use_ids = found(record)

    def _loyalty_panel_rows(self, model, domain, order, limit):
        """Return a function from a record of ours to the first rows of its customer.

        :param model: model whose rows have a `partner_id`
        :param domain: which rows; the rules of the user are added
        :param order: SQL of the order
        :param limit: rows for one customer
        """
        # The commercial partner of a readable contact may not be readable itself.
        customers = {
            record: record._loyalty_panel_partner().sudo().commercial_partner_id._origin
            for record in self
        }
        ids = {customer.id for customer in customers.values() if customer}
        if not ids:
            return lambda record: model
        domain &= Domain("partner_id.commercial_partner_id", "in", list(ids))
        query = model._search(domain)
        alias = SQL.identifier(query.table)
        customer = SQL(
            "(SELECT commercial_partner_id FROM res_partner WHERE id = %s.partner_id)",
            alias,
        )
        ranked = query.select(
            SQL("%s.*", alias),
            SQL("%s AS customer_id", customer),
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT customer_id, id FROM (
                    SELECT customer_id, id,
                           ROW_NUMBER() OVER (
                               PARTITION BY customer_id ORDER BY %s) AS place
                      FROM (%s) found) ranked
                 WHERE place <= %s
                 ORDER BY customer_id, place
                """,
                order,
                ranked,
                limit,
            )
        )
        by_customer = {}
        for customer_id, row_id in rows:
            by_customer.setdefault(customer_id, []).append(row_id)
        prefetch = [row_id for _customer, row_id in rows]

        def found(record):
            row_ids = by_customer.get(customers[record].id, ())
            return model.browse(row_ids).with_prefetch(prefetch)

        return found
