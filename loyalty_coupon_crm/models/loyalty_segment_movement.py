from odoo import fields, models
from odoo.tools import SQL


class LoyaltySegmentMovement(models.Model):
    """A customer who joined or left a segment on a day.

    Who left one segment and joined another of the same company on the same day moved:
    one row per pair. Exclusions by hand are no membership.
    """

    _name = "loyalty.segment.movement"
    _description = "Movement between Segments"
    _auto = False
    _rec_name = "partner_id"
    _order = "date desc, id desc"
    _depends = {
        "loyalty.segment.member": [
            "segment_id",
            "partner_id",
            "company_id",
            "date_from",
            "date_to",
            "is_excluded",
        ],
    }

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    date = fields.Date(readonly=True)
    segment_from_id = fields.Many2one("loyalty.segment", string="From", readonly=True)
    segment_to_id = fields.Many2one("loyalty.segment", string="To", readonly=True)
    customer_count = fields.Integer(string="Customers", readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
            WITH member AS (
                SELECT id, segment_id, partner_id, company_id, date_from, date_to
                  FROM loyalty_segment_member
                 WHERE is_excluded IS NOT TRUE
                   AND (date_to IS NULL OR date_to > date_from)),
            -- Added by hand and given back to the rule on the same day: no movement.
            gone AS (
                SELECT row.* FROM member row
                 WHERE row.date_to IS NOT NULL
                   AND NOT EXISTS (SELECT FROM member next
                                    WHERE next.segment_id = row.segment_id
                                      AND next.partner_id = row.partner_id
                                      AND next.date_from = row.date_to)),
            came AS (
                SELECT row.* FROM member row
                 WHERE NOT EXISTS (SELECT FROM member before
                                    WHERE before.segment_id = row.segment_id
                                      AND before.partner_id = row.partner_id
                                      AND before.date_to = row.date_from)),
            moved AS (
                SELECT gone.id AS gone_id, came.id AS came_id
                  FROM gone
                  JOIN came ON came.partner_id = gone.partner_id
                           AND came.date_from = gone.date_to
                           AND came.segment_id != gone.segment_id
                           AND came.company_id IS NOT DISTINCT FROM gone.company_id)
            SELECT ROW_NUMBER() OVER (ORDER BY date, gone_id, came_id) AS id,
                   line.*, 1 AS customer_count
              FROM (SELECT COALESCE(gone.partner_id, came.partner_id) AS partner_id,
                           COALESCE(gone.company_id, came.company_id) AS company_id,
                           COALESCE(gone.date_to, came.date_from) AS date,
                           gone.segment_id AS segment_from_id,
                           came.segment_id AS segment_to_id,
                           gone.id AS gone_id, came.id AS came_id
                      FROM (SELECT gone_id, came_id FROM moved
                             UNION ALL
                            SELECT id, NULL FROM gone
                             WHERE NOT EXISTS (SELECT FROM moved
                                                WHERE moved.gone_id = gone.id)
                             UNION ALL
                            SELECT NULL, id FROM came
                             WHERE NOT EXISTS (SELECT FROM moved
                                                WHERE moved.came_id = came.id)) step
                      LEFT JOIN gone ON gone.id = step.gone_id
                      LEFT JOIN came ON came.id = step.came_id) line
            """
        )
