from odoo import api, models
from odoo.tools import SQL


class LoyaltyCouponQuery(models.AbstractModel):
    """SQL of the coupons that were issued, and of what came of each of them."""

    _name = "loyalty.coupon.query"
    _inherit = "loyalty.fact.query"
    _description = "Queries of Coupons"

    @api.model
    def _issuer_sql(self):
        """Return SQL of the company of a coupon: `card`, else its `campaign`."""
        return SQL("COALESCE(card.company_id, campaign.company_id)")

    @api.model
    def _coupons(self, where):
        """Return SQL of the coupons that were issued.

        :param where: SQL condition on them, as `card` and `campaign`
        """
        company = self._issuer_sql()
        return SQL(
            """
            SELECT card.id, card.program_id, card.campaign_id, member.variant_id,
                   COALESCE(owner.commercial_partner_id, owner.id) AS customer_id,
                   %(company)s AS company_id,
                   card.issued_at, %(issued)s::date AS issue_date,
                   %(state)s AS state, card.used_at, card.expiration_date
              FROM loyalty_card card
              JOIN loyalty_program program ON program.id = card.program_id
              LEFT JOIN loyalty_campaign campaign ON campaign.id = card.campaign_id
              LEFT JOIN loyalty_campaign_member member
                ON member.id = card.campaign_member_id
              LEFT JOIN res_partner owner ON owner.id = card.partner_id
             WHERE %(coupon)s AND %(where)s
            """,
            company=company,
            issued=self._local(SQL("card.issued_at"), company),
            state=self.env["loyalty.card"]._state_sql("card"),
            coupon=self._issued_sql(),
            where=where,
        )

    @api.model
    def _uses_per_coupon(self, cards=None, by_document=False, companies=None):
        """Return SQL of the live uses per coupon; a replacement has those of both.

        :param cards: SQL of a query of ids, empty for all
        :param by_document: look up the documents of each use, for few uses of many
        :param companies: list of ids; what others sold is not seen then
        """
        only = documents = None
        if cards:
            only = SQL(
                "SELECT used.id FROM loyalty_redemption used"
                " WHERE used.card_id IN (%s)",
                SQL(
                    "%s UNION SELECT old.id FROM (%s) old WHERE old.last_id IN (%s)",
                    cards,
                    self._replaced(),
                    cards,
                ),
            )
        if by_document:
            documents = self._same_document("live")
        return SQL(
            """
            SELECT COALESCE(newer.last_id, live.card_id) AS card_id,
                   COUNT(*)::integer AS use_count,
                   SUM(live.discount_amount) AS discount_amount,
                   SUM(live.goods_cost) AS goods_cost,
                   SUM(live.order_amount / COALESCE(document.uses, 1)) AS net_sales,
                   MIN(%(day)s::date) AS first_use_date,
                   MIN(live.company_id) AS company_id,
                   MIN(live.company_id) != MAX(live.company_id)
                       OR COUNT(live.company_id) NOT IN (0, COUNT(*)) AS is_shared
              FROM (%(live)s) live
              LEFT JOIN (%(replaced)s) newer ON newer.id = live.card_id
              LEFT JOIN LATERAL (%(documents)s) document
                ON document.order_model = live.order_model
               AND document.order_id = live.order_id
             WHERE %(seen)s
             GROUP BY 1
            """,
            day=self._local(SQL("live.date"), SQL("live.company_id")),
            live=self._live_uses(only),
            replaced=self._replaced(),
            documents=self._uses_per_document(documents),
            seen=SQL("TRUE")
            if companies is None
            else SQL(
                "(live.company_id IS NULL OR live.company_id = ANY(%s))", companies
            ),
        )

    @api.model
    def _replaced(self):
        """Return SQL of the cards that were replaced, with the last replacement."""
        return SQL(
            """
            WITH RECURSIVE chain (id, next_id) AS (
                SELECT reissued_from_id, id FROM loyalty_card
                 WHERE reissued_from_id IS NOT NULL
                 UNION
                SELECT chain.id, newer.id
                  FROM chain
                  JOIN loyalty_card newer ON newer.reissued_from_id = chain.next_id
            )
            SELECT id, MAX(next_id) AS last_id FROM chain GROUP BY id
            """
        )
