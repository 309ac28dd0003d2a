from odoo import api, models
from odoo.tools import SQL

# The purchases of a customer count for a wallet, whatever they earn; what is given or
# taken by us (issues, adjustments, reversals) is nothing the customer did.
OPEN_AWARDS = """
      FROM loyalty_point_move award
      JOIN loyalty_card card ON card.id = award.card_id
      JOIN loyalty_program program ON program.id = award.program_id
      JOIN (VALUES %(clock)s) AS clock (company_id, day, zone)
        ON clock.company_id = COALESCE(card.company_id, 0)
      LEFT JOIN LATERAL (
           SELECT GREATEST(
                      (SELECT MAX(move.date) FROM loyalty_point_move move
                        WHERE move.card_id = card.id
                          AND move.kind IN ('earn', 'spend')),
                      (SELECT MAX(purchase.date) FROM loyalty_purchase purchase
                        WHERE purchase.partner_id = card.partner_id
                          AND purchase.reversal_of_id IS NULL)) AS date
            WHERE award.inactive_days > 0
           -- Computed once per card, and only where it counts.
           OFFSET 0) seen ON TRUE
     WHERE award.remaining > 0
"""

INACTIVE_DAY = """
    CASE WHEN award.inactive_days > 0
         THEN GREATEST((GREATEST(seen.date, award.date)
                            AT TIME ZONE 'UTC' AT TIME ZONE clock.zone)::date,
                       award.available_date) + award.inactive_days
    END
"""

LAPSE_DAY = """
    CASE WHEN %(nominative)s THEN LEAST(award.expiration_date, %(inactive)s)
         WHEN program.strict THEN card.expiration_date
    END
"""

EXPIRE = """
    WITH lapsed AS (
        SELECT award.id, award.card_id, award.remaining,
               CASE WHEN %(nominative)s AND %(inactive)s < clock.day
                         AND %(inactive)s < COALESCE(award.expiration_date, 'infinity')
                    THEN %(unused)s ELSE %(ended)s END AS reason
        %(open_awards)s
           AND award.card_id > %(after)s AND award.card_id <= %(upper)s
           AND %(lapse_day)s < clock.day
           AND NOT EXISTS (
               SELECT 1 FROM loyalty_point_hold held
                WHERE held.card_id = award.card_id
                  AND held.expires_at > NOW() AT TIME ZONE 'UTC')
         ORDER BY award.card_id, award.id
         LIMIT %(limit)s
           FOR UPDATE OF award
    ),
    emptied AS (
        UPDATE loyalty_point_move move SET remaining = 0
          FROM lapsed WHERE move.id = lapsed.id
    ),
    loss AS (
        SELECT card_id, reason, SUM(remaining) AS points
          FROM lapsed GROUP BY card_id, reason
    ),
    total AS (
        SELECT card_id, SUM(points) AS points FROM loss GROUP BY card_id
    ),
    card AS (
        UPDATE loyalty_card card
           SET points = ROUND((card.points - total.points)::numeric, 2)
          FROM total WHERE card.id = total.card_id
     RETURNING card.id, card.partner_id, card.program_id, card.company_id,
               card.points + total.points AS before
    ),
    spend AS (
        INSERT INTO loyalty_point_move
               (card_id, partner_id, program_id, company_id, date, kind, points,
                balance_after, remaining, reason)
        SELECT card.id, card.partner_id, card.program_id, card.company_id,
               NOW() AT TIME ZONE 'UTC', 'expire', -loss.points,
               ROUND((card.before - SUM(loss.points) OVER (
                   PARTITION BY card.id ORDER BY loss.reason))::numeric, 2),
               0, loss.reason
          FROM card JOIN loss ON loss.card_id = card.id
         ORDER BY card.id, loss.reason
     RETURNING id, card_id, reason
    ),
    drawn AS (
        INSERT INTO loyalty_point_allocation (spend_id, award_id, points)
        SELECT spend.id, lapsed.id, lapsed.remaining
          FROM lapsed JOIN spend USING (card_id, reason)
    )
    SELECT COUNT(*), MAX(card_id) FROM lapsed
"""


# Open awards that one batch looks at; few of them may have lapsed.
WINDOW = 50_000
LAST_ID = 2**31 - 1


class LoyaltyPointExpiryMixin(models.AbstractModel):
    """When awards lapse, from one SQL expression for lists, reminders and the booking.

    A wallet's award lapses on the earliest of the day it was given with and the day
    after so many days without a purchase; a coupon of a strict program on the last day
    on the card. The last day is included, in the time zone of the company.
    """

    _name = "loyalty.point.expiry.mixin"
    _description = "Expiry of Points"

    @api.model
    def _open_award_parts(self):
        """Return the SQL around open awards, keyed by its name.

        `open_awards` is FROM and WHERE, with the tables `award`, `card`, `program` and
        `clock` (day and zone of the card's company); `lapse_day`, `inactive` (last days
        as dates or NULL) and `nominative` are expressions on them.
        """
        inactive = SQL(INACTIVE_DAY)
        nominative = self.env["loyalty.program"]._nominative_sql()
        return {
            "nominative": nominative,
            "inactive": inactive,
            "lapse_day": SQL(LAPSE_DAY, nominative=nominative, inactive=inactive),
            "open_awards": SQL(OPEN_AWARDS, clock=self._clock_rows()),
        }

    @api.model
    def _clock_rows(self):
        """Return SQL rows of (company id or 0, today, time zone) of every company."""
        companies = self.env["res.company"]
        companies = companies.browse(companies._loyalty_timezones())
        rows = [
            *((company.id, company) for company in companies),
            (0, self.env.company),
        ]
        return SQL(", ").join(
            SQL(
                "(%s, %s::date, %s)",
                key,
                company._loyalty_today(),
                company._loyalty_timezone(),
            )
            for key, company in rows
        )

    @api.model
    def _cron_expire_awards(self, limit=5000):
        """Expire lapsed awards batch by batch.

        :param limit: number of awards in one batch
        """
        cron = self.env["ir.cron"]
        after = 0
        while after is not None:
            done, after = self._expire_batch(limit, after)
            if done and not cron._commit_progress(done, remaining=limit):
                return
        cron._commit_progress(remaining=0)

    @api.model
    def _expire_awards(self, limit):
        """Book what lapsed: points of a wallet, coupons of a strict program.

        :param limit: at most so many awards
        :return: number of awards that lapsed
        """
        done, after = 0, 0
        while not done and after is not None:
            done, after = self._expire_batch(limit, after)
        return done

    @api.model
    def _expire_batch(self, limit, after=0):
        """Book what lapsed of a window of cards, in the order of the cards.

        Every window is read once, so that a pass over all open awards stays linear. A
        card with a live hold is left for later. Awards of one card that lapse for
        different reasons get a row each.

        :param limit: at most so many awards
        :param after: id of the last card that was looked at
        :return: tuple of the number of awards and the id of the last card that was
            looked at, None at the end
        """
        self.env.flush_all()
        window = self.env.execute_query(
            SQL(
                """
                SELECT card_id FROM loyalty_point_move
                 WHERE remaining > 0 AND card_id > %s
                 ORDER BY card_id
                OFFSET %s
                 LIMIT 1
                """,
                after,
                WINDOW,
            )
        )
        upper = window[0][0] if window else None
        done, last = self.env.execute_query(
            SQL(
                EXPIRE,
                **self._open_award_parts(),
                limit=limit,
                after=after,
                upper=LAST_ID if upper is None else upper,
                ended=self.env._("Validity ended"),
                unused=self.env._("No purchase for too long"),
            )
        )[0]
        self.env.invalidate_all()
        # The last card of a full batch may have more.
        return done, last - 1 if done == limit else upper
