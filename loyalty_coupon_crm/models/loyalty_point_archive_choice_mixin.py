from odoo import api, models
from odoo.tools import SQL

# The rows of a card up to the last one for which holds: all of them are old, none is an
# open award, moved points from or into another wallet or is named by something that
# stays, and none belongs to a row after it. Awards that rows after it drew from stay as
# opening rows of their own; one row more says what none of them explains.
FOLDABLE = """
    WITH card AS (
        SELECT move.card_id
          FROM loyalty_point_move move
          JOIN loyalty_card card ON card.id = move.card_id
         WHERE move.date < %(before)s AND move.card_id > %(after)s
           AND card.company_id IS NOT DISTINCT FROM %(company)s
         GROUP BY move.card_id
        HAVING COUNT(*) > 1
         ORDER BY move.card_id
         LIMIT %(limit)s
    ),
    reach AS (
        SELECT move.id, move.card_id, move.points, move.balance_after,
               CASE WHEN move.date >= %(before)s OR move.remaining > 0
                      OR EXISTS (
                         SELECT 1 FROM loyalty_point_hold held
                          WHERE held.card_id = move.card_id
                            AND held.expires_at > NOW() AT TIME ZONE 'UTC')
                      OR EXISTS (
                         SELECT 1 FROM loyalty_redemption used
                          WHERE used.card_id = move.card_id
                            AND used.order_model = move.order_model
                            AND used.order_id = move.order_id
                            AND used.date >= %(before)s)
                      OR move.counterpart_id IS NOT NULL
                      OR move.debt_of_id IS NOT NULL
                      OR EXISTS (
                         SELECT 1 FROM loyalty_point_move other
                          WHERE other.counterpart_id = move.id)
                      OR EXISTS (
                         SELECT 1 FROM loyalty_point_move other
                          WHERE other.debt_of_id = move.id)
                      OR EXISTS (
                         SELECT 1 FROM loyalty_point_move other
                          WHERE other.reversal_of_id = move.id
                            AND other.card_id != move.card_id)
                      OR EXISTS (
                         SELECT 1 FROM loyalty_point_move other
                          WHERE other.id = move.reversal_of_id
                            AND other.card_id != move.card_id)
                      OR move.kind IN ('transfer', 'void') AND (
                         reissued.reissued_from_id IS NOT NULL
                         OR EXISTS (
                            SELECT 1 FROM loyalty_card new
                             WHERE new.reissued_from_id = move.card_id))
                      %(named)s
                    THEN 'infinity'::float
                    ELSE GREATEST(
                         move.id,
                         (SELECT MAX(undone.id) FROM loyalty_point_move undone
                           WHERE undone.reversal_of_id = move.id
                             AND undone.card_id = move.card_id),
                         (SELECT MAX(drawn.award_id)
                            FROM loyalty_point_allocation drawn
                           WHERE drawn.spend_id = move.id))
                END AS last_id,
               (SELECT MAX(drawn.spend_id) FROM loyalty_point_allocation drawn
                 WHERE drawn.award_id = move.id) AS last_draw,
               move.request_key LIKE 'archive/%%' AS is_opening
          FROM loyalty_point_move move
          JOIN card ON card.card_id = move.card_id
          JOIN loyalty_card reissued ON reissued.id = move.card_id
    ),
    prefix AS (
        SELECT id, card_id, balance_after,
               MAX(last_id) OVER card_rows AS last_id,
               SUM(points) OVER card_rows AS total,
               COUNT(*) OVER card_rows AS count
          FROM reach
        WINDOW card_rows AS (PARTITION BY card_id ORDER BY id)
    ),
    fold AS (
        SELECT DISTINCT ON (card_id) card_id, id, count
          FROM prefix
         WHERE last_id <= id AND count > 1 AND balance_after > -0.005
           AND ROUND((total - balance_after)::numeric, 2) = 0
         ORDER BY card_id, id DESC
    ),
    -- What is gone afterwards: a single opening row would come back as it is.
    gain AS (
        SELECT fold.card_id, fold.id, fold.count
          FROM fold
          JOIN reach ON reach.card_id = fold.card_id AND reach.id <= fold.id
                    AND COALESCE(reach.last_draw, 0) <= fold.id
         GROUP BY fold.card_id, fold.id, fold.count
        HAVING COUNT(*) > 1 OR NOT BOOL_OR(COALESCE(reach.is_opening, FALSE))
    )
    SELECT card.card_id, gain.id, COALESCE(gain.count, 0)
      FROM card LEFT JOIN gain ON gain.card_id = card.card_id
     ORDER BY card.card_id
"""


class LoyaltyPointArchiveChoiceMixin(models.AbstractModel):
    """Finds the movements that may be folded."""

    _name = "loyalty.point.archive.choice.mixin"
    _description = "Archive of Points: Which Movements"

    @api.model
    def _find_folds(self, owner, clock, before, limit, after):
        """Return what may be folded of a batch of cards.

        :param owner: `res.company` of the cards, may be empty
        :param clock: `res.company` whose time zone decides
        :param before: movements before that day are old
        :param limit: at most so many cards
        :param after: id of the last card of the batch before
        :return: list of (card id, id of its last movement to fold, number of movements,
            0 where there is nothing to fold)
        """
        self.env.flush_all()
        return self.env.execute_query(
            SQL(
                FOLDABLE,
                before=clock._loyalty_day_start(before),
                company=owner.id or None,
                after=after,
                limit=limit,
                named=self._named_sql(),
            )
        )

    @api.model
    def _named_sql(self):
        """Return SQL conditions for movements that rows of other models name."""
        own = ("loyalty.point.allocation", "loyalty.point.move")
        conditions = [
            SQL(
                "OR EXISTS (SELECT 1 FROM %s named WHERE named.%s = move.id)",
                SQL.identifier(model._table),
                SQL.identifier(field.name),
            )
            for model in self.env.registry.models.values()
            if model._auto and not model._abstract and model._name not in own
            for field in model._fields.values()
            if field.type == "many2one"
            and field.store
            and field.comodel_name == "loyalty.point.move"
        ]
        return SQL(" ").join(conditions)
