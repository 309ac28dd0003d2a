from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

STATES = [
    ("draft", "Draft"),
    ("issued", "Issued"),
    ("seen", "Seen"),
    ("held", "Held"),
    ("used", "Used"),
    ("expired", "Expired"),
    ("void", "Void"),
]
OPEN_STATES = ("issued", "seen", "held")
STATE_FIELDS = (
    "company_id",
    "expiration_date",
    "first_seen_at",
    "issued_at",
    "points",
    "program_id",
    "used_at",
    "voided_at",
)


class LoyaltyCardStateMixin(models.AbstractModel):
    """Where a card is in its life, from one SQL expression for reading and searching.

    A coupon is used when its points no longer reach its smallest reward; a coupon for
    several uses stays issued until then. A wallet (points card, eWallet) is never
    used: it stays issued when it is empty. The last day of a card is included, in the
    time zone of its company. Void comes before used, used before expired.
    """

    _name = "loyalty.card.state.mixin"
    _description = "State of a Card"

    state = fields.Selection(STATES, compute="_compute_state", search="_search_state")

    @api.depends(
        *STATE_FIELDS,
        "hold_ids.expires_at",
        "program_id.applies_on",
        "program_id.program_type",
        "program_id.reward_ids.required_points",
    )
    @api.depends_context("company")
    def _compute_state(self):
        found = self._read_states()
        for card in self:
            card.state = found.get(card._origin.id, "draft")

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        self._flush_for_state()
        values = [state for state in value if state]
        if not values:
            return Domain.FALSE
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s = ANY(%s)", model._state_sql(alias), values
            )
        )

    def _read_states(self):
        """Return {card id: state} of the saved cards."""
        ids = self._origin.ids
        if not ids:
            return {}
        self._flush_for_state()
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT card.id, %s FROM loyalty_card card WHERE card.id = ANY(%s)",
                    self._state_sql("card"),
                    ids,
                )
            )
        )

    def _is_used_up(self):
        """Return whether a coupon was used and reaches no reward any more.

        As `state` says it, without a query: the gate asks of every card.
        """
        self.ensure_one()
        if self.voided_at or not self.issued_at or self.program_id.is_nominative:
            return False
        required = min(self.program_id.reward_ids.mapped("required_points"), default=0)
        if self.points > 0 and self.points >= required:
            return False
        today = (self.company_id or self.env.company)._loyalty_today()
        last = self.expiration_date
        return bool(self.used_at or not last or last >= today)

    def _mark_seen(self):
        """Note of cards shown to their customer for the first time that it was now."""
        unseen = self.filtered(lambda card: card.issued_at and not card.first_seen_at)
        unseen.write({"first_seen_at": fields.Datetime.now()})

    def _flush_for_state(self):
        """Write what the expression of the state reads."""
        self.env["loyalty.card"].flush_model(STATE_FIELDS)
        self.env["loyalty.point.hold"].flush_model(["card_id", "expires_at"])
        self.env["loyalty.program"].flush_model(["applies_on", "program_type"])
        self.env["loyalty.reward"].flush_model(
            ["active", "program_id", "required_points"]
        )

    @api.model
    def _backfill_spent(self):
        """Say of cards that were spent before the installation when that was.

        Odoo's own history tells; without it they would look as if never issued.
        """
        self.env["loyalty.card"].flush_model(STATE_FIELDS)
        self.env["loyalty.history"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE loyalty_card card
                   SET issued_at = COALESCE(card.issued_at, card.create_date),
                       used_at = COALESCE(card.used_at, spent.date)
                  FROM (SELECT card_id, MAX(create_date) AS date
                          FROM loyalty_history WHERE used > 0 GROUP BY card_id) spent
                 WHERE spent.card_id = card.id
                   AND (card.issued_at IS NULL OR card.used_at IS NULL)
                """
            )
        )
        self.env["loyalty.card"].invalidate_model(["issued_at", "used_at", "state"])

    @api.model
    def _state_sql(self, alias):
        """Return the SQL expression of the state.

        The highest threshold of all programs is read once per query; only a card
        below it, but not empty, looks up its own.

        :param alias: name of the table `loyalty_card` in the query
        """
        card = SQL.identifier(alias)
        short = SQL(
            """(%(card)s.program_id IN (
                    SELECT id FROM loyalty_program
                     WHERE applies_on != 'both'
                       AND NOT (program_type IN ('loyalty', 'ewallet')
                                AND applies_on = 'future'))
                AND (COALESCE(%(card)s.points, 0) <= 0
                  OR (%(card)s.points < (SELECT MAX(required_points)
                                           FROM loyalty_reward WHERE active)
                  AND %(card)s.points < (SELECT MIN(required_points)
                                           FROM loyalty_reward
                                          WHERE program_id = %(card)s.program_id
                                            AND active))))""",
            card=card,
        )
        return SQL(
            """CASE
                WHEN %(card)s.voided_at IS NOT NULL THEN 'void'
                WHEN %(card)s.issued_at IS NULL THEN 'draft'
                WHEN (%(card)s.used_at IS NOT NULL
                      OR %(card)s.expiration_date IS NULL
                      OR %(card)s.expiration_date >= %(today)s)
                 AND %(short)s THEN 'used'
                WHEN %(card)s.expiration_date < %(today)s THEN 'expired'
                WHEN %(card)s.id IN (SELECT card_id FROM loyalty_point_hold
                                      WHERE expires_at > %(now)s) THEN 'held'
                WHEN %(card)s.first_seen_at IS NOT NULL THEN 'seen'
                ELSE 'issued'
            END""",
            card=card,
            short=short,
            today=self._today_sql(card),
            now=fields.Datetime.now(),
        )

    @api.model
    def _today_sql(self, card):
        """Return the SQL expression of today in the time zone of a card's company.

        :param card: SQL identifier of the table `loyalty_card` in the query
        """
        today = self.env.company._loyalty_today()
        # The day of another company depends on its partner, which may be out of reach.
        # There are few companies, all of them are meant.
        # pylint: disable-next=no-search-all
        companies = self.env["res.company"].sudo().search([])
        other_days = companies.grouped(lambda company: company._loyalty_today())
        other_days.pop(today, None)
        expression = SQL("%s::date", today)
        for day, others in other_days.items():
            expression = SQL(
                "CASE WHEN %s.company_id = ANY(%s) THEN %s::date ELSE %s END",
                card,
                others.ids,
                day,
                expression,
            )
        return expression
