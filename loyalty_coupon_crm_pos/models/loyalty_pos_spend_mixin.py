from odoo import api, models
from odoo.tools import float_round

from odoo.addons.loyalty_coupon_crm.tools.rounding import POINTS_DIGITS


class LoyaltyPosSpendMixin(models.AbstractModel):
    """What a POS order earns and spends, booked when it is paid.

    The till's own call comes later, when it comes at all. Programs that are not strict
    wait for it, as in Odoo, and so does what only the till knows.
    """

    _name = "loyalty.pos.spend.mixin"
    _description = "Points of Orders at the Till"

    def _loyalty_post_paid(self):
        """Book the points of strict programs in the transaction that pays the order.

        What a wallet does not cover, with what the order earns, the shop bears.
        """
        self.ensure_one()
        promoted = self._loyalty_post_promotions()
        known = self._loyalty_known_programs()
        earned = self._loyalty_due_earnings(known)
        spent = self._loyalty_due_spends(known)
        cards = self.env["loyalty.card"].union(*earned, *spent)
        if not cards:
            if promoted:
                self.env["loyalty.redemption"]._record(self)
            return
        fresh = cards.filtered(
            lambda card: card.source_pos_order_id == self and not card.move_ids
        )
        with cards._wallet_scope("spend", document=self):
            for card in cards:
                self._loyalty_post_card(
                    card, earned.get(card, 0.0), spent.get(card, 0.0)
                )
        fresh.with_context(action_no_send_mail=False)._send_creation_communication()
        self.env["loyalty.redemption"]._record(self)
        self.add_loyalty_history_lines(
            [
                {
                    "card_id": card.id,
                    "won": earned.get(card, 0.0),
                    "spent": spent.get(card, 0.0),
                }
                for card in cards
            ],
            [],
        )
        used = self.env["loyalty.card"].union(*spent)
        self._loyalty_unhold(used)
        self.config_id._loyalty_end_leases(used)

    def _loyalty_post_card(self, card, earned, spent):
        """Plan the rows of one card in the open scope, and move its points.

        :param earned: points that the order gives, positive
        :param spent: points that the order takes, positive
        """
        missing = spent - self._loyalty_spendable(card, earned)
        scope = card._wallet_scope_current()
        origin = self._loyalty_origin()
        key = f"{self._name},{self.id}/{card.id}"
        scope.plan(card.id, "earn", earned, request_key=f"{key}/earn/paid", **origin)
        scope.plan(card.id, "spend", -spent, request_key=f"{key}/spend/paid", **origin)
        card.points += earned + self._loyalty_plan_loss(card, missing, spent) - spent

    def _loyalty_spendable(self, card, earned):
        """Return how many points of a card the order may spend.

        :param earned: points that the order gives to the card
        """
        waits = card.program_id.pending_days
        points = card.points - card.pending_points + (0.0 if waits else earned)
        member = card._member(self.partner_id)
        return min(points, member._left(document=self)) if member else points

    def _loyalty_known_programs(self):
        """Return the strict wallets of which the server knows alone what is earned.

        A customer is needed, and no code: which codes were entered the till knows.
        """
        self.ensure_one()
        programs = self.env["loyalty.program"]
        if not self.partner_id:
            return programs
        found = programs.search(
            [
                ("strict", "=", True),
                ("pos_ok", "=", True),
                ("applies_on", "!=", "current"),
                ("pos_config_ids", "in", [False, self.config_id.id]),
                ("company_id", "in", [False, *self.company_id.parent_ids.ids]),
                ("currency_id", "=", self.currency_id.id),
            ]
        )
        return found.filtered(
            lambda program: (
                program.is_nominative and program._loyalty_is_earned_openly()
            )
        )

    def _loyalty_due_earnings(self, known):
        """Return {wallet: points} of what the order earns and was not booked yet.

        :param known: programs of which the server knows alone what is earned
        """
        self.ensure_one()
        due = {}
        for program in known - self._loyalty_moved_when_paid("earn").program_id:
            points = self._loyalty_earned(program)
            if points > 0:
                due[self._loyalty_wallet(program)] = points
        return due

    def _loyalty_wallet(self, program):
        """Return the wallet of the customer in a program; who has none gets one.

        Its rewards on the order that name no card are its own.
        """
        wallet = self._loyalty_find_wallet(program)
        if not wallet:
            # Who gets a first wallet is told when there are points on it.
            cards = self.env["loyalty.card"].with_context(action_no_send_mail=True)
            wallet = cards.create(
                {
                    "program_id": program.id,
                    "partner_id": self.partner_id.id,
                    "source_pos_order_id": self.id,
                    "expiration_date": program.program_type != "loyalty"
                    and program.date_to,
                }
            ).with_env(self.env)
        self.lines._loyalty_sold().filtered(
            lambda line: line.reward_id.program_id == program and not line.coupon_id
        ).coupon_id = wallet
        return wallet

    def _loyalty_find_wallet(self, program):
        """Return the wallet the customer earns to and spends from, or an empty record.

        A member of a household uses its wallet, also with a card of one's own.
        """
        shared = self.env["loyalty.card.member"]._wallets_of(
            self.partner_id, self.company_id
        )
        wallet = shared.filtered(lambda card: card.program_id == program)[:1]
        return wallet or self.env["loyalty.card"].search(
            [
                ("program_id", "=", program.id),
                ("partner_id", "=", self.partner_id.id),
                ("partner_id", "!=", False),
            ],
            limit=1,
        )

    def _loyalty_due_spends(self, known):
        """Return {card: points} of the cards to spend now.

        What a wallet covers only with points that the till alone knows of waits for
        the call that brings them.

        :param known: programs of which the server knows alone what is earned
        """
        self.ensure_one()
        booked = self._loyalty_spent_when_paid()
        due = {}
        for card, lines in self._loyalty_used_lines().items():
            program, points = card.program_id, lines._loyalty_points_cost()
            if not program.strict or card.id in booked or points <= 0:
                continue
            if program.is_nominative and program not in known and card.points < points:
                if card.points + self._loyalty_earned(program) >= points:
                    continue
            due[card] = points
        return due

    def _loyalty_moved_when_paid(self, kind):
        """Return the movements of a kind that the payment of the order booked."""
        self.ensure_one()
        # The cashier may not read the ledger.
        moves = self.env["loyalty.point.move"].sudo()
        return moves.search(
            [
                ("order_model", "=", self._name),
                ("order_id", "=", self.id),
                ("kind", "=", kind),
                ("request_key", "=like", f"%/{kind}/paid"),
            ]
        )

    def _loyalty_spent_when_paid(self):
        """Return {card id: points} of what was spent when the order was paid."""
        spends = self._loyalty_moved_when_paid("spend")
        return {move.card_id.id: -move.points for move in spends}

    def _loyalty_plan_loss(self, card, missing, spent):
        """Plan the row of what was paid with points that could not be spent.

        The goods are gone and the money was taken: the shop bears the loss, and
        whoever looks at the order sees it.

        :param missing: points that the card did not have for the order, or less than 0
        :param spent: points that the order spends
        :return: points lost, positive
        """
        lost = float_round(
            min(max(missing, 0.0), spent), precision_digits=POINTS_DIGITS
        )
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
                card.points += self._loyalty_plan_loss(card, -card.points, spent)

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
