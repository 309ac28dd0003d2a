from odoo import models
from odoo.tools import SQL

SCORES = 4294967296.0


class LoyaltyCampaignArmMixin(models.AbstractModel):
    """Which arm a customer falls into, and who gets no more offers for now.

    Three independent hashes decide: whether the customer is held out of all campaigns
    of the company this year, whether he is in the campaign's control group, and which
    variant he gets.
    """

    _name = "loyalty.campaign.arm.mixin"
    _description = "Arms of Campaigns"

    def _arm_sql(self):
        """Return the SQL expression of the group of a row with `customer_id`."""
        if self.trigger == "claim":
            # Whoever asks for the offer gets it.
            return SQL("'treated'")
        company = self.company_id
        year = str(company._loyalty_today().year)
        scores = {
            "holdout": (
                self._score_sql("holdout", f"company{company.id}", year),
                company.loyalty_holdout_percent,
            ),
            "control": (self._score_sql("arm"), self.control_percent),
        }
        cases = [
            SQL("WHEN %s < %s THEN %s", score, percent / 100.0 * SCORES, arm)
            for arm, (score, percent) in scores.items()
            if percent
        ]
        if not cases:
            return SQL("'treated'")
        return SQL("CASE %s ELSE 'treated' END", SQL(" ").join(cases))

    def _drawn_arms(self):
        """Return the arms that customers get."""
        return self.variant_ids.filtered(lambda variant: variant.share > 0)

    def _variant_sql(self):
        """Return the SQL expression of the variant of a row with `customer_id`."""
        variants = self._drawn_arms()
        if not variants:
            return SQL("NULL::integer")
        total = sum(variants.mapped("share"))
        score, reached, cases = self._score_sql("variant"), 0.0, []
        for variant in variants:
            reached += variant.share
            cases.append(
                SQL(
                    "WHEN %s < %s THEN %s",
                    score,
                    reached / total * SCORES,
                    variant._origin.id,
                )
            )
        chance = SQL(
            "CASE %s ELSE %s END", SQL(" ").join(cases), variants[-1]._origin.id
        )
        if self._chooses_best():
            return SQL("COALESCE(best.best_variant_id, %s)", chance)
        return chance

    def _rank_query(self, audience):
        """Return an audience with the place of each row among those of its customer."""
        if not self.cap_count and not self._has_company_cap():
            return audience
        return SQL(
            """
            SELECT *, ROW_NUMBER() OVER (
                       PARTITION BY customer_id ORDER BY occasion, partner_id) AS turn
              FROM (%s) ranked
            """,
            audience,
        )

    def _has_company_cap(self):
        """Tell whether the cap across campaigns holds for the campaign."""
        return bool(self.company_id.loyalty_cap_count and not self.ignore_cap)

    def _wait_for_other_draws(self):
        """Let one campaign draw at a time when a cap counts the offers of all.

        Whoever draws at the same moment does not see these members: the row of the
        company makes the later one fail, and Odoo tries it again.
        """
        if self._has_company_cap():
            self.env.cr.execute(
                SQL(
                    "UPDATE res_company SET loyalty_cap_count = loyalty_cap_count"
                    " WHERE id = %s",
                    self.company_id.id,
                )
            )

    def _cap_condition(self):
        """Return the conditions that the caps of campaign and company still have room.

        Both groups count within the campaign, so that they stay comparable; across
        campaigns, this one included, only what the customer got or will get counts.
        """
        company = self.company_id
        conditions = []
        if self.cap_count:
            conditions.append(
                SQL(
                    "AND turn + (%s) <= %s",
                    self._count_offers(
                        SQL("member.campaign_id = %s", self._origin.id or 0),
                        self.cap_days,
                    ),
                    self.cap_count,
                )
            )
        if self._has_company_cap():
            conditions.append(
                SQL(
                    "AND turn + (%s) <= %s",
                    self._count_offers(
                        SQL(
                            """member.company_id = %s AND member.arm = 'treated'
                               AND member.state IN ('todo', 'issued')""",
                            company.id,
                        ),
                        company.loyalty_cap_days,
                    ),
                    company.loyalty_cap_count,
                )
            )
        return SQL(" ").join(conditions)

    def _count_offers(self, condition, days):
        """Return the query of how many memberships the row's customer has had.

        :param condition: SQL on `member`
        :param days: only of so many days back, 0 for all
        """
        since = SQL()
        if days:
            since = SQL(
                "AND member.assigned_at > %s",
                self._moments_ago(days=days),
            )
        return SQL(
            """
            SELECT COUNT(*)
              FROM loyalty_campaign_member member
              JOIN res_partner contact ON contact.id = member.partner_id
             WHERE contact.commercial_partner_id = audience.customer_id
               AND %s %s
            """,
            condition,
            since,
        )
