"""A campaign whose customers bought and used their coupons, and its results."""

import time

from issue import make_program
from metrics import fill as fill_purchases

from odoo.tools import SQL

from odoo.addons.loyalty_coupon_crm.tools.planner import without_jit

DAYS = 30
AUDIENCE = """
    INSERT INTO loyalty_segment_member
           (segment_id, partner_id, company_id, date_from, is_manual, is_excluded)
    SELECT %s, customer.id, %s, '2026-01-01', TRUE, FALSE
      FROM (SELECT DISTINCT commercial_partner_id AS id FROM loyalty_purchase
             WHERE order_model = 'pos.order') customer
     WHERE customer.id IS NOT NULL
"""
BEFORE = """
    UPDATE loyalty_campaign_member
       SET assigned_at = assigned_at - INTERVAL '60 days',
           issued_at = issued_at - INTERVAL '60 days'
     WHERE campaign_id = %s
"""
USES = """
    INSERT INTO loyalty_redemption
           (card_id, program_id, campaign_id, partner_id, company_id, channel, date,
            order_model, order_id, points, discount_amount, goods_cost, order_amount)
    SELECT DISTINCT ON (card.id) card.id, card.program_id, card.campaign_id,
           card.partner_id, row.company_id, 'pos', row.date, row.order_model,
           row.order_id, 1, 5, 2, row.amount
      FROM loyalty_campaign_member member
      JOIN loyalty_card card ON card.id = member.card_id
      JOIN loyalty_purchase row ON row.commercial_partner_id = member.partner_id
                               AND row.date > member.assigned_at
                               AND row.date < member.assigned_at + INTERVAL '30 days'
     WHERE member.campaign_id = %s AND row.reversal_of_id IS NULL
"""
BARE = """
    EXPLAIN (ANALYZE, TIMING OFF)
    SELECT arm, COUNT(*), AVG(amount), VAR_SAMP(amount)
      FROM (SELECT member.arm, SUM(COALESCE(row.amount, 0)) AS amount
              FROM loyalty_campaign_member member
         LEFT JOIN loyalty_purchase row
                ON row.commercial_partner_id = member.partner_id
               AND row.date >= member.assigned_at - INTERVAL '37 days'
               AND row.date < member.assigned_at + INTERVAL '37 days'
             WHERE member.campaign_id = %s
          GROUP BY member.id, member.arm) customer
  GROUP BY arm
"""


def fill(env, purchases, customers):
    """Write purchases, a campaign to all who bought, and uses of its coupons."""
    fill_purchases(env, purchases, customers)
    segment = env["loyalty.segment"].create({"name": "All", "kind": "static"})
    env.cr.execute(AUDIENCE, [segment.id, segment.company_id.id])
    campaign = env["loyalty.campaign"].create(
        {
            "name": "Results",
            "program_id": make_program(env).id,
            "segment_id": segment.id,
            "control_percent": 10,
            "validity_days": DAYS,
        }
    )
    env.cr.commit()
    campaign.action_launch()
    while campaign._run_batch():
        env.cr.commit()
    env.cr.execute(BEFORE, [campaign.id])
    env.cr.execute(USES, [campaign.id])
    uses = env.cr.rowcount
    env.cr.commit()
    env.cr.connection.autocommit = True
    env.cr.execute("VACUUM ANALYZE")
    env.cr.connection.autocommit = False
    return {"members": campaign.member_count, "uses": uses}


def measure(env):
    """Return the seconds of the results of the campaign, and of the bare join."""
    campaign = env["loyalty.campaign"].search([("name", "=", "Results")])
    without_jit(env.cr)
    seconds = {"bare": [], "results": []}
    for _run in range(3):
        start = time.perf_counter()
        env.cr.execute(SQL(BARE, campaign.id))
        middle = time.perf_counter()
        campaign._refresh_results()
        env.flush_all()
        seconds["bare"].append(middle - start)
        seconds["results"].append(time.perf_counter() - middle)
    overall = campaign.result_ids.filtered(lambda row: not row.variant_id)
    found = {what: min(taken) for what, taken in seconds.items()}
    return {**found, "treated": overall.treated_count}
