from odoo.tools import SQL


def post_init_hook(env):
    """Explain what existed before us: opening movements for every card with points."""
    env.cr.execute(
        SQL(
            """
            UPDATE loyalty_card
               SET issued_at = create_date, issued_by_id = create_uid
             WHERE issued_at IS NULL AND points != 0
            """
        )
    )
    env.cr.execute(
        SQL(
            """
            INSERT INTO loyalty_point_move
                   (card_id, partner_id, program_id, company_id, date, kind, points,
                    balance_after, remaining, expiration_date, reason, user_id,
                    request_key)
            SELECT card.id, card.partner_id, card.program_id, card.company_id,
                   NOW() AT TIME ZONE 'UTC', 'opening', card.points, card.points,
                   GREATEST(card.points, 0), card.expiration_date,
                   'Balance before installation', %s, 'opening/' || card.id
              FROM loyalty_card card
             WHERE card.points != 0
                ON CONFLICT DO NOTHING
            """,
            env.uid,
        )
    )
    env["loyalty.card"].invalidate_model()
    env["loyalty.purchase"]._backfill()
    env["loyalty.redemption"]._backfill()
