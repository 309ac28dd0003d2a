from odoo import fields, models
from odoo.tools import SQL

from ..tools.planner import without_jit


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

    def _segment_query(self, occasion=""):
        """Return the candidates that the audience holds: every member, once.

        :param occasion: what they are candidates for, an ISO date or empty
        """
        return SQL(
            """
            SELECT partner_id, %(occasion)s::varchar AS occasion,
                   NULL::integer AS card_id
              FROM loyalty_segment_member
             WHERE segment_id = %(segment)s
               AND date_to IS NULL
               AND is_excluded IS NOT TRUE
            """,
            occasion=occasion,
            segment=self.segment_id._origin.id or 0,
        )

    def _audience_query(self, candidates=None):
        """Return the query of the distinct active customers that the company may see.

        :param candidates: query of `partner_id`, `occasion`, `card_id`; the whole
            audience by default
        :return: query of `partner_id`, `occasion`, `card_id` and `customer_id`, the
            commercial partner
        """
        # The planner cannot guess how many candidates an event has: each is looked up
        # by its id, while the members of a segment are joined.
        partner = SQL("JOIN res_partner partner ON partner.id = candidate.partner_id")
        if candidates:
            partner = SQL(
                """
                CROSS JOIN LATERAL (
                    SELECT * FROM res_partner
                     WHERE id = candidate.partner_id OFFSET 0) partner
                """
            )
        return SQL(
            """
            SELECT DISTINCT partner.id AS partner_id,
                   COALESCE(partner.commercial_partner_id, partner.id) AS customer_id,
                   candidate.occasion, candidate.card_id
              FROM (%(candidates)s) candidate
              %(partner)s
             WHERE partner.active
               AND (partner.company_id IS NULL
                    OR partner.company_id = ANY(%(companies)s))
               %(consent)s
               %(segment)s
            """,
            consent=self._consent_condition(),
            candidates=candidates or self._segment_query(),
            partner=partner,
            companies=self.company_id.parent_ids.ids,
            segment=self._segment_condition() if candidates else SQL(),
        )

    def _segment_condition(self):
        """Return the condition that a candidate is in the audience, if there is one.

        A company in the audience stands for its contacts.
        """
        if not self.segment_id:
            return SQL()
        return SQL(
            """
            AND EXISTS (
                SELECT FROM loyalty_segment_member member
                 WHERE member.segment_id = %(segment)s
                   AND member.date_to IS NULL
                   AND member.is_excluded IS NOT TRUE
                   AND member.partner_id IN (partner.id, partner.commercial_partner_id))
            AND NOT EXISTS (
                SELECT FROM loyalty_segment_member member
                 WHERE member.segment_id = %(segment)s
                   AND member.date_to IS NULL
                   AND member.is_excluded
                   AND member.partner_id IN (partner.id, partner.commercial_partner_id))
            """,
            segment=self.segment_id.id,
        )

    def _score_sql(self, purpose, seed=None, year=None):
        """Return a fair number from 0 to 2^32 - 1 of a row's `customer_id`.

        The first 32 bits of SHA-256 over "purpose/seed/customer/year of occasion".

        :param purpose: `arm`, `draw`, `variant` or `holdout`, so that they are
            independent of each other
        :param seed: the campaign's by default
        :param year: the first four characters of the row's `occasion` by default
        """
        return SQL(
            """
            ('x' || encode(substring(sha256(convert_to(
                %(start)s || customer_id || '/' || %(year)s, 'UTF8')) FOR 4), 'hex')
            )::bit(32)::bigint
            """,
            start=f"{purpose}/{seed or self.seed}/",
            year=SQL("LEFT(occasion, 4)") if year is None else year,
        )

    def _groups_query(self, candidates=None):
        """Return the query of those who take part and of what happens to them.

        The fence lets the database reckon an arm once, not at every mention of it.

        With a budget, customers are drawn at random until so many are treated; the
        control group is drawn with them and keeps its share.

        :param candidates: see `_audience_query`
        :return: query of `partner_id`, `occasion`, `card_id`, `arm`, `variant_id`
        """
        audience = self._fresh_query(candidates)
        groups = SQL(
            """
            SELECT partner_id, customer_id, occasion, card_id, %(arm)s AS arm,
                   %(variant)s AS variant_id
              FROM (%(audience)s) audience %(best)s
             WHERE TRUE %(guards)s
            OFFSET 0
            """,
            arm=self._arm_sql(),
            variant=self._variant_sql(),
            audience=self._rank_query(audience),
            best=self._best_join(audience),
            guards=self._cap_condition(),
        )
        if not self.budget_coupons:
            return groups
        return SQL(
            """
            SELECT partner_id, occasion, card_id, arm, variant_id
              FROM (SELECT *,
                           COUNT(*) FILTER (WHERE arm = 'treated') OVER (
                               ORDER BY %(draw)s, partner_id, occasion) AS place
                      FROM (%(groups)s) groups) drawn
             WHERE place <= %(budget)s
            """,
            draw=self._score_sql("draw"),
            groups=groups,
            budget=max(0, self.budget_coupons - self._treated_so_far()),
        )

    def _fresh_query(self, candidates=None):
        """Return the audience without those who are in on the same occasion.

        They were drawn before: they take no place of a budget or a cap again.
        """
        audience = self._audience_query(candidates)
        campaign = self._origin.id if self.id else 0
        if not campaign:
            return audience
        # The planner cannot guess how many are left: each is looked up.
        return SQL(
            """
            SELECT * FROM (%(audience)s) present
             WHERE NOT EXISTS (
                   SELECT FROM loyalty_campaign_member known
                    WHERE known.campaign_id = %(campaign)s
                      AND known.partner_id = present.partner_id
                      AND known.occasion = present.occasion %(fence)s)
            """,
            audience=audience,
            campaign=campaign,
            fence=SQL("OFFSET 0") if candidates else SQL(),
        )

    def _treated_so_far(self):
        """Return how many members were treated by the campaign up to now."""
        return self.treated_count if self.trigger != "now" else 0

    def _audience_size(self):
        """Return how many customers the audience holds."""
        self._flush_audience()
        query = SQL("SELECT COUNT(*) FROM (%s) audience", self._audience_query())
        return self.env.execute_query(query)[0][0]

    def _audience_is_empty(self):
        """Tell whether the audience holds nobody, without counting those in it."""
        self._flush_audience()
        query = SQL("SELECT NOT EXISTS (%s)", self._audience_query())
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
                SELECT COUNT(*) FILTER (WHERE arm = 'treated'),
                       COUNT(*) FILTER (WHERE arm = 'control')
                  FROM (%s) groups
                """,
                self._groups_query(),
            )
        )[0]

    def _flush_audience(self):
        """Write what the audience's query reads, and let it run at once."""
        without_jit(self.env.cr)
        self.env["loyalty.segment.member"].flush_model()
        self.env["loyalty.campaign.member"].flush_model()
        self.env["loyalty.campaign.variant"].flush_model()
        self._best_flush()
        self.env["res.partner"].flush_model(
            ["active", "company_id", "commercial_partner_id"]
        )

    def _assign_members(self, candidates=None):
        """Write who takes part and in which group; who is in already stays as he is.

        :param candidates: see `_audience_query`
        :return: number of (treated, control) members of the campaign
        """
        self.ensure_one()
        self._flush_audience()
        self._wait_for_other_draws()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_campaign_member
                       (campaign_id, company_id, partner_id, occasion, arm, variant_id,
                        state, assigned_at, reason, version, card_id, issued_at,
                        message_state, message_at)
                SELECT %(campaign)s, %(company)s, partner_id, occasion, arm,
                       CASE WHEN arm = 'treated' OR arm = 'control' AND %(best)s
                            THEN variant_id END,
                       CASE WHEN arm != 'treated' THEN 'skipped'
                            WHEN card_id IS NOT NULL THEN 'issued' ELSE 'todo' END,
                       %(now)s,
                       CASE arm WHEN 'control' THEN %(control)s
                                WHEN 'holdout' THEN %(holdout)s END,
                       %(version)s,
                       CASE WHEN arm = 'treated' THEN card_id END,
                       CASE WHEN arm = 'treated' AND card_id IS NOT NULL
                            THEN %(now)s END,
                       CASE WHEN arm = 'treated' AND card_id IS NOT NULL
                            THEN 'todo' END,
                       CASE WHEN arm = 'treated' AND card_id IS NOT NULL
                            THEN %(now)s + INTERVAL '1 hour' * (
                                SELECT NULLIF(send_after_hours, 0)
                                  FROM loyalty_campaign_variant variant
                                 WHERE variant.id = groups.variant_id) END
                  FROM (%(groups)s) groups
                 ORDER BY partner_id, occasion
                    ON CONFLICT (campaign_id, partner_id, occasion) DO NOTHING
                """,
                campaign=self.id,
                company=self.company_id.id,
                now=fields.Datetime.now(),
                control=self.env._("Control group"),
                holdout=self.env._("Held out of all campaigns"),
                version=self.version,
                groups=self._groups_query(candidates),
                best=self._chooses_best(),
            )
        )
        written = self.env.cr.rowcount
        members = self.env["loyalty.campaign.member"]
        members.invalidate_model()
        self.invalidate_recordset(["member_ids"])
        if candidates and not written:
            return self.treated_count, self.control_count
        counts = dict(
            members.sudo()._read_group(
                [("campaign_id", "=", self.id)], ["arm"], ["__count"]
            )
        )
        return counts.get("treated", 0), counts.get("control", 0)
