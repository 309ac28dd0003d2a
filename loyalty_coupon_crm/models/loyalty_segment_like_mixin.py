from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

LIKE_LIMIT = 1000


class LoyaltySegmentLikeMixin(models.AbstractModel):
    """Customers like those of a segment."""

    _name = "loyalty.segment.like.mixin"
    _description = "Similar Customers of a Segment"

    def action_make_like_segment(self):
        """Make a fixed list of the customers most like the members, and open it.

        :raise UserError: when no figures tell who is alike
        """
        self.ensure_one()
        self.check_access("write")
        partners = self._like_customers()
        if not partners:
            raise UserError(
                self.env._(
                    "Nobody is like the members of %(name)s: its members or the other "
                    "customers have no figures yet.",
                    name=self.name,
                )
            )
        segment = self.create(
            {
                "name": self.env._("Customers like %(name)s", name=self.name),
                "kind": "static",
                "company_id": (self.company_id or self.env.company).id,
            }
        )
        segment._add_members(partners)
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": segment.id,
            "views": [(False, "form")],
        }

    def _like_customers(self, limit=None):
        """Return the customers nearest to the average member who are none themselves.

        The distance is Euclidean over amount, number of purchases and days of silence
        (logarithms, in standard deviations over all customers) and the share of
        purchases with a coupon; a favourite category counts by how rare it is among the
        members, from 0 (all have it) to 1 (none).

        :param limit: as many as there are members by default, at most 1000
        :return: `res.partner` records, the nearest first
        """
        self.ensure_one()
        self.env.flush_all()
        company = self.company_id or self.env.company
        count = min(limit or self.member_count, LIKE_LIMIT)
        rows = self.env.execute_query(
            SQL(
                """
                WITH customer AS (
                    SELECT metric.partner_id, favourite_category_id AS category,
                           LN(1 + GREATEST(amount, 0)::float) AS amount,
                           LN(1 + purchase_count::float) AS purchases,
                           LN(1 + COALESCE(recency_days, 0)::float) AS silence,
                           COALESCE(coupon_share, 0)::float AS coupons,
                           row.id IS NOT NULL AS is_listed,
                           row.id IS NOT NULL
                               AND row.is_excluded IS NOT TRUE AS is_member
                      FROM loyalty_customer_metric metric
                      LEFT JOIN loyalty_segment_member row
                        ON row.segment_id = %(segment)s
                       AND row.partner_id = metric.partner_id
                       AND row.date_to IS NULL
                     WHERE metric.company_id = %(company)s AND purchase_count > 0),
                spread AS (
                    SELECT NULLIF(STDDEV_POP(amount), 0) AS amount,
                           NULLIF(STDDEV_POP(purchases), 0) AS purchases,
                           NULLIF(STDDEV_POP(silence), 0) AS silence
                      FROM customer),
                middle AS (
                    SELECT AVG(amount) AS amount, AVG(purchases) AS purchases,
                           AVG(silence) AS silence, AVG(coupons) AS coupons,
                           COUNT(*) AS members
                      FROM customer WHERE is_member),
                taste AS (
                    SELECT category, COUNT(*) AS members FROM customer
                     WHERE is_member AND category IS NOT NULL GROUP BY category)
                SELECT customer.partner_id
                  FROM customer
                 CROSS JOIN spread CROSS JOIN middle
                  LEFT JOIN taste ON taste.category = customer.category
                 WHERE NOT customer.is_listed AND middle.members > 0
              ORDER BY COALESCE(((customer.amount - middle.amount)
                                 / spread.amount) ^ 2, 0)
                     + COALESCE(((customer.purchases - middle.purchases)
                                 / spread.purchases) ^ 2, 0)
                     + COALESCE(((customer.silence - middle.silence)
                                 / spread.silence) ^ 2, 0)
                     + (customer.coupons - middle.coupons) ^ 2
                     + (1 - COALESCE(taste.members, 0)::float / middle.members) ^ 2,
                       customer.partner_id
                 LIMIT %(count)s
                """,
                segment=self.id,
                company=company.id,
                count=count,
            )
        )
        found = self.env["res.partner"].browse(row[0] for row in rows)
        # Figures are of the company, contacts may be guarded by rules of their own.
        return found._filtered_access("read")
