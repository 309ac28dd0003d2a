"""Facts that arrive late, or take back what happened long ago."""

from datetime import timedelta

from figures_facts import Facts
from figures_load import NOW, TABLES

from odoo.tools import SQL

SALES, EDITS, REFUNDS, USES, REFUSALS, AWARDS, COUPONS = 4, 5, 6, 4, 3, 4, 3
# The days that late facts are of, before now; so few are computed one by one.
FIRST, LAST = 40, 20


def late(env):
    """Write late facts into every company."""
    env.cr.execute("SET session_replication_role = replica")
    for company in env["res.company"].search([], order="id"):
        world = Late(env, company, company.id, NOW)
        world.fill()
        world.write()
    env.cr.execute("SET session_replication_role = origin")
    for table in TABLES:
        env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
    return True


class Late(Facts):
    """What arrives late in one company."""

    def fill(self):
        """Write everything."""
        self.products = self.env["product.product"].search([], limit=2)
        self.categories = self.env["product.category"].search([], limit=2).ids
        recent = (
            f"date > '{self.now - timedelta(days=FIRST)}'"
            f" AND date < '{self.now - timedelta(days=LAST)}'"
        )
        bought = self._known(
            "purchase",
            "amount > 10 AND reversal_of_id IS NULL AND commercial_partner_id > 0 AND "
            + recent,
        )
        for place, row in enumerate(bought):
            self._of_purchase(place, row)
        uses = self._known(
            "redemption",
            "reversal_of_id IS NULL AND points = 1 AND discount_amount > 0 AND "
            + recent,
        )
        for use in uses[:USES]:
            self.take_back(use, self.now - timedelta(hours=1), 1)
        for _number in range(REFUSALS):
            self.add("refusal", company_id=self.company.id, date=self.moment())
        self._points()

    def moment(self, after=None):
        """Return a moment of the days that late facts are of."""
        first = self.now - timedelta(days=FIRST)
        return first + timedelta(seconds=self.random.randrange((FIRST - LAST) * 86400))

    def _known(self, table, condition, count=25):
        """Return some rows of a table, chosen by chance."""
        rows = self.env.execute_query_dict(
            SQL(
                "SELECT * FROM %s WHERE company_id = %s AND %s ORDER BY id",
                SQL.identifier(f"loyalty_{table}"),
                self.company.id,
                SQL(condition),
            )
        )
        names = TABLES[f"loyalty_{table}"].split(", ")
        chosen = self.random.sample(rows, min(count, len(rows)))
        return [{name: row[name] for name in names} for row in chosen]

    def _of_purchase(self, place, row):
        """Import a purchase, or edit, refund or redeem on a known one."""
        customer = row["partner_id"], row["commercial_partner_id"]
        amount = float(row["amount"])
        document = row["order_model"], row["order_id"]
        where = {"channel": row["channel"], "shop": row["shop"]}
        number = 900_000_000 + row["id"]
        if place < SALES:
            self.purchase(customer, self.moment(), amount, (None, None))
        elif place < SALES + EDITS and document[1]:
            # A correction of long ago.
            change = round(-amount / 4, 2)
            when = row["date"] + timedelta(days=2)
            self.purchase(customer, min(when, self.now), change, document, **where)
        elif place < SALES + EDITS + REFUNDS:
            share = self.random.choice((1, 0.5))
            back = -round(amount * share, 2)
            refund = ("account.move", number)
            self.purchase(customer, self.now, back, refund, row)
        elif place < SALES + EDITS + REFUNDS + USES:
            cards = self._known("card", "issued_at IS NOT NULL AND points > 0", 1)
            sold = {**row, "amount": amount}
            self.use({**cards[0], "partner_id": customer[0]}, row["date"], sold)

    def _points(self):
        """Import points from before a debt, and use coupons up."""
        cards = self._known(
            "card",
            "id IN (SELECT card_id FROM loyalty_point_move WHERE balance_after < 0)",
            AWARDS,
        )
        for card in cards:
            self._move(card, "opening", 25.0, self.moment())
        coupons = self._known(
            "card",
            "issued_at IS NOT NULL AND points = 1 AND voided_at IS NULL AND program_id"
            " IN (SELECT id FROM loyalty_program WHERE program_type = 'coupons')",
            COUPONS,
        )
        for card in coupons:
            self._move(card, "spend", -1.0, self.now)
            self.env.cr.execute(
                SQL(
                    "UPDATE loyalty_card SET used_at = %s WHERE id = %s",
                    self.now,
                    card["id"],
                )
            )

    def _move(self, card, kind, points, date):
        balance = round(float(card["points"] or 0) + points, 2)
        self.add(
            "point_move",
            card_id=card["id"],
            partner_id=card["partner_id"],
            program_id=card["program_id"],
            company_id=self.company.id,
            date=date,
            kind=kind,
            points=points,
            balance_after=balance,
            remaining=max(0.0, min(points, balance)),
        )
        self.env.cr.execute(
            SQL(
                "UPDATE loyalty_card SET points = %s WHERE id = %s", balance, card["id"]
            )
        )
