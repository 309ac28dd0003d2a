"""The ledger of one points card, as the wallet would have written it."""

import pandas

# What a movement is known by here, which are no columns.
OWN = ("origin", "counterpart", "debt", "written")


class Wallet:
    """Moves and allocations of one card, in the order in which they happen."""

    def __init__(self, card, partner, program, company):
        self.card = card
        self.partner = partner
        self.program = program
        self.company = company
        self.balance = 0.0
        self.moves = []
        self.open = []
        self.drawn = []
        self.debts = []

    @property
    def earned_last(self):
        """Whether the last movement was an award."""
        return self.moves[-1]["kind"] == "earn"

    def post(self, date, kind, points, document=None, **values):
        """Write one movement and return it."""
        self.balance = round(self.balance + points, 2)
        move = {
            "card_id": self.card,
            "partner_id": self.partner,
            "program_id": self.program,
            "company_id": self.company,
            "date": date,
            "kind": kind,
            "points": points,
            "balance_after": self.balance,
            "expiration_date": None,
            "remaining": 0.0,
            "order_model": document and document[0],
            "order_id": document and document[1],
            "request_key": None,
            "origin": None,
            "counterpart": None,
            "debt": None,
            # What is dated back was written later.
            "written": date,
            **values,
        }
        self.moves.append(move)
        return move

    def earn(self, date, points, last_day=None, document=None, kind="earn", **values):
        """Write an award; what lies below zero is paid from it at once."""
        move = self.post(
            date, kind, points, document, expiration_date=last_day, **values
        )
        move["remaining"] = max(0.0, min(points, self.balance))
        self._pay(move, round(points - move["remaining"], 2))
        self._open(move)
        return move

    def _pay(self, award, points):
        """Note which movements below zero an award makes up for, the oldest first."""
        for debt in self.debts:
            part = min(points, debt[1])
            if part > 0:
                self.drawn.append((debt[0], award, part))
                debt[1] = round(debt[1] - part, 2)
                points = round(points - part, 2)
        self.debts = [debt for debt in self.debts if debt[1] > 0]

    def _open(self, award):
        known = any(award is one for one in self.open)
        if award["remaining"] > 0 and not known:
            self.open.append(award)

    def spend(self, date, points, document=None, kind="spend", **values):
        """Take points, from the award that lapses first."""
        move = self.post(date, kind, -points, document, **values)
        self._draw(move, points)
        return move

    def _draw(self, move, points, first=None):
        order = sorted(
            self.open,
            key=lambda award: (
                award is not first,
                str(award["expiration_date"] or "9999"),
            ),
        )
        for award in order:
            part = min(points, award["remaining"])
            if part > 0:
                award["remaining"] = round(award["remaining"] - part, 2)
                self.drawn.append((move, award, part))
                points = round(points - part, 2)
        if points > 0:
            self.debts.append([move, points])
        self.open = [award for award in self.open if award["remaining"] > 0]

    def take_back(self, date, award):
        """Reverse an award, below zero when it was spent."""
        move = self.post(date, "reverse", -award["points"], origin=award)
        self._draw(move, award["points"], first=award)
        return move

    def give_back(self, date, spend, points=None):
        """Reverse a spend: the points are open again on the awards it drew from.

        :param points: all by default
        """
        points = -spend["points"] if points is None else points
        move = self.post(date, "reverse", points, origin=spend)
        left = max(0.0, min(move["points"], self.balance))
        self.debts = [debt for debt in self.debts if debt[0] is not spend]
        for drawn, award, part in reversed(list(self.drawn)):
            part = min(part, left)
            if drawn is spend and part > 0:
                award["remaining"] = round(award["remaining"] + part, 2)
                self.drawn.append((move, award, -part))
                self._open(award)
                left = round(left - part, 2)
        move["remaining"] = left
        self._open(move)
        return move

    def give_to(self, other, date, points, kind="transfer", told=True):
        """Move points into another wallet, each award with its last day.

        :param kind: `void` for a lost card, which the other wallet replaces
        :param told: False for one sum that does not say of which awards it is
        :return: the movement of this wallet, and those of the other one
        """
        out = self.spend(date, points, kind=kind)
        parts = [
            (award["expiration_date"], part)
            for move, award, part in self.drawn
            if move is out and part > 0
        ]
        rest = round(points - sum(part for _last, part in parts), 2)
        if rest > 0:
            parts.append((None, rest))
        origin = {"counterpart": out} if kind == "transfer" else {}
        if not told:
            parts = [(None, points)]
        return out, [
            other.earn(date, part, last, kind="transfer", **origin)
            for last, part in parts
        ]

    def bring_back(self, other, date, out, came):
        """Undo a transfer into another wallet, as far as its points are there."""
        total = 0.0
        for arrival in came:
            points = min(arrival["remaining"], round(other.balance, 2))
            if points > 0:
                move = other.post(date, "reverse", -points, origin=arrival)
                other._draw(move, points, first=arrival)
                total = round(total + points, 2)
        if total:
            self.give_back(date, out, total)

    def owe_to(self, other, date):
        """Have another wallet take what this one is below zero by, as a merge does."""
        left, parts = round(-self.balance, 2), []
        for move, points in reversed(self.debts):
            part = min(left, points)
            if part > 0:
                parts.insert(0, (move["debt"] or move, part))
                left = round(left - part, 2)
        if left > 0:
            parts.append((None, left))
        came = self.earn(date, round(-self.balance, 2), kind="transfer")
        for debt, points in parts:
            other.spend(date, points, kind="transfer", counterpart=came, debt=debt)

    def last_spend(self):
        """Return the last spend that was not given back, or None."""
        undone = [move["origin"] for move in self.moves]
        for move in reversed(self.moves):
            if move["kind"] == "spend" and not any(move is one for one in undone):
                return move
        return None

    def refund_of(self, other, date, spend):
        """Give what another wallet had spent back here: that one was emptied."""
        move = self.post(date, "reverse", -spend["points"], origin=spend)
        move["remaining"] = max(0.0, min(move["points"], self.balance))
        other.debts = [debt for debt in other.debts if debt[0] is not spend]
        self._open(move)

    def lapse(self, date):
        """Expire the awards whose last day is over."""
        today = str(date)[:10]
        for award in list(self.open):
            last = award["expiration_date"]
            if last and str(last) < today:
                points = award["remaining"]
                move = self.post(date, "expire", -points)
                self._draw(move, points, first=award)


def moves_frame(wallets, first_id):
    """Return the rows of movements and allocations, numbered as they were written."""
    moves = [move for wallet in wallets for move in wallet.moves]
    moves.sort(key=lambda move: pandas.Timestamp(move["written"]))
    for place, move in enumerate(moves):
        move["id"] = first_id + place
    rows = pandas.DataFrame(
        [
            {
                **{name: move[name] for name in move if name not in OWN},
                "reversal_of_id": move["origin"] and move["origin"]["id"],
                "counterpart_id": move["counterpart"] and move["counterpart"]["id"],
                "debt_of_id": move["debt"] and move["debt"]["id"],
            }
            for move in moves
        ]
    )
    links = ("reversal_of_id", "counterpart_id", "debt_of_id")
    for name in ("order_id", "company_id", *links):
        rows[name] = rows[name].astype("Int64")
    allocations = pandas.DataFrame(
        [
            {"spend_id": move["id"], "award_id": award["id"], "points": part}
            for wallet in wallets
            for move, award, part in wallet.drawn
        ]
    )
    return rows, allocations
