from odoo import api, fields, models


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    strict = fields.Boolean(
        string="Strict Rules",
        help="Apply our rules: owner, validity in the company's time zone, "
        "one use at a time.",
    )
    expire_after = fields.Integer(
        string="Points Expire After", help="Days after they were earned; 0 for never."
    )
    points_value = fields.Float(
        string="Value of a Point", help="Money per point in the program's currency."
    )
    validity_days = fields.Integer(
        string="Valid for",
        help="Days after issue, the last one included; 0 for no end.",
    )
    transferable = fields.Boolean(
        default=True, help="Anyone who holds the code may use it, not only its owner."
    )
    campaign_ids = fields.One2many("loyalty.campaign", "program_id", string="Campaigns")

    @api.model
    def _redemption_blockers(self, card, partner, channel, at=None, document=None):
        """Return what keeps a card from being used: the one gate every channel asks.

        :param card: `loyalty.card` record, may be empty (automatic promotion)
        :param partner: the customer of the document, may be empty
        :param channel: a value of `loyalty.purchase.channel`
        :param at: moment of the use, naive datetime in UTC, now by default
        :param document: the order, any model, may be None
        :return: list of (code, message); empty when nothing speaks against the use
        """
        return []

    @api.model
    def _gate(self, card, partner, channel, at=None, document=None, code=None):
        """Ask the gate and log what it refuses.

        :param code: the code as it was entered
        :return: list of (code, message), as `_redemption_blockers`
        """
        blockers = self._redemption_blockers(card, partner, channel, at, document)
        if blockers:
            self.env["loyalty.refusal"]._log_refusal(
                card, partner, channel, document, code, blockers
            )
        return blockers
