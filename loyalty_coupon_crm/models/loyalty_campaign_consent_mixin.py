from odoo import models
from odoo.tools import SQL

from ..tools.arrays import as_array

# Who is meant follows from what the customer did.
PROFILE_TRIGGERS = (
    "browsed",
    "inactive",
    "segment_in",
    "segment_out",
    "stage_in",
    "stage_out",
)


class LoyaltyCampaignConsentMixin(models.AbstractModel):
    """Whom a campaign leaves alone because they said so.

    Asked when members are drawn, once more when their batch is issued, and when the
    message is written: who withdraws gets nothing from the next batch on.
    """

    _name = "loyalty.campaign.consent.mixin"
    _description = "Consent in Campaigns"

    def _goes_by_profile(self):
        """Tell whether the campaign chooses customers by their behaviour.

        Who refused that gets what everybody gets: fixed lists, dates, purchases.
        """
        return self.segment_id.kind == "dynamic" or self.trigger in PROFILE_TRIGGERS

    def _refused_sql(self, partner):
        """Return the condition that a contact does not want this campaign's offer.

        :param partner: SQL of the contact's id
        """
        purposes = ["programme"]
        if self._goes_by_profile():
            purposes.append("profiling")
        return self.env["loyalty.consent"]._refused_sql(
            partner, purposes, self.company_id
        )

    def _consent_condition(self):
        """Return the condition that a row's `partner` does not refuse the offer."""
        # That nobody ever decided is no secret, and spares the question.
        if not self.env["loyalty.consent"].sudo().search_count([], limit=1):
            return SQL()
        return SQL("AND NOT %s", self._refused_sql(SQL("partner.id")))

    def _skip_refused(self, rows):
        """Give nothing to members who withdrew since they were drawn.

        :param rows: list of (member id, partner id, active, variant id)
        :return: the rows that are left, number of members skipped
        """
        refused = {
            row[0]
            for row in self.env.execute_query(
                SQL(
                    "SELECT id FROM UNNEST(%s::integer[]) AS asked (id) WHERE %s",
                    as_array(row[1] for row in rows if row[1]),
                    self._refused_sql(SQL("asked.id")),
                )
            )
        }
        if not refused:
            return rows, 0
        skipped = self._skip_members(
            [row[0] for row in rows if row[1] in refused],
            self.env._("The customer withdrew the consent."),
        )
        return [row for row in rows if row[1] not in refused], skipped

    def _refusals(self, partners):
        """Return {partner id: purposes for which nothing may be written}.

        A refusal holds always; that consent is given beforehand, when the company says
        so. Who claims an offer asks for the message with it.
        """
        self.ensure_one()
        asked = self.company_id.loyalty_consent_required and self.trigger != "claim"
        defaults = {"programme": True, "email": not asked, "sms": not asked}
        # The cron and marketing ask for everybody; the rows are told to nobody.
        consents = self.env["loyalty.consent"].sudo()
        held = consents._last(partners, list(defaults), self.company_id)
        return {
            partner.id: {
                purpose
                for purpose, default in defaults.items()
                if not held.get((partner.id, purpose), default)
            }
            for partner in partners
        }
