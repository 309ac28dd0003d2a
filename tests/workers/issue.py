"""Issue coupons: by our launch, by Odoo's wizard, and by bare SQL of the same rows."""

import functools
import os
import resource
import time
from pathlib import Path

WORLD = "Measurement"


def measured(function):
    """Add memory (MB) and processor time (s) to what a measurement returns."""

    @functools.wraps(function)
    def wrapper(env, count):
        memory, processor = megabytes(), processor_seconds(env)
        found = function(env, int(count))
        return {
            **found,
            "memory": megabytes() - memory,
            "processor": processor_seconds(env) - processor,
        }

    return wrapper


def megabytes():
    """Return the largest memory this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def processor_seconds(env):
    """Return the processor time of this process and of its database connection.

    Where the connection's process cannot be read (another user's, another machine's)
    only ours counts.
    """
    own = time.process_time()
    stat = Path(f"/proc/{env.cr._cnx.info.backend_pid}/stat")
    if not stat.exists():
        return own
    user, system = stat.read_text().rsplit(")", 1)[1].split()[11:13]
    return own + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def make_customers(env, count):
    """Write so many customers, with a tag of their own for Odoo's wizard."""
    tag = env["res.partner.category"].create({"name": f"{WORLD} {count}"})
    env.cr.execute(
        """
        WITH customer AS (
            INSERT INTO res_partner (name, complete_name, email, email_normalized, type,
                                     active, lang, autopost_bills, create_uid,
                                     write_uid, create_date, write_date)
            SELECT 'Customer ' || n, 'Customer ' || n, n || '@example.com',
                   n || '@example.com', 'contact', TRUE, 'en_US', 'ask', 1, 1, NOW(),
                   NOW()
              FROM generate_series(1, %s) n
         RETURNING id
        )
        INSERT INTO res_partner_res_partner_category_rel (partner_id, category_id)
        SELECT id, %s FROM customer
        """,
        [count, tag.id],
    )
    env.cr.execute(
        """
        UPDATE res_partner SET commercial_partner_id = id
         WHERE commercial_partner_id IS NULL
        """
    )
    return tag


def make_segment(env, tag, count):
    """Write the customers of a tag as a fixed list."""
    segment = env["loyalty.segment"].create(
        {"name": f"{WORLD} {count}", "kind": "static"}
    )
    env.cr.execute(
        """
        INSERT INTO loyalty_segment_member
               (segment_id, partner_id, company_id, date_from, is_manual, is_excluded)
        SELECT %s, partner_id, %s, '2026-01-01', TRUE, FALSE
          FROM res_partner_res_partner_category_rel WHERE category_id = %s
        """,
        [segment.id, segment.company_id.id, tag.id],
    )


def make_program(env):
    """Return a coupon program without an e-mail, which Odoo's wizard would write."""
    return env["loyalty.program"].create(
        {
            "name": WORLD,
            "program_type": "coupons",
            "applies_on": "current",
            "trigger": "with_code",
            "communication_plan_ids": [(5, 0, 0)],
            "reward_ids": [(0, 0, {"discount": 10, "required_points": 1})],
        }
    )


def world(env, count):
    """Write the customers that the other measurements issue to."""
    tag = make_customers(env, int(count))
    if "loyalty.segment" in env:
        make_segment(env, tag, count)
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()


@measured
def launch(env, count):
    """Launch one of our campaigns and run it to its end."""
    segment = env["loyalty.segment"].search([("name", "=", f"{WORLD} {count}")])
    campaign = env["loyalty.campaign"].create(
        {
            "name": WORLD,
            "program_id": make_program(env).id,
            "segment_id": segment.id,
            "control_percent": 0,
            "no_control_reason": WORLD,
            "validity_days": 30,
        }
    )
    env.cr.commit()
    started = time.perf_counter()
    campaign.action_launch()
    env.cr.commit()
    assigned = time.perf_counter()
    env["loyalty.campaign"]._cron_issue()
    ended = time.perf_counter()
    assert campaign.state == "done", campaign.stop_reason
    assert campaign.issued_count == count, campaign.issued_count
    return {"seconds": ended - started, "assign": assigned - started}


@measured
def bare(env, count):
    """Write the same rows by one statement in one transaction, nothing else."""
    segment = env["loyalty.segment"].search([("name", "=", f"{WORLD} {count}")])
    program = make_program(env)
    campaign = env["loyalty.campaign"].create(
        {"name": WORLD, "program_id": program.id, "segment_id": segment.id}
    )
    env.cr.commit()
    started = time.perf_counter()
    env.cr.execute(
        """
        WITH customer AS MATERIALIZED (
            SELECT partner_id, nextval('loyalty_campaign_member_id_seq') AS member_id,
                   nextval('loyalty_card_id_seq') AS card_id,
                   '044' || replace(gen_random_uuid()::text, '-', '') AS code
              FROM (SELECT partner_id FROM loyalty_segment_member
                     WHERE segment_id = %(segment)s ORDER BY partner_id) listed
        ), member AS (
            INSERT INTO loyalty_campaign_member
                   (id, campaign_id, company_id, partner_id, occasion, arm, state,
                    assigned_at, issued_at, card_id)
            SELECT member_id, %(campaign)s, %(company)s, partner_id, '', 'treated',
                   'issued', NOW(), NOW(), card_id
              FROM customer
        ), card AS (
            INSERT INTO loyalty_card
                   (id, program_id, company_id, partner_id, points, code,
                    expiration_date, active, campaign_id, campaign_member_id,
                    issued_at, issued_by_id,
                    create_uid, create_date, write_uid, write_date)
            SELECT card_id, %(program)s, %(company)s, partner_id, 1, code,
                   CURRENT_DATE + 30, TRUE, %(campaign)s, member_id,
                   NOW(), 1, 1, NOW(), 1, NOW()
              FROM customer
        )
        INSERT INTO loyalty_point_move
               (card_id, partner_id, program_id, company_id, date, kind, points,
                balance_after, remaining, expiration_date, reason, user_id, request_key)
        SELECT card_id, partner_id, %(program)s, %(company)s, NOW(), 'issue', 1,
               1, 1, CURRENT_DATE + 30, 'Measurement', 1, 'campaign/' || member_id
          FROM customer
        """,
        {
            "campaign": campaign.id,
            "company": campaign.company_id.id,
            "program": program.id,
            "segment": segment.id,
        },
    )
    assert env.cr.rowcount == count, env.cr.rowcount
    env.cr.commit()
    return {"seconds": time.perf_counter() - started}


@measured
def wizard(env, count):
    """Generate coupons for the same customers by Odoo's wizard."""
    tag = env["res.partner.category"].search([("name", "=", f"{WORLD} {count}")])
    form = env["loyalty.generate.wizard"].create(
        {
            "program_id": make_program(env).id,
            "mode": "selected",
            "customer_tag_ids": tag.ids,
        }
    )
    env.cr.commit()
    started = time.perf_counter()
    try:
        coupons = form.generate_coupons()
        env.cr.commit()
    except Exception as error:
        return {
            "seconds": time.perf_counter() - started,
            "error": str(error).strip().splitlines(),
        }
    assert len(coupons) == count, len(coupons)
    return {"seconds": time.perf_counter() - started}
