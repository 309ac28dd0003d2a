from odoo import api, fields, models
from odoo.tools import SQL


class LoyaltyPointDebtMixin(models.AbstractModel):
    """What was taken below zero, and which awards make up for it."""

    _name = "loyalty.point.debt.mixin"
    _description = "Debts of Points"

    debt_of_id = fields.Many2one(
        "loyalty.point.move",
        string="Debt of",
        index="btree_not_null",
        help="The movement on the other wallet that went below zero: this one takes "
        "its points here, and means what it meant.",
    )

    @api.model
    def _debts_sql(self, wanted):
        """Return SQL of what was taken below zero and not made up for since.

        What a spend took counts as long as it was not given back.

        :param wanted: SQL of rows with `key`, `card_id` and `before_id`: the debts of a
            card by its movements before that one
        :return: SQL of `key`, `id` of the movement that took them, `points`
        """
        return SQL(
            """
            SELECT key, id, SUM(points) AS points
              FROM (SELECT wanted.key, -move.points AS points,
                           CASE WHEN move.points > 0 THEN move.reversal_of_id
                                ELSE move.id END AS id
                      FROM (%(wanted)s) wanted
                      JOIN loyalty_point_move move
                        ON move.card_id = wanted.card_id AND move.id < wanted.before_id
                       AND (move.points < 0 OR move.kind = 'reverse')
                     UNION ALL
                    SELECT wanted.key, -drawn.points,
                           CASE WHEN spend.points > 0 THEN spend.reversal_of_id
                                ELSE spend.id END
                      FROM (%(wanted)s) wanted
                      JOIN loyalty_point_move spend
                        ON spend.card_id = wanted.card_id
                       AND spend.id < wanted.before_id
                      JOIN loyalty_point_allocation drawn
                        ON drawn.spend_id = spend.id) taken
             WHERE id IS NOT NULL
             GROUP BY key, id HAVING SUM(points) > 0.004
            """,
            wanted=wanted,
        )

    def _pay_debts(self):
        """Note which movements that went below zero these awards make up for.

        The oldest first. Of one card there is one award among them.
        """
        wanted = SQL(
            """
            SELECT id AS key, card_id, id AS before_id FROM loyalty_point_move
             WHERE id = ANY(%s) AND remaining < points
            """,
            self.ids,
        )
        self.env.cr.execute(
            SQL(
                """
                WITH debt AS (
                    SELECT key, id, points,
                           SUM(points) OVER (PARTITION BY key ORDER BY id)
                               - points AS before
                      FROM (%(debts)s) debt
                )
                INSERT INTO loyalty_point_allocation (spend_id, award_id, points)
                SELECT debt.id, award.id,
                       ROUND(LEAST(debt.points, award.points - award.remaining
                                                - debt.before)::numeric, 2)
                  FROM debt JOIN loyalty_point_move award ON award.id = debt.key
                 WHERE debt.before < award.points - award.remaining - 0.004
                 ORDER BY award.id, debt.id
                """,
                debts=self._debts_sql(wanted),
            )
        )

    @api.model
    def _open_debts(self, card, points):
        """Return what lies below zero on a card, as values of movements elsewhere.

        :param points: how far the card is below zero, positive
        :return: list of dicts with `points` (negative) and `debt_of_id`, the oldest
            first; what no movement explains is left out
        """
        self.env.flush_all()
        wanted = SQL("SELECT 0 AS key, %s AS card_id, 2147483647 AS before_id", card.id)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(move.debt_of_id, move.id),
                       ROUND(LEAST(debt.points, %(points)s - before)::numeric, 2)::float
                  FROM (SELECT id, points,
                               SUM(points) OVER (ORDER BY id DESC) - points AS before
                          FROM (%(debts)s) debt) debt
                  JOIN loyalty_point_move move ON move.id = debt.id
                 WHERE before < %(points)s - 0.004
                 ORDER BY move.id
                """,
                points=points,
                debts=self._debts_sql(wanted),
            )
        )
        return [
            {"points": -part, "debt_of_id": move_id} for move_id, part in rows if part
        ]
