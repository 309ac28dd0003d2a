from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, float_round

from ..tools.rounding import POINTS_DIGITS


class LoyaltyCardValueMixin(models.AbstractModel):
    """What a card is worth to its customer now, what comes later and what lapses."""

    _name = "loyalty.card.value.mixin"
    _description = "Value of a Card"

    offer_text = fields.Char(string="Gives", compute="_compute_offer_text")
    lapse_ids = fields.Many2many(
        "loyalty.point.lapse",
        string="Points That Lapse",
        compute="_compute_lapses",
        compute_sudo=True,
    )
    next_expiry_date = fields.Date(
        string="Next Expiry",
        compute="_compute_lapses",
        compute_sudo=True,
        help="Last day of the points that lapse first.",
    )
    next_expiry_points = fields.Float(
        string="Points That Expire Next",
        compute="_compute_lapses",
        compute_sudo=True,
    )
    coming_lapses = fields.Json(
        compute="_compute_coming_lapses",
        compute_sudo=True,
        help="Last day, points and whether a purchase saves them, of all that lapses.",
    )
    pending_points = fields.Float(
        string="Pending",
        compute="_compute_available_points",
        compute_sudo=True,
        help="Points on the card that can be spent later.",
    )
    pending_until = fields.Date(
        string="Next Available",
        compute="_compute_available_points",
        compute_sudo=True,
        help="First day on which pending points can be spent.",
    )
    blocked_points = fields.Float(
        string="Not Available",
        compute="_compute_available_points",
        compute_sudo=True,
        help="Points on the card that cannot be spent now: pending, or lapsed and not "
        "taken off yet.",
    )
    available_points = fields.Float(
        string="Available",
        compute="_compute_available_points",
        compute_sudo=True,
        help="Points that can be spent now, by the document that holds them.",
    )

    @api.depends("program_id.reward_ids.description")
    @api.depends_context("lang")
    def _compute_offer_text(self):
        separator = self.env._(" or ")
        for card in self:
            card.offer_text = separator.join(card._offer_lines())

    @api.depends("move_ids.remaining", "move_ids.expiration_date", "expiration_date")
    @api.depends_context("company")
    def _compute_lapses(self):
        lapses = self.env["loyalty.point.lapse"]._of_cards(self._origin)
        by_card = lapses.grouped("card_id")
        for card in self:
            found = by_card.get(card._origin, lapses.browse())
            card.lapse_ids = found
            card.next_expiry_date = found[:1].date
            same_day = found.filtered(lambda row, day=found[:1].date: row.date == day)
            card.next_expiry_points = sum(same_day.mapped("points"))

    @api.depends("lapse_ids")
    def _compute_coming_lapses(self):
        for card in self:
            card.coming_lapses = [
                {
                    "date": fields.Date.to_string(row.date),
                    "points": row.points,
                    "inactivity": row.is_inactivity,
                }
                for row in card.lapse_ids
            ]

    @api.depends("points", "move_ids.remaining", "move_ids.available_date")
    @api.depends_context("company")
    def _compute_available_points(self):
        found = self._origin._read_blocked()
        for card in self:
            pending, lapsed, until = found.get(card._origin.id, (0.0, 0.0, False))
            blocked = float_round(pending + lapsed, precision_digits=POINTS_DIGITS)
            card.pending_points = pending
            card.pending_until = until
            card.blocked_points = blocked
            card.available_points = float_round(
                card.points - blocked, precision_digits=POINTS_DIGITS
            )

    def _balance_on(self, day):
        """Return the balance of the cards at the end of a day of their companies.

        :param day: a date; before the day from which a card is known its balance is
            None, before its first movement 0
        :return: dict of card id to points
        """
        found = {}
        next_day = fields.Date.add(day, days=1)
        moves = self.env["loyalty.point.move"]
        known = self._known_from()
        for company, cards in self.grouped("company_id").items():
            end = (company or self.env.company)._loyalty_day_start(next_day)
            found.update(moves._balance_at(cards, end - timedelta(microseconds=1)))
            for card in cards:
                if card in known and known[card][0].date >= end:
                    found[card.id] = None
        return found

    def _known_from(self):
        """Return {card: the opening rows with which what is known of it begins}.

        Movements before are in an archive, or were made before the installation; cards
        whose first movement is in the ledger are left out.
        """
        # The rows of a shared wallet may be those of another company.
        moves = self.env["loyalty.point.move"].sudo()
        rows = moves.search(
            [
                ("card_id", "in", self.ids),
                ("kind", "=", "opening"),
                "|",
                ("request_key", "=like", "archive/%"),
                ("request_key", "=like", "opening/%"),
            ]
        )
        return {
            card.sudo(self.env.su): opening
            for card, opening in rows.grouped("card_id").items()
        }

    def _read_blocked(self):
        """Return what cannot be spent of the points on wallets.

        :return: dict of card id to tuple of pending points, lapsed points that are not
            taken off yet, and first day on which pending points can be spent
        """
        wallets = self.filtered("program_id.is_nominative")
        if not wallets:
            return {}
        self.env["loyalty.point.lapse"]._flush_open_awards()
        rows = self.env.execute_query(
            SQL("%s GROUP BY award.card_id", self._blocked_query(wallets.ids))
        )
        return {row[0]: row[1:] for row in rows}

    @api.model
    def _blocked_query(self, card_ids):
        """Return the query of `_read_blocked` without its GROUP BY."""
        return SQL(
            """
            SELECT award.card_id,
                   COALESCE(SUM(award.remaining) FILTER (
                       WHERE award.available_date > clock.day), 0),
                   COALESCE(SUM(award.remaining) FILTER (
                       WHERE %(nominative)s AND %(lapse_day)s < clock.day), 0),
                   MIN(award.available_date) FILTER (
                       WHERE award.available_date > clock.day)
            %(open_awards)s
               AND award.card_id = ANY(%(cards)s)
            """,
            **self.env["loyalty.point.move"]._open_award_parts(),
            cards=list(card_ids),
        )

    def _offer_lines(self):
        """Return what a card gives, one line per reward, in the context's language."""
        self.ensure_one()
        return self.program_id.reward_ids.mapped("description")
