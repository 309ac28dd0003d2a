from odoo import api, fields, models

from .loyalty_pos_waiting_mixin import WAITING
from .pos_order_line import PAID_STATES

# Asked with the customer at the scan, and held with the order when payment started.
NOT_AT_PAYMENT = (
    "no_customer",
    "segment",
    "first_order",
    "held",
    "lapsed",
    "limit_total",
    "limit_day",
    "limit_period",
    "limit_customer",
    "limit_household",
)


class PosOrder(models.Model):
    _name = "pos.order"
    _inherit = [
        "loyalty.pos.claim.mixin",
        "loyalty.pos.repeat.mixin",
        "loyalty.pos.bounds.mixin",
        "loyalty.pos.condition.mixin",
        "loyalty.pos.order.concession.mixin",
        "loyalty.pos.order.confirm.mixin",
        "loyalty.pos.paid.mixin",
        "loyalty.pos.parked.mixin",
        "loyalty.pos.self.order.mixin",
        "loyalty.pos.earn.mixin",
        "loyalty.pos.credit.mixin",
        "loyalty.pos.promotion.mixin",
        "loyalty.pos.spend.mixin",
        "loyalty.pos.unheld.mixin",
        "loyalty.pos.worth.mixin",
        "pos.order",
        "loyalty.document.mixin",
    ]

    loyalty_flag = fields.Text(
        string="Coupons to Check",
        readonly=True,
        copy=False,
        groups="loyalty_coupon_crm.group_loyalty_manager,"
        "loyalty_coupon_crm.group_loyalty_auditor,point_of_sale.group_pos_manager",
        help="What the till claimed of coupons and points and the server corrected, or "
        "accepted although it would have refused it.",
    )

    _loyalty_flag_index = models.Index("(id) WHERE loyalty_flag IS NOT NULL")

    def action_pos_order_paid(self):
        """Pay, spend, write the purchase, and undo what a refund gives back.

        Whoever pays an order again writes nothing again.

        :raise UserError: when the till claims more of a wallet than it may spend
        """
        # Wallets and their members are not the cashier's to read.
        unpaid = self.sudo().filtered(
            lambda order: order.state not in PAID_STATES or order._loyalty_is_sending()
        )
        unpaid._loyalty_link_wallets()
        unpaid._loyalty_check_claims()
        unpaid._loyalty_check_paid()
        result = super().action_pos_order_paid()
        # Facts are written by the system, the cashier may not.
        self.sudo()._loyalty_book_paid()
        # Whoever pays an order again tells nothing again.
        unpaid._loyalty_note_concessions()
        return result

    @api.model
    def read_pos_orders(self, domain=False):
        """Send the programs along that the tills do not know before they need them."""
        data = super().read_pos_orders(domain)
        lines = self.env["pos.order.line"].browse(
            [row["id"] for row in data.get("pos.order.line", ())]
        )
        waiting = lines._loyalty_programs().filtered_domain(WAITING)
        if not waiting:
            return data
        till = lines.order_id.config_id[:1]
        programs = till._loyalty_programs_among([("id", "in", waiting.ids)])
        return {**till._loyalty_program_rows(programs), **data}

    def action_pos_order_cancel(self):
        """Cancel; what the orders held is free again."""
        result = super().action_pos_order_cancel()
        self.filtered(lambda order: order.state == "cancel")._loyalty_unhold()
        return result

    def confirm_coupon_programs(self, coupon_data):
        """Move the points of a paid order, in gross rows, and write its redemptions.

        The till calls again when it did not hear the answer: what was done for this
        order is left out, and its cards are reported as they are.

        :param coupon_data: dict of card id (negative for a new card) to `points`,
            `program_id` and more, as Odoo's till sends it
        :return: Odoo's payload
        """
        self.ensure_one()
        # Much of what follows asks nobody's rights: who runs no till has no say.
        self.check_access("write")
        self._loyalty_wait_for_retry()
        # What the order may claim is the server's to say, whoever runs the till.
        coupon_data = self.sudo()._loyalty_heard(coupon_data)
        done = self._loyalty_done_entries(coupon_data)
        fresh = {key: vals for key, vals in coupon_data.items() if key not in done}
        cards = self.env["loyalty.card"]
        with cards._wallet_scope("adjust", document=self):
            # What the order earns is the server's to say, whoever runs the till.
            fresh = self.sudo()._loyalty_checked_claims(fresh)
            result = super().confirm_coupon_programs(self._loyalty_unspent(fresh))
            # The ledger is written by the system, the cashier may not.
            self.sudo()._loyalty_bear_losses()
            cards._wallet_plan_document(self.sudo())
        if self._loyalty_is_confirmed():
            # Facts are written by the system, the cashier may not.
            self.env["loyalty.redemption"].sudo()._record(self.sudo())
            self._loyalty_unhold()
        # What differs is for who looks after the tills, not for the cashier.
        self.sudo()._loyalty_note_booked(done)
        self._loyalty_add_done(result, done)
        for update in result["coupon_updates"]:
            card = cards.browse(update["id"])
            update["points"] = card._member_points(
                self.partner_id, update["points"], kept=card.blocked_points
            )
        return result

    def _check_existing_loyalty_cards(self, coupon_data):
        """Keep the shared wallet of a member: Odoo would take a card of their own.

        :param coupon_data: dict of card id to values; changed in place
        """
        members = self.env["loyalty.card.member"]
        wallets = members._wallets_of(self.partner_id, self.company_id)
        pooled = {}
        for wallet in wallets:
            program = wallet.program_id
            for key, vals in list(coupon_data.items()):
                if key == wallet.id or (key < 0 and vals["program_id"] == program.id):
                    pooled[wallet.id] = {**coupon_data.pop(key), "coupon_id": wallet.id}
        result = super()._check_existing_loyalty_cards(coupon_data)
        coupon_data.update(pooled)
        return result

    def validate_coupon_programs(self, point_changes, new_codes):
        """Ask the gate once more before an order with coupons is paid.

        :param point_changes: dict of card id to the points the order adds
        :param new_codes: codes of cards that the order creates
        :return: Odoo's answer
        """
        result = super().validate_coupon_programs(point_changes, new_codes)
        changes = {int(card): points for card, points in point_changes.items()}
        spent = [card for card, points in changes.items() if points < 0]
        cards = self.env["loyalty.card"].browse(spent)
        if not result["successful"]:
            known = cards.exists()
            message = result["payload"]["message"]
            self.env["loyalty.refusal"]._log_refusal(
                known[:1], known[:1].partner_id, "pos", None, False, [("odoo", message)]
            )
            return result
        # The cashier may not read every program of the company.
        programs = cards.sudo().program_id
        for card in cards:
            blockers = self._loyalty_payment_blockers(
                card, -changes[card.id], programs - card.sudo().program_id
            )
            if blockers:
                return {
                    "successful": False,
                    "payload": {
                        "message": self.env._(
                            "The coupon %(code)s cannot be used: %(reasons)s Remove "
                            "its reward from the order.",
                            code=card.code,
                            reasons=" ".join(message for _code, message in blockers),
                        )
                    },
                }
        return result

    def _loyalty_payment_blockers(self, card, points, others):
        """Return what speaks against a card when payment begins; it is logged.

        The till names neither customer nor order here: the owner was checked at the
        scan, and the hold is asked for with the order, just before.

        :param points: points that the order takes from the card
        :param others: the other programs that the order uses
        :return: list of (code, message)
        """
        # The ledger is not the cashier's to read.
        blocked = card.sudo().blocked_points
        if card.sudo()._live_holds():
            # What lapsed since it was held is free for the order that holds it.
            blocked = card.sudo().pending_points
        problem = self._loyalty_blocked_message(card, points, blocked)
        found = [
            *self.env["loyalty.program"]._redemption_blockers(
                card, card.partner_id, "pos", holder=self._loyalty_conceded(card)
            ),
            *card.sudo().program_id._stacking_blockers(others),
        ]
        blockers = [one for one in found if one[0] not in NOT_AT_PAYMENT]
        if problem:
            blockers = [("pending", problem)]
        if blockers:
            self.env["loyalty.refusal"]._log_refusal(
                card, card.partner_id, "pos", None, card.code, blockers
            )
        return blockers

    def _loyalty_record_purchase(self):
        """Write what the order sold, and what it took back of each earlier order.

        Each is a row of its own, so that each earlier order knows what is left of it.
        """
        self.ensure_one()
        if not self._loyalty_purchased():
            return
        purchases = self.env["loyalty.purchase"]
        if purchases._record(self):
            for lines in self._loyalty_returned_beside():
                purchases._record_exchange(self, lines)

    def _loyalty_returned(self):
        """Return the lines that give goods back which were sold at a till."""
        return self.lines.filtered(
            lambda line: (
                line._loyalty_takes_back()
                and not line.refunded_orderline_id._loyalty_is_settled()
            )
        )

    def _loyalty_returned_parts(self):
        """Return the lines that give goods back, apart by the order they came from."""
        returned = self._loyalty_returned()
        return [
            *returned.grouped(lambda line: line.refunded_orderline_id.order_id).values()
        ]

    def _loyalty_returned_beside(self):
        """Return the parts that come back beside what the purchase of the order is."""
        parts = self._loyalty_returned_parts()
        return parts if self.lines._loyalty_sold() else parts[1:]

    def _loyalty_purchased(self):
        """Return the lines of the purchase: what is sold, or else what comes back.

        Of a pure refund of several orders, what comes back of the first.
        """
        self.ensure_one()
        sold = self.lines._loyalty_sold()
        return sold or self.lines.browse().union(*self._loyalty_returned_parts()[:1])

    def _loyalty_refunded_document(self):
        """Return the order whose goods come back."""
        self.ensure_one()
        if self.lines._loyalty_sold():
            return self.browse()
        return self._loyalty_purchased().refunded_orderline_id.order_id

    def _loyalty_undo_refunded(self):
        """Undo what the orders moved whose goods come back, in proportion.

        A settled sales order is refunded itself: it is the purchase, and its points
        and coupons are told by its own lines.
        """
        self.ensure_one()
        refunded = self.lines.refunded_orderline_id
        settled = refunded.filtered(lambda line: line._loyalty_is_settled())
        for original in (refunded - settled).order_id:
            original._loyalty_sync_refunds(self)
        if settled:
            for order in settled.sale_order_origin_id:
                if order._loyalty_is_confirmed():
                    order._loyalty_sync_refunds(self)

    def _loyalty_refunded_share(self, card, spent):
        """Return which part of what moved a card's points was refunded so far.

        What was earned follows the products the program counts, by quantity where it
        counts units and by amount elsewhere; what was spent the reward lines.

        :param card: `loyalty.card` record
        :param spent: True for the rewards the card paid
        """
        self.ensure_one()
        lines = self.lines._loyalty_sold()
        if spent:
            lines = lines.filtered(lambda line: line.coupon_id == card)
            return lines._loyalty_refunded_share()
        lines = lines._loyalty_earning(card.program_id)
        modes = set(card.program_id.rule_ids.mapped("reward_point_mode"))
        if modes != {"unit"}:
            return lines._loyalty_refunded_share()
        # As points are earned: a combo is one unit, its parts are none.
        units = lines.filtered(lambda line: not line.combo_parent_id)
        return units._loyalty_refunded_share(by_quantity=True)

    def _loyalty_is_paid(self):
        self.ensure_one()
        return self.state in PAID_STATES

    def _loyalty_is_confirmed(self):
        self.ensure_one()
        return self.state in PAID_STATES

    def _loyalty_holder(self):
        """Return the key of holds: the till knows the order by it before it is sent."""
        self.ensure_one()
        return f"{self._name},{self.uuid}"

    def _loyalty_own_cards(self):
        return self.env["loyalty.card"].search(
            [("source_pos_order_id", "in", self.ids)]
        )

    def _loyalty_channel(self):
        return "pos"

    def _loyalty_shop(self):
        self.ensure_one()
        return self.config_id.name or ""

    def _loyalty_date(self):
        self.ensure_one()
        return self.date_order or super()._loyalty_date()

    def _loyalty_to_company(self, amount):
        """Return an amount of the order's currency in company currency, at its rate."""
        self.ensure_one()
        return self.company_id.currency_id.round(amount / (self.currency_rate or 1.0))

    def _loyalty_purchase_amounts(self):
        self.ensure_one()
        return self._loyalty_amounts_of(self._loyalty_purchased())

    def _loyalty_amounts_of(self, lines):
        """Return the totals of lines of this order in company currency."""
        return {
            name: self._loyalty_to_company(amount)
            for name, amount in lines._loyalty_amounts().items()
        }

    def _loyalty_purchase_lines(self):
        self.ensure_one()
        return self._loyalty_line_vals_of(self._loyalty_purchased())

    def _loyalty_line_vals_of(self, lines):
        """Return the values of `loyalty.purchase.line` for lines of this order."""
        net = lines._loyalty_net_amounts(self.currency_id.round)
        return [
            {
                "product_id": line.product_id.id,
                "categ_id": line.product_id.categ_id.id,
                "quantity": line.qty,
                "amount": self._loyalty_to_company(amount),
                "cost": line._loyalty_cost(line.product_id, line.qty),
            }
            for line, amount in net.items()
        ]

    def _loyalty_used_lines(self):
        """Return {card: reward lines} of the cards used on the order."""
        self.ensure_one()
        used = self.lines._loyalty_sold().filtered(
            lambda line: line.reward_id and line.coupon_id
        )
        return used.grouped("coupon_id")

    def _loyalty_point_rows(self):
        """Return the gross rows of what Odoo moved in the open wallet scope.

        Odoo only keeps the net: what was spent stands on the reward lines, what was
        earned is the rest.
        """
        self.ensure_one()
        scope = self.env["loyalty.card"]._wallet_scope_current()
        if not scope:
            return []
        cards = self.env["loyalty.card"].browse(sorted(scope.touched)).exists()
        balances = cards._ledger_balances()
        used = self._loyalty_used_lines()
        booked = self._loyalty_spent_when_paid()
        rows = []
        for card in cards:
            spent = used[card]._loyalty_points_cost() if card in used else 0.0
            spent -= booked.get(card.id, 0.0)
            planned = sum(row["points"] for row in scope.rows_of(card.id))
            net = card.points - balances.get(card.id, 0.0) - planned
            rows.append((card, "earn", max(0.0, net + spent)))
            rows.append((card, "spend", min(-spent, net)))
        return rows

    def _loyalty_reward_uses(self):
        self.ensure_one()
        return [
            {
                "card": card,
                "points": lines._loyalty_points_cost(),
                "discount_amount": self._loyalty_to_company(
                    lines._loyalty_amounts()["discount_amount"]
                ),
                "goods_cost": sum(
                    line._loyalty_cost(line._loyalty_reward_product(), line.qty)
                    for line in lines
                    if line.reward_id.reward_type == "product"
                ),
            }
            for card, lines in self._loyalty_used_lines().items()
        ]
