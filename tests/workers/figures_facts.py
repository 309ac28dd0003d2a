"""Raw facts of one company, made by chance and numbered as they are made."""

import random
from datetime import datetime, timedelta

import pandas
import pytz
from figures_rows import copy_rows, next_id

DAYS = 500
CHANNELS = ("pos", "sale", "website", "import")
SHOPS = ("North", "South", None)
WHOLE_NUMBERS = {"id", "order_id", "used_by_id"}


def frame_of(rows):
    """Return rows as a frame; whole numbers that may be missing stay whole."""
    frame = pandas.DataFrame(rows)
    for name in frame.columns:
        if name in WHOLE_NUMBERS or name.endswith("_id"):
            frame[name] = frame[name].astype("Int64")
    return frame


class Facts:
    """Rows of each table, numbered as they are made."""

    def __init__(self, env, company, seed, now):
        self.env = env
        self.company = company
        self.now = now
        self.random = random.Random(seed)
        self.users = env["res.users"].search([], limit=2).ids
        self.zone = pytz.timezone(company.partner_id.tz)
        self.rows = {}
        self.ids = {}

    def add(self, table, **values):
        """Write a row and return it."""
        if table not in self.ids:
            self.env.flush_all()
            self.ids[table] = next_id(self.env, f"loyalty_{table}")
        row = {"id": self.ids[table], **values}
        self.ids[table] += 1
        self.rows.setdefault(table, []).append(row)
        return row

    def write(self):
        """Copy all rows into the database."""

        self.env.flush_all()
        for table, rows in self.rows.items():
            copy_rows(self.env, f"loyalty_{table}", frame_of(rows))

    def moment(self, after=None):
        """Return a moment up to now, every tenth one beside a local midnight."""
        first = after or self.now - timedelta(days=DAYS)
        span = int((self.now - first).total_seconds())
        at = first + timedelta(seconds=self.random.randrange(max(1, span)))
        if self.random.random() < 0.1:
            midnight = datetime.combine(at.date(), datetime.min.time())
            edge = self.zone.localize(midnight).astimezone(pytz.utc)
            beside = self.random.choice((-1, 0, 1))
            at = edge.replace(tzinfo=None) + timedelta(seconds=beside)
        return min(max(at, first), self.now)

    def purchase(self, customer, date, amount, document, origin=None, **values):
        """Write a row of a purchase with lines, some of unknown cost."""
        cost = round(amount * self.random.choice((0.4, 0.6, 0.75)), 2)
        known = self.random.random() < 0.8
        row = self.add(
            "purchase",
            partner_id=customer and customer[0],
            commercial_partner_id=customer and customer[1],
            company_id=self.company.id,
            date=date,
            amount=amount,
            amount_total=amount,
            discount_amount=round(amount * self.random.choice((0, 0, 0.1)), 2),
            margin=round(amount - cost, 2) if known else None,
            channel=values.get("channel") or self.random.choice(CHANNELS),
            shop=values["shop"] if "shop" in values else self.random.choice(SHOPS),
            order_model=document[0],
            order_id=document[1],
            reversal_of_id=origin and origin["id"],
        )
        first = round(amount * self.random.choice((0.3, 0.5, 1)), 2)
        for part in (first, round(amount - first, 2)):
            if part:
                self.add(
                    "purchase_line",
                    purchase_id=row["id"],
                    product_id=self.random.choice([*self.products.ids, None]),
                    categ_id=self.random.choice([*self.categories, None]),
                    quantity=self.random.choice((1, 2, 3)) * (1 if part > 0 else -1),
                    amount=part,
                    cost=None,
                )
        return row

    def use(self, card, date, purchase=None, points=1.0, origin=None, **values):
        """Write a use of a card."""
        document = (None, None)
        if purchase:
            document = purchase["order_model"], purchase["order_id"]
            if not document[0]:
                document = "loyalty.purchase", purchase["id"]
        given = self.random.choice((0.0, 2.5, 7.99)) if points else 3.33
        return self.add(
            "redemption",
            **{
                "card_id": card["id"],
                "program_id": card["program_id"],
                "campaign_id": card["campaign_id"],
                "partner_id": card["partner_id"],
                "company_id": self.company.id,
                "channel": purchase["channel"] if purchase else "pos",
                "shop": purchase["shop"] if purchase else None,
                "user_id": self.random.choice(self.users),
                "order_model": document[0],
                "order_id": document[1],
                "date": date,
                "points": points,
                "discount_amount": given,
                "goods_cost": self.random.choice((0.0, 0.0, 4.2)),
                "order_amount": purchase["amount"] if purchase else 0.0,
                "reversal_of_id": origin and origin["id"],
                **values,
            },
        )

    def take_back(self, use, date, share=1.0):
        """Write the reversal of a share of a use."""
        names = ("points", "discount_amount", "goods_cost", "order_amount")
        return self.add(
            "redemption",
            **{
                **{name: value for name, value in use.items() if name != "id"},
                **{name: -round(use[name] * share, 2) for name in names},
                "date": date,
                "reversal_of_id": use["id"],
            },
        )
