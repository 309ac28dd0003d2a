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
               AND NOT EXISTS (SELECT FROM loyalty_point_move known
                                WHERE known.card_id = card.id)
            """,
            env.uid,
        )
    )
    env["loyalty.card"].invalidate_model()
    env["loyalty.purchase"]._backfill()
    env["loyalty.redemption"]._backfill()
    env["loyalty.card"]._backfill_spent()
    env["loyalty.card"]._merge_double_wallets()


def uninstall_hook(env):
    """Take away the names that other add-ons gave to parts of our models.

    Odoo registers what our models inherit from a mixin under the add-on of the mixin
    and forgets those names when it removes the models.
    """
    env.flush_all()
    env.cr.execute(
        SQL(
            """
            WITH ours AS (
                SELECT res_id AS model_id
                  FROM ir_model_data
                 WHERE model = 'ir.model'
                 GROUP BY res_id
                HAVING BOOL_AND(module = 'loyalty_coupon_crm')
            ), parts (model, res_id) AS (
                SELECT 'ir.model.inherit', id
                  FROM ir_model_inherit WHERE model_id IN (SELECT model_id FROM ours)
                 UNION ALL
                SELECT 'ir.model.fields.selection', choice.id
                  FROM ir_model_fields_selection choice
                  JOIN ir_model_fields field ON field.id = choice.field_id
                 WHERE field.model_id IN (SELECT model_id FROM ours)
            )
            DELETE FROM ir_model_data
             USING parts
             WHERE ir_model_data.module != 'loyalty_coupon_crm'
               AND ir_model_data.model = parts.model
               AND ir_model_data.res_id = parts.res_id
            """
        )
    )
