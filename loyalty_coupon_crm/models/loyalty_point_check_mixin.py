from markupsafe import Markup

from odoo import api, models
from odoo.tools import SQL


class LoyaltyPointCheckMixin(models.AbstractModel):
    """The nightly comparison of every balance with its movements."""

    _name = "loyalty.point.check.mixin"
    _description = "Check of the Ledger"

    @api.model
    def _ledger_differences(self, limit=1000):
        """Return the cards whose balance is not the sum of their movements.

        :param limit: at most so many rows
        :return: list of (card id, points on the card, sum of movements)
        """
        self.env.flush_all()
        return self.env.execute_query(
            SQL(
                """
                SELECT card.id, card.points, COALESCE(ledger.points, 0)
                  FROM loyalty_card card
                  LEFT JOIN (SELECT card_id, SUM(points) AS points
                               FROM loyalty_point_move GROUP BY card_id) ledger
                    ON ledger.card_id = card.id
                 WHERE ROUND(COALESCE(card.points, 0)::numeric
                             - COALESCE(ledger.points, 0)::numeric, 2) != 0
                 ORDER BY card.id
                 LIMIT %s
                """,
                limit,
            )
        )

    @api.model
    def _cron_check_ledger(self):
        """Tell each auditor which cards differ from their movements; repair nothing."""
        differences = self._ledger_differences()
        if not differences:
            return
        cards = self.env["loyalty.card"].browse(row[0] for row in differences)
        codes = {card.id: card.code for card in cards}
        lines = [
            self.env._(
                "%(code)s: %(points)s points on the card, %(moves)s in the statement",
                code=codes[card_id],
                points=points,
                moves=moves,
            )
            for card_id, points, moves in differences[:100]
        ]
        note = Markup("<ul>%s</ul>") % Markup().join(
            Markup("<li>%s</li>") % line for line in lines
        )
        auditors = self.env.ref("loyalty_coupon_crm.group_loyalty_auditor").all_user_ids
        self.env["mail.activity"].create(
            [
                {
                    "summary": self.env._(
                        "%s cards differ from their statement", len(differences)
                    ),
                    "note": note,
                    "user_id": user.id,
                    "activity_type_id": self.env.ref("mail.mail_activity_data_todo").id,
                }
                for user in auditors or self.env.ref("base.user_admin")
            ]
        )
