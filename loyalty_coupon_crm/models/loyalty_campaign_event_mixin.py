from odoo import fields, models
from odoo.tools import SQL


class LoyaltyCampaignEventMixin(models.AbstractModel):
    """Events that trigger campaigns: contact, points, survey, life cycle."""

    _name = "loyalty.campaign.event.mixin"
    _description = "Event Triggers of Campaigns"

    def _candidates_new_customer(self):
        """Contacts created since the launch, addresses and own people left out."""
        self.env["res.partner"].flush_model()
        # A transaction that takes long shows rows older than the last look.
        since = self.triggered_at or self.launched_at
        return SQL(
            """
            SELECT fresh.id AS partner_id, ''::varchar AS occasion,
                   NULL::integer AS card_id
              FROM res_partner fresh
             WHERE fresh.create_date >= %(launched)s
               AND fresh.create_date >= %(since)s
               AND fresh.type = 'contact'
               AND fresh.parent_id IS NULL
               AND NOT EXISTS (
                   SELECT FROM res_users own
                    WHERE own.partner_id = fresh.id AND own.share IS NOT TRUE)
               %(own)s
            """,
            own=self._own_customer_condition("fresh"),
            launched=self.launched_at,
            since=max(self.launched_at, fields.Datetime.subtract(since, days=1)),
        )

    def _candidates_points(self):
        """Customers whose wallet holds so many points; once in a lifetime."""
        self.env["loyalty.card"].flush_model()
        return SQL(
            """
            SELECT wallet.partner_id, ''::varchar AS occasion, NULL::integer AS card_id
              FROM loyalty_card wallet
             WHERE wallet.program_id = %s
               AND wallet.active
               AND wallet.partner_id IS NOT NULL
               AND wallet.points >= %s
            """,
            self.trigger_program_id.id,
            self.trigger_points,
        )

    def _candidates_points_expiring(self):
        """Customers whose points lapse within so many days; once per last day."""
        lapses = self.env["loyalty.point.lapse"]
        lapses._flush_open_awards()
        program = SQL()
        if self.trigger_program_id:
            program = SQL("AND lapse.program_id = %s", self.trigger_program_id.id)
        return SQL(
            """
            SELECT lapse.partner_id, MIN(lapse.date) || '/' || lapse.card_id
                       AS occasion,
                   %(card)s AS card_id
              FROM (%(lapses)s) lapse
              JOIN loyalty_card card ON card.id = lapse.card_id
             WHERE lapse.days_left <= %(days)s
               AND lapse.partner_id IS NOT NULL
               AND card.active AND card.voided_at IS NULL
               AND (lapse.company_id IS NULL OR lapse.company_id = ANY(%(companies)s))
               %(program)s
             GROUP BY lapse.partner_id, lapse.card_id
            """,
            card=SQL("lapse.card_id") if self.is_reminder else SQL("NULL::integer"),
            lapses=lapses._table_query,
            days=self.trigger_days,
            companies=self.company_id.parent_ids.ids,
            program=program,
        )

    def _candidates_survey(self):
        """Customers who answered the survey since the launch; once in a lifetime."""
        self.env["survey.user_input"].flush_model()
        return SQL(
            """
            SELECT DISTINCT answer.partner_id, ''::varchar AS occasion,
                   NULL::integer AS card_id
              FROM survey_user_input answer
             WHERE answer.survey_id = %s
               AND answer.state = 'done'
               AND answer.test_entry IS NOT TRUE
               AND answer.partner_id IS NOT NULL
               AND answer.end_datetime >= %s
            """,
            self.trigger_survey_id.id,
            self.launched_at,
        )

    def _candidates_stage_in(self):
        """Customers who came into the stage since the launch and are still in it."""
        return self._stage_change_query(self._entered_condition(), SQL("TRUE"))

    def _entered_condition(self):
        """Return the condition that a `row` tells of somebody who entered the stage."""
        return SQL(
            """
            row.stage_to = %(stage)s
            AND (row.stage_from IS NOT NULL OR row.stage_to IN ('prospect', 'new'))
            """,
            # The first figures tell where somebody stood, not that they came there.
            stage=self.trigger_stage,
        )

    def _candidates_stage_out(self):
        """Customers who left the stage since the launch and are not back."""
        return self._stage_change_query(
            SQL("row.stage_from = %s", self.trigger_stage),
            SQL("later.stage_to = %s", self.trigger_stage),
        )

    def _stage_change_query(self, change, undone):
        """Return who passed from one stage to another since the launch.

        :param change: condition on `row`, a `loyalty_stage_change`
        :param undone: condition on a `later` one, after which the change is history
        """
        self.env["loyalty.stage.change"].flush_model()
        return SQL(
            """
            SELECT row.partner_id, row.date::text AS occasion,
                   NULL::integer AS card_id
              FROM loyalty_stage_change row
             WHERE row.company_id = %(company)s
               AND row.date >= %(first)s
               AND row.id > %(known)s
               AND %(change)s
               AND NOT EXISTS (SELECT FROM loyalty_stage_change later
                                WHERE later.partner_id = row.partner_id
                                  AND later.company_id = row.company_id
                                  AND later.id > row.id
                                  AND %(undone)s)
            """,
            company=self.company_id.id,
            first=self.company_id._loyalty_today(self.launched_at),
            known=self.known_stage_row_id,
            change=change,
            undone=undone,
        )

    def _own_customer_condition(self, alias):
        """Return the condition that a contact is a customer of this company.

        Contacts belong to no company unless somebody says so. Where several companies
        share them, they are customers of those they dealt with, and of the one whose
        user entered them.

        :param alias: name of a row of `res_partner`
        """
        # The campaign's tree of companies, whoever of it runs the campaign.
        companies = self.env["res.company"].sudo()
        if companies.search_count([("parent_id", "=", False)], limit=2) < 2:
            return SQL()
        tree = companies.search([("id", "child_of", self.company_id.root_id.ids)])
        self.env["loyalty.purchase"].flush_model()
        self.env["loyalty.card"].flush_model(["company_id", "partner_id"])
        return SQL(
            """
            AND (%(company)s IS NOT NULL
                 OR EXISTS (SELECT FROM loyalty_purchase bought
                             WHERE bought.commercial_partner_id = %(customer)s
                               AND bought.company_id = ANY(%(tree)s))
                 OR EXISTS (SELECT FROM loyalty_card held
                             WHERE held.partner_id = %(id)s
                               AND held.company_id = ANY(%(tree)s))
                 OR EXISTS (SELECT FROM res_users known
                             WHERE known.company_id = ANY(%(tree)s)
                               AND (known.id = %(creator)s
                                    OR known.partner_id = %(id)s)))
            """,
            company=SQL.identifier(alias, "company_id"),
            customer=SQL.identifier(alias, "commercial_partner_id"),
            id=SQL.identifier(alias, "id"),
            tree=tree.ids,
            creator=SQL.identifier(alias, "create_uid"),
        )
