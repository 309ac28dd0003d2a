from odoo import api, models
from odoo.tools import SQL


class LoyaltyPointLiabilitySourceMixin(models.AbstractModel):
    """Which award of a sale the points on a movement come from.

    Of movements that were folded, what was known of them then stands in their place.
    """

    _name = "loyalty.point.liability.source.mixin"
    _description = "Sources of a Points Liability"

    @api.model
    def _tables_sql(self, company, program, until, last, sharing):
        """Return SQL of the tables that facts are read from, for a WITH RECURSIVE.

        `award`: what sales of a company have earned. `arrival`: points that came from
        another wallet. `told`: what draws mean that stand for others. `source`: what
        was drawn from beside awards, and since when: what arrived of an award in
        another wallet, or a refund that kept the points of awards that had lapsed, for
        the days of grace. Those of several awards belong to the oldest.

        Awards and what they mean are many and are not materialized, so that several
        processes of the database can read them.

        :param until: moment in UTC at which the day is over
        :param last: tuple of the days between which awards lapse soon
        :param sharing: programs that earned on the same documents
        """
        return SQL(
            """
            award AS NOT MATERIALIZED (%(awards)s),
            arrival AS MATERIALIZED (%(arrivals)s),
            told AS NOT MATERIALIZED (%(told)s),
            link AS MATERIALIZED (
                SELECT noted.spend_id AS move_id, noted.award_id
                  FROM loyalty_point_allocation noted
                  JOIN loyalty_point_move refund ON refund.id = noted.spend_id
                 WHERE noted.points < 0 AND refund.kind = 'reverse'
                   AND refund.program_id = %(program)s
                 UNION
                SELECT move_id, award_id FROM (%(moved)s) moved
                 UNION
                SELECT move_ref, award_ref FROM loyalty_point_folded
                 WHERE program_id = %(program)s AND move_ref IS NOT NULL),
            kept AS (
                SELECT move_id, award_id FROM link
                 UNION
                SELECT kept.move_id, link.award_id
                  FROM kept JOIN link ON link.move_id = kept.award_id),
            source AS MATERIALIZED (
                SELECT oldest.move_id, GREATEST(move.date, award.date) AS date,
                       award.cohort, award.soon, award.programs
                  FROM (SELECT kept.move_id, MIN(award.id) AS award_id
                          FROM kept JOIN award ON award.id = kept.award_id
                      GROUP BY kept.move_id) oldest
                  JOIN award ON award.id = oldest.award_id
                  JOIN loyalty_point_move move ON move.id = oldest.move_id
                 WHERE oldest.move_id != oldest.award_id)
            """,
            awards=self._awards_sql(company, program, until, last, sharing),
            arrivals=self._arrivals_sql(program),
            told=self._told_sql(program),
            moved=self._moved_sql(),
            program=program.id,
        )

    @api.model
    def _awards_sql(self, company, program, until, soon, sharing):
        """Return SQL of the awards that sales of a company have earned.

        Each with its month, whether it lapses soon, and the programs that earned on its
        document, when they are several.
        """
        earned = SQL(
            """
            SELECT id, points, expiration_date, date, order_model, order_id
              FROM loyalty_point_move
             WHERE program_id = %(program)s AND kind = 'earn' AND points > 0
               AND date < %(until)s AND %(here)s
             UNION ALL
            SELECT award_ref, points, expiration_date, date, order_model, order_id
              FROM loyalty_point_folded
             WHERE program_id = %(program)s AND meaning = 'award'
               AND date < %(until)s AND %(here)s
            """,
            program=program.id,
            until=until,
            here=self._here_sql(company, program),
        )
        return SQL(
            """
            SELECT earned.id, earned.points, earned.date,
                   DATE_TRUNC('month', earned.date AT TIME ZONE 'UTC'
                                       AT TIME ZONE %(zone)s)::date AS cohort,
                   COALESCE(expiration_date BETWEEN %(first)s AND %(last)s, FALSE)
                       AS soon,
                   %(programs)s AS programs
              FROM (%(earned)s) earned %(documents)s
            """,
            zone=company._loyalty_timezone(),
            first=soon[0],
            last=soon[1],
            earned=earned,
            **self._shared_sql(sharing),
        )

    @api.model
    def _shared_sql(self, sharing):
        """Return SQL of the programs on a document, and of the join that finds them.

        :param sharing: programs that earned on the same documents, may be empty
        """
        if not sharing:
            return {"programs": SQL("NULL::integer[]"), "documents": SQL()}
        return {
            "programs": SQL("document.programs"),
            "documents": SQL(
                "LEFT JOIN (%s) document USING (order_model, order_id)",
                self._documents_sql(sharing),
            ),
        }

    @api.model
    def _documents_sql(self, programs):
        """Return SQL of documents on which several of the programs earned."""
        return SQL(
            """
            SELECT order_model, order_id, ARRAY_AGG(program_id) AS programs
              FROM (SELECT order_model, order_id, program_id FROM loyalty_point_move
                     WHERE kind = 'earn' AND points > 0 AND order_id > 0
                       AND program_id = ANY(%(programs)s)
                     UNION ALL
                    SELECT order_model, order_id, program_id FROM loyalty_point_folded
                     WHERE meaning = 'award' AND order_id > 0
                       AND program_id = ANY(%(programs)s)) earned
          GROUP BY order_model, order_id HAVING MIN(program_id) < MAX(program_id)
            """,
            programs=programs.ids,
        )

    @api.model
    def _here_sql(self, company, program):
        """Return the SQL condition of what belongs to a company.

        Not by COALESCE: the planner would take millions of rows for a few.
        """
        if program.company_id == company:
            return SQL("(company_id = %s OR company_id IS NULL)", company.id)
        return SQL("company_id = %s", company.id)

    @api.model
    def _drawn_sql(self, program, until):
        """Return SQL of what was drawn: `meaning`, `date`, `points` and of which award.

        It reads the tables. What a reversal gives back to an award counts against what
        it reverses, and what arrived in another wallet against what took it out of the
        first. An award that makes up for points below zero was drawn from when it came.
        """
        return SQL(
            """
            SELECT award.cohort, award.soon, award.programs,
                   COALESCE(told.meaning, spend.kind) AS meaning,
                   GREATEST(spend.date, award.date) AS date, drawn.points
              FROM award
              JOIN loyalty_point_allocation drawn ON drawn.award_id = award.id
              JOIN loyalty_point_move spend ON spend.id = drawn.spend_id
         LEFT JOIN told ON told.move_id = drawn.spend_id
             WHERE spend.date < %(until)s
             UNION ALL
            SELECT source.cohort, source.soon, source.programs,
                   COALESCE(told.meaning, spend.kind),
                   GREATEST(spend.date, source.date), drawn.points
              FROM source
              JOIN loyalty_point_allocation drawn ON drawn.award_id = source.move_id
              JOIN loyalty_point_move spend ON spend.id = drawn.spend_id
         LEFT JOIN told ON told.move_id = drawn.spend_id
             WHERE spend.date < %(until)s
             UNION ALL
            SELECT source.cohort, source.soon, source.programs, origin.kind,
                   GREATEST(arrival.date, origin.date, source.date), -arrival.points
              FROM arrival
              JOIN source USING (move_id)
              JOIN loyalty_point_move origin ON origin.id = arrival.origin_id
             WHERE arrival.date < %(until)s
             UNION ALL
            SELECT award.cohort, award.soon, award.programs, folded.meaning,
                   GREATEST(folded.date, award.date), folded.points
              FROM loyalty_point_folded folded
              JOIN award ON award.id = folded.award_ref
             WHERE folded.program_id = %(program)s AND folded.meaning != 'award'
               AND folded.date < %(until)s
            """,
            program=program.id,
            until=until,
        )

    @api.model
    def _told_sql(self, program):
        """Return SQL of movements that mean what another one does: `meaning`.

        A reversal, what it reverses; what a wallet below zero took from the one that it
        was merged into, what took its points there.
        """
        return SQL(
            """
            SELECT move.id AS move_id, COALESCE(debt.kind, origin.kind) AS meaning
              FROM loyalty_point_move move
              JOIN loyalty_point_move origin ON origin.id = move.reversal_of_id
         LEFT JOIN loyalty_point_move debt
                ON debt.id = COALESCE(move.debt_of_id, origin.debt_of_id)
             WHERE move.kind = 'reverse' AND move.program_id = %(program)s
             UNION ALL
            SELECT move.id, debt.kind
              FROM loyalty_point_move move
              JOIN loyalty_point_move debt ON debt.id = move.debt_of_id
             WHERE move.kind != 'reverse' AND move.program_id = %(program)s
            """,
            program=program.id,
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
    def _moved_sql(self):
        """Return SQL of what those points were drawn from: `move_id`, `award_id`.

        It reads the arrivals as `arrival`.

        Each award arrived with its own terms and points. Of those that did not, nothing
        says which is which, and each may come from any of them.
        """
        return SQL(
            """
            WITH came AS (
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
