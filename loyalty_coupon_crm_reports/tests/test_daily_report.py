from collections import Counter, defaultdict
from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.tests import freeze_time, tagged

from odoo.addons.loyalty_coupon_crm.models.loyalty_daily_refresh import (
    LoyaltyDailyRefresh,
)

from .common import LoyaltyReportCommon
from .report_twins import ReportTwins

NOW = datetime(2026, 6, 10, 4, 0)
POINTS = {
    "points_issued": ("opening", "issue"),
    "points_earned": ("earn",),
    "points_spent": ("spend",),
    "points_lapsed": ("expire", "void"),
    "points_adjusted": ("adjust", "transfer"),
}
KINDS = [kind for kinds in POINTS.values() for kind in kinds]
TAKEN = ("spend", "expire", "void")
SHOPS = ["North", "South", False]
MEASURES = [
    *("purchase_count", "coupon_purchase_count", "amount", "coupon_amount"),
    *("discount_amount", "use_count", "use_discount", "goods_cost"),
    *("reversal_count", "refusal_count", "issued_count", "used_count"),
    *("coupon_discount", "move_count", "row_count", "sale_count"),
    *("row_amount", "row_discount"),
    *(*POINTS, "points_change"),
]


class Oracle:
    """Recompute daily figures from all facts of a company, row by row."""

    def __init__(self, test, zone):
        self.test, self.zone = test, zone
        self.sums = defaultdict(Counter)
        self.buyers = set()
        domain = [("company_id", "=", test.shop_company.id)]
        self.rows = {
            name: test.env[f"loyalty.{name}"].search(domain, order="id")
            for name in ("purchase", "redemption", "point.move", "refusal", "card")
        }
        self._uses()
        self._purchases()
        self._points()
        for refusal in self.rows["refusal"]:
            self._add(refusal, refusal.program_id, refusal_count=1)
        for card in self.rows["card"]:
            if card.issued_at and card.program_id.program_type == "coupons":
                used = int(card.state == "used")
                key = (self._day(card.issued_at), False, card.program_id.id)
                self.sums[key].update(issued_count=1, used_count=used)

    def _day(self, moment):
        return self.test._local(moment, self.zone).date()

    def _add(self, row, program=None, shop=None, **values):
        shop = row.shop if shop is None else shop
        program = program.id if program else False
        self.sums[self._day(row.date), shop, program].update(values)

    def _uses(self):
        self.with_coupon = set()
        for use in self.rows["redemption"]:
            if use.reversal_of_id:
                if use.points < 0:
                    self._add(use, use.program_id, reversal_count=1)
                continue
            rows = use | use.reversed_by_ids
            if abs(sum(rows.mapped("points"))) < 0.005:
                continue
            self.with_coupon.add(use.order_id)
            self._add(
                use,
                use.program_id,
                use_count=1,
                use_discount=sum(rows.mapped("discount_amount")),
                goods_cost=sum(rows.mapped("goods_cost")),
            )

    def _purchases(self):
        documents = defaultdict(list)
        for row in self.rows["purchase"]:
            self._add(
                row,
                row_count=1,
                sale_count=int(not row.reversal_of_id and row.amount >= 0),
                row_amount=row.amount,
                row_discount=row.discount_amount,
            )
            first = row.reversal_of_id or row
            documents[first.order_id or -first.id].append(row)
        for order_id, rows in documents.items():
            amount = sum(row.amount for row in rows)
            if amount <= 0.001:
                continue
            origins = [row for row in rows if not row.reversal_of_id]
            # The first row of which something is left gives the day.
            dates = [
                row.date
                for row in origins
                if row.amount + sum(back.amount for back in row.reversal_ids) > 0
            ]
            first = min(origins, key=lambda row: row.id)
            key = (self._day(min(dates)), first.shop, False)
            with_coupon = order_id in self.with_coupon
            discount = sum(row.discount_amount for row in rows)
            self.sums[key].update(
                purchase_count=1,
                coupon_purchase_count=int(with_coupon),
                amount=amount,
                coupon_amount=amount if with_coupon else 0,
                discount_amount=discount,
                coupon_discount=discount if with_coupon else 0,
            )
            self.buyers.add((key[0], first.shop, first.commercial_partner_id.id))

    def _points(self):
        shops = {
            row.order_id: row.shop
            for row in reversed(self.rows["purchase"])
            if row.order_id
        }
        rises = self.test._rises(self.rows["point.move"])
        for move, rise in rises.items():
            if move.program_id.program_type != "loyalty":
                continue
            kind = (move.reversal_of_id or move).kind
            name = next(name for name, kinds in POINTS.items() if kind in kinds)
            points = -move.points if kind in TAKEN else move.points
            shop = shops.get(move.order_id, False)
            values = {name: points, "points_change": rise, "move_count": 1}
            self._add(move, move.program_id, shop=shop, **values)


@tagged("post_install", "-at_install", "loyalty_plain")
class TestDailyReport(ReportTwins, LoyaltyReportCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        mine = {"company_id": cls.shop_company.id}
        cls.program = cls._create_coupon_program(**mine)
        cls.points = cls._create_points_program(**mine)
        cls.wallet = cls._create_card(cls.points, cls.customers[0], points=0)
        cls.used_card = cls._create_card(cls.program, cls.customers[0])
        cls.report = cls._report("loyalty.daily.report")
        cls.refresh = cls.env["loyalty.daily.refresh"]
        # What others do in other databases is nothing to us.
        alone = patch.object(
            LoyaltyDailyRefresh, "_read_snapshot", lambda _self: (1, 1, 0)
        )
        cls.startClassPatcher(alone)
        cls.numbers = iter(range(900000, 990000))

    def setUp(self):
        super().setUp()
        self.balances = Counter()

    @classmethod
    def _at(cls, days=40):
        """Return a random moment of the days up to now."""
        return NOW - timedelta(seconds=cls.random.randrange(days * 86400))

    def _basket(self, moment):
        """Write a purchase, often with a use and points, sometimes edited, refunded."""
        order_id = self.random.choice([False, next(self.numbers)])
        shop = self.random.choice(SHOPS)
        purchase = self._purchase(
            moment,
            self.random.randrange(100, 10000) / 100,
            order_id=order_id,
            shop=shop,
            discount_amount=self.random.randrange(100) / 100,
        )
        if order_id and self.random.random() < 0.5:
            self._redeem(moment, order_id=order_id, shop=shop)
            self._move(moment, "earn", 10, order_model="sale.order", order_id=order_id)
        if order_id and self.random.random() < 0.2:
            later = moment + timedelta(days=1)
            customer = {"customer": purchase.partner_id}
            self._purchase(later, 1.5, order_id=order_id, shop=shop, **customer)
        if self.random.random() < 0.2:
            self._refund(purchase, moment + timedelta(days=2))
        return purchase

    def _refund(self, purchase, moment, share=None):
        share = share or self.random.choice([0.5, 1])
        return self._purchase(
            moment,
            -purchase.amount * share,
            order_id=bool(purchase.order_id) and next(self.numbers),
            shop=purchase.shop,
            customer=purchase.partner_id,
            discount_amount=-purchase.discount_amount * share,
            reversal_of_id=purchase.id,
        )

    def _redeem(self, moment, **values):
        use = self._use(
            self.used_card,
            moment,
            points=1,
            discount_amount=self.random.randrange(1000) / 100,
            goods_cost=self.random.choice([0, 4.5]),
            **values,
        )
        if self.random.random() < 0.3:
            self._take_back(use, moment + timedelta(days=3))
        return use

    def _take_back(self, use, moment, share=None):
        share = share or self.random.choice([0.5, 1])
        return self._use(
            self.used_card,
            moment,
            order_id=use.order_id or False,
            shop=use.shop,
            points=-use.points * share,
            discount_amount=-use.discount_amount * share,
            goods_cost=-use.goods_cost * share,
            order_amount=0,
            reversal_of_id=use.id,
        )

    def _move(self, moment, kind, points, wallet=None, **values):
        wallet = wallet or self.wallet
        points = -points if kind in TAKEN else points
        self.balances[wallet] += points
        return self.env["loyalty.point.move"].create(
            {
                "card_id": wallet.id,
                "program_id": self.points.id,
                "company_id": self.shop_company.id,
                "date": moment,
                "kind": kind,
                "points": points,
                "balance_after": self.balances[wallet],
                **values,
            }
        )

    def _refuse(self, moment):
        return self.env["loyalty.refusal"].create(
            {
                "date": moment,
                "company_id": self.shop_company.id,
                "shop": self.random.choice(SHOPS),
                "program_id": self.program.id,
            }
        )

    def _fill(self, count=25):
        # Most of the time the wallet is below zero.
        self._move(NOW - timedelta(days=40), "spend", 200)
        for _number in range(count):
            self._basket(self._at())
            self._redeem(self._at(), shop=self.random.choice(SHOPS))
            kind = self.random.choice(KINDS)
            self._move(self._at(), kind, self.random.randrange(1, 100))
            self._refuse(self._at())
        cards = self._create_coupons(
            self.program,
            [self._at() for _number in range(count)],
            company_id=self.shop_company.id,
        )
        for with_coupon in (True, False, False):
            order_id, busy = next(self.numbers), NOW - timedelta(days=5)
            values = {"order_id": order_id, "shop": "North"}
            self._purchase(busy, 30.0, discount_amount=3.5, **values)
            if with_coupon:
                self._use(self.used_card, busy, **values)
        for card in cards[: count // 2]:
            self._use_up(card)
            moment = card.issued_at + timedelta(hours=self.random.randrange(200))
            use = self._use(card, min(moment, NOW), order_id=next(self.numbers))
            if self.random.random() < 0.2:
                use._reverse()
        return cards

    def _use_up(self, card):
        card._post_move("spend", -card.points)
        card.used_at = NOW

    def _check(self, zone="Asia/Shanghai"):
        """Compare what the report shows with what the facts say."""
        oracle = Oracle(self, zone)
        self.env.flush_all()
        self.env.invalidate_all()
        rows = self.report._read_group(
            [("company_id", "=", self.shop_company.id)],
            ["day:day", "shop", "program_id"],
            [f"{name}:sum" for name in MEASURES],
        )
        found = {
            (day, shop, program.id): dict(zip(MEASURES, values, strict=True))
            for day, shop, program, *values in rows
        }
        for key in set(found) | set(oracle.sums):
            for name in MEASURES:
                self.assertAlmostEqual(
                    found.get(key, {}).get(name) or 0,
                    oracle.sums[key][name],
                    4,
                    f"{name} of {key}",
                )
        customers = self._report("loyalty.daily.customer.report")
        bought = {
            (row.day, row.shop, row.customer_id.id)
            for row in customers.search([("company_id", "=", self.shop_company.id)])
        }
        self.assertEqual(bought, oracle.buyers)
        return oracle

    def _stored(self):
        self.env.invalidate_all()
        return self.env["loyalty.daily.figure"].search(
            [("company_id", "=", self.shop_company.id)]
        )

    def _refresh_some(self):
        """Refresh, and return the days that were computed anew."""
        seen = []
        replace = LoyaltyDailyRefresh._replace_days

        def note(refresh, companies, now, days):
            seen.append(days)
            return replace(refresh, companies, now, days)

        with patch.object(LoyaltyDailyRefresh, "_replace_days", note):
            self.refresh._refresh()
        self.assertIsNotNone(seen[0], "all days were computed")
        return {day for company, day in seen[0] if company == self.shop_company.id}

    def test_added_up_and_live_days_are_what_the_facts_say(self):
        with freeze_time(NOW):
            cards = self._fill()
            self._check()
            self.assertFalse(self._stored())
            self.refresh._refresh()
            oracle = self._check()
            self._assert_groups_alike()
            self._assert_pages_alike()
            today = self.shop_company._loyalty_today()
            self.assertIn(today, {day for day, _shop, _program in oracle.sums})
            stored = self._stored()
            self.assertEqual(max(stored.mapped("day")), today - timedelta(days=1))
            self.refresh._refresh(everything=True)
            self.assertEqual(len(self._stored()), len(stored))
        self._late_facts(cards)
        with freeze_time(NOW + timedelta(hours=1)):
            self._assert_groups_alike()
        self._next_days()
        with freeze_time(NOW + timedelta(days=3)):
            self.shop_company.partner_id.tz = "America/New_York"
            self.refresh._refresh()
            self._check("America/New_York")
            self._assert_groups_alike()
            self._other_window()

    def _other_window(self):
        """Ask for more days around a first use than were looked at."""
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("loyalty.spend_after_days", "60")
        self._assert_groups_alike(("after",))
        self.refresh._refresh()
        self.assertEqual(self.refresh._current().after_days, 60)
        self._assert_groups_alike(("after",))
        with self.subTest("figures of an older version"):
            self.refresh._current().after_days = 0
            self._check("America/New_York")
            self._assert_groups_alike(("points", "basket"))

    def _late_facts(self, cards):
        with freeze_time(NOW + timedelta(hours=1)):
            self.refresh._refresh()
            self.assertFalse(self._refresh_some())
            old = NOW - timedelta(days=20)
            late = {
                "an import": lambda: self._purchase(old, 75.0, shop="North"),
                "an edit": lambda: self._purchase(
                    NOW,
                    5.0,
                    order_id=edited.order_id,
                    shop=edited.shop,
                    customer=edited.partner_id,
                ),
                "a refund": lambda: self._refund(edited, NOW, share=0.5),
                "a use of an old purchase": lambda: self._redeem(
                    NOW, order_id=edited.order_id
                ),
                "a reversal": lambda: self._take_back(use, NOW, share=1),
                "a coupon is used up": lambda: self._use_up(cards[-1]),
                "the first use is taken back": lambda: first._reverse(),
                "points of long ago": lambda: self._move(old, "earn", 7, wallet),
                "points from before a debt": lambda: self._move(
                    old, "opening", 25, debtor
                ),
                "a refusal of long ago": lambda: self._refuse(old),
            }
            edited = self._purchase(
                NOW - timedelta(days=9), 50.0, order_id=next(self.numbers)
            )
            use = self._use(self.used_card, NOW - timedelta(days=11))
            wallet = self._create_card(self.points, self.customers[1], points=0)
            debtor = self._create_card(self.points, self.customers[2], points=0)
            self._move(old + timedelta(days=1), "spend", 20, debtor)
            self._move(old + timedelta(days=2), "earn", 30, debtor)
            card = self._create_card(self.program, self.customers[5])
            first = self._use(card, NOW - timedelta(days=60))
            self._use(card, NOW - timedelta(days=50))
            self._refresh_some()
            for what, happens in late.items():
                with self.subTest(what):
                    happens()
                    # What customers did is right at once.
                    self._assert_groups_alike(("after", "retention", "around"))
                    days = self._refresh_some()
                    self.assertTrue(0 < len(days) < 4, days)
                    self._check()
            self.assertFalse(self._refresh_some())

    def _next_days(self):
        with freeze_time(NOW + timedelta(days=2)):
            self._basket(NOW + timedelta(days=1))
            self._basket(NOW + timedelta(days=2))
            self._check()
            days = self._refresh_some()
            today = self.shop_company._loyalty_today()
            ended = {today - timedelta(days=1), today - timedelta(days=2)}
            self.assertLessEqual(ended, days)
            self.assertNotIn(today, days)
            self._check()

    def test_days_with_23_and_25_hours(self):
        zones = {
            "Europe/Berlin": datetime(2026, 3, 29),
            # Midnight comes twice, and not at all.
            "America/Havana": datetime(2025, 11, 2),
            "America/Asuncion": datetime(2023, 10, 1),
        }
        for zone, day in zones.items():
            with self.subTest(zone), freeze_time(NOW):
                self.shop_company.partner_id.tz = zone
                for half_hours in range(-4, 64):
                    moment = day + timedelta(minutes=30 * half_hours)
                    self._purchase(moment, 1.0)
                    self._move(moment, "earn", 1)
                self.refresh._refresh()
                self._check(zone)
                self._purchase(day + timedelta(hours=5), 1.0)
                self._refresh_some()
                self._check(zone)

    def test_what_an_open_transaction_may_still_write_is_looked_for_again(self):
        self.refresh._refresh()
        row = self.refresh._current()
        known = {
            "done_ids": {"loyalty_purchase": 1},
            "seen_ids": {"loyalty_purchase": 2},
            "seen_until": "100",
        }

        def cursor(oldest, following, others):
            row.write(known)
            answer = (oldest, following, others)
            with patch.object(type(row), "_read_snapshot", lambda _self: answer):
                return row._cursor_vals()

        self.assertEqual(cursor(90, 120, 2), {}, "one of those from then is open")
        vals = cursor(105, 120, 2)
        self.assertEqual(vals["done_ids"], known["seen_ids"])
        self.assertEqual(vals["seen_until"], "120")
        last = self.env["loyalty.purchase"].search([], order="id desc", limit=1).id
        self.assertEqual(vals["seen_ids"]["loyalty_purchase"], last)
        self.assertEqual(cursor(120, 120, 0)["done_ids"], vals["seen_ids"])
        restored = cursor(50, 60, 1)
        self.assertEqual(restored["done_ids"], known["seen_ids"], "in a new cluster")
