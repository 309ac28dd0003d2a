from odoo import api, models


class LoyaltyPosSpendMixin(models.AbstractModel):
    """What a POS order spends, booked when it is paid and not when the till asks.

    The till's own call comes later, when it comes at all. Programs that are not strict
    wait for it, as in Odoo.
    """

    _name = "loyalty.pos.spend.mixin"
    _description = "Points spent at the Till"

    def _loyalty_spend_paid(self):
        """Spend the cards of strict programs in the transaction that pays the order.

        What a wallet covers only together with what the order earns waits for the call
        that brings it.
        """
        self.ensure_one()
        due = self._loyalty_due_spends()
        if not due:
            return
        cards = self.env["loyalty.card"].union(*due)
        with cards._wallet_scope("spend", document=self) as scope:
            for card, points in due.items():
                key = f"{self._name},{self.id}/{card.id}/spend/paid"
                origin = self._loyalty_origin()
                scope.plan(card.id, "spend", -points, request_key=key, **origin)
                lost = self._loyalty_plan_loss(card, card.points - points, points)
                card.points += lost - points
        self.env["loyalty.redemption"]._record(self)
        self.add_loyalty_history_lines(
            [
                {"card_id": card.id, "won": 0, "spent": points}
                for card, points in due.items()
            ],
            [],
        )
        self._loyalty_unhold(cards)
        self.config_id._loyalty_end_leases(cards)

    def _loyalty_due_spends(self):
        """Return {card: points} of the cards to spend now."""
        self.ensure_one()
        booked = self._loyalty_spent_when_paid()
        due = {}
        for card, lines in self._loyalty_used_lines().items():
            points = lines._loyalty_points_cost()
            if not card.program_id.strict or card.id in booked or points <= 0:
                continue
            if card.program_id.is_nominative and card.points < points:
                continue
            due[card] = points
        return due

    def _loyalty_spent_when_paid(self):
        """Return {card id: points} of what was spent when the order was paid."""
        self.ensure_one()
        # The cashier may not read the ledger.
        moves = self.env["loyalty.point.move"].sudo()
        spends = moves.search(
            [
                ("order_model", "=", self._name),
                ("order_id", "=", self.id),
                ("kind", "=", "spend"),
                ("request_key", "=like", "%/spend/paid"),
            ]
        )
        return {move.card_id.id: -move.points for move in spends}

    def _loyalty_plan_loss(self, card, balance, spent):
        """Plan the row of what was paid with points that were not there.

        The goods are gone and the money was taken: the shop bears the loss, and
        whoever looks at the order sees it.

        :param balance: points on the card after the spend
        :param spent: points that the order spends
        :return: points lost, positive
        """
        lost = min(max(-balance, 0.0), spent)
        if lost:
            reason = self._loyalty_loss_reason(card)
            self.env["loyalty.card"]._wallet_scope_current().plan(
                card.id, "loss", lost, reason=reason, **self._loyalty_origin()
            )
            self._message_log(
                body=self.env._(
                    "%(points)s points of card %(code)s were not there when this order "
                    "was paid with them. They are booked as a loss. %(reason)s",
                    points=lost,
                    code=card.code,
                    reason=reason,
                )
            )
        return lost

    def _loyalty_bear_losses(self):
        """Have no wallet of a strict program end below zero by what the order spends.

        For wallets that pay with what the same order earns, in the open scope.
        """
        scope = self.env["loyalty.card"]._wallet_scope_current()
        used = self._loyalty_used_lines()
        for card in self.env["loyalty.card"].browse(sorted(scope.touched)).exists():
            if card in used and card.program_id.strict and card.points < 0:
                spent = used[card]._loyalty_points_cost()
                card.points += self._loyalty_plan_loss(card, card.points, spent)

    def _loyalty_unspent(self, coupon_data):
        """Return what the till asks for without what was spent when it was paid.

        :param coupon_data: dict of card id to values, as Odoo's till sends it
        :return: dict of the same form
        """
        booked = self._loyalty_spent_when_paid()
        unspent = {}
        for key, vals in coupon_data.items():
            points = vals["points"] + booked.get(int(key), 0.0)
            if int(key) in booked and not self._loyalty_earns(int(key)):
                points = min(points, 0.0)
            unspent[key] = {**vals, "points": points}
        return unspent

    @api.model
    def _loyalty_earns(self, card_id):
        """Return whether an order may give points to a card that it spends."""
        # The cashier may not read every program of the company.
        program = self.env["loyalty.card"].browse(card_id).sudo().program_id
        return program.applies_on != "current"

    def _remove_duplicate_coupon_data(self, coupon_data):
        """Leave to Odoo's log of points what was not spent when the order was paid.

        An entry there would make Odoo drop what the same card earns;
        `confirm_coupon_programs` has left out what was done.
        """
        if self._loyalty_spent_when_paid():
            return None
        return super()._remove_duplicate_coupon_data(coupon_data)
