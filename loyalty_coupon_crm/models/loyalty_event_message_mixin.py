from odoo import api, fields, models
from odoo.tools import SQL

from .loyalty_campaign_member import TOLD_STATES


class LoyaltyEventMessageMixin(models.AbstractModel):
    """What a customer was written, what became of it, and why, for the timeline."""

    _name = "loyalty.event.message.mixin"
    _description = "Messages in the Customer Timeline"

    source_model = fields.Char()
    source_id = fields.Many2oneReference(model_field="source_model")
    why = fields.Text(
        compute="_compute_why",
        help="Of what a campaign gave or wrote: the rule, audience, version and arm "
        "that chose the customer.",
    )

    @api.depends("source_model", "source_id")
    def _compute_why(self):
        members = self.env["loyalty.campaign.member"]
        cards = self.env["loyalty.card"]
        for model, events in self.grouped("source_model").items():
            ids = events.mapped("source_id")
            chosen = {}
            if model == members._name:
                chosen = {member.id: member for member in members.browse(ids)}
            elif model == cards._name:
                chosen = {
                    card.id: card.campaign_member_id for card in cards.browse(ids)
                }
            for event in events:
                event.why = chosen.get(event.source_id, members).why

    @api.model
    def _message_part(self):
        columns = self._columns_of(
            "partner_id", "company_id", "campaign_id", model="loyalty.campaign.member"
        )
        source = SQL(
            "%s AND row.message_state = ANY(%s)",
            self._of_contact("loyalty_campaign_member"),
            list(TOLD_STATES),
        )
        return source, {
            **columns,
            "customer_id": SQL("contact.commercial_partner_id"),
            "date": SQL("COALESCE(row.message_at, row.issued_at, row.assigned_at)"),
            "kind": SQL(
                "CASE WHEN row.message_state IN ('bounced', 'failed')"
                " THEN 'undelivered' ELSE 'message' END"
            ),
            "note": self._message_note_sql(),
        }

    @api.model
    def _message_note_sql(self):
        """Return the SQL of where a message is, and why it did not come."""
        states = self.env["loyalty.campaign.member"]._fields["message_state"]
        cases = [
            SQL("WHEN %s THEN %s", state, label)
            for state, label in states._description_selection(self.env)
        ]
        return SQL(
            "CONCAT_WS(': ', CASE row.message_state %s END, row.reason)",
            SQL(" ").join(cases),
        )

    @api.model
    def _answer_part(self, moment, kind):
        """Return what customers did with messages.

        :param moment: name of the field of a campaign's member that says when
        :param kind: key of `KINDS`
        """
        columns = self._columns_of(
            "partner_id", "company_id", "campaign_id", model="loyalty.campaign.member"
        )
        column = SQL.identifier("row", moment)
        source = SQL(
            "%s AND %s IS NOT NULL", self._of_contact("loyalty_campaign_member"), column
        )
        return source, {
            **columns,
            "customer_id": SQL("contact.commercial_partner_id"),
            "date": column,
            "kind": SQL("%s", kind),
        }

    @api.model
    def _reminder_part(self):
        columns = self._columns_of(
            "partner_id",
            "company_id",
            "program_id",
            "points",
            model="loyalty.point.reminder",
        )
        source = SQL(
            "%s AND row.state = 'queued'", self._of_contact("loyalty_point_reminder")
        )
        return source, {
            **columns,
            "customer_id": SQL("contact.commercial_partner_id"),
            "date": SQL("row.created_at"),
            "kind": SQL("'message'"),
        }
