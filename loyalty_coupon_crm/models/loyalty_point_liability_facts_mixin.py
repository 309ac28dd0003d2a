from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.tools import SQL

from ..tools import liability

EXPIRING_DAYS = 90
# What a draw on an award means for it; all else takes the points away as if they had
# not been earned: refunds of the purchase, adjustments, points moved to nowhere.
USED = ("spend",)
LAPSED = ("expire", "void")


class LoyaltyPointLiabilityFactsMixin(models.AbstractModel):
    """What a points liability reads: awards of sales, what was drawn from them, sales.

    Everything is asked for one program in one company, at the end of a day.
    """

    _name = "loyalty.point.liability.facts.mixin"
    _description = "Facts of a Points Liability"

    @api.model
    def _awards_sql(self, company, program, until):
        """Return SQL of the awards that sales of a company have earned."""
        return SQL(
            """
            SELECT award.id, award.points, award.expiration_date, award.date,
                   award.order_model, award.order_id,
                   DATE_TRUNC('month', award.date AT TIME ZONE 'UTC'
                                       AT TIME ZONE %(zone)s)::date AS cohort
              FROM loyalty_point_move award
             WHERE award.program_id = %(program)s
               AND award.kind = 'earn' AND award.points > 0
               AND award.date < %(until)s
               AND COALESCE(award.company_id, %(owner)s) = %(company)s
            """,
            zone=company._loyalty_timezone(),
            program=program.id,
            until=until,
            owner=program.company_id.id or None,
            company=company.id,
        )

    @api.model
    def _arrivals_sql(self, program):
        """Return SQL of points from another wallet, and of the movement they left by.

        That is a transfer, a merge of wallets or the void of a card that another one
        replaces; or the spend that a refund gives back after its wallet was emptied.
        """
        return SQL(
            """
            SELECT came.id AS move_id, came.counterpart_id AS origin_id, came.points,
                   came.date
              FROM loyalty_point_move came
             WHERE came.program_id = %(program)s AND came.kind = 'transfer'
               AND came.points > 0 AND came.counterpart_id IS NOT NULL
             UNION ALL
            SELECT came.id, lost.id, came.points, came.date
              FROM loyalty_card card
              JOIN loyalty_point_move came ON came.card_id = card.id
             CROSS JOIN LATERAL (
                   SELECT id FROM loyalty_point_move
                    WHERE card_id = card.reissued_from_id
                      AND kind = 'void' AND points < 0
                 ORDER BY id DESC LIMIT 1) lost
             WHERE card.program_id = %(program)s
               AND card.reissued_from_id IS NOT NULL
               AND came.kind = 'transfer' AND came.points > 0
               AND came.counterpart_id IS NULL
             UNION ALL
            SELECT came.id, origin.id,
                   GREATEST(0, LEAST(came.points, came.balance_after)),
                   came.date
              FROM loyalty_point_move came
              JOIN loyalty_point_move origin ON origin.id = came.reversal_of_id
             WHERE came.program_id = %(program)s AND came.kind = 'reverse'
               AND came.points > 0 AND origin.points < 0
               AND origin.card_id != came.card_id
            """,
            program=program.id,
        )

    @api.model
    def _moved_sql(self, program):
        """Return SQL of what those points were drawn from: `move_id`, `award_id`.

        Each award arrived with its own terms and points. Of those that did not, nothing
        says which is which, and each may come from any of them.
        """
        return SQL(
            """
            WITH arrival AS MATERIALIZED (%(arrivals)s),
            came AS (
                SELECT arrival.move_id, arrival.origin_id, part.*,
                       ROW_NUMBER() OVER (
                           PARTITION BY arrival.origin_id, last_day, first_day,
                                        idle_days, amount
                               ORDER BY arrival.move_id) AS place
                  FROM arrival
                  JOIN loyalty_point_move move ON move.id = arrival.move_id
                 CROSS JOIN LATERAL (%(part_came)s) part),
            went AS (
                SELECT drawn.award_id, origin.origin_id, part.*,
                       ROW_NUMBER() OVER (
                           PARTITION BY origin.origin_id, last_day, first_day,
                                        idle_days, amount
                               ORDER BY drawn.id) AS place
                  FROM (SELECT origin_id, origin_id AS spend_id FROM arrival
                         UNION
                        SELECT arrival.origin_id, debt.id
                          FROM arrival
                          JOIN loyalty_point_move debt
                            ON debt.debt_of_id = arrival.origin_id) origin
                  JOIN loyalty_point_allocation drawn
                    ON drawn.spend_id = origin.spend_id AND drawn.points > 0
                  JOIN loyalty_point_move move ON move.id = drawn.award_id
                 CROSS JOIN LATERAL (%(part_went)s) part),
            pair AS MATERIALIZED (
                SELECT origin_id, came.move_id, went.award_id
                  FROM came
             FULL JOIN went
                 USING (origin_id, last_day, first_day, idle_days, amount, place))
            SELECT move_id, award_id FROM pair
             WHERE move_id IS NOT NULL AND award_id IS NOT NULL
             UNION
            SELECT came.move_id, went.award_id
              FROM pair came
              JOIN pair went USING (origin_id)
             WHERE came.award_id IS NULL AND went.move_id IS NULL
            """,
            arrivals=self._arrivals_sql(program),
            part_came=self._part_sql(SQL("arrival.points")),
            part_went=self._part_sql(SQL("drawn.points")),
        )

    @api.model
    def _part_sql(self, points):
        """Return SQL of the terms and points by which parts of awards are told apart.

        :param points: SQL of the points of the part
        """
        return SQL(
            """
            SELECT COALESCE(move.expiration_date, 'infinity') AS last_day,
                   COALESCE(move.available_date, '-infinity') AS first_day,
                   COALESCE(move.inactive_days, 0) AS idle_days,
                   ROUND(%s::numeric, 2) AS amount
            """,
            points,
        )

    @api.model
    def _sources_sql(self, company, program, until):
        """Return SQL of what was drawn from, its date, and the award it belongs to.

        An award; what arrived of it in another wallet; or a refund that kept the points
        of awards that had lapsed, for the days of grace. Those of several awards belong
        to the oldest.
        """
        return SQL(
            """
            WITH RECURSIVE link AS MATERIALIZED (
                SELECT noted.spend_id AS move_id, noted.award_id
                  FROM loyalty_point_allocation noted
                  JOIN loyalty_point_move refund ON refund.id = noted.spend_id
                 WHERE noted.points < 0 AND refund.kind = 'reverse'
                   AND refund.program_id = %(program)s
                 UNION
                SELECT move_id, award_id FROM (%(moved)s) moved),
            kept AS (
                SELECT move_id, award_id FROM link
                 UNION
                SELECT kept.move_id, link.award_id
                  FROM kept JOIN link ON link.move_id = kept.award_id)
            SELECT id AS move_id, id AS award_id, date FROM (%(awards)s) award
             UNION ALL
            SELECT kept.move_id, MIN(award.id), MIN(move.date)
              FROM kept
              JOIN (%(awards)s) award ON award.id = kept.award_id
              JOIN loyalty_point_move move ON move.id = kept.move_id
          GROUP BY kept.move_id
            """,
            program=program.id,
            moved=self._moved_sql(program),
            awards=self._awards_sql(company, program, until),
        )

    @api.model
    def _draws_sql(self, company, program, until):
        """Return SQL of what was drawn from those awards: `meaning`, `date`, `points`.

        What a reversal gives back to an award counts against what it reverses, and what
        arrived in another wallet against what took it out of the first. An award that
        makes up for points below zero was drawn from when it came; where they were
        below zero in a wallet that was merged into this one, for what took them there.
        """
        return SQL(
            """
            WITH source AS MATERIALIZED (%(sources)s)
            SELECT award.id AS award_id, award.cohort, award.order_model,
                   award.order_id, drawn.points, drawn.meaning,
                   GREATEST(drawn.date, award.date) AS date
              FROM (%(awards)s) award
              JOIN (SELECT source.award_id, drawn.points,
                           GREATEST(spend.date, source.date) AS date,
                           COALESCE(debt.kind, origin.kind, spend.kind) AS meaning
                      FROM source
                      JOIN loyalty_point_allocation drawn
                        ON drawn.award_id = source.move_id
                      JOIN loyalty_point_move spend ON spend.id = drawn.spend_id
                 LEFT JOIN loyalty_point_move origin
                        ON origin.id = spend.reversal_of_id AND spend.kind = 'reverse'
                 LEFT JOIN loyalty_point_move debt
                        ON debt.id = COALESCE(spend.debt_of_id, origin.debt_of_id)
                     WHERE spend.date < %(until)s
                     UNION ALL
                    SELECT source.award_id, -arrival.points,
                           GREATEST(arrival.date, origin.date), origin.kind
                      FROM (%(arrivals)s) arrival
                      JOIN source USING (move_id)
                      JOIN loyalty_point_move origin ON origin.id = arrival.origin_id
                     WHERE source.move_id != source.award_id
                       AND arrival.date < %(until)s) drawn
                ON drawn.award_id = award.id
            """,
            awards=self._awards_sql(company, program, until),
            sources=self._sources_sql(company, program, until),
            arrivals=self._arrivals_sql(program),
            until=until,
        )

    @api.model
    def _read_cohorts(self, company, program, date, until):
        """Return {month: `liability.Cohort`} of a program at the end of a day."""
        cohorts = {}
        rows = self.env.execute_query(
            SQL(
                "SELECT cohort, SUM(points) FROM (%s) award GROUP BY cohort",
                self._awards_sql(company, program, until),
            )
        )
        for month, points in rows:
            age = (date.year - month.year) * 12 + date.month - month.month
            cohorts[month] = liability.Cohort(age, points)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT cohort, meaning,
                       (EXTRACT(YEAR FROM local) * 12 + EXTRACT(MONTH FROM local)
                        - EXTRACT(YEAR FROM cohort) * 12
                        - EXTRACT(MONTH FROM cohort))::int AS age, SUM(points)
                  FROM (%s) draw, LATERAL (
                       SELECT draw.date AT TIME ZONE 'UTC' AT TIME ZONE %s AS local) day
              GROUP BY 1, 2, 3
                """,
                self._draws_sql(company, program, until),
                company._loyalty_timezone(),
            )
        )
        for month, meaning, age, points in rows:
            cohort = cohorts[month]
            if meaning in USED:
                cohort.used[age] = cohort.used.get(age, 0.0) + points
            elif meaning in LAPSED:
                cohort.lapsed[age] = cohort.lapsed.get(age, 0.0) + points
            else:
                cohort.earned -= points
        return cohorts

    @api.model
    def _read_flows(self, company, program, since, until):
        """Return points earned and redeemed, and the sales that earned, in a period.

        :param since: moment in UTC, None for the beginning
        """
        later = SQL("date >= %s", since) if since else SQL("TRUE")
        [[earned, redeemed, taken, sales]] = self.env.execute_query(
            SQL(
                """
                SELECT (SELECT SUM(points) FROM (%(awards)s) award WHERE %(later)s),
                       SUM(points) FILTER (WHERE meaning IN %(used)s),
                       SUM(points) FILTER (WHERE meaning NOT IN %(gone)s),
                       (SELECT SUM(amount) FROM (%(sales)s) row)
                  FROM (%(draws)s) draw WHERE %(later)s
                """,
                awards=self._awards_sql(company, program, until),
                draws=self._draws_sql(company, program, until),
                later=later,
                used=USED,
                gone=USED + LAPSED,
                sales=self._sales_sql(company, program, since, until),
            )
        )
        return {
            "earned": (earned or 0.0) - (taken or 0.0),
            "redeemed": redeemed or 0.0,
            "sales_amount": float(sales or 0.0),
        }

    @api.model
    def _sales_sql(self, company, program, since, until):
        """Return SQL of a period's purchases that earned points: document, `amount`.

        Refunds and edits of such purchases belong to their document.
        """
        return SQL(
            """
            SELECT row.amount,
                   COALESCE(origin.order_model, row.order_model) AS order_model,
                   COALESCE(origin.order_id, row.order_id) AS order_id
              FROM loyalty_purchase row
         LEFT JOIN loyalty_purchase origin ON origin.id = row.reversal_of_id
             WHERE row.company_id = %(company)s
               AND row.date < %(until)s AND %(later)s
               AND EXISTS (
                   SELECT FROM loyalty_point_move award
                    WHERE award.program_id = %(program)s
                      AND award.kind = 'earn'
                      AND award.order_model = COALESCE(origin.order_model,
                                                       row.order_model)
                      AND award.order_id = COALESCE(origin.order_id, row.order_id))
            """,
            company=company.id,
            program=program.id,
            until=until,
            later=SQL("row.date >= %s", since) if since else SQL("TRUE"),
        )

    @api.model
    def _read_shared(self, company, program, others, since, until):
        """Return the sales of a period that earned points of several programs.

        :param others: programs whose points have a value, too
        :param since: moment in UTC, None for the beginning
        :return: list of (net amount, {program: points earned}), one per group of
            programs that earned on the same documents
        """
        if not others:
            return []
        documents = self._shared_documents_sql(program, others)
        later = SQL("date >= %s", since) if since else SQL("TRUE")
        groups = {
            tuple(ids): (float(sales or 0.0), {})
            for ids, sales in self.env.execute_query(
                SQL(
                    """
                    SELECT document.programs, SUM(row.amount)
                      FROM (%(documents)s) document
                 LEFT JOIN (%(sales)s) row USING (order_model, order_id)
                  GROUP BY 1
                    """,
                    documents=documents,
                    sales=self._sales_sql(company, program, since, until),
                )
            )
        }
        programs = {program_id for ids in groups for program_id in ids}
        for one in (program | others).filtered(lambda one: one.id in programs):
            rows = self.env.execute_query(
                SQL(
                    """
                    SELECT document.programs, SUM(change.points)
                      FROM (SELECT order_model, order_id, points
                              FROM (%(awards)s) award WHERE %(later)s
                             UNION ALL
                            SELECT order_model, order_id, -points
                              FROM (%(draws)s) draw
                             WHERE %(later)s AND meaning NOT IN %(gone)s) change
                      JOIN (%(documents)s) document USING (order_model, order_id)
                  GROUP BY 1
                    """,
                    awards=self._awards_sql(company, one, until),
                    draws=self._draws_sql(company, one, until),
                    later=later,
                    gone=USED + LAPSED,
                    documents=documents,
                )
            )
            for ids, points in rows:
                groups[tuple(ids)][1][one] = points
        return list(groups.values())

    @api.model
    def _shared_documents_sql(self, program, others):
        """Return SQL of the documents on which a program earned beside others."""
        return SQL(
            """
            SELECT order_model, order_id,
                   ARRAY_AGG(DISTINCT program_id ORDER BY program_id) AS programs
              FROM loyalty_point_move
             WHERE kind = 'earn' AND points > 0 AND order_id > 0
               AND program_id = ANY(%(programs)s)
          GROUP BY order_model, order_id
            HAVING COUNT(DISTINCT program_id) > 1
               AND BOOL_OR(program_id = %(program)s)
            """,
            programs=(program | others).ids,
            program=program.id,
        )

    @api.model
    def _read_balances(self, company, program, until):
        """Return the sum of the positive balances at a moment."""
        [[points]] = self.env.execute_query(
            SQL(
                """
                SELECT SUM(balance) FROM (
                    SELECT SUM(points) AS balance FROM loyalty_point_move
                     WHERE program_id = %s AND date < %s
                       AND COALESCE(company_id, %s) = %s
                  GROUP BY card_id) card WHERE balance > 0
                """,
                program.id,
                until,
                program.company_id.id or None,
                company.id,
            )
        )
        return points or 0.0

    @api.model
    def _read_expiring(self, company, program, date, until):
        """Return the open points whose last day comes within 90 days."""
        awards = self._awards_sql(company, program, until)
        [[awarded, kept]] = self.env.execute_query(
            SQL(
                """
                WITH soon AS (
                    SELECT id, points FROM (%(awards)s) award
                     WHERE expiration_date BETWEEN %(date)s AND %(last)s)
                SELECT (SELECT SUM(soon.points - COALESCE(gone.points, 0))
                          FROM soon
                     LEFT JOIN (SELECT award_id, SUM(points) AS points
                                  FROM (%(draws)s) draw GROUP BY award_id) gone
                            ON gone.award_id = soon.id),
                       (SELECT SUM(refund.remaining + COALESCE(after.points, 0))
                          FROM (%(sources)s) source
                          JOIN loyalty_point_move refund ON refund.id = source.move_id
                     LEFT JOIN LATERAL (
                               SELECT SUM(drawn.points) AS points
                                 FROM loyalty_point_allocation drawn
                                 JOIN loyalty_point_move spend
                                   ON spend.id = drawn.spend_id
                                WHERE drawn.award_id = refund.id
                                  AND spend.date >= %(until)s) after ON TRUE
                         WHERE source.move_id != source.award_id
                           AND refund.kind IN ('reverse', 'transfer')
                           AND refund.date < %(until)s
                           AND refund.expiration_date BETWEEN %(date)s AND %(last)s
                           AND source.award_id NOT IN (SELECT id FROM soon))
                """,
                awards=awards,
                draws=self._draws_sql(company, program, until),
                sources=self._sources_sql(company, program, until),
                date=date,
                last=date + relativedelta(days=EXPIRING_DAYS),
                until=until,
            )
        )
        return (awarded or 0.0) + (kept or 0.0)
