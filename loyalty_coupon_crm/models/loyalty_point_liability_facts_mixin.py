from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.tools import SQL

from ..tools.liability import Fact

EXPIRING_DAYS = 90


class LoyaltyPointLiabilityFactsMixin(models.AbstractModel):
    """What a points liability reads: awards of sales, what was drawn from them, sales.

    Everything is asked for one program in one company, at the end of a day, and read in
    one pass: millions of movements come back as sums.
    """

    _name = "loyalty.point.liability.facts.mixin"
    _inherit = "loyalty.point.liability.source.mixin"
    _description = "Facts of a Points Liability"

    @api.model
    def _read_sharing(self, programs):
        """Return those programs that earned points on the same documents."""
        if len(programs) < 2:
            return programs.browse()
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT UNNEST(programs) FROM (%s) document",
                self._documents_sql(programs),
            )
        )
        return programs.browse(program_id for (program_id,) in rows)

    @api.model
    def _read_facts(self, company, program, date, until, moments, sharing):
        """Return what sales earned and what was drawn from it, as sums.

        :param moments: sorted list of datetimes in UTC that divide the facts
        :param sharing: programs that earned on the same documents
        :return: list of `liability.Fact`
        """
        soon = (date, date + relativedelta(days=EXPIRING_DAYS))
        rows = self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE %(tables)s
                SELECT cohort, meaning,
                       (EXTRACT(YEAR FROM month) * 12 + EXTRACT(MONTH FROM month)
                        - EXTRACT(YEAR FROM cohort) * 12
                        - EXTRACT(MONTH FROM cohort))::int,
                       place, soon, programs, points
                  FROM (SELECT cohort, meaning, soon, programs,
                               DATE_TRUNC('month', date AT TIME ZONE 'UTC'
                                                   AT TIME ZONE %(zone)s) AS month,
                               WIDTH_BUCKET(date, %(moments)s::timestamp[]) AS place,
                               SUM(points) AS points
                          FROM (SELECT cohort, soon, programs, 'award' AS meaning,
                                       date, points
                                  FROM award
                                 UNION ALL
                                %(drawn)s) fact
                      GROUP BY 1, 2, 3, 4, 5, 6) sums
                 UNION ALL
                SELECT NULL, 'kept', 0, 0, TRUE, NULL, (%(kept)s)
                """,
                tables=self._tables_sql(company, program, until, soon, sharing),
                drawn=self._drawn_sql(program, until),
                zone=company._loyalty_timezone(),
                moments=moments,
                kept=self._kept_sql(until, soon),
            )
        )
        return [
            Fact(*row[:5], tuple(sorted(set(row[5] or ()))), row[6] or 0.0)
            for row in rows
        ]

    @api.model
    def _kept_sql(self, until, soon):
        """Return SQL of points that lapse soon, on other terms than their award's.

        It reads the tables.
        """
        return SQL(
            """
            SELECT SUM(move.remaining + COALESCE(after.points, 0))
              FROM source
              JOIN loyalty_point_move move ON move.id = source.move_id
         LEFT JOIN LATERAL (
                   SELECT SUM(drawn.points) AS points
                     FROM loyalty_point_allocation drawn
                     JOIN loyalty_point_move spend ON spend.id = drawn.spend_id
                    WHERE drawn.award_id = move.id AND spend.date >= %(until)s) after
                ON TRUE
             WHERE NOT source.soon AND move.date < %(until)s
               AND move.expiration_date BETWEEN %(first)s AND %(last)s
            """,
            first=soon[0],
            last=soon[1],
            until=until,
        )

    @api.model
    def _read_sales(self, company, program, since, until, sharing):
        """Return the net amount of a period's purchases that earned points.

        Refunds and edits of such purchases belong to their document.

        :param since: moment in UTC, None for the beginning
        :param sharing: programs that earned on the same documents
        :return: {ids of the programs that earned on them: amount}; of one alone ()
        """
        bought = SQL(
            """
            SELECT amount, order_model, order_id FROM loyalty_purchase row
             WHERE reversal_of_id IS NULL AND %(now)s
             UNION ALL
            SELECT row.amount, COALESCE(origin.order_model, row.order_model),
                   COALESCE(origin.order_id, row.order_id)
              FROM loyalty_purchase row
              JOIN loyalty_purchase origin ON origin.id = row.reversal_of_id
             WHERE %(now)s
            """,
            now=SQL(
                "row.company_id = %s AND row.date < %s AND %s",
                company.id,
                until,
                SQL("row.date >= %s", since) if since else SQL("TRUE"),
            ),
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT %(programs)s, SUM(bought.amount)
                  FROM (%(bought)s) bought %(documents)s
                 WHERE (order_model, order_id) IN (
                       SELECT order_model, order_id FROM loyalty_point_move
                        WHERE program_id = %(program)s AND kind = 'earn'
                        UNION ALL
                       SELECT order_model, order_id FROM loyalty_point_folded
                        WHERE program_id = %(program)s AND meaning = 'award')
              GROUP BY 1
                """,
                bought=bought,
                program=program.id,
                **self._shared_sql(sharing),
            )
        )
        sales = {}
        for ids, amount in rows:
            key = tuple(sorted(set(ids or ())))
            sales[key] = sales.get(key, 0.0) + float(amount or 0.0)
        return sales

    @api.model
    def _read_balances(self, company, program, until):
        """Return the sum of the positive balances at a moment."""
        [[points]] = self.env.execute_query(
            SQL(
                """
                SELECT SUM(balance) FROM (
                    SELECT SUM(points) AS balance FROM loyalty_point_move
                     WHERE program_id = %s AND date < %s AND %s
                  GROUP BY card_id) card WHERE balance > 0
                """,
                program.id,
                until,
                self._here_sql(company, program),
            )
        )
        return points or 0.0
