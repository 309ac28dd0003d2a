from odoo import api, fields, models

from .loyalty_panel_mixin import READERS


class LoyaltyPanelOfferMixin(models.AbstractModel):
    """The offers that suit the customer best, beside a document or on the customer."""

    _name = "loyalty.panel.offer.mixin"
    _inherit = "loyalty.panel.mixin"
    _description = "Next Best Offer beside a Customer"

    loyalty_next_program_id = fields.Many2one(
        "loyalty.program",
        string="Next Best Offer",
        compute="_compute_loyalty_next_offer",
        compute_sudo=True,
        groups=READERS,
        help="The live offer that is expected to earn most from the customer within 30 "
        "days, discount paid.",
    )
    loyalty_next_profit = fields.Float(
        compute="_compute_loyalty_next_offer", compute_sudo=True, groups=READERS
    )
    loyalty_next_offer_text = fields.Text(
        string="Best Offers and Why",
        compute="_compute_loyalty_next_offer",
        compute_sudo=True,
        groups=READERS,
        help="Ranked by expected incremental profit: taste, use of coupons, and what "
        "past campaigns brought.",
    )

    @api.depends(lambda self: [*self._loyalty_panel_depends(), "company_id"])
    @api.depends_context("company", "lang")
    def _compute_loyalty_next_offer(self):
        by_company = {}
        for record in self:
            by_company.setdefault(record._loyalty_offer_company(), []).append(record)
        for company, records in by_company.items():
            people = self.env["res.partner"].union(
                *(record._loyalty_panel_partner()._origin for record in records)
            )
            found = self.env["loyalty.program"]._next_offers(people, company, "sale")
            for record in records:
                rows = found.get(record._loyalty_panel_partner()._origin, [])
                record._loyalty_show_offers(rows, company)

    def _loyalty_offer_company(self):
        """Hook: return the company whose offers a record shows."""
        self.ensure_one()
        return self.company_id or self.env.company

    def _loyalty_show_offers(self, rows, company):
        """Write what is shown of the best offers.

        :param rows: dicts as of `loyalty.program._next_offers`
        """
        self.ensure_one()
        best = rows[0] if rows else {}
        self.loyalty_next_program_id = best.get("program", False)
        self.loyalty_next_profit = best.get("profit", 0.0)
        self.loyalty_next_offer_text = "\n".join(
            row["program"]._next_sentence(row, company) for row in rows
        )
