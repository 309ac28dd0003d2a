from odoo import models
from odoo.tools import SQL


class LoyaltyCampaignAudienceMixin(models.AbstractModel):
    """Whom a campaign reaches, and who of them is in the control group.

    The group of a customer is a hash of the campaign's seed, the customer and the
    year of the occasion: it does not depend on the order of rows, the time or the
    other customers. All contacts of one commercial partner fall into the same group,
    because figures count by commercial partner.
    """

    _name = "loyalty.campaign.audience.mixin"
    _description = "Audience of Campaigns"

    def _refresh_audience(self):
        """Bring a rule-based audience up to date before it is counted or drawn."""
        self.ensure_one()
        if self.segment_id.kind == "dynamic":
            self.segment_id.refresh()

    def _audience_query(self):
        """Return the query of the distinct active customers that the company may see.

        Columns: `partner_id` and `customer_id`, the commercial partner.
        """
        return SQL(
            """
            SELECT DISTINCT partner.id AS partner_id,
                   COALESCE(partner.commercial_partner_id, partner.id) AS customer_id
              FROM loyalty_segment_member member
              JOIN res_partner partner ON partner.id = member.partner_id
             WHERE member.segment_id = %(segment)s
               AND member.date_to IS NULL
               AND member.is_excluded IS NOT TRUE
               AND partner.active
               AND (partner.company_id IS NULL
                    OR partner.company_id = ANY(%(companies)s))
            """,
            segment=self.segment_id._origin.id or 0,
            companies=self.company_id.parent_ids.ids,
        )

    def _score_sql(self, purpose, occasion=""):
        """Return a fair number from 0 to 2^32 - 1 of a row's `customer_id`.

        The first 32 bits of SHA-256 over "purpose/seed/customer/year of occasion".

        :param purpose: `arm` or `draw`, so that the two are independent
        :param occasion: occasion of the member, an ISO date or empty
        """
        return SQL(
            """
            ('x' || encode(substring(sha256(convert_to(
                %(start)s || customer_id || %(end)s, 'UTF8')) FOR 4), 'hex')
            )::bit(32)::bigint
            """,
            start=f"{purpose}/{self.seed}/",
            end=f"/{occasion[:4]}",
        )

    def _groups_query(self):
        """Return the query of those who take part: `partner_id`, `is_control`.

        With a budget, customers are drawn at random until so many are treated; the
        control group is drawn with them and keeps its share.
        """
        groups = SQL(
            """
            SELECT partner_id, customer_id,
                   %(score)s < %(share)s * 4294967296.0 AS is_control
              FROM (%(audience)s) audience
            """,
            score=self._score_sql("arm"),
            share=self.control_percent / 100.0,
            audience=self._audience_query(),
        )
        if not self.budget_coupons:
            return groups
        return SQL(
            """
            SELECT partner_id, is_control
              FROM (SELECT partner_id, is_control,
                           COUNT(*) FILTER (WHERE NOT is_control) OVER (
                               ORDER BY %(draw)s, partner_id) AS place
                      FROM (%(groups)s) groups) drawn
             WHERE place <= %(budget)s
            """,
            draw=self._score_sql("draw"),
            groups=groups,
            budget=self.budget_coupons,
        )

    def _audience_size(self):
        """Return how many customers the audience holds."""
        self._flush_audience()
        query = SQL("SELECT COUNT(*) FROM (%s) audience", self._audience_query())
        return self.env.execute_query(query)[0][0]

    def _audience_ids(self):
        """Return the ids of the customers in the audience."""
        self._flush_audience()
        return [row[0] for row in self.env.execute_query(self._audience_query())]

    def _group_sizes(self):
        """Return how many customers would be (treated, in the control group)."""
        self._flush_audience()
        return self.env.execute_query(
            SQL(
                """
                SELECT COUNT(*) FILTER (WHERE NOT is_control),
                       COUNT(*) FILTER (WHERE is_control)
                  FROM (%s) groups
                """,
                self._groups_query(),
            )
        )[0]

    def _flush_audience(self):
        self.env["loyalty.segment.member"].flush_model()
        self.env["res.partner"].flush_model(
            ["active", "company_id", "commercial_partner_id"]
        )

    def _assign_members(self):
        """Write who takes part and in which group; who is in already stays as he is.

        :return: number of (treated, control) members of the campaign
        """
        self.ensure_one()
        self._flush_audience()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_campaign_member
                       (campaign_id, company_id, partner_id, occasion, arm, state,
                        assigned_at, reason)
                SELECT %(campaign)s, %(company)s, partner_id, '',
                       CASE WHEN is_control THEN 'control' ELSE 'treated' END,
                       CASE WHEN is_control THEN 'skipped' ELSE 'todo' END,
                       NOW() AT TIME ZONE 'UTC',
                       CASE WHEN is_control THEN %(reason)s END
                  FROM (%(groups)s) groups
                 WHERE NOT EXISTS (
                       SELECT FROM loyalty_campaign_member known
                        WHERE known.campaign_id = %(campaign)s
                          AND known.partner_id = groups.partner_id
                          AND known.occasion = '')
                 ORDER BY partner_id
                """,
                campaign=self.id,
                company=self.company_id.id,
                reason=self.env._("Control group"),
                groups=self._groups_query(),
            )
        )
        members = self.env["loyalty.campaign.member"]
        members.invalidate_model()
        self.invalidate_recordset(["member_ids"])
        counts = dict(
            members.sudo()._read_group(
                [("campaign_id", "=", self.id)], ["arm"], ["__count"]
            )
        )
        return counts.get("treated", 0), counts.get("control", 0)
