from odoo import api, fields, models
from odoo.tools import SQL


class LoyaltyPointLapse(models.Model):
    """Points of one wallet that lapse after one day: read from the open awards."""

    _name = "loyalty.point.lapse"
    _description = "Points That Lapse"
    _auto = False
    _order = "date, id"
    _rec_name = "date"
    _depends = {
        "loyalty.card": ["company_id", "expiration_date", "partner_id", "program_id"],
        "loyalty.point.move": [
            "available_date",
            "card_id",
            "date",
            "expiration_date",
            "inactive_days",
            "kind",
            "program_id",
            "remaining",
        ],
        "loyalty.point.reminder": ["card_id", "date", "state"],
        "loyalty.program": ["applies_on", "program_type", "strict"],
        "loyalty.purchase": ["date", "partner_id", "reversal_of_id"],
    }

    card_id = fields.Many2one("loyalty.card", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    program_id = fields.Many2one("loyalty.program", readonly=True)
    program_type = fields.Selection(related="program_id.program_type")
    company_id = fields.Many2one("res.company", readonly=True)
    date = fields.Date(
        string="Last Day",
        readonly=True,
        help="Last day on which the points can be spent, in the company's time zone.",
    )
    points = fields.Float(readonly=True, help="Points that are left of the awards.")
    days_left = fields.Integer(
        readonly=True,
        aggregator="min",
        help="Days until the last day; 0 when it is today.",
    )
    is_inactivity = fields.Boolean(
        string="Without Purchase Only",
        readonly=True,
        help="The points lapse on that day unless the customer buys before.",
    )

    reminder_state = fields.Selection(
        selection=lambda self: (
            self.env["loyalty.point.reminder"]
            ._fields["state"]
            ._description_selection(self.env)
        ),
        string="Reminder",
        readonly=True,
        help="Whether the customer was told of that day; empty before.",
    )

    @property
    def _table_query(self):
        parts = self.env["loyalty.point.move"]._open_award_parts()
        return SQL(
            """
            SELECT MIN(id) AS id, card_id, partner_id, program_id, company_id,
                   lapse_day AS date, ROUND(SUM(remaining)::numeric, 2) AS points,
                   lapse_day - day AS days_left, is_inactivity,
                   (SELECT reminder.state FROM loyalty_point_reminder reminder
                     WHERE reminder.card_id = open_award.card_id
                       AND reminder.date = open_award.lapse_day) AS reminder_state
              FROM (SELECT award.id, award.card_id, card.partner_id, award.program_id,
                           card.company_id, award.remaining, clock.day,
                           %(lapse_day)s AS lapse_day,
                           COALESCE(%(nominative)s AND %(inactive)s
                               < COALESCE(award.expiration_date, 'infinity'), FALSE)
                               AS is_inactivity
                    %(open_awards)s) open_award
             WHERE lapse_day >= day
             GROUP BY card_id, partner_id, program_id, company_id, lapse_day, day,
                      is_inactivity
            """,
            **parts,
        )

    @api.model
    def _flush_open_awards(self):
        """Write what the queries of open awards read."""
        for model, names in self._depends.items():
            self.env[model].flush_model(names)

    @api.model
    def _of_cards(self, cards):
        """Return what lapses of these cards, the first to lapse first.

        :param cards: `loyalty.card` records
        """
        # Rows of a query keep their id when their points change.
        self.invalidate_model()
        return self.search([("card_id", "in", cards.ids)])
