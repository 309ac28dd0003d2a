"""What happened before: shopping, campaigns and the coupons used in them."""

import base64
import io
import sys
from datetime import datetime, time

from dataset import ASSUMED_COST
from offer import till_products

from odoo.tools import SQL

TILL_PRODUCTS = 200


def shopping(env, data):
    """Import the baskets, with their households and products, by the importer.

    :return: dict of counts for the table
    """
    job = _import_file(
        env,
        "purchase",
        "completejourney-baskets.parquet",
        data.baskets(),
        create_customers=True,
        create_products=True,
    )
    _price_products(env)
    return {
        "imported lines": job.line_count,
        "imported baskets": job.done_count + job.known_count,
        "imported households": len(data.households),
    }


def _import_file(env, kind, name, table, **options):
    """Import a table as a user would: as a file of the form `Import History`."""
    stream = io.BytesIO()
    table.to_parquet(stream, index=False)
    job = env["loyalty.import"].create(
        {
            "name": name,
            "kind": kind,
            "data": base64.b64encode(stream.getvalue()),
            **options,
        }
    )

    def advance(done, total):
        # Whoever stops the loop goes on here: what is imported is known by its key.
        env.cr.commit()
        sys.stderr.write(f"\r  {name}: {done:,} of {total:,} ")
        sys.stderr.flush()
        return True

    report = job._run(on_progress=advance)
    sys.stderr.write("\r\033[K")
    job._note(report, "done")
    if report["problems"]:
        raise SystemExit(job.message)
    return job


def _price_products(env):
    """Give products the average price they were sold at; the most sold go to POS."""
    env.flush_all()
    env.cr.execute(
        SQL(
            """
            WITH sold AS (
                SELECT product.product_tmpl_id AS id, COUNT(*) AS lines,
                       ROUND(SUM(line.amount) / SUM(line.quantity)::numeric, 2)
                           AS price
                  FROM loyalty_purchase_line line
                  JOIN product_product product ON product.id = line.product_id
                 WHERE product.default_code LIKE 'CJ-%%' AND line.quantity > 0
              GROUP BY product.product_tmpl_id
            ), ranked AS (
                SELECT id, price, ROW_NUMBER() OVER (
                           ORDER BY price >= 1 DESC, lines DESC, id) AS place
                  FROM sold
            )
            UPDATE product_template template
               SET list_price = GREATEST(ranked.price, 0.01),
                   available_in_pos = ranked.place <= %s
              FROM ranked
             WHERE ranked.id = template.id
            """,
            TILL_PRODUCTS,
        )
    )
    # The prices of the data hold no tax.
    env.cr.execute(
        SQL(
            """
            DELETE FROM product_taxes_rel rel USING product_product product
             WHERE product.product_tmpl_id = rel.prod_id
               AND product.default_code LIKE 'CJ-%%'
            """
        )
    )
    env["product.template"].invalidate_model()
    # Those that are sold here need a cost, without which no profit is known.
    for product in till_products(env, TILL_PRODUCTS):
        product.standard_price = product.lst_price * ASSUMED_COST
    env["product.product"].invalidate_model()


def campaigns(env, data):
    """Issue one coupon per targeted household and campaign, dated as it was.

    The households' own booklets become one coupon that is good for as many uses as the
    household made of it, at least one.

    :return: dict of counts for the table
    """
    issued = 0
    for number, kind, first, last in data.periods():
        partners = _households(env, data.targeted(number))
        if not partners:
            continue
        campaign = _campaign(env, number, kind)
        before = campaign.member_ids
        campaign.segment_id._add_members(partners)
        _issue(campaign)
        _add_uses(campaign.member_ids - before, data.extra_uses(number))
        _backdate(env, campaign, first, last)
        issued += len(campaign.member_ids.card_id)
        env.cr.commit()
    return {"issued by past campaigns": issued}


def _households(env, refs):
    return env["res.partner"].search([("ref", "in", refs)])


def _campaign(env, number, kind):
    """Return the campaign of a number, created with its program and audience."""
    name = f"Completejourney campaign {number} ({kind})"
    campaign = env["loyalty.campaign"].search([("name", "=", name)])
    if campaign:
        return campaign
    action = env["loyalty.program"].create_from_template("cash_coupon")
    program = env["loyalty.program"].browse(action["res_id"])
    program.write({"name": name, "validity_days": 0})
    segment = env["loyalty.segment"].create(
        {"name": f"Targeted by campaign {number}", "kind": "static"}
    )
    return env["loyalty.campaign"].create(
        {
            "name": name,
            "program_id": program.id,
            "segment_id": segment.id,
            "points": min(program.reward_ids.mapped("required_points")),
            "validity_days": 0,
            "control_percent": 0,
            "no_control_reason": "History: the data names no control group.",
        }
    )


def _issue(campaign):
    """Launch a campaign, or issue to those who were added since."""
    # The offer's last day is written when its coupons are dated; issuing ignores it.
    campaign.program_id.write({"date_from": False, "date_to": False})
    if campaign.state == "draft":
        campaign.action_launch()
    else:
        treated, control = campaign._assign_members()
        campaign._write_own(
            {"state": "running", "treated_count": treated, "control_count": control}
        )
    while campaign._run_batch():
        campaign.env.cr.commit()


def _add_uses(members, extra):
    """Put further uses on the coupons of households that used several."""
    cost = min(
        members.campaign_id.program_id.reward_ids.mapped("required_points") or [1]
    )
    with members.env["loyalty.card"]._wallet_scope("issue") as scope:
        for card in members.card_id:
            points = cost * extra.get(card.partner_id.ref, 0)
            if points:
                scope.plan(card.id, "issue", points, reason="Coupons of the booklet")
                card.points += points


def _backdate(env, campaign, first, last):
    """Date a campaign and its coupons to the days on which they ran."""
    env.flush_all()
    # Midnight in the shops, or an hour later in winter: before the first use.
    start = datetime.combine(first, time(5))
    statements = (
        SQL(
            """
            UPDATE loyalty_card SET issued_at = %(start)s, create_date = %(start)s,
                   expiration_date = %(last)s
             WHERE campaign_id = %(id)s
            """,
            start=start,
            last=last,
            id=campaign.id,
        ),
        SQL(
            """
            UPDATE loyalty_point_move move SET date = %(start)s,
                   expiration_date = %(last)s
              FROM loyalty_card card
             WHERE card.id = move.card_id AND card.campaign_id = %(id)s
               AND move.kind = 'issue'
            """,
            start=start,
            last=last,
            id=campaign.id,
        ),
        SQL(
            """
            UPDATE loyalty_campaign_member SET assigned_at = %(start)s,
                   issued_at = %(start)s
             WHERE campaign_id = %(id)s
            """,
            start=start,
            id=campaign.id,
        ),
        SQL(
            "UPDATE loyalty_campaign SET launched_at = %s, create_date = %s"
            " WHERE id = %s",
            start,
            start,
            campaign.id,
        ),
        SQL(
            "UPDATE loyalty_campaign_batch SET date = %s WHERE campaign_id = %s",
            start,
            campaign.id,
        ),
    )
    for statement in statements:
        env.cr.execute(statement)
    env.invalidate_all()
    campaign.program_id.write({"date_from": first, "date_to": last})


def redemptions(env, data):
    """Import the uses of the coupons on their dates, by the importer.

    :return: dict of counts for the table
    """
    uses = data.redemptions()
    rows = env.execute_query(
        SQL(
            """
            SELECT campaign.name, partner.ref, card.code
              FROM loyalty_card card
              JOIN loyalty_campaign campaign ON campaign.id = card.campaign_id
              JOIN res_partner partner ON partner.id = card.partner_id
             WHERE campaign.name LIKE 'Completejourney campaign %%'
            """
        )
    )
    codes = {(int(name.split()[2]), ref): code for name, ref, code in rows}
    keys = zip(uses.campaign, uses.customer_ref, strict=True)
    uses = uses.assign(code=[codes[key] for key in keys])
    uses = uses.drop(columns=["campaign", "customer_ref"])
    job = _import_file(env, "redemption", "completejourney-uses.parquet", uses)
    return {"imported uses": job.done_count + job.known_count}
