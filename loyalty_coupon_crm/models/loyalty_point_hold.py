import json

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL


class LoyaltyPointHold(models.Model):
    """A short reservation by one document: of points on a card, or of one use.

    A promotion that needs no card is held by its program: a use of each of its limits.
    """

    _name = "loyalty.point.hold"
    _description = "Points Hold"
    _log_access = False
    _rec_name = "holder"

    card_id = fields.Many2one("loyalty.card", ondelete="cascade", index=True)
    program_id = fields.Many2one(
        "loyalty.program",
        string="Promotion",
        ondelete="cascade",
        index="btree_not_null",
        help="The promotion of which one use is held, when it needs no card.",
    )
    points = fields.Float(required=True)
    holder = fields.Char(
        required=True, help="Names the document that holds, the same on every retry."
    )
    shop = fields.Char()
    user_id = fields.Many2one("res.users")
    partner_id = fields.Many2one(
        "res.partner",
        string="Member",
        help="The member of a shared wallet whose limit the hold counts towards.",
    )
    held_since = fields.Datetime(
        readonly=True, default=fields.Datetime.now, help="When the hold was taken."
    )
    expires_at = fields.Datetime(string="Held until", required=True)

    limit_slots = fields.Json(
        string="Limits", help="The limits of the program of which the hold is a use."
    )

    _expires_at_index = models.Index("(expires_at)")
    _card_holder_unique = models.Constraint(
        "UNIQUE(card_id, holder)", "This document already holds points of this card."
    )

    _program_holder_unique = models.UniqueIndex(
        "(program_id, holder) WHERE card_id IS NULL",
        "This document already holds a use of this promotion.",
    )
    _card_or_program = models.Constraint(
        "CHECK(card_id IS NOT NULL OR program_id IS NOT NULL)",
        "A hold is on a card, or on a promotion that needs none.",
    )

    @api.model
    def _hold_use(self, program, holder, ttl, slots, shop=None):
        """Reserve a use of a promotion without a card, in a transaction of its own.

        The same holder that asks again renews its hold.

        :param program: `loyalty.program` record
        :param holder: key of the document, the same on every retry
        :param ttl: seconds after which the hold lapses
        :param slots: limits of the program, as `Slot`, of which the hold claims a use
        :param shop: name of the till, for whoever meets the hold
        :raise LimitReachedError: when nothing is left of one of the limits
        """
        names = [slot.name(program.id) for slot in slots if slot.limit]
        with self.env["loyalty.card"]._hold_cursor() as cursor:
            self.env["loyalty.use.counter"]._claim(cursor, program, holder, slots)
            cursor.execute(
                SQL(
                    """
                    INSERT INTO loyalty_point_hold
                           (program_id, points, holder, shop, user_id, limit_slots,
                            expires_at)
                    VALUES (%(program)s, 0, %(holder)s, %(shop)s, %(user)s,
                            %(limits)s::jsonb,
                            NOW() AT TIME ZONE 'UTC' + %(ttl)s * INTERVAL '1 second')
                        ON CONFLICT (program_id, holder) WHERE card_id IS NULL
                        DO UPDATE
                       SET limit_slots = EXCLUDED.limit_slots,
                           expires_at = GREATEST(loyalty_point_hold.expires_at,
                                                 EXCLUDED.expires_at)
                    """,
                    program=program.id,
                    holder=holder,
                    shop=shop or None,
                    user=self.env.uid,
                    limits=json.dumps(names),
                    ttl=ttl,
                )
            )
        self.invalidate_model()

    @api.model
    def _release_uses(self, holder, kept):
        """Give back the uses of promotions without a card that a document held.

        In a transaction of its own, as they were taken.

        :param holder: key of the document
        :param kept: `loyalty.program` records that the document still uses
        """
        with self.env["loyalty.card"]._hold_cursor() as cursor:
            cursor.execute(
                SQL(
                    """
                    DELETE FROM loyalty_point_hold
                     WHERE holder = %s AND card_id IS NULL AND program_id != ALL(%s)
                    """,
                    holder,
                    kept.ids,
                )
            )
        self.invalidate_model()

    @api.model
    def _end_uses(self, holders):
        """End holds on promotions without a card in this transaction: they are counted.

        :param holders: list of keys of documents
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM loyalty_point_hold
                 WHERE holder = ANY(%s) AND card_id IS NULL
                """,
                holders,
            )
        )
        self.invalidate_model()

    @api.model
    def _end(self, holders, cards=None):
        """End holds in this transaction: they were spent, or given up.

        A hold belongs to its document, whoever ends it.

        :param holders: list of keys of documents
        :param cards: only on these cards, on all by default
        """
        self.flush_model()
        chosen = (
            SQL("card_id = ANY(%s)", cards.ids) if cards is not None else SQL("TRUE")
        )
        self.env.cr.execute(
            SQL(
                "DELETE FROM loyalty_point_hold WHERE holder = ANY(%s) AND %s",
                holders,
                chosen,
            )
        )
        self.invalidate_model()
        self.env["loyalty.card"].invalidate_model(["hold_ids", "state"])

    def init(self):
        """Have the database note since when points are held, also of bulk SQL."""
        self.env.cr.execute(
            SQL(
                """
                ALTER TABLE loyalty_point_hold
                ALTER COLUMN held_since SET DEFAULT (NOW() AT TIME ZONE 'UTC')
                """
            )
        )

    def action_release(self):
        """Give the held points back, for a manager.

        :raise AccessError: for anybody else
        """
        if not self.env.user.has_group("loyalty_coupon_crm.group_loyalty_manager"):
            raise AccessError(
                self.env._("Only a loyalty manager releases what another order holds.")
            )
        # Holds are written by the wallet alone; the group was checked above.
        self.sudo().unlink()

    @api.autovacuum
    def _gc_lapsed(self):
        """Remove holds that lapsed a day ago; they hold nothing since then."""
        lapsed = self.search([("expires_at", "<", "-1d")], limit=10000)
        lapsed.unlink()
        return len(lapsed), len(lapsed) == 10000
