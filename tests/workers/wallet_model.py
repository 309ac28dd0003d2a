"""Random sequences of everything that moves points, against a simple model of them."""

import itertools
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

CARDS = 2
GRACE_DAYS = 30
HOLDERS = ("order 1", "order 2", "till 1")
POINTS = st.integers(1, 40).map(lambda number: number / 4)
POINTS_PER_UNIT, REWARD_COST, PRICE = 2.5, 5.0, 10.0


class Award:
    """Points given at once, with the days that are left; None lasts for ever."""

    numbers = itertools.count()

    def __init__(self, points, days):
        self.left = points
        self.days = days
        self.number = next(self.numbers)

    @property
    def lapsed(self):
        return self.days is not None and self.days < 0


class Wallet:
    """What a card should hold: awards in the order they were given, and holds."""

    def __init__(self):
        self.awards = []
        self.held = {}

    @property
    def balance(self):
        return sum(award.left for award in self.awards)

    @property
    def lapsed(self):
        return sum(award.left for award in self.awards if award.lapsed)

    def can_hold(self, points, holder):
        others = sum(held for name, held in self.held.items() if name != holder)
        unusable = 0 if holder in self.held else self.lapsed
        return self.balance >= points + others + unusable

    def draw(self, points, first=None):
        """Take points from what lapses first; return [(award, points)]."""
        order = sorted(
            (award for award in self.awards if award.left),
            key=lambda award: (
                award is not first,
                award.days is None,
                award.days or 0,
                self.awards.index(award),
            ),
        )
        drawn = []
        for award in order:
            part = min(award.left, points)
            if part:
                award.left -= part
                points -= part
                drawn.append((award, part))
        return drawn

    def give_back(self, points, drawn):
        """Put points back where they were drawn, the newest award first.

        :param drawn: {award: points drawn from it}; what goes back is taken off
        """
        rest = 0
        for award in sorted(drawn, key=lambda award: -award.number):
            part = min(drawn[award], points)
            points -= part
            if award.lapsed:
                rest += part
            else:
                award.left += part
                drawn[award] -= part
        if rest:
            self.awards.append(Award(rest, GRACE_DAYS))


class Purchase:
    """A confirmed sales order, with what its points did."""

    def __init__(self, order, card, award, earned, spent, drawn):
        self.order = order
        self.card = card
        self.award = award
        self.earned = earned
        self.spent = spent
        self.quantity = order.order_line[0].product_uom_qty
        self.refunded = 0
        self.drawn = _added({}, drawn)
        self.taken = {}
        self.invoice = order._create_invoices()
        self.invoice.action_post()


def _added(found, drawn):
    """Add [(award, points)] to {award: points} and return it."""
    for award, points in drawn:
        found[award] = found.get(award, 0) + points
    return found


class WalletMachine(RuleBasedStateMachine):
    """Promises 1 to 5, checked after every step; the rules run as the system."""

    env = None
    program = None
    product = None

    def __init__(self):
        super().__init__()
        # What failed before must not stop a sequence that is tried anew.
        self.env.cr.rollback()
        self.env.invalidate_all(flush=False)
        partners = self.env["res.partner"].create(
            [{"name": f"Member {number}"} for number in range(CARDS)]
        )
        cards = self.env["loyalty.card"].create(
            [
                {"program_id": self.program.id, "partner_id": partner.id}
                for partner in partners
            ]
        )
        self.wallets = {card: Wallet() for card in cards}
        self.spends = []
        self.earnings = []
        self.purchases = []
        self.rows = 0
        self.env.cr.commit()
        for number, days in ((0, None), (0, 3), (1, 1), (1, 0)):
            self.earn(number, 5.0, days)

    def _pick(self, number):
        cards = list(self.wallets)
        return cards[number % len(cards)]

    def _post(self, card, kind, points, **origin):
        card._post_move(kind, points, **origin)
        self.env.cr.commit()
        return self.env["loyalty.point.move"].search(
            [("card_id", "=", card.id)], order="id desc", limit=1
        )

    @rule(number=st.integers(0, 9), points=POINTS, days=st.none() | st.integers(0, 4))
    def earn(self, number, points, days):
        card = self._pick(number)
        last = card.env.company._loyalty_today() + timedelta(days or 0)
        terms = {} if days is None else {"expiration_date": last}
        move = self._post(card, "earn", points, **terms)
        award = Award(points, days)
        self.wallets[card].awards.append(award)
        self.earnings.append((card, move, award, points))

    @rule(number=st.integers(0, 9), points=POINTS, holder=st.sampled_from(HOLDERS))
    def hold(self, number, points, holder):
        card = self._pick(number)
        wallet = self.wallets[card]
        expected = wallet.can_hold(points, holder)
        assert card._hold(points, holder, 3600) == expected
        # A hold that cannot grow stays as it was.
        if expected:
            wallet.held[holder] = points
        self.env.cr.commit()

    @rule(number=st.integers(0, 9), points=POINTS, holder=st.sampled_from(HOLDERS))
    def spend(self, number, points, holder):
        card = self._pick(number)
        wallet = self.wallets[card]
        if holder not in wallet.held:
            self.hold(number, points, holder)
        points = wallet.held.get(holder, 0)
        # Points that were held may be taken back: the order is refused then.
        if not points or wallet.balance < points:
            return
        del wallet.held[holder]
        move = self._post(card, "spend", -points)
        card._release(holder)
        self._commit()
        self.spends.append((card, move, wallet.draw(points), points))

    @rule(number=st.integers(0, 9), holder=st.sampled_from(HOLDERS))
    def release(self, number, holder):
        card = self._pick(number)
        card._release(holder)
        self.env.cr.commit()
        self.wallets[card].held.pop(holder, None)

    @rule(number=st.integers(0, 9))
    def lapse_holds(self, number):
        card = self._pick(number)
        self.env.cr.execute(
            "UPDATE loyalty_point_hold SET expires_at = expires_at - INTERVAL '1 day' "
            "WHERE card_id = %s",
            [card.id],
        )
        self._commit()
        self.wallets[card].held.clear()

    @precondition(lambda self: self.spends)
    @rule(number=st.integers(0, 99))
    def undo_spend(self, number):
        spend = self.spends.pop(number % len(self.spends))
        card, move, drawn, points = spend
        self._post(card, "reverse", points, reversal_of_id=move.id)
        rest = 0
        for award, part in drawn:
            if award.lapsed:
                rest += part
            else:
                award.left += part
        kept = Award(rest, GRACE_DAYS if rest else None)
        self.wallets[card].awards.append(kept)

    @precondition(lambda self: self.earnings)
    @rule(number=st.integers(0, 99))
    def undo_earning(self, number):
        card, move, award, points = self.earnings[number % len(self.earnings)]
        wallet = self.wallets[card]
        if wallet.balance < points:
            return
        self.earnings.remove((card, move, award, points))
        self._post(card, "reverse", -points, reversal_of_id=move.id)
        wallet.draw(points, first=award)

    @rule(
        number=st.integers(0, 9),
        quantity=st.sampled_from((1, 2, 4)),
        reward=st.booleans(),
    )
    def buy(self, number, quantity, reward):
        """A sales order earns, and spends only what is free.

        The gate may refuse more: a wallet on which all points lapsed, for one.
        """
        card = self._pick(number)
        wallet = self.wallets[card]
        line = {"product_id": self.product.id, "product_uom_qty": quantity}
        order = self.env["sale.order"].create(
            {"partner_id": card.partner_id.id, "order_line": [(0, 0, line)]}
        )
        order._update_programs_and_rewards()
        earned = POINTS_PER_UNIT * quantity
        held = sum(wallet.held.values())
        free = wallet.balance + earned - wallet.lapsed - held >= REWARD_COST
        rewards = reward and order._get_claimable_rewards().get(card)
        if rewards:
            assert free
            order._apply_program_reward(rewards[:1], card)
        spent = REWARD_COST if rewards else 0
        order.action_confirm()
        self._commit()
        award = Award(earned, None)
        wallet.awards.append(award)
        drawn = wallet.draw(spent)
        self.purchases.append(Purchase(order, card, award, earned, spent, drawn))
        self._commit()

    @precondition(lambda self: self.purchases)
    @rule(number=st.integers(0, 99), units=st.integers(1, 4))
    def refund(self, number, units):
        """A credit note takes back goods and the same part of the reward."""
        purchase = self.purchases[number % len(self.purchases)]
        units = min(units, purchase.quantity - purchase.refunded)
        wallet = self.wallets[purchase.card]
        back = purchase.spent * units / purchase.quantity
        taken = POINTS_PER_UNIT * units
        # What is lost when points were spent before is tested by itself.
        if not units or wallet.balance + back < taken:
            return
        note = purchase.invoice._reverse_moves()
        for line in note.invoice_line_ids:
            line.quantity = line.quantity * units / purchase.quantity
        note.action_post()
        self._commit()
        purchase.refunded += units
        wallet.give_back(back, purchase.drawn)
        _added(purchase.taken, wallet.draw(taken, first=purchase.award))

    @precondition(lambda self: self.purchases)
    @rule(number=st.integers(0, 99))
    def cancel(self, number):
        """A cancelled order leaves nothing, whatever was refunded of it before."""
        purchase = self.purchases[number % len(self.purchases)]
        wallet = self.wallets[purchase.card]
        part = purchase.refunded / purchase.quantity
        net = (purchase.earned - purchase.spent) * (1 - part)
        if wallet.balance < net or wallet.balance < purchase.spent * part:
            return
        self.purchases.remove(purchase)
        purchase.order._action_cancel()
        self._commit()
        assert purchase.order.state == "cancel"
        wallet.give_back(purchase.earned * part, purchase.taken)
        _added(purchase.drawn, wallet.draw(purchase.spent * part))
        wallet.give_back(purchase.spent, purchase.drawn)
        wallet.draw(purchase.earned, first=purchase.award)

    @rule()
    def a_day_passes(self):
        self.env.cr.execute(
            "UPDATE loyalty_point_move SET expiration_date = expiration_date - 1 "
            "WHERE card_id = ANY(%s)",
            [[card.id for card in self.wallets]],
        )
        self._commit()
        for wallet in self.wallets.values():
            for award in wallet.awards:
                if award.days is not None:
                    award.days -= 1

    @rule()
    def expire(self):
        moves = self.env["loyalty.point.move"]
        while moves._expire_awards(1000):
            pass
        self._commit()
        for wallet in self.wallets.values():
            if not wallet.held:
                for award in wallet.awards:
                    award.left = 0 if award.lapsed else award.left

    @precondition(lambda self: len(self.wallets) > 1)
    @rule()
    def merge(self):
        source, target = list(self.wallets)[:2]
        if self.wallets[source].held or self.wallets[target].held:
            return
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        partners = source.partner_id | target.partner_id
        wizard._merge(partners.ids, target.partner_id)
        self._commit()
        gone = self.wallets.pop(source)
        for award in sorted(
            (award for award in gone.awards if award.left),
            key=lambda award: (award.days is None, award.days or 0),
        ):
            self.wallets[target].awards.append(Award(award.left, award.days))
        # What was spent or earned on the emptied card is not undone here.
        self.spends = [row for row in self.spends if row[0] != source]
        self.earnings = [row for row in self.earnings if row[0] != source]
        self.purchases = [one for one in self.purchases if one.card != source]
        assert not source.points and not source.active

    def _commit(self):
        self.env.cr.commit()
        self.env.invalidate_all()

    @invariant()
    def ledger_is_right(self):
        moves = self.env["loyalty.point.move"]
        rows = 0
        for card, wallet in self.wallets.items():
            own = moves.search([("card_id", "=", card.id)])
            rows += len(own)
            balance = wallet.balance
            assert card.points == balance, (card.points, balance)
            assert sum(own.mapped("points")) == balance
            assert sum(own.mapped("remaining")) == balance
            assert card.points >= 0
            today = card.env.company._loyalty_today()
            assert _open_by_day(own, today) == _left_by_day(wallet)
            assert own.sorted("id")[-1:].balance_after == balance
        assert rows >= self.rows or len(self.wallets) < CARDS
        self.rows = rows


def _open_by_day(moves, today):
    """Return {days left or None: points} of open awards."""
    found = {}
    for move in moves.filtered("remaining"):
        day = move.expiration_date
        days = (day - today).days if day else None
        found[days] = found.get(days, 0) + move.remaining
    return found


def _left_by_day(wallet):
    found = {}
    for award in wallet.awards:
        if award.left:
            found[award.days] = found.get(award.days, 0) + award.left
    return found


def run(env, examples, steps):
    """Drive `examples` sequences of up to `steps` steps.

    :return: number of cards whose ledger differs in the end
    """
    env = env(context={**env.context, "tracking_disable": True})
    WalletMachine.env = env
    WalletMachine.product = env["product.product"].create(
        {
            "name": "Tea",
            "list_price": PRICE,
            "type": "consu",
            "invoice_policy": "order",
            "taxes_id": [(5, 0, 0)],
        }
    )
    earn = {
        "reward_point_mode": "unit",
        "reward_point_amount": POINTS_PER_UNIT,
        "product_ids": [(6, 0, WalletMachine.product.ids)],
    }
    reward = {
        "discount": 1,
        "discount_mode": "per_order",
        "required_points": REWARD_COST,
    }
    WalletMachine.program = env["loyalty.program"].create(
        {
            "name": "Modelled",
            "program_type": "loyalty",
            "applies_on": "both",
            "trigger": "auto",
            "strict": True,
            "refund_grace_days": GRACE_DAYS,
            "rule_ids": [(5, 0, 0), (0, 0, earn)],
            "reward_ids": [(5, 0, 0), (0, 0, reward)],
        }
    )
    env.cr.commit()
    run_state_machine_as_test(
        WalletMachine,
        settings=settings(
            max_examples=int(examples),
            stateful_step_count=int(steps),
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return len(env["loyalty.point.move"]._ledger_differences())
