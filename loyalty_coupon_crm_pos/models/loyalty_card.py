from odoo import api, models


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def _load_pos_data_fields(self, config):
        """Tell the till what cannot be spent now, and what lapses."""
        names = super()._load_pos_data_fields(config)
        return [*names, "blocked_points", "pending_points", "coming_lapses"]

    @api.model
    def get_gift_card_status(self, gift_code, config_id):
        """Return whether a printed gift card may be sold, on its last day too.

        :param gift_code: text as scanned or typed
        :param config_id: id of the till
        :return: Odoo's answer
        """
        gift_code = (gift_code or "").replace("\x00", "")
        result = super().get_gift_card_status(gift_code, config_id)
        card = self.search([("code", "=", gift_code)], limit=1)
        if not card.expiration_date:
            return result
        # Odoo ends a day early, and by the day in Greenwich.
        company = card.company_id or self.env.company
        if card.expiration_date < company._loyalty_today():
            result["status"] = False
        else:
            result["status"] = (
                card.program_type == "gift_card"
                and card.points > 0
                and not card.partner_id
                and not any(card.history_ids.mapped("order_id"))
            )
        return result

    @api.model
    def get_loyalty_card_partner_by_code(self, code):
        """Return the owner of a points card, however its code was typed.

        :param code: text as scanned or typed
        """
        code = self._normalize_code(code)
        merged = self.with_context(active_test=False).search(
            [("code", "=", code), ("merged_into_id", "!=", False)], limit=1
        )
        # A card that became one with another is still in the customer's hand.
        while merged.merged_into_id:
            merged = merged.merged_into_id
        return super().get_loyalty_card_partner_by_code(merged.code or code)

    @api.model
    def get_pooled_wallet(self, program_id, partner_id):
        """Return the shared wallet that the till uses for a customer.

        :param program_id: id of a points card or eWallet program
        :param partner_id: id of the customer on the order, its owner or a member
        :return: dict of `id` and the `points` the customer may spend now, with those
            that are blocked; False for a customer with a wallet of one's own, or none
        """
        partner = self.env["res.partner"].browse(partner_id).exists()
        members = self.env["loyalty.card.member"]
        wallet = members._wallets_of(partner, self.env.company).filtered(
            lambda card: card.program_id.id == program_id
        )
        if not wallet and partner:
            wallet = self.search(
                [("program_id", "=", program_id), ("partner_id", "=", partner.id)],
                limit=1,
            )
            # The cashier uses the wallet, who its members are is not shown.
            wallet = wallet.filtered(lambda card: card.sudo().member_ids)
        if not wallet:
            return False
        # The till takes the blocked points off.
        points = wallet._member_points(partner, kept=wallet.blocked_points)
        return {"id": wallet.id, "points": points}
