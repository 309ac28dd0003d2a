"""Wallets with many awards: spent, expired and checked, beside bare SQL."""

import functools
import statistics
import time

from issue import processor_seconds

WORLD = "Ledger"
SPENDS = 30


def measured(function):
    """Add seconds of the clock and of the processor to what a measurement returns."""

    @functools.wraps(function)
    def wrapper(env, *arguments):
        env.cr.commit()
        processor, started = processor_seconds(env), time.perf_counter()
        found = function(env, *map(int, arguments)) or {}
        env.cr.commit()
        return {
            **found,
            "seconds": time.perf_counter() - started,
            "processor": processor_seconds(env) - processor,
        }

    return wrapper


@measured
def world(env, count, awards_each, lapsed):
    """Write so many awards of one point each, on cards of a new program.

    The statement is right by itself: a million rows need not be looked up one by one.

    :param count: number of awards
    :param awards_each: awards on one card
    :param lapsed: 1 when all awards lapsed yesterday, 0 when none does
    """
    program = env["loyalty.program"].create(
        {"name": WORLD, "program_type": "loyalty", "applies_on": "both"}
    )
    env.cr.execute("SET LOCAL session_replication_role = replica")
    env.cr.execute(
        """
        WITH card AS (
            INSERT INTO loyalty_card (program_id, company_id, points, code, active,
                                      issued_at, create_uid, create_date, write_uid,
                                      write_date)
            SELECT %(program)s, NULL, %(each)s,
                   '044' || replace(gen_random_uuid()::text, '-', ''), TRUE, NOW(), 1,
                   NOW(), 1, NOW()
              FROM generate_series(1, %(count)s / %(each)s)
         RETURNING id
        )
        INSERT INTO loyalty_point_move
               (card_id, program_id, date, kind, points, balance_after, remaining,
                inactive_days, expiration_date)
        SELECT id, %(program)s, NOW() AT TIME ZONE 'UTC', 'earn', 1, place, 1, 0,
               CURRENT_DATE + CASE WHEN %(lapsed)s = 1 THEN -2 ELSE 1 + place END
          FROM card, generate_series(1, %(each)s) place
        """,
        {
            "program": program.id,
            "count": int(count),
            "each": int(awards_each),
            "lapsed": int(lapsed),
        },
    )
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()


def spend(env):
    """Return what spends from one wallet take, each drawing 10 awards.

    The cards and their rows are read anew each time, as in a request of their own.

    :return: dict of milliseconds by the clock (`median`, `slowest`) and of the
        processor (`processor`, the mean), and the number of awards `left`
    """
    program = env["loyalty.program"].search([("name", "=", WORLD)], limit=1)
    card = env["loyalty.card"].search([("program_id", "=", program.id)], limit=1)
    found = []
    card._post_move("spend", -10)
    processor = processor_seconds(env)
    for _spend in range(SPENDS):
        card.invalidate_model()
        card.move_ids.invalidate_model()
        started = time.perf_counter()
        card._post_move("spend", -10)
        env.flush_all()
        found.append((time.perf_counter() - started) * 1000)
    processor = (processor_seconds(env) - processor) * 1000 / SPENDS
    left = env["loyalty.point.move"].search_count(
        [("card_id", "=", card.id), ("remaining", ">", 0)]
    )
    env.cr.rollback()
    return {
        "median": statistics.median(found),
        "slowest": max(found),
        "processor": processor,
        "left": left,
    }


@measured
def expire(env):
    """Expire everything by our cron, batch by batch, each committed."""
    env["loyalty.point.move"]._cron_expire_awards()


@measured
def expire_bare(env):
    """Write the same rows by one statement in one transaction, nothing else."""
    env.cr.execute(
        """
        WITH emptied AS (
            UPDATE loyalty_point_move SET remaining = 0
             WHERE remaining > 0 AND expiration_date < CURRENT_DATE - 1
         RETURNING id, card_id, points
        ), card AS (
            UPDATE loyalty_card card SET points = card.points - lost.points
              FROM (SELECT card_id, SUM(points) AS points FROM emptied
                     GROUP BY card_id) lost
             WHERE card.id = lost.card_id
         RETURNING card.id, card.program_id, card.points AS balance, lost.points
        ), spend AS (
            INSERT INTO loyalty_point_move
                   (card_id, program_id, date, kind, points, balance_after, remaining,
                    reason)
            SELECT id, program_id, NOW(), 'expire', -points, balance, 0, 'Measurement'
              FROM card
         RETURNING id, card_id
        )
        INSERT INTO loyalty_point_allocation (spend_id, award_id, points)
        SELECT spend.id, emptied.id, emptied.points
          FROM emptied JOIN spend USING (card_id)
        """
    )


def summarize(env):
    """Return what is left to expire and how many cards differ from their rows."""
    open_awards = env["loyalty.point.move"].search_count(
        [("remaining", ">", 0), ("expiration_date", "<", "today -1d")]
    )
    differences = env["loyalty.point.move"]._ledger_differences()
    return {"open": open_awards, "differences": len(differences)}


@measured
def check(env):
    """Compare all cards with their rows by our nightly check."""
    return {"found": len(env["loyalty.point.move"]._ledger_differences())}


@measured
def check_bare(env):
    """Compare all cards with their rows by the bare query."""
    env.cr.execute(
        """
        SELECT COUNT(*)
          FROM loyalty_card card
          LEFT JOIN (SELECT card_id, SUM(points) AS points
                       FROM loyalty_point_move GROUP BY card_id) ledger
            ON ledger.card_id = card.id
         WHERE card.points != COALESCE(ledger.points, 0)
        """
    )
    return {"found": env.cr.fetchone()[0]}
