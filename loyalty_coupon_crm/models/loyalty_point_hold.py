from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL


class LoyaltyPointHold(models.Model):
    """A short reservation of points on a card by one document."""

    _name = "loyalty.point.hold"
    _description = "Points Hold"
    _log_access = False
    _rec_name = "holder"

    card_id = fields.Many2one(
        "loyalty.card", required=True, ondelete="cascade", index=True
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
