from odoo import api, fields, models
from odoo.tools import float_round


class LoyaltyCardMergeMixin(models.AbstractModel):
    """Points of one wallet that move into another: each award with its terms."""

    _name = "loyalty.card.merge.mixin"
    _description = "Merge of Wallets"

    merged_into_id = fields.Many2one(
        "loyalty.card",
        index="btree_not_null",
        readonly=True,
        copy=False,
        help="The wallet that has the points of this one since.",
    )

    def _merge_target(self, partner):
        """Return the open wallet of a customer in the program of this one."""
        self.ensure_one()
        return self.search(
            [
                ("program_id", "=", self.program_id.id),
                ("partner_id", "=", partner.id),
                ("id", "!=", self.id),
            ],
            order="id",
            limit=1,
        )

    def _plan_merge(self, scope, target, points, reason):
        """Plan the rows of a wallet whose points went into another one.

        :param scope: open wallet scope
        :param target: card that got the points
        :param points: points that went over
        :param reason: words for the rows
        :return: the request key of the wallet's own row
        """
        self.ensure_one()
        moves = self.move_ids.sorted("id")
        key = f"merge/{self.id}/{moves[-1:].id}"
        scope.plan(self.id, "transfer", -points, reason=reason, request_key=key)
        rows = [
            {
                "points": award.remaining,
                "expiration_date": award.expiration_date,
                "available_date": award.available_date,
                "inactive_days": award.inactive_days,
            }
            for award in moves
            if award.remaining > 0
        ]
        rest = points - sum(row["points"] for row in rows)
        rows.append({"points": float_round(rest, precision_digits=2)})
        for place, row in enumerate(rows):
            scope.plan(
                target.id,
                "transfer",
                reason=reason,
                request_key=f"{key}/{place}",
                **row,
            )
        return key

    @api.model
    def _link_merge(self, key):
        """Have the rows of a merge name each other.

        :param key: request key of the emptied wallet's row
        :return: that row
        """
        moves = self.env["loyalty.point.move"].sudo()
        given = moves.search([("request_key", "=", key)])
        taken = moves.search([("request_key", "=like", f"{key}/%")])
        with self._wallet_scope("transfer"):
            taken.write({"counterpart_id": given.id})
        return given

    def _merge_into(self, target, reason):
        """Move all points of these wallets into another one and archive them.

        :param target: card of the same program
        :param reason: words for the rows
        """
        cards = self.sudo()
        target = target.sudo()
        with cards._wallet_scope("transfer", reason=reason) as scope:
            keys = []
            for card in cards:
                if card.points:
                    keys.append(card._plan_merge(scope, target, card.points, reason))
                target.points += card.points
                card.points = 0
            cards.write({"active": False, "merged_into_id": target.id})
        for key in keys:
            self._link_merge(key)
