from odoo import api, fields, models
from odoo.tools import SQL

# A transaction that writes orders is over after so long: none with a smaller id than
# those that are counted comes later.
LATEST_HOURS = 1


class LoyaltyPosCustomer(models.Model):
    """How many orders each customer made at tills, counted every night.

    A till that opens reads the customers who order most. Their counts are kept, so that
    it adds only the orders that came since, not all there ever were. Orders without
    customer have a row, too: the highest order of all rows is up to where they count.
    """

    _name = "loyalty.pos.customer"
    _description = "Counted Orders of Customers"
    _log_access = False
    _rec_name = "partner_id"
    _order = "order_count desc, id"

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        ondelete="cascade",
        help="Empty for orders without customer.",
    )
    order_count = fields.Integer(string="Orders", required=True, index=True)
    last_order_id = fields.Integer(
        string="Last Counted Order",
        required=True,
        index=True,
        help="The highest id among these orders.",
    )

    _partner_unique = models.Constraint(
        "UNIQUE(partner_id)", "The orders of this customer are counted already."
    )

    @api.model
    def _cron_count_orders(self):
        """Count the orders of all customers anew, writing what has changed."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH counted AS MATERIALIZED (
                    SELECT partner_id, COUNT(*) AS order_count, MAX(id) AS last_order_id
                      FROM pos_order
                     WHERE id < ALL (
                           SELECT MIN(id) FROM pos_order
                            WHERE create_date > NOW() AT TIME ZONE 'UTC'
                                  - %(hours)s * INTERVAL '1 hour'
                           HAVING MIN(id) IS NOT NULL)
                  GROUP BY partner_id
                ), gone AS (
                    -- The row of nobody is always written anew.
                    DELETE FROM loyalty_pos_customer kept
                     WHERE NOT EXISTS (SELECT FROM counted
                                        WHERE counted.partner_id = kept.partner_id)
                )
                INSERT INTO loyalty_pos_customer AS kept
                       (partner_id, order_count, last_order_id)
                SELECT partner_id, order_count, last_order_id FROM counted
                    ON CONFLICT (partner_id) DO UPDATE
                   SET order_count = EXCLUDED.order_count,
                       last_order_id = EXCLUDED.last_order_id
                 WHERE (kept.order_count, kept.last_order_id)
                       != (EXCLUDED.order_count, EXCLUDED.last_order_id)
                """,
                hours=LATEST_HOURS,
            )
        )
        self.invalidate_model()

    @api.model
    def _recount(self, partner):
        """Count the orders of one customer anew, who was given those of others.

        :param partner: `res.partner` record
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_pos_customer
                       (partner_id, order_count, last_order_id)
                SELECT partner_id, COUNT(*), MAX(id) FROM pos_order
                 WHERE partner_id = %(partner)s AND id <= %(last)s
              GROUP BY partner_id
                    ON CONFLICT (partner_id) DO UPDATE
                   SET order_count = EXCLUDED.order_count,
                       last_order_id = EXCLUDED.last_order_id
                """,
                partner=partner.id,
                last=self._last_counted(),
            )
        )
        self.invalidate_model()

    @api.model
    def _last_counted(self):
        """Return the id of the last order that is counted, 0 when none is."""
        [[last]] = self.env.execute_query(
            SQL("SELECT MAX(last_order_id) FROM loyalty_pos_customer")
        )
        return last or 0

    @api.model
    def _most_frequent(self, company, limit, offset=0):
        """Return customers as Odoo's tills load them: most orders first, then by name.

        The counts are those of the night and what came since. An order that was deleted
        or given to somebody else later counts on until the next night.

        :param company: `res.company` of the till; customers of others are left out
        :param limit: how many customers
        :param offset: how many customers to leave out before
        :return: list of tuples with the id of a `res.partner`
        """
        last = self._last_counted()
        ordered = self.env.execute_query(
            self._with_orders_sql(company, last, offset + limit)
        )
        missing = offset + limit - len(ordered)
        rows = ordered[offset:]
        if missing:
            before = max(0, offset - len(ordered))
            rows += self.env.execute_query(
                self._without_orders_sql(company, last, missing - before, before)
            )
        return rows

    @api.model
    def _with_orders_sql(self, company, last, limit):
        """Return the query of the customers with most orders.

        Of those without new orders as many are read as are wanted, by the index of the
        counts (a join with new orders would leave it); only customers with equal counts
        are sorted by name.

        :param last: id of the last order that is counted
        """
        return SQL(
            """
            WITH fresh AS MATERIALIZED (
                SELECT partner_id, COUNT(*) AS order_count FROM pos_order
                 WHERE id > %(last)s AND partner_id IS NOT NULL
              GROUP BY partner_id
            )
            SELECT partner.id
              FROM ((SELECT kept.partner_id, kept.order_count
                       FROM loyalty_pos_customer kept
                       JOIN res_partner partner ON partner.id = kept.partner_id
                      WHERE %(visible)s
                        AND kept.partner_id NOT IN (SELECT partner_id FROM fresh)
                   ORDER BY kept.order_count DESC, partner.name, partner.id
                      LIMIT %(limit)s)
                     UNION ALL
                    SELECT fresh.partner_id,
                           fresh.order_count + COALESCE(kept.order_count, 0)
                      FROM fresh
                 LEFT JOIN loyalty_pos_customer kept
                        ON kept.partner_id = fresh.partner_id
                   ORDER BY order_count DESC) counted
              JOIN res_partner partner ON partner.id = counted.partner_id
             WHERE %(visible)s
          ORDER BY counted.order_count DESC, partner.name, partner.id
             LIMIT %(limit)s
            """,
            last=last,
            visible=self._visible_sql(company),
            limit=limit,
        )

    @api.model
    def _without_orders_sql(self, company, last, limit, offset):
        """Return the query of customers who never ordered, by name.

        :param last: id of the last order that is counted
        """
        return SQL(
            """
            SELECT partner.id
              FROM res_partner partner
             WHERE %(visible)s
               AND NOT EXISTS (SELECT FROM loyalty_pos_customer kept
                                WHERE kept.partner_id = partner.id)
               AND NOT EXISTS (SELECT FROM pos_order fresh
                                WHERE fresh.partner_id = partner.id
                                  AND fresh.id > %(last)s)
          ORDER BY partner.name, partner.id
             LIMIT %(limit)s OFFSET %(offset)s
            """,
            visible=self._visible_sql(company),
            last=last,
            limit=limit,
            offset=offset,
        )

    @api.model
    def _visible_sql(self, company):
        """Return the condition on `partner` that Odoo's tills have."""
        return SQL(
            "(partner.company_id = %s OR partner.company_id IS NULL)", company.id
        )
