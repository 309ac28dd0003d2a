"""What points owe at the end of days that follow each other.

By IFRS 15 B39-B46 and the redemption curve of the months of earning that are closed.
"""

import pandas

USED, LAPSED = ("spend",), ("expire", "void")
EXPIRING = pandas.Timedelta(days=90)


class Owed:
    """The points of one program in one company at the end of a day."""

    def __init__(self, facts, company, program, day):
        """Read awards and draws up to the end of the day."""
        self.facts = facts
        self.company = company
        self.program = program
        self.day = pandas.Timestamp(day)
        self.until = facts.day_end(day, company)
        moves = facts.point_move
        here = moves.company_id.fillna(program.company_id) == company
        mine = moves[(moves.program_id == program.id) & (moves.date < self.until)]
        self.balances = mine[here.reindex(mine.index)].groupby("card_id").points.sum()
        awards = mine[(mine.kind == "earn") & (mine.points > 0)]
        self.awards = awards[here.reindex(awards.index)].set_index("id", drop=False)
        self.awards["cohort"] = self._months(self.awards.date)
        self.draws = self._draws(moves.set_index("id", drop=False))
        self.cohorts = self._cohorts()
        self.curve = self._curve()

    def _months(self, moments):
        company = pandas.Series(self.company, index=moments.index)
        return self.facts.day(moments, company).dt.to_period("M")

    def _draws(self, moves):
        """Return what was drawn from the awards, and what that means for them."""
        drawn = self.facts.point_allocation.sort_values("id")
        arrivals = self._arrivals(moves)
        self.sources = award = self._sources(drawn, moves, arrivals)
        rows = drawn.assign(
            award_id=drawn.award_id.map(award),
            since=moves.date.reindex(drawn.award_id).values,
        )
        rows = rows[rows.award_id.notna()]
        spends = moves.loc[rows.spend_id]
        rows = rows.assign(
            date=spends.date.values,
            meaning=[_meaning(moves, move) for move in spends.itertuples()],
        )
        # What arrived in another wallet was not taken away.
        back = arrivals.assign(
            award_id=arrivals.move_id.map(award),
            points=-arrivals.points,
            date=moves.date.reindex(arrivals.move_id).values,
            since=moves.date.reindex(arrivals.origin_id).values,
            meaning=moves.kind.reindex(arrivals.origin_id).values,
        )
        back = back[back.award_id.notna()]
        names = ["award_id", "points", "date", "since", "meaning"]
        rows = pandas.concat([rows[names], back[names]], ignore_index=True)
        rows = rows[rows.date < self.until]
        awards = self.awards.loc[rows.award_id.astype("int64")]
        # An award that makes up for points below zero was drawn from when it came.
        moments = rows[["date", "since"]].assign(award=awards.date.values)
        rows["date"] = moments.max(axis=1)
        rows = rows.assign(
            cohort=awards.cohort.values,
            order_model=awards.order_model.values,
            order_id=awards.order_id.values,
        )
        rows["age"] = [
            (month - cohort).n
            for month, cohort in zip(self._months(rows.date), rows.cohort, strict=True)
        ]
        return rows

    def _arrivals(self, moves):
        """Return points from other wallets: `move_id`, `origin_id` and `points`."""
        came = moves[(moves.program_id == self.program.id) & (moves.points > 0)]
        transfers = came[came.kind == "transfer"]
        linked = transfers[transfers.counterpart_id.notna()]
        fresh = transfers[transfers.counterpart_id.isna()]
        lost = moves[(moves.kind == "void") & (moves.points < 0)]
        lost = lost.groupby("card_id").id.max()
        replaced = self.facts.card.set_index("id").reissued_from_id
        refunds = came[came.kind == "reverse"]
        origin = moves.reindex(refunds.reversal_of_id)
        elsewhere = (origin.points.values < 0) & (
            origin.card_id.values != refunds.card_id.values
        )
        refunds = refunds[elsewhere]
        kept = refunds[["points", "balance_after"]].min(axis=1).clip(lower=0)
        found = pandas.concat(
            [
                linked.assign(origin_id=linked.counterpart_id),
                fresh.assign(origin_id=fresh.card_id.map(replaced).map(lost)),
                refunds.assign(origin_id=refunds.reversal_of_id, points=kept),
            ]
        ).rename(columns={"id": "move_id"})
        return found[found.origin_id.notna()].sort_values("move_id")

    def _came_from(self, drawn, moves, arrivals):
        """Return pairs of what arrived, and the award that it was drawn from.

        Told by the terms and points; what cannot be told may be of each that is left.
        """
        pairs = []
        # What a merged wallet was below zero by was taken where it was merged into.
        debts = moves.debt_of_id.reindex(drawn.spend_id)
        proxies = drawn.assign(spend_id=debts.values)[debts.notna().values]
        taken = pandas.concat([drawn, proxies]).sort_values("id")
        taken = taken[(taken.points > 0) & taken.spend_id.isin(arrivals.origin_id)]
        for origin, came in arrivals.groupby("origin_id"):
            out = taken[taken.spend_id == origin]
            left = [
                (_part(moves.loc[award], points), award)
                for award, points in zip(out.award_id, out.points, strict=True)
            ]
            untold = []
            for move, points in zip(came.move_id, came.points, strict=True):
                part = _part(moves.loc[move], points)
                match = next((one for one in left if one[0] == part), None)
                if match:
                    left.remove(match)
                    pairs.append((move, match[1]))
                else:
                    untold.append(move)
            pairs += [(move, award) for move in untold for _part_, award in left]
        return pairs

    def _sources(self, drawn, moves, arrivals):
        """Return {move: award}: what the points on a movement were earned by.

        Refunds that kept points stand for their award, and what arrived in another
        wallet for the one it was drawn from; of several for the oldest.
        """
        backs = drawn[drawn.points < 0]
        backs = backs[moves.kind.reindex(backs.spend_id).values == "reverse"]
        parents = {}
        for move, parent in [
            *zip(backs.spend_id, backs.award_id, strict=True),
            *self._came_from(drawn, moves, arrivals),
        ]:
            parents.setdefault(move, set()).add(parent)
        own = set(self.awards.id)
        found = {award: award for award in own}
        for move in parents:
            above, todo = set(), {move}
            while todo:
                above |= todo
                todo = set().union(*(parents.get(one, ()) for one in todo)) - above
            if above & own:
                found[move] = min(above & own)
        return found

    def _cohorts(self):
        """Return {month: earned, used and lapsed by age} of the months of earning."""
        cohorts = {
            month: {"earned": points, "used": {}, "lapsed": {}}
            for month, points in self.awards.groupby("cohort").points.sum().items()
        }
        groups = self.draws.groupby(["cohort", "meaning", "age"]).points.sum()
        for (month, meaning, age), points in groups.items():
            cohort = cohorts[month]
            part = cohort["used"] if meaning in USED else cohort["lapsed"]
            if meaning in (*USED, *LAPSED):
                part[age] = part.get(age, 0) + points
            else:
                cohort["earned"] -= points
        last = self.day.to_period("M")
        for month, cohort in cohorts.items():
            cohort["age"] = (last - month).n
            spent, gone = sum(cohort["used"].values()), sum(cohort["lapsed"].values())
            cohort["used_points"], cohort["lapsed_points"] = spent, gone
            # What lies behind the sixth digit is how sums of floats are off.
            cohort["open"] = max(0.0, round(cohort["earned"] - spent - gone, 6))
        return cohorts

    def _curve(self):
        """Return shares used and lapsed by age of closed months, None without any."""
        closed = [one for one in self.cohorts.values() if one["open"] < 0.005]
        total = sum(one["used_points"] + one["lapsed_points"] for one in closed)
        if total <= 0:
            return None
        ages = {age for one in closed for age in (*one["used"], *one["lapsed"])}
        shares = []
        for age in range(max(ages) + 1):
            shares.append(
                [
                    sum(
                        points
                        for one in closed
                        for when, points in one[name].items()
                        if when <= age
                    )
                    / total
                    for name in ("used", "lapsed")
                ]
            )
        return shares

    @property
    def breakage(self):
        """Return the share of new points that is expected to lapse."""
        if self.curve:
            return 1 - self.curve[-1][0]
        told = self.program.expected_breakage
        return 0.0 if pandas.isna(told) else told / 100

    def use(self, cohort):
        """Return which share of the open points of a month will be spent."""
        if not cohort["open"]:
            return 0.0
        if not self.curve:
            coming = cohort["earned"] * (1 - self.breakage) - cohort["used_points"]
            return max(0.0, min(1.0, coming / cohort["open"]))
        used, lapsed = self.curve[min(cohort["age"], len(self.curve) - 1)]
        left = 1 - used - lapsed
        return min(1.0, (self.curve[-1][0] - used) / left) if left > 1e-9 else 0.0

    @property
    def coming(self):
        """Return the points that are expected to be spent yet."""
        return sum(one["open"] * self.use(one) for one in self.cohorts.values())

    @property
    def worth(self):
        """Return the money of a point in the currency of the company."""
        currencies = self.facts.res_company.set_index("id").currency_id
        there = self.facts.rate(currencies[self.company], self.day)
        here = self.facts.rate(self.program.currency_id, self.day)
        return self.program.points_value * there / here

    def price(self, points):
        """Return the stand-alone selling price of new points."""
        return points * self.worth * (1 - self.breakage)

    def expiring(self):
        """Return the open points whose last day comes within 90 days."""
        last = self.awards.expiration_date
        soon = self.awards[(last >= self.day) & (last <= self.day + EXPIRING)]
        gone = self.draws[self.draws.award_id.isin(soon.id)]
        return soon.points.sum() - gone.points.sum() + self._kept(set(soon.id))

    def _kept(self, soon):
        """Return what lapses within 90 days on other terms than its award's."""
        moves = self.facts.point_move.set_index("id")
        others = [one for one, award in self.sources.items() if award not in soon]
        kept = moves.loc[others]
        last = kept.expiration_date
        kept = kept[
            kept.kind.isin(["reverse", "transfer"])
            & (kept.date < self.until)
            & (last >= self.day)
            & (last <= self.day + EXPIRING)
        ]
        drawn = self.facts.point_allocation
        after = moves.date.reindex(drawn.spend_id).values >= self.until
        after = drawn[after & drawn.award_id.isin(kept.index)]
        return kept.remaining.sum() + after.points.sum()

    def period(self, since):
        """Return the awards and draws of a period."""
        awards, draws = self.awards, self.draws
        if since is not None:
            awards, draws = awards[awards.date >= since], draws[draws.date >= since]
        return awards, draws

    def sales(self, since):
        """Return the rows of purchases whose document earned, refunds included."""
        rows = self.facts.purchase
        rows = rows[(rows.company_id == self.company) & (rows.date < self.until)]
        if since is not None:
            rows = rows[rows.date >= since]
        all_rows = self.facts.purchase.set_index("id")
        origin = all_rows.reindex(rows.reversal_of_id.fillna(rows.id))
        rows = rows.assign(
            order_model=origin.order_model.values, order_id=origin.order_id.values
        )
        moves = self.facts.point_move
        earned = moves[(moves.program_id == self.program.id) & (moves.kind == "earn")]
        documents = earned[["order_model", "order_id"]].dropna().drop_duplicates()
        return rows.merge(documents, on=["order_model", "order_id"])


def _meaning(moves, move):
    """Return what a draw by a movement means: as what it reverses or stands for."""
    if move.kind == "reverse" and pandas.notna(move.reversal_of_id):
        origin = moves.loc[move.reversal_of_id]
    else:
        origin = move
    debt = move.debt_of_id if pandas.notna(move.debt_of_id) else origin.debt_of_id
    return origin.kind if pandas.isna(debt) else moves.kind[debt]


def _part(move, points):
    """Return the terms and points by which parts of awards are told apart."""
    terms = (move.expiration_date, move.available_date, move.inactive_days)
    known = tuple(None if pandas.isna(term) else term for term in terms)
    return (*known[:2], known[2] or 0, round(points, 2))


def allocate(sales, price, beside):
    """Return the part of a price that belongs to the points."""
    if sales < 0 and price < 0:
        return -allocate(-sales, -price, -beside)
    if sales <= 0 or price <= 0:
        return 0.0
    return sales * price / (sales + price + max(0, beside))


def _taken(draws):
    return draws[~draws.meaning.isin([*USED, *LAPSED])]


def _by_document(owed, since):
    """Return points earned by document, less what was taken back."""
    awards, draws = owed.period(since)
    taken = _taken(draws).assign(points=lambda rows: -rows.points)
    names = ["order_model", "order_id", "points"]
    rows = pandas.concat([awards[names], taken[names]]).dropna()
    return rows.groupby(["order_model", "order_id"]).points.sum()


def _allocated(owed, others, since):
    """Return what of the period's sales belongs to the points of a program.

    :param others: what is owed for the other programs whose points have a value
    """
    moves = owed.facts.point_move
    earned = moves[
        (moves.kind == "earn") & (moves.points > 0) & (moves.order_id.fillna(0) > 0)
    ]
    all_owed = {owed.program.id: owed} | {one.program.id: one for one in others}
    earned = earned[earned.program_id.isin(all_owed)]
    names = ["order_model", "order_id"]
    earned = earned[[*names, "program_id"]].drop_duplicates()
    earned = earned[earned.duplicated(names, keep=False)]
    groups = earned.groupby(["order_model", "order_id"]).program_id
    programs = groups.agg(lambda ids: tuple(sorted(set(ids))))
    sales = owed.sales(since).groupby(["order_model", "order_id"]).amount.sum()
    sales = sales.astype(float) / 100
    points = {program: _by_document(one, since) for program, one in all_owed.items()}
    total = _earned(owed, since)
    alone_sales, parts = sales.sum(), 0.0
    for ids in set(programs):
        if owed.program.id not in ids:
            continue
        documents = programs.index[programs == ids]
        amount = sales.reindex(documents).sum()
        prices = {
            one: all_owed[one].price(points[one].reindex(documents).sum())
            for one in ids
        }
        price = prices.pop(owed.program.id)
        parts += allocate(amount, price, sum(prices.values()))
        alone_sales -= amount
        total -= points[owed.program.id].reindex(documents).sum()
    return parts + allocate(alone_sales, owed.price(total), 0)


def _earned(owed, since):
    awards, draws = owed.period(since)
    return awards.points.sum() - _taken(draws).points.sum()


def rows(facts, days):
    """Return {(company, program, day): figures} of proposals on days, with `lines`."""
    programs = facts.program
    valued = programs[
        (programs.program_type == "loyalty") & (programs.points_value > 0)
    ]
    found, before = {}, {}
    for day in days:
        for company in facts.zones:
            here = valued[valued.company_id.fillna(company) == company]
            owed = [Owed(facts, company, one, day) for one in here.itertuples()]
            for one in owed:
                others = [other for other in owed if other is not one]
                key = company, one.program.id
                found[*key, day] = before[key] = _row(one, others, before.get(key))
    return found


def _row(owed, others, before):
    first = {"redeemed_total": 0, "allocated_total": 0, "recognised_total": 0}
    known = before or {**first, "earned_total": 0, "until": None}
    since = known["until"]
    _awards, draws = owed.period(since)
    redeemed = draws[draws.meaning.isin(USED)].points.sum()
    earned = _earned(owed, since)
    if earned < 0:
        share = 0
        if known["earned_total"] > 0:
            share = min(1, -earned / known["earned_total"])
        allocated = -known["allocated_total"] * share
    else:
        allocated = _allocated(owed, others, since)
    allocated = round(allocated, 2)
    redeemed_total = known["redeemed_total"] + redeemed
    expected = redeemed_total + owed.coming
    deferred = known["allocated_total"] + allocated
    share = max(0, min(1, redeemed_total / expected)) if expected > 0 else 1
    recognised = round(deferred * share, 2)
    open_points = sum(one["open"] for one in owed.cohorts.values())
    lapsed = sum(one["lapsed_points"] for one in owed.cohorts.values())
    gone = lapsed + sum(one["used_points"] for one in owed.cohorts.values())
    return {
        "until": owed.until,
        "earned_total": known["earned_total"] + earned,
        "points_value": owed.worth,
        "earned": earned,
        "sales_amount": float(owed.sales(since).amount.sum()) / 100,
        "redeemed": redeemed,
        "redeemed_total": redeemed_total,
        "outstanding": open_points,
        "outstanding_all": owed.balances.clip(lower=0).sum(),
        "expiring": owed.expiring(),
        "breakage_rate": lapsed / gone if gone > 0 else 0,
        "expected_use": owed.coming / open_points if open_points else 0,
        "expected_total": expected,
        "fair_amount": round(owed.coming * owed.worth, 2),
        "allocated": allocated,
        "allocated_total": deferred,
        "recognised": recognised - known["recognised_total"],
        "recognised_total": recognised,
        "amount": deferred - recognised,
        "lines": {
            str(month.to_timestamp().date()): {
                "earned": one["earned"],
                "used": one["used_points"],
                "lapsed": one["lapsed_points"],
                "open_points": one["open"],
                "expected_use": owed.use(one),
                "breakage_rate": one["lapsed_points"]
                / (one["lapsed_points"] + one["used_points"])
                if one["lapsed_points"] + one["used_points"] > 0
                else 0,
            }
            for month, one in owed.cohorts.items()
        },
    }


FIGURES = (
    "points_value",
    "earned",
    "sales_amount",
    "redeemed",
    "redeemed_total",
    "outstanding",
    "outstanding_all",
    "expiring",
    "breakage_rate",
    "expected_use",
    "expected_total",
    "fair_amount",
    "allocated",
    "allocated_total",
    "recognised",
    "recognised_total",
    "amount",
)
LINE_FIGURES = (
    "earned",
    "used",
    "lapsed",
    "open_points",
    "expected_use",
    "breakage_rate",
)
