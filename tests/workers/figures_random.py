"""Facts by chance, with every kind of edit, cancellation, refund and reversal."""

from datetime import timedelta
from heapq import heapify, heappop, heappush

from figures_facts import CHANNELS, SHOPS, Facts, frame_of
from figures_points import Wallet, moves_frame
from figures_rows import copy_rows, next_id

from odoo.fields import Command

CUSTOMERS, CONTACTS, DOCUMENTS, CARDS, REFUSALS = 30, 8, 320, 300, 40
SEGMENTS, MEMBERSHIPS, HOLDOUT = 3, 60, 0.1
DISCOUNT = {"reward_type": "discount", "discount": 10}


def _rewards(*rewards):
    return [Command.clear(), *(Command.create(reward) for reward in rewards)]


COUPON = {
    "program_type": "coupons",
    "applies_on": "current",
    "trigger": "with_code",
    "reward_ids": _rewards({**DISCOUNT, "required_points": 1}),
}
POINTS = {**COUPON, "program_type": "loyalty", "applies_on": "both"}
STEPPED = _rewards(
    {**DISCOUNT, "required_points": 2}, {**DISCOUNT, "required_points": 5}
)
PROGRAMS = {
    "coupon": COUPON,
    "stepped": {**COUPON, "reward_ids": STEPPED},
    "next": {**COUPON, "program_type": "next_order_coupons", "applies_on": "future"},
    "code": {**COUPON, "program_type": "promo_code"},
    "points": {**POINTS, "points_value": 0.05, "expected_breakage": 20},
    "money": {**COUPON, "program_type": "ewallet", "applies_on": "future"},
    "more": {**POINTS, "points_value": 0.013},
}


class World(Facts):
    """The facts of one company."""

    def __init__(self, env, company, seed, now, shared):
        super().__init__(env, company, seed, now)
        self.shared = shared
        self.card_of = {}

    def fill(self):
        """Write everything."""
        self._masters()
        self._customers()
        self._members()
        self._segments()
        self._cards()
        self._documents()
        self._uses()
        self._settle_cards()
        self._wallets()
        for number in range(REFUSALS):
            self.add(
                "refusal",
                company_id=self.company.id if number % 8 else None,
                date=self.moment(),
                channel=self.random.choice(CHANNELS),
                shop=self.random.choice(SHOPS),
                program_id=self.random.choice(self.programs).id,
            )
        self.write()

    def _masters(self):
        env = self.env
        made = env["loyalty.program"].create(
            [
                {**values, "name": name, "company_id": self.company.id}
                for name, values in PROGRAMS.items()
            ]
        )
        self.programs = list(made)
        self.points, self.money, self.more = made[4], made[5], made[6]
        made[2].date_to = (self.now - timedelta(days=60)).date()
        self._vouchers()
        self.categories = (
            env["product.category"]
            .create([{"name": f"Taste {number}"} for number in range(4)])
            .ids
        )
        arms = [Command.create({"name": arm}) for arm in ("one", "two")]
        common = {
            "company_id": self.company.id,
            "control_percent": 25,
            "validity_days": 20,
            "message_cost": 0.15,
        }
        until = (self.now - timedelta(days=3)).date()
        self.campaigns = env["loyalty.campaign"].create(
            [
                {**common, **values, "name": name, "program_id": program.id}
                for name, program, values in (
                    ("Coupons", made[0], {"variant_ids": arms}),
                    ("Codes", made[3], {"variant_ids": arms, "date_end": until}),
                    ("Regular", made[2], {"lag_days": 0}),
                    ("Points", self.points, {"validity_days": 0, "points": 40}),
                )
            ]
        )
        self.company.loyalty_holdout_percent = HOLDOUT * 100

    def _vouchers(self):
        """Create programs that give goods, for one point and for two."""
        env = self.env
        self.products = env["product.product"].create(
            [{"name": f"Gift {number} {self.company.name}"} for number in range(3)]
        )
        rewards = (
            (
                {"quantity": 2, "product": self.products[0], "points": 1},
                {"quantity": 0, "product": None, "points": 1},
            ),
            (
                {"quantity": 1, "product": self.products[0], "points": 2},
                {"quantity": 3, "product": self.products[1], "points": 2},
            ),
        )
        self.vouchers = env["loyalty.program"].create(
            [
                {
                    **COUPON,
                    "name": f"Voucher {place}",
                    "company_id": self.company.id,
                    "reward_ids": _rewards(*map(self._reward, parts)),
                }
                for place, parts in enumerate(rewards)
            ]
        )

    def _reward(self, part):
        points = {"required_points": part["points"]}
        if not part["product"]:
            return {**DISCOUNT, **points}
        return {
            "reward_type": "product",
            "reward_product_id": part["product"].id,
            "reward_product_qty": part["quantity"],
            **points,
        }

    def _customers(self):

        self.env.flush_all()
        first = next_id(self.env, "res_partner")
        self.customers = []
        rows = []
        for place in range(CUSTOMERS + CONTACTS):
            company = first + (place - CUSTOMERS if place >= CUSTOMERS else place)
            self.customers.append((first + place, company))
            rows.append(
                {
                    "id": first + place,
                    "name": f"Customer {place}",
                    "complete_name": f"Customer {place}",
                    "commercial_partner_id": company,
                    "parent_id": company if place >= CUSTOMERS else None,
                    "active": True,
                    "type": "contact",
                    "autopost_bills": "ask",
                }
            )
        copy_rows(self.env, "res_partner", frame_of(rows))

    def _card(self, program, partner, **values):
        chance = self.random
        number = self.ids.get("card", "first")
        issued = self.moment()
        last = chance.choice((None, -40, -1, 0, 1, 40))
        today = self.zone.fromutc(self.now).date()
        row = {
            "program_id": program.id,
            "company_id": self.company.id,
            "partner_id": partner,
            "points": float(chance.choice((0, 1, 1, 2, 5))),
            "code": f"R{self.company.id}-{number}",
            "active": True,
            "issued_at": issued if chance.random() < 0.95 else None,
            "expiration_date": last is not None
            and today + timedelta(days=last)
            or None,
            "first_seen_at": issued if chance.random() < 0.3 else None,
            "used_at": None,
            "voided_at": self.now if chance.random() < 0.08 else None,
            "campaign_id": None,
            "campaign_member_id": None,
            "reissued_from_id": None,
            **values,
        }
        return self.add("card", **row)

    def _members(self):
        """Draw who gets the offers of the campaigns, and issue most of the cards."""
        chance = self.random
        self.held_out = {
            customer
            for _partner, customer in self.customers
            if chance.random() < HOLDOUT
        }
        self.given = {}
        coupons, codes, regular, points = self.campaigns
        for campaign in (coupons, codes, points):
            start = self.now - timedelta(days=chance.choice((15, 80)))
            for who in self.customers:
                self._member(campaign, who, start)
        drawn = {}
        for who in self.customers:
            for day in sorted(chance.sample(range(5, 300), chance.randrange(4))):
                start = self.now - timedelta(days=day)
                # One group for a customer and a year of occasions.
                key = who[1], start.year
                drawn.setdefault(key, chance.random() < 0.75)
                occasion = f"{start.date()}"
                self._member(regular, who, start, occasion, drawn[key])

    def _member(self, campaign, who, start, occasion="", treated=None):
        chance = self.random
        partner, customer = who
        if treated is None:
            treated = chance.random() < 0.75
        arm = "treated" if treated else "control"
        if customer in self.held_out:
            arm = "holdout"
        got = arm == "treated" and chance.random() < 0.8
        later = start + timedelta(hours=chance.choice((0, 5, 30)))
        member = self.add(
            "campaign_member",
            campaign_id=campaign.id,
            company_id=self.company.id,
            partner_id=partner,
            occasion=occasion,
            variant_id=chance.choice([*campaign.variant_ids.ids, None])
            if arm == "treated"
            else None,
            arm=arm,
            state="issued" if got else "skipped",
            card_id=None,
            assigned_at=start,
            issued_at=later if got else None,
            version=1,
            message_state=chance.choice((None, "sent", "failed")) if got else None,
        )
        if got and campaign.program_id == self.points:
            self.given[partner] = member
        elif got:
            card = self._card(
                campaign.program_id,
                partner,
                campaign_id=campaign.id,
                campaign_member_id=member["id"],
                issued_at=later,
            )
            member["card_id"] = card["id"]

    def _segments(self):
        """Write who was in which audience from when to when."""
        chance = self.random
        segments = self.env["loyalty.segment"].create(
            [
                {"name": f"Audience {number}", "company_id": self.company.id}
                for number in range(SEGMENTS)
            ]
        )
        today = self.zone.fromutc(self.now).date()
        taken = set()
        for _number in range(MEMBERSHIPS):
            segment = chance.choice(segments.ids)
            partner = chance.choice(self.customers)[0]
            if (segment, partner) in taken:
                continue
            taken.add((segment, partner))
            # Few days, so that many leave one segment and join another on the same.
            days = sorted(chance.sample(range(0, 60, 10), 3), reverse=True)
            first, last, again = (today - timedelta(days=day) for day in days)
            for date_from, date_to in ((first, last), (again, None)):
                self.add(
                    "segment_member",
                    segment_id=segment,
                    partner_id=partner,
                    company_id=self.company.id,
                    date_from=date_from,
                    date_to=date_to or chance.choice((None, None, date_from)),
                    is_excluded=chance.random() < 0.1,
                    is_manual=False,
                )

    def _cards(self):
        chance = self.random
        offers = [*self.programs[:4], *self.vouchers, self.shared]
        for _number in range(CARDS):
            partner = chance.choice([*self.customers, (None, None)])[0]
            card = self._card(chance.choice(offers), partner)
            # Each chain of replacements begins with a card that was given up.
            while chance.random() < 0.08 and card["issued_at"]:
                card["voided_at"] = self.now
                card = self._card(
                    self.env["loyalty.program"].browse(card["program_id"]),
                    partner,
                    reissued_from_id=card["id"],
                    issued_at=card["issued_at"],
                )
        self.cards = list(self.rows["card"])
        for card in chance.sample(self.cards, 30):
            until = self.now + timedelta(hours=chance.choice((-1, 1)))
            self.add(
                "point_hold",
                card_id=card["id"],
                points=1,
                holder=f"held/{card['id']}",
                expires_at=until,
            )

    def _documents(self):
        chance = self.random
        for number in range(DOCUMENTS):
            kind = chance.random()
            number += self.company.id * 100_000
            document = ("sale.order", number) if kind < 0.5 else (None, None)
            if 0.5 <= kind < 0.85:
                document = ("pos.order", number)
            elif kind > 0.95:
                document = (None, 0)
            customer = chance.choice(self.customers) if chance.random() < 0.95 else None
            amount = round(chance.uniform(1, 200), 2)
            if chance.random() < 0.06:
                amount = 0.0
            row = self.purchase(customer, self.moment(), amount, document)
            self._change(row, customer, document, number)

    def _change(self, row, customer, document, number):
        """Edit, cancel or refund a purchase, some of them more than once."""
        chance = self.random
        place = {"channel": row["channel"], "shop": row["shop"]}
        refund = ("account.move", number)
        what = chance.random()
        later = self.moment(after=row["date"])
        amount = row["amount"]
        if what < 0.12 and document[1]:
            change = round(chance.uniform(-0.6 * amount, amount), 2)
            self.purchase(customer, later, change, document, **place)
            if chance.random() < 0.4:
                self.purchase(
                    chance.choice([customer, None]),
                    self.moment(after=later),
                    -round(amount + change, 2),
                    refund,
                    row,
                )
        elif what < 0.26:
            share = chance.choice((1, 0.5, 0.25))
            who = chance.choice([customer, customer, None])
            self.purchase(who, later, -round(amount * share, 2), refund, row)
            if share == 0.5:
                rest = -round(amount - round(amount * share, 2), 2)
                self.purchase(who, self.moment(after=later), rest, refund, row)
        elif what < 0.36 and document[1]:
            self.purchase(customer, later, -amount, document, row, **place)
            if chance.random() < 0.6:
                again = self.moment(after=later)
                new = round(amount * chance.choice((1, 0.8)), 2)
                self.purchase(customer, again, new, document, **place)
        elif what < 0.4:
            self.purchase(customer, later, -round(amount / 3, 2), refund)

    def _uses(self):
        chance = self.random
        usable = [card for card in self.cards if card["issued_at"]]
        bought = [row for row in self.rows["purchase"] if not row["reversal_of_id"]]
        for purchase in chance.sample(bought, len(bought) // 3):
            for _number in range(chance.choice((1, 1, 2, 3))):
                points = chance.choice((1.0, 1.0, 1.0, 2.0, 0.0))
                card = chance.choice(usable)
                use = self.use(card, purchase["date"], purchase, points)
                self._correct(use)
        for _number in range(20):
            self._correct(self.use(chance.choice(usable), self.moment()))

    def _correct(self, use):
        """Take a use back, altogether, in part, or in parts."""
        chance = self.random
        later = self.moment(after=use["date"])
        what = chance.random()
        if what < 0.15:
            self.take_back(use, later)
        elif what < 0.25:
            self.take_back(use, later, 0.5)
            if what < 0.2 and not round(use["discount_amount"] * 100) % 2:
                self.take_back(use, self.moment(after=later), 0.5)
        elif what < 0.3:
            # An edit of the order gave more.
            self.add(
                "redemption",
                **{
                    **{name: value for name, value in use.items() if name != "id"},
                    "date": later,
                    "points": 0.0,
                    "discount_amount": 1.11,
                    "goods_cost": 0.0,
                    "order_amount": 5.0,
                    "reversal_of_id": use["id"],
                },
            )

    def _settle_cards(self):
        """Date the last use on the cards that were used."""
        for use in self.rows["redemption"]:
            if not use["reversal_of_id"]:
                card = next(one for one in self.cards if one["id"] == use["card_id"])
                card["used_at"] = max(card["used_at"] or use["date"], use["date"])

    def _wallets(self):
        """Have wallets live side by side, so that points go from one to another."""
        self.wallets, lives = [], []
        for partner, _customer in self.customers:
            for program in (self.points, self.money, self.more):
                wallet = self._wallet(program.id, partner)
                given = self.given.get(partner) if program == self.points else None
                if given:
                    given["card_id"] = wallet.card
                lives.append(self._live(wallet, given))
        queue = [(next(life), place) for place, life in enumerate(lives)]
        heapify(queue)
        while queue:
            _now, place = heappop(queue)
            then = next(lives[place], None)
            if then:
                heappush(queue, (then, place))
        for wallet in self.wallets:
            issued = wallet.moves[0]["date"]
            self.card_of[wallet.card].update(points=wallet.balance, issued_at=issued)
        write_wallets(self.env, self.wallets)

    def _wallet(self, program_id, partner, **values):
        """Return a new wallet with its card."""
        program = self.env["loyalty.program"].browse(program_id)
        card = self._card(program, partner, expiration_date=None, **values)
        wallet = Wallet(card["id"], partner, program_id, self.company.id)
        self.card_of[wallet.card] = card
        self.wallets.append(wallet)
        return wallet

    def sold(self):
        """Return the rows of purchases that sold something."""
        return [row for row in self.rows["purchase"] if row["amount"] > 0]

    def _live(self, wallet, given):
        """Move points on a wallet for a while.

        :param given: the member of a campaign that puts points on it, or None
        :return: generator of the moments at which it goes on
        """
        chance = self.random
        dates = sorted(self.moment() for _number in range(12))
        kind = chance.choice(("opening", "issue", "spend"))
        yield dates[0]
        if kind == "spend":
            wallet.spend(dates[0], 60.0)
        else:
            wallet.earn(dates[0], 50.0, kind=kind)
        for date in dates[1:]:
            if given and given["issued_at"] <= date:
                yield given["issued_at"]
                key = f"campaign/{given['id']}"
                wallet.earn(given["issued_at"], 40.0, kind="issue", request_key=key)
                given = None
            yield date
            wallet.lapse(date)
            self._step(wallet, self.card_of[wallet.card], date)
            if wallet.balance > 0 and chance.random() < 0.2:
                wallet = self._move(wallet, date)
            elif wallet.balance < 0 and chance.random() < 0.2:
                self._merge_debt(wallet, date)
        if chance.random() < 0.3:
            # Another system's points, imported today, with their day.
            yield self.now
            late = self.moment(after=dates[3])
            wallet.earn(late, 25.0, kind="opening", written=self.now)

    def _other(self, wallet):
        """Return another open wallet of the program, or the same without any."""
        return self.random.choice(
            [
                one
                for one in self.wallets
                if one.program == wallet.program
                and one is not wallet
                and one.moves
                and self.card_of[one.card]["active"]
            ]
            or [wallet]
        )

    def _merge_debt(self, wallet, date):
        """Have another wallet pay what this one is below zero by, now or later."""
        other, spend = self._other(wallet), wallet.last_spend()
        if other is wallet:
            return
        wallet.owe_to(other, date)
        if spend and self.random.random() < 0.3:
            other.refund_of(wallet, date, spend)

    def _move(self, wallet, date):
        """Move points into another wallet; return that with which its owner goes on."""
        chance = self.random
        what = chance.random()
        if what < 0.25:
            lost = self.card_of[wallet.card]
            lost.update(voided_at=date, active=False)
            new = self._wallet(
                wallet.program, wallet.partner, reissued_from_id=lost["id"]
            )
            wallet.give_to(new, date, wallet.balance, kind="void")
            return new
        other = self._other(wallet)
        if other is wallet:
            return wallet
        if what < 0.6:
            points = round(wallet.balance * chance.uniform(0.1, 1), 2) or wallet.balance
            wallet.give_to(other, date, points, told=chance.random() < 0.9)
            return wallet
        out, came = wallet.give_to(other, date, wallet.balance)
        if what < 0.8:
            other.spend(date, round(chance.uniform(1, 30), 2))
            wallet.bring_back(other, date, out, came)
        elif spend := wallet.last_spend():
            other.refund_of(wallet, date, spend)
        return wallet

    def _step(self, wallet, card, date):
        chance = self.random
        row = chance.choice(self.sold())
        document = None
        if row["order_model"] and chance.random() < 0.7:
            document = row["order_model"], row["order_id"]
        what = chance.random()
        last = (date + timedelta(days=60)).date() if what < 0.2 else None
        if what < 0.5:
            move = wallet.earn(date, round(chance.uniform(1, 90), 2), last, document)
            if what < 0.1:
                wallet.take_back(date, move)
        elif what < 0.75:
            points = round(chance.uniform(1, 60), 2)
            move = wallet.spend(date, points, document)
            use = document and self.use(card, date, row, points)
            if what < 0.6:
                wallet.give_back(date, move)
                if use:
                    self.take_back(use, date)
        elif what < 0.9:
            kind = chance.choice(("adjust", "transfer", "loss", "void"))
            wallet.spend(date, round(chance.uniform(1, 40), 2), kind=kind)
        else:
            wallet.earn(date, 5.0, kind=chance.choice(("adjust", "transfer")))


def write_wallets(env, wallets):
    """Write the movements of wallets, and what they drew from which award."""
    first = next_id(env, "loyalty_point_move")
    moves, allocations = moves_frame(wallets, first)
    copy_rows(env, "loyalty_point_move", moves)
    copy_rows(env, "loyalty_point_allocation", allocations)


def share(worlds, program):
    """Write wallets of a program of all companies, which earn and spend in two."""
    env, chance = worlds[0].env, worlds[0].random
    facts = Facts(env, worlds[0].company, worlds[0].random.random(), worlds[0].now)
    wallets = []
    for world in worlds:
        for partner, _customer in world.customers[:8]:
            card = facts.add(
                "card",
                program_id=program.id,
                company_id=None,
                partner_id=partner,
                code=f"S{partner}",
                active=True,
            )
            wallet = Wallet(card["id"], partner, program.id, None)
            dates = sorted(facts.moment() for _number in range(8))
            for date in dates:
                where = chance.choice(worlds)
                here = {"company_id": where.company.id}
                row = chance.choice(where.sold())
                document = row["order_id"] and (row["order_model"], row["order_id"])
                points = round(chance.uniform(1, 60), 2)
                if chance.random() < 0.6:
                    wallet.earn(date, points, None, document or None, **here)
                else:
                    wallet.spend(date, points, document or None, **here)
            card.update(points=wallet.balance, issued_at=dates[0])
            wallets.append(wallet)
    facts.write()
    write_wallets(env, wallets)
