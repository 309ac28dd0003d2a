"""Facts by chance, with every kind of edit, cancellation, refund and reversal."""

from datetime import timedelta

from figures_facts import CHANNELS, SHOPS, Facts, frame_of
from figures_points import Wallet, moves_frame
from figures_rows import copy_rows, next_id

from odoo.fields import Command

CUSTOMERS, CONTACTS, DOCUMENTS, CARDS, REFUSALS = 30, 8, 320, 260, 40
DISCOUNT = {"reward_type": "discount", "discount": 10}


def _rewards(*rewards):
    return [Command.clear(), *(Command.create(reward) for reward in rewards)]


COUPON = {
    "program_type": "coupons",
    "applies_on": "current",
    "trigger": "with_code",
    "reward_ids": _rewards({**DISCOUNT, "required_points": 1}),
}
STEPPED = _rewards(
    {**DISCOUNT, "required_points": 2}, {**DISCOUNT, "required_points": 5}
)
PROGRAMS = {
    "coupon": COUPON,
    "stepped": {**COUPON, "reward_ids": STEPPED},
    "next": {**COUPON, "program_type": "next_order_coupons", "applies_on": "future"},
    "code": {**COUPON, "program_type": "promo_code"},
    "points": {**COUPON, "program_type": "loyalty", "applies_on": "both"},
    "money": {**COUPON, "program_type": "ewallet", "applies_on": "future"},
}


class World(Facts):
    """The facts of one company."""

    def __init__(self, env, company, seed, now, shared):
        super().__init__(env, company, seed, now)
        self.shared = shared

    def fill(self):
        """Write everything."""
        self._masters()
        self._customers()
        self._members()
        self._cards()
        self._documents()
        self._uses()
        self._settle_cards()
        self._wallets()
        for _number in range(REFUSALS):
            self.add(
                "refusal",
                company_id=self.company.id,
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
        self.points, self.money = made[4], made[5]
        gift = env["product.product"].create({"name": f"Gift {self.company.name}"})
        product = {"reward_type": "product", "reward_product_id": gift.id}
        voucher = {
            **COUPON,
            "name": "Voucher",
            "company_id": self.company.id,
            "reward_ids": _rewards(
                {**product, "reward_product_qty": 2, "required_points": 1},
                {**DISCOUNT, "required_points": 1},
            ),
        }
        self.voucher = env["loyalty.program"].create(voucher)
        self.categories = (
            env["product.category"]
            .create([{"name": f"Taste {number}"} for number in range(4)])
            .ids
        )
        self.campaigns = env["loyalty.campaign"].create(
            [
                {
                    "name": name,
                    "program_id": program.id,
                    "company_id": self.company.id,
                    "control_percent": 25,
                    "validity_days": 20,
                    "variant_ids": [
                        Command.create({"name": arm}) for arm in ("one", "two")
                    ],
                }
                for name, program in (("Coupons", made[0]), ("Codes", made[3]))
            ]
        )

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
        """Draw who gets the offer of the campaigns, and issue most of the cards."""
        chance = self.random
        for campaign in self.campaigns:
            start = self.now - timedelta(days=chance.choice((15, 80)))
            for partner, _customer in self.customers:
                treated = chance.random() < 0.75
                got = treated and chance.random() < 0.8
                member = self.add(
                    "campaign_member",
                    campaign_id=campaign.id,
                    company_id=self.company.id,
                    partner_id=partner,
                    occasion="",
                    variant_id=chance.choice(campaign.variant_ids.ids)
                    if treated
                    else None,
                    arm="treated" if treated else "control",
                    state="issued" if got else "skipped",
                    card_id=None,
                    assigned_at=start,
                    issued_at=start if got else None,
                    version=1,
                    message_state=chance.choice((None, "sent")) if got else None,
                )
                if got:
                    card = self._card(
                        campaign.program_id,
                        partner,
                        campaign_id=campaign.id,
                        campaign_member_id=member["id"],
                        issued_at=start,
                    )
                    member["card_id"] = card["id"]

    def _cards(self):
        chance = self.random
        offers = [*self.programs[:4], self.voucher, self.shared]
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

        wallets = []
        for partner, _customer in self.customers:
            for program in (self.points, self.money):
                card = self._card(program, partner, expiration_date=None)
                wallet = Wallet(card["id"], partner, program.id, self.company.id)
                self._live(wallet)
                card.update(points=wallet.balance, issued_at=wallet.moves[0]["date"])
                wallets.append(wallet)
        self.add("point_move", date=self.now)
        first = self.rows.pop("point_move")[0]["id"]
        moves, allocations = moves_frame(wallets, first)
        copy_rows(self.env, "loyalty_point_move", moves)
        copy_rows(self.env, "loyalty_point_allocation", allocations)

    def _live(self, wallet):
        """Move points on a wallet for a while."""
        chance = self.random
        bought = self.rows["purchase"]
        dates = sorted(self.moment() for _number in range(12))
        wallet.earn(dates[0], 50.0, kind=chance.choice(("opening", "issue")))
        for date in dates[1:]:
            wallet.lapse(date)
            document = None
            row = chance.choice(bought)
            if row["order_model"] and chance.random() < 0.7:
                document = row["order_model"], row["order_id"]
            what = chance.random()
            last = (date + timedelta(days=60)).date() if what < 0.2 else None
            if what < 0.5:
                move = wallet.earn(
                    date, round(chance.uniform(1, 90), 2), last, document
                )
                if what < 0.1:
                    wallet.take_back(date, move)
            elif what < 0.75:
                points = round(chance.uniform(1, 60), 2)
                move = wallet.spend(date, points, document)
                if what < 0.6:
                    wallet.give_back(date, move)
            elif what < 0.9:
                kind = chance.choice(("adjust", "transfer", "loss", "void"))
                wallet.spend(date, round(chance.uniform(1, 40), 2), kind=kind)
            else:
                wallet.earn(date, 5.0, kind=chance.choice(("adjust", "transfer")))
