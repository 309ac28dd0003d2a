import json
from contextlib import contextmanager

from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class LoyaltyCardHoldMixin(models.AbstractModel):
    """Short reservations of a card's points, in transactions of their own."""

    _name = "loyalty.card.hold.mixin"
    _description = "Holds of a Card"

    hold_ids = fields.One2many("loyalty.point.hold", "card_id", string="Holds")

    def _hold(self, points, holder, ttl, shop=None, slots=(), partner=None):
        """Reserve points of a card for one document, in a short transaction of its own.

        The same holder that asks again renews and resizes its hold.

        :param points: points to reserve, positive
        :param holder: key of the document, the same on every retry
        :param ttl: seconds after which the hold lapses
        :param shop: name of the till, shop or team, for whoever meets the hold
        :param slots: limits of the program, as `Slot`, of which the hold claims a use
        :param partner: the customer; members of a shared wallet hold within their limit
        :return: True when the points are reserved, False when others hold or spent them
        :raise UserError: when the number of points or seconds makes no sense
        :raise LimitReachedError: when nothing is left of one of the limits
        """
        self.ensure_one()
        if points <= 0 or ttl <= 0:
            raise UserError(
                self.env._(
                    "A hold needs points and a duration above zero, not %(points)s "
                    "points for %(ttl)s seconds.",
                    points=points,
                    ttl=ttl,
                )
            )
        parts = self.env["loyalty.point.move"]._open_award_parts()
        member = self._member(partner) if partner else None
        names = [slot.name(self.program_id.id) for slot in slots if slot.limit]
        with self._hold_cursor() as cursor:
            self.env["loyalty.use.counter"]._claim(
                cursor, self.program_id, holder, slots, self.ids
            )
            # Whoever waits here sees what the one before has reserved.
            cursor.execute(
                SQL("SELECT 1 FROM loyalty_card WHERE id = %s FOR UPDATE", self.id)
            )
            cursor.execute(
                SQL(
                    """
                    INSERT INTO loyalty_point_hold
                           (card_id, points, holder, shop, user_id, partner_id,
                            limit_slots, expires_at)
                    SELECT card.id, %(points)s, %(holder)s, %(shop)s, %(user)s,
                           %(partner)s::integer, %(limits)s::jsonb,
                           NOW() AT TIME ZONE 'UTC' + %(ttl)s * INTERVAL '1 second'
                      FROM loyalty_card card
                     WHERE card.id = %(card)s AND card.active
                       AND card.points >= %(points)s + COALESCE((
                           SELECT SUM(held.points) FROM loyalty_point_hold held
                            WHERE held.card_id = card.id AND held.holder != %(holder)s
                              AND held.expires_at > NOW() AT TIME ZONE 'UTC'), 0)
                           + (SELECT COALESCE(SUM(award.remaining), 0)
                              %(open_awards)s
                                 AND award.card_id = %(card)s AND %(nominative)s
                                 AND (award.available_date > clock.day
                                   OR %(lapse_day)s < clock.day
                                      AND NOT EXISTS (
                                          SELECT 1 FROM loyalty_point_hold own
                                           WHERE own.card_id = %(card)s
                                             AND own.holder = %(holder)s)))
                       AND (%(left)s::float IS NULL
                            OR %(left)s >= %(points)s + COALESCE((
                               SELECT SUM(held.points) FROM loyalty_point_hold held
                                WHERE held.card_id = card.id
                                  AND held.partner_id = %(partner)s
                                  AND held.holder != %(holder)s
                                  AND held.expires_at
                                      > NOW() AT TIME ZONE 'UTC'), 0))
                        ON CONFLICT (card_id, holder) DO UPDATE
                       SET points = EXCLUDED.points,
                           partner_id = EXCLUDED.partner_id,
                           limit_slots = EXCLUDED.limit_slots,
                           expires_at = GREATEST(loyalty_point_hold.expires_at,
                                                 EXCLUDED.expires_at)
                    RETURNING id
                    """,
                    **parts,
                    card=self.id,
                    points=points,
                    holder=holder,
                    shop=shop or None,
                    user=self.env.uid,
                    ttl=ttl,
                    partner=member.partner_id.id if member else None,
                    left=member._left() if member and member.spend_limit else None,
                    limits=json.dumps(names) if names else None,
                )
            )
            taken = bool(cursor.fetchone())
        self.env["loyalty.point.hold"].invalidate_model()
        self.invalidate_recordset(["hold_ids"])
        return taken

    def _release(self, holder):
        """Give back what a document holds on these cards.

        :param holder: key of the document
        """
        with self._hold_cursor() as cursor:
            own = self.with_env(self.env(cr=cursor))
            own.env["loyalty.point.hold"]._end([holder], own)
        self.invalidate_recordset(["hold_ids"])

    @contextmanager
    def _hold_cursor(self):
        """Give a cursor that sees what others committed while it waited."""
        with self.env.registry.cursor() as cursor:
            if cursor.connection.info.transaction_status == TRANSACTION_STATUS_IDLE:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            # Our own transaction may have locked the card: never wait for ourselves.
            cursor.execute("SET LOCAL lock_timeout = '3s'")
            yield cursor

    def _blocked_for(self, holder):
        """Return how many points of the card a document cannot spend.

        Pending points, and points that lapsed and were not taken off yet; the latter
        are free for the document that held points when they lapsed.

        :param holder: key of the document, may be None
        """
        self.ensure_one()
        # Only points of wallets wait or lapse by themselves.
        if not self.program_id.is_nominative or not self.blocked_points:
            return 0.0
        held = self.hold_ids.filtered(
            lambda hold: (
                hold.holder == holder and hold.expires_at > fields.Datetime.now()
            )
        )
        blocked = self.pending_points if held else self.blocked_points
        return min(blocked, max(self.points, 0.0))

    def _live_holds(self, but=None):
        """Return the holds on these cards that have not lapsed.

        :param but: key of the document whose own holds do not count, or several keys
        """
        now = fields.Datetime.now()
        own = {but} if but is None or isinstance(but, str) else set(but)
        return self.hold_ids.filtered(
            lambda hold: hold.holder not in own and hold.expires_at > now
        )
