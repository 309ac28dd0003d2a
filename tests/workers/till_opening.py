"""What a till reads when it opens, beside many programs, cards and uses."""

import json
import os
import statistics
import time
from pathlib import Path

import cashier

ROUNDS = 15
LIMITED = 10
# Programs are limited far beyond their uses.
MOST_USES = 100_000_000
CUSTOMERS = 50_000
# Their colour, no other contact has it.
MARK = 77
# So many orders are of today, all others were counted last night.
FRESH = 2_000


def prepare(env):
    """Open a till of a new cashier, beside customers and without any program."""
    env["loyalty.program"].search([]).action_archive()
    user = cashier.create(env, "base.group_user")
    config, _method = cashier.open_till(env, user)
    env.flush_all()
    env.cr.execute(CONTACTS, {"count": CUSTOMERS, "color": MARK})
    _tidy(env)
    return config.current_session_id.id


def _tidy(env):
    """Do at once what autovacuum does by and by."""
    env.cr.commit()
    # It takes no transaction.
    env.cr.connection.autocommit = True
    env.cr.execute("VACUUM ANALYZE")
    env.cr.connection.autocommit = False


def add_programs(env, count, kind="coupons"):
    """Create programs; every tenth is limited, with us all are strict.

    :param kind: program type, coupons wait for their code and promotions do not
    """
    strict = {"strict": True} if "strict" in env["loyalty.program"]._fields else {}
    programs = env["loyalty.program"].create(
        [
            {
                "name": f"Program {number}",
                "program_type": kind,
                "trigger": "with_code" if kind == "coupons" else "auto",
                "applies_on": "current",
                "communication_plan_ids": False,
                "rule_ids": [(0, 0, {"minimum_amount": 10})],
                "reward_ids": [(0, 0, {"discount": 5, "discount_mode": "percent"})],
                "limit_usage": not number % LIMITED,
                "max_usage": 0 if number % LIMITED else MOST_USES,
                **strict,
            }
            for number in range(int(count))
        ]
    )
    return len(programs)


def add_uses(env, count):
    """Write so many cards, each used on an order of a session that is closed.

    The cards are those of customers: some buy often, most now and then.
    """
    product = env["product.product"].search([], limit=1)
    values = {
        "count": int(count),
        "fresh": FRESH,
        "color": MARK,
        "company": env.company.id,
        "product": product.id,
        "config": env["pos.config"].search([("name", "=", "Till 1")], limit=1).id,
    }
    env.flush_all()
    env.cr.execute(USES, values)
    if "loyalty.redemption" in env:
        env.cr.execute(REDEMPTIONS)
        env.cr.execute(COUNTERS)
        env["loyalty.pos.customer"]._cron_count_orders()
    _tidy(env)
    return int(count)


CONTACTS = """
INSERT INTO res_partner (id, commercial_partner_id, name, complete_name, type, active,
                         color, autopost_bills)
SELECT id, id, name, name, 'contact', TRUE, %(color)s, 'ask'
  FROM (SELECT NEXTVAL('res_partner_id_seq') AS id, MD5(n::text) AS name
          FROM generate_series(1, %(count)s) n) person
"""

# The square of an even share: the first buy hundreds of times as often as the last.
USES = """
WITH closed AS (
    INSERT INTO pos_session (config_id, user_id, state, name, start_at, stop_at)
    VALUES (%(config)s, 1, 'closed', 'Before', NOW() AT TIME ZONE 'UTC',
            NOW() AT TIME ZONE 'UTC')
 RETURNING id
), program AS (
    SELECT program.id, (ROW_NUMBER() OVER (ORDER BY program.id)) - 1 AS place,
           (SELECT MIN(id) FROM loyalty_reward WHERE program_id = program.id) AS reward
      FROM loyalty_program program WHERE program.active
), customer AS (
    SELECT id, (ROW_NUMBER() OVER (ORDER BY id)) - 1 AS place
      FROM res_partner WHERE color = %(color)s
), card AS (
    INSERT INTO loyalty_card (program_id, partner_id, company_id, code, points, active)
    SELECT program.id, customer.id, %(company)s, 'USED' || n, 0, TRUE
      FROM generate_series(1, %(count)s) n
      JOIN program ON program.place = n %% (SELECT COUNT(*) FROM program)
      JOIN customer
        ON customer.place = FLOOR((SELECT COUNT(*) FROM customer)
                                  * POWER(HASHINT4(n) / 4294967296.0 + 0.5, 2))::bigint
  ORDER BY n
 RETURNING id, program_id, partner_id
), used AS (
    INSERT INTO pos_order (name, company_id, session_id, partner_id, state, amount_tax,
                           amount_total, amount_paid, amount_return, source,
                           date_order, create_date, uuid)
    SELECT 'Order ' || card.id, %(company)s, closed.id, card.partner_id, 'done', 0, 90,
           90, 0, 'pos', made.at, made.at, 'order-' || card.id
      FROM (SELECT card.*, ROW_NUMBER() OVER (ORDER BY id DESC) AS place
              FROM card ORDER BY id) card,
           closed,
   LATERAL (SELECT NOW() AT TIME ZONE 'UTC' - CASE WHEN card.place > %(fresh)s
                   THEN INTERVAL '1 day' ELSE INTERVAL '0' END AS at) made
 RETURNING id, name
)
INSERT INTO pos_order_line (order_id, product_id, name, price_subtotal,
                            price_subtotal_incl, reward_id, coupon_id, is_reward_line,
                            points_cost, qty, price_unit, company_id, uuid)
SELECT used.id, %(product)s, 'Reward', -10, -10, program.reward, card.id, TRUE, 1, 1,
       -10, %(company)s, 'line-' || card.id
  FROM card
  JOIN used ON used.name = 'Order ' || card.id
  JOIN program ON program.id = card.program_id
"""

REDEMPTIONS = """
INSERT INTO loyalty_redemption (card_id, program_id, channel, date, points,
                                discount_amount, order_model, order_id, company_id,
                                partner_id)
SELECT line.coupon_id, card.program_id, 'pos', NOW() AT TIME ZONE 'UTC', 1, 10,
       'pos.order', line.order_id, line.company_id, card.partner_id
  FROM pos_order_line line
  JOIN loyalty_card card ON card.id = line.coupon_id
"""

COUNTERS = """
INSERT INTO loyalty_use_counter (program_id, company_id, kind, key, period, uses, part,
                                 amount)
SELECT program.id, program.company_id, 'total', '', '1970-01-01', COUNT(use.id), 1, 0
  FROM loyalty_program program
  JOIN loyalty_redemption use ON use.program_id = program.id
 WHERE program.active AND program.limit_usage
 GROUP BY program.id
"""


def open_till(env, session_id):
    """Return what reading the data of a till takes, and how much it is."""
    session = env["pos.session"].browse(int(session_id))
    session = session.with_user(session.user_id)
    seconds, queries = [], []
    data = session.load_data([])
    busy = _busy_seconds(env)
    for _round in range(ROUNDS):
        env.invalidate_all()
        before = env.cr.sql_log_count
        started = time.perf_counter()
        data = session.load_data([])
        seconds.append(time.perf_counter() - started)
        queries.append(env.cr.sql_log_count - before)
    return {
        "seconds": min(seconds),
        "processor": (_busy_seconds(env) - busy) / ROUNDS,
        "queries": statistics.median(queries),
        "bytes": len(json.dumps(data, default=str)),
        "programs": len(data["loyalty.program"]),
        "cards": len(data.get("loyalty.card", [])),
    }


def _busy_seconds(env):
    """Return the seconds a processor worked for us and for our database session."""
    session = Path(f"/proc/{env.cr.connection.info.backend_pid}/stat").read_text()
    ticks = sum(map(int, session.rpartition(")")[2].split()[11:13]))
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def load_code(env, session_id):
    """Return the seconds that reading the program of a coupon takes."""
    session = env["pos.session"].browse(int(session_id))
    till = session.config_id.with_user(session.user_id)
    card = env["loyalty.card"].search([], order="id desc", limit=1)
    seconds = []
    for _round in range(ROUNDS):
        env.invalidate_all()
        started = time.perf_counter()
        rows = till.load_programs(card.code)
        seconds.append(time.perf_counter() - started)
    return {"seconds": statistics.median(seconds), "programs": len(rows)}
