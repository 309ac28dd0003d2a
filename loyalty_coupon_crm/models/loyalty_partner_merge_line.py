from odoo import fields, models
from odoo.tools import float_is_zero, float_round


class LoyaltyPartnerMergeLine(models.Model):
    """One wallet whose points a merge of customers moved into another wallet."""

    _name = "loyalty.partner.merge.line"
    _description = "Wallet of Merged Customers"
    _log_access = False
    _rec_name = "card_id"

    merge_id = fields.Many2one(
        "loyalty.partner.merge", required=True, ondelete="cascade", index=True
    )
    card_id = fields.Many2one(
        "loyalty.card",
        string="Emptied Wallet",
        required=True,
        index=True,
        ondelete="restrict",
    )
    target_card_id = fields.Many2one(
        "loyalty.card",
        string="Into Wallet",
        required=True,
        index=True,
        ondelete="restrict",
    )
    move_id = fields.Many2one(
        "loyalty.point.move",
        string="Movement",
        required=True,
        index=True,
        ondelete="restrict",
    )
    points = fields.Float(help="Points that the merge moved.")
    returned_points = fields.Float(
        string="Given Back", help="Points that undoing the merge moved back."
    )

    def _give_back(self, reason):
        """Move back the points of each wallet that are still there.

        A point is still there while the award that came with the merge is not drawn,
        and the balance without what orders hold reaches it.

        :param reason: words for the movements
        """
        for line in self:
            target = line.target_card_id
            held = sum(target._live_holds().mapped("points"))
            free = max(target.points - held, 0.0)
            total, debts = 0.0, []
            with target._wallet_scope("reverse", reason=reason):
                for move in line.move_id.counterpart_ids.sorted("id"):
                    points = move.points
                    if points > 0:
                        points = float_round(
                            min(points, move.remaining, free - total),
                            precision_digits=2,
                        )
                    if not points:
                        continue
                    target._post_move(
                        "reverse",
                        -points,
                        reversal_of_id=move.id,
                        request_key=f"unmerge/{move.id}",
                        reason=reason,
                    )
                    total += points
                    if move.debt_of_id:
                        debts.append(move)
                line._take_back(total, debts, reason)
            line.returned_points = total

    def _take_back(self, total, debts, reason):
        """Have the emptied wallet its points again, and what it was below zero by.

        :param total: points that come back
        :param debts: movements on the other wallet that stood for its debts, part of it
        """
        self.ensure_one()
        key = f"unmerge/{self.move_id.id}"
        rest = total - sum(move.points for move in debts)
        parts = {key: (rest, False)}
        for move in debts:
            parts[f"{key}/{move.id}"] = (move.points, move.debt_of_id.id)
        for key, (points, debt_of_id) in parts.items():
            if not float_is_zero(points, precision_digits=2):
                self.card_id._post_move(
                    "reverse",
                    points,
                    reversal_of_id=self.move_id.id,
                    debt_of_id=debt_of_id,
                    request_key=key,
                    reason=reason,
                )
