from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class LoyaltySegmentOverlap(models.Model):
    """Two segments that share members today; each pair once in each direction."""

    _name = "loyalty.segment.overlap"
    _description = "Overlap of Segments"
    _auto = False
    _rec_name = "segment_id"
    _order = "segment_id, both_count desc, id"
    _depends = {
        "loyalty.segment": ["active", "company_id"],
        "loyalty.segment.member": [
            "segment_id",
            "partner_id",
            "date_to",
            "is_excluded",
        ],
    }

    segment_id = fields.Many2one("loyalty.segment", readonly=True)
    other_id = fields.Many2one("loyalty.segment", string="Other Segment", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    other_company_id = fields.Many2one("res.company", readonly=True)
    member_count = fields.Integer(string="Members", readonly=True, aggregator=None)
    other_count = fields.Integer(
        string="Members of the Other", readonly=True, aggregator=None
    )
    both_count = fields.Integer(
        string="In Both",
        readonly=True,
        help="Customers who are in both segments today.",
    )
    share = fields.Float(
        readonly=True,
        aggregator="avg",
        help="Customers in both ÷ members of the segment.",
    )

    @property
    def _table_query(self):
        return SQL(
            """
            WITH member AS (
                SELECT row.segment_id, row.partner_id, segment.company_id
                  FROM loyalty_segment_member row
                  JOIN loyalty_segment segment ON segment.id = row.segment_id
                 WHERE row.date_to IS NULL AND row.is_excluded IS NOT TRUE
                   AND segment.active),
            size AS (SELECT segment_id, COUNT(*) AS members FROM member GROUP BY 1)
            SELECT pair.segment_id::bigint * 1000000 + pair.other_id AS id,
                   pair.segment_id, pair.other_id, pair.company_id,
                   pair.other_company_id, size.members::int AS member_count,
                   other_size.members::int AS other_count,
                   pair.both_count::int AS both_count,
                   pair.both_count::float / size.members AS share
              FROM (SELECT one.segment_id, other.segment_id AS other_id,
                           one.company_id, other.company_id AS other_company_id,
                           COUNT(*) AS both_count
                      FROM member one
                      JOIN member other ON other.partner_id = one.partner_id
                                       AND other.segment_id != one.segment_id
                     GROUP BY 1, 2, 3, 4) pair
              JOIN size ON size.segment_id = pair.segment_id
              JOIN size other_size ON other_size.segment_id = pair.other_id
            """
        )

    @api.readonly
    def action_open_customers(self):
        """Open the customers who are in both segments."""
        members = self.env["loyalty.segment.member"]
        current = self.env["loyalty.segment"]._member_domain()
        partners = self.env["res.partner"]
        for row in self:
            one, other = (
                members.search(
                    current & Domain("segment_id", "=", segment.id)
                ).partner_id
                for segment in (row.segment_id, row.other_id)
            )
            partners |= one & other
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Customers in Both"),
            "res_model": "res.partner",
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", partners.ids)],
        }
