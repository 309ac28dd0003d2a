from odoo import api, models
from odoo.tools import SQL

from ..tools.import_reader import REDEMPTION_COLUMNS


class LoyaltyImportRedemption(models.AbstractModel):
    """Past uses of coupons: one row per use of a card that exists here.

    A use that was imported before is left alone, so a file may be imported again. The
    points are spent in the wallet, so that a used coupon cannot be used again.
    """

    _name = "loyalty.import.redemption"
    _inherit = "loyalty.import.stage"
    _description = "Import of Redemptions"

    @api.model
    def _columns(self):
        return REDEMPTION_COLUMNS

    @api.model
    def _check(self, company, create_customers=False, create_products=False):
        self.env.flush_all()
        return (
            self._check_cards(company)
            + self._check_doubles()
            + self._check_points(company)
            + self._check_purchases(company)
        )

    def _check_cards(self, company):
        """Return the codes that no card of the company has."""
        return self._problems(
            SQL(
                """
                SELECT line, 'code', 'unknown_code', line.code
                  FROM loyalty_import_line line
                 WHERE NOT EXISTS (
                       SELECT FROM loyalty_card card
                        WHERE card.code = line.code
                          AND COALESCE(card.company_id, %(company)s) = %(company)s)
              ORDER BY line
                """,
                company=company.id,
            )
        )

    def _check_doubles(self):
        """Return the references that stand in the file twice."""
        return self._problems(
            SQL(
                """
                SELECT MAX(line), 'external_ref', 'double_ref', external_ref
                  FROM loyalty_import_line
              GROUP BY external_ref HAVING COUNT(*) > 1
              ORDER BY 1
                """
            )
        )

    def _check_points(self, company):
        """Return the cards that new uses would bring below zero."""
        return self._problems(
            SQL(
                """
                SELECT MAX(line), 'points', 'not_enough_points', line.code
                  FROM loyalty_import_line line
                  JOIN loyalty_card card ON card.code = line.code
                 WHERE NOT EXISTS (
                       SELECT FROM loyalty_redemption known
                        WHERE known.company_id = %s
                          AND known.external_ref = line.external_ref)
              GROUP BY line.code, card.points
                HAVING SUM(COALESCE(line.points, 1)) > card.points
                    OR MIN(line.points) < 0
              ORDER BY 1
                """,
                company.id,
            )
        )

    def _check_purchases(self, company):
        """Return the purchases that were not imported."""
        return self._problems(
            SQL(
                """
                SELECT line, 'purchase_ref', 'unknown_purchase', purchase_ref
                  FROM loyalty_import_line line
                 WHERE purchase_ref IS NOT NULL
                   AND NOT EXISTS (
                       SELECT FROM loyalty_purchase known
                        WHERE known.company_id = %s
                          AND known.external_ref = line.purchase_ref)
              ORDER BY line
                """,
                company.id,
            )
        )

    @api.model
    def _prepare(self, company):
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMP TABLE loyalty_import_basket AS
                SELECT line.*, card.id AS card_id,
                       ROW_NUMBER() OVER (ORDER BY date, external_ref) AS place
                  FROM loyalty_import_line line
                  JOIN loyalty_card card ON card.code = line.code
                 WHERE NOT EXISTS (
                       SELECT FROM loyalty_redemption known
                        WHERE known.company_id = %s
                          AND known.external_ref = line.external_ref)
                """,
                company.id,
            )
        )
        [(total, read)] = self.env.execute_query(
            SQL(
                """
                SELECT (SELECT COUNT(*) FROM loyalty_import_basket),
                       (SELECT COUNT(*) FROM loyalty_import_line)
                """
            )
        )
        return {"total": total, "known": read - total, "customers": 0, "products": 0}

    @api.model
    def _write_batch(self, company, start, size):
        uses = self.env.execute_query_dict(
            SQL(
                """
                SELECT use.*, purchase.id AS purchase_id,
                       COALESCE(use.order_amount, purchase.amount) AS net_sales,
                       COALESCE(use.channel, purchase.channel, 'import') AS place_sold,
                       COALESCE(use.shop, purchase.shop) AS shop_name
                  FROM loyalty_import_basket use
             LEFT JOIN loyalty_purchase purchase
                    ON purchase.external_ref = use.purchase_ref
                   AND purchase.company_id = %s
                 WHERE use.place > %s AND use.place <= %s
              ORDER BY use.place
                """,
                company.id,
                start,
                start + size,
            )
        )
        # Facts and points are written by the system for whoever may import.
        cards = self.env["loyalty.card"].sudo()
        found = {card.id: card for card in cards.browse({u["card_id"] for u in uses})}
        with cards._wallet_scope("spend") as scope:
            for use in uses:
                self._spend(scope, found[use["card_id"]], use, company)
        self.env["loyalty.redemption"].sudo().create(
            [self._prepare_vals(found[use["card_id"]], use, company) for use in uses]
        )
        for use in uses:
            found[use["card_id"]].used_at = use["date"]
        return len(uses)

    def _spend(self, scope, card, use, company):
        """Take the points of one use off its card."""
        points = float(use["points"] or 1)
        scope.plan(
            card.id,
            "spend",
            -points,
            date=use["date"],
            company_id=company.id,
            reason=self.env._("Imported use %s", use["external_ref"]),
            request_key=f"import/{company.id}/{use['external_ref']}",
        )
        card.points -= points

    def _prepare_vals(self, card, use, company):
        """Return the values of the redemption of one imported use."""
        purchase_id = use["purchase_id"]
        return {
            "card_id": card.id,
            "program_id": card.program_id.id,
            "campaign_id": card.campaign_id.id,
            "partner_id": card.partner_id.id,
            "company_id": company.id,
            "channel": use["place_sold"],
            "shop": use["shop_name"],
            "user_id": self.env.uid,
            "order_model": "loyalty.purchase" if purchase_id else False,
            "order_id": purchase_id,
            "external_ref": use["external_ref"],
            "date": use["date"],
            "points": float(use["points"] or 1),
            "discount_amount": float(use["discount"] or 0),
            "goods_cost": float(use["goods_cost"] or 0),
            "order_amount": float(use["net_sales"] or 0),
        }
