from odoo import api, models
from odoo.tools import SQL


class LoyaltyPointArchiveOpeningMixin(models.AbstractModel):
    """Leaves opening rows in the place of the movements that are folded."""

    _name = "loyalty.point.archive.opening.mixin"
    _description = "Archive of Points: Opening Rows"

    def _replace_rows(self, archive, folded):
        """Turn folded movements into the opening rows of their cards, delete the rest.

        :param folded: SQL of the movements, `FOLDED` of the archive
        """
        self.env["loyalty.point.folded"]._remember(folded)
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM loyalty_point_allocation drawn
                 WHERE drawn.spend_id IN (SELECT move.id %s)
                """,
                folded,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                WITH opening AS (%(openings)s),
                kept AS (
                    UPDATE loyalty_point_move move SET
                           kind = 'opening', points = opening.points,
                           balance_after = opening.balance_after, remaining = 0,
                           date = opening.date,
                           expiration_date = CASE WHEN is_lot
                                                  THEN move.expiration_date END,
                           available_date = CASE WHEN is_lot
                                                 THEN move.available_date END,
                           inactive_days = CASE WHEN is_lot
                                                THEN move.inactive_days ELSE 0 END,
                           order_model = NULL, order_id = NULL, user_id = NULL,
                           approved_by_id = NULL, reversal_of_id = NULL,
                           adjustment_id = NULL, request_key = %(key)s || move.id,
                           reason = %(reason)s
                      FROM opening WHERE move.id = opening.id
                )
                DELETE FROM loyalty_point_move gone
                 USING (SELECT move.id %(folded)s) move
                 WHERE gone.id = move.id
                   AND gone.id NOT IN (SELECT id FROM opening)
                """,
                openings=self._openings_sql(folded),
                folded=folded,
                key=f"archive/{archive.id}/",
                reason=self.env._("Movements before are in archive %s", archive.id),
            )
        )

    @api.model
    def _openings_sql(self, folded):
        """Return SQL of the opening rows of cards, once nothing folded draws any more.

        An award that later rows drew from is one, with what they drew. Another one, the
        last of the others, has what is left of the balance.

        :param folded: SQL of the movements, `FOLDED` of the archive
        """
        return SQL(
            """
            SELECT id, is_lot, date, points,
                   ROUND(SUM(points) OVER (PARTITION BY card_id ORDER BY id)::numeric,
                         2) AS balance_after
              FROM (SELECT id, card_id, is_lot, date, lots, place,
                           ROUND((COALESCE(drawn, 0)
                                  + CASE WHEN place = 1 THEN rest ELSE 0 END)::numeric,
                                 2) AS points
                      FROM (SELECT lot.id, lot.card_id, lot.drawn IS NOT NULL AS is_lot,
                                   last.date, lot.drawn,
                                   COUNT(lot.drawn) OVER card AS lots,
                                   last.balance_after
                                   - COALESCE(SUM(lot.drawn) OVER card, 0) AS rest,
                                   ROW_NUMBER() OVER (
                                       PARTITION BY lot.card_id
                                       ORDER BY lot.drawn IS NULL DESC, lot.id DESC)
                                       AS place
                              FROM (SELECT move.id, move.card_id, fold.last_id,
                                           (SELECT GREATEST(0, SUM(drawn.points))
                                              FROM loyalty_point_allocation drawn
                                             WHERE drawn.award_id = move.id
                                            HAVING COUNT(*) > 0) AS drawn
                                    %(folded)s) lot
                              JOIN loyalty_point_move last ON last.id = lot.last_id
                            WINDOW card AS (PARTITION BY lot.card_id)) part) opening
             WHERE is_lot OR place = 1 AND (points != 0 OR lots = 0)
            """,
            folded=folded,
        )
