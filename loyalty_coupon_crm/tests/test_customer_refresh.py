import random
from datetime import date, datetime, timedelta
from unittest.mock import patch

from dateutil.relativedelta import relativedelta

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tests.common import freeze_time

from ..models.loyalty_company_metric import FIGURES_LOCK
from ..tools.rfm import LABELS, cells
from . import metric_oracle
from .common import LoyaltyCrmCommon

TODAY = date(2026, 6, 30)
NOW = "2026-06-30 12:00:00"
EDGES = {"r": (30, 60, 120, 240), "f": (2, 3, 5, 10), "m": (100, 300, 1000, 3000)}
FATES = ["plain"] * 6 + ["back", "part", "free", "coupon", "coupon", "edit"]


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCustomerRefresh(LoyaltyCrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.random = random.Random(20260630)
        cls.shop = cls.env["res.company"].create({"name": "Tea House"})
        cls.shop.partner_id.tz = "Asia/Shanghai"
        cls.env.user.company_ids |= cls.shop
        cls.metrics = cls.env["loyalty.customer.metric"]
        cls.changes = cls.env["loyalty.stage.change"]
        cls.categories = cls.env["product.category"].create(
            [{"name": name} for name in ("Tea", "Cups", "Cake")]
        )
        cls.card = cls._create_card(
            cls._create_coupon_program(company_id=cls.shop.id), points=0
        )

    def _people(self, count):
        return self.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(count)]
        )

    def _vals(self, partner, moment, amount, **values):
        return {
            "partner_id": partner.id,
            "commercial_partner_id": partner.id,
            "company_id": self.shop.id,
            "date": moment,
            "amount": amount,
            "channel": "sale",
            **values,
        }

    def _buy(self, partner, days_ago, amount=100.0, **values):
        moment = datetime(2026, 6, 30, 4) - timedelta(days=days_ago)
        return self.env["loyalty.purchase"].create(
            self._vals(partner, moment, amount, **values)
        )

    def _refreshed(self, now=NOW, recent=False):
        with freeze_time(now):
            self.metrics._refresh(self.shop, recent=recent)
        return {
            metric.partner_id: metric
            for metric in self.metrics.search([("company_id", "=", self.shop.id)])
        }

    def _fill(self, people, count, start=0):
        """Write random purchases, refunds, edits and uses of coupons."""
        vals_list = []
        for number in range(start, start + count):
            moment = datetime(2026, 6, 30) - timedelta(
                minutes=self.random.randrange(1440 * 900)
            )
            fate = self.random.choice(FATES)
            amount = 0.0 if fate == "free" else self.random.randrange(1, 30000) / 100
            vals = self._vals(
                self.random.choice(people),
                moment,
                amount,
                order_model="sale.order",
                order_id=800000 + number,
                channel=self.random.choice(["sale", "pos", "website"]),
                line_ids=[
                    Command.create(
                        {
                            "categ_id": self.random.choice(self.categories).id,
                            "amount": amount,
                        }
                    )
                ],
            )
            if self.random.random() < 0.7:
                vals["margin"] = round(amount * self.random.random(), 2)
            vals_list.append((fate, vals))
        purchases = self.env["loyalty.purchase"].create([v for _fate, v in vals_list])
        for purchase, (fate, vals) in zip(purchases, vals_list, strict=True):
            self._befall(purchase, fate, vals)

    def _befall(self, purchase, fate, vals):
        partner = purchase.partner_id
        later = purchase.date + timedelta(days=self.random.randrange(30))
        if fate in ("back", "part"):
            amount = -purchase.amount if fate == "back" else -0.01
            back = self._vals(partner, later, amount, reversal_of_id=purchase.id)
            back["line_ids"] = [
                Command.create(
                    {"categ_id": purchase.line_ids.categ_id.id, "amount": amount}
                )
            ]
            if "margin" in vals:
                back["margin"] = -vals["margin"] if fate == "back" else 0.0
            self.env["loyalty.purchase"].create(back)
        if fate == "edit":
            self.env["loyalty.purchase"].create(
                self._vals(
                    partner,
                    later,
                    5.55,
                    order_model="sale.order",
                    order_id=purchase.order_id,
                )
            )
        if fate == "coupon":
            self.env["loyalty.redemption"].create(
                {
                    "card_id": self.card.id,
                    "program_id": self.card.program_id.id,
                    "partner_id": partner.id,
                    "company_id": self.shop.id,
                    "order_model": "sale.order",
                    "order_id": purchase.order_id,
                    "date": purchase.date,
                    "channel": "sale",
                    "points": 1.0,
                }
            )

    def _expected(self, today=TODAY, before=()):
        """Return the figures as the oracle reads them from the raw rows."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT id, commercial_partner_id AS customer, date, amount, margin, channel,
                   reversal_of_id AS reversal_of, order_model, order_id
              FROM loyalty_purchase WHERE company_id = %s ORDER BY id
            """,
            (self.shop.id,),
        )
        rows = self.env.cr.dictfetchall()
        for row in rows:
            row["amount"] = float(row["amount"])
            row["margin"] = None if row["margin"] is None else float(row["margin"])
            row["document"] = row["order_id"] and (row["order_model"], row["order_id"])
        self.env.cr.execute(
            "SELECT order_model, order_id FROM loyalty_redemption"
            " WHERE company_id = %s",
            (self.shop.id,),
        )
        used = set(self.env.cr.fetchall())
        start = today - relativedelta(months=24)
        baskets = metric_oracle.baskets_of(rows, used, "Asia/Shanghai", start)
        customers = {
            customer: metric_oracle.figures(parts, today)
            for customer, parts in baskets.items()
        }
        metric_oracle.add_scores(customers, EDGES)
        metric_oracle.add_stages(customers, dict(before))
        self.env.cr.execute(
            """
            SELECT row.commercial_partner_id, line.categ_id, line.amount
              FROM loyalty_purchase_line line
              JOIN loyalty_purchase row ON row.id = line.purchase_id
             WHERE row.company_id = %s
            """,
            (self.shop.id,),
        )
        metric_oracle.add_tastes(
            customers,
            [
                (who, what, float(amount))
                for who, what, amount in self.env.cr.fetchall()
            ],
        )
        return customers

    def _assert_equal(self, expected, names=None):
        """Compare what is stored, empty values included, with the oracle."""
        self.env.cr.execute(
            "SELECT * FROM loyalty_customer_metric WHERE company_id = %s",
            (self.shop.id,),
        )
        found = {row["partner_id"]: row for row in self.env.cr.dictfetchall()}
        self.assertEqual(set(found), set(expected))
        for customer, figures in expected.items():
            for name in names or figures:
                if name == "gaps":
                    continue
                value, actual = figures.get(name), found[customer][name]
                message = f"{name} of {customer}: {actual}, expected {value}"
                if isinstance(value, float):
                    self.assertIsNotNone(actual, message)
                    # What is stored in cents may be rounded by half a cent.
                    delta = 0.00501 if "amount" in name else 1e-6
                    self.assertAlmostEqual(
                        float(actual), value, delta=delta, msg=message
                    )
                else:
                    self.assertEqual(actual, value, message)

    def test_every_figure_of_random_customers(self):
        self._fill(self._people(70), 500)
        self._refreshed()
        expected = self._expected()
        self.assertGreater(len({row["stage"] for row in expected.values()}), 4)
        self._assert_equal(expected)
        base = self.env["loyalty.company.metric"].search(
            [("company_id", "=", self.shop.id)]
        )
        self.assertEqual(
            base.buyer_count, sum(bool(row["rfm_count"]) for row in expected.values())
        )

    def test_customers_with_new_purchases_are_computed_between_two_nights(self):
        people = self._people(40)
        self._fill(people, 250)
        self._refreshed()
        before = {
            customer: (row["stage"], row["last_date"])
            for customer, row in self._expected().items()
        }
        quiet = self.metrics.search([("company_id", "=", self.shop.id)])[-1]
        busy = (people - quiet.partner_id)[:8]
        for number, partner in enumerate(busy):
            self._buy(partner, 0, 40.0 + number)
        self._fill(busy, 20, start=5000)
        # Nothing but the cursor tells what is new: overlap re-reads some old rows.
        self._refreshed(recent=True)
        expected = self._expected(before=before)
        names = ["amount", "purchase_count", "last_date", "gap_p90", "coupon_share"]
        names += ["r_score", "f_score", "m_score", "fm_score", "rfm_segment", "margin"]
        self._assert_equal(expected, names + ["favourite_category_share"])

    def test_refresh_of_the_few_leaves_the_others(self):
        people = self._people(2)
        for partner in people:
            self._buy(partner, 50)
        self._refreshed("2026-06-01 12:00:00")
        self.env["loyalty.company.metric"].search(
            [("company_id", "=", self.shop.id)]
        ).cursor_purchase_id += 1000
        self._refreshed("2026-06-20 12:00:00", recent=True)
        found = self.metrics.search([("company_id", "=", self.shop.id)])
        self.assertEqual(
            set(found.mapped("computed_at")), {datetime(2026, 6, 1, 12, 0, 0)}
        )

    def test_what_nobody_brings_back_is_the_buyers(self):
        """A return without a customer makes the category of the buyer smaller."""
        [buyer] = self._people(1)
        tea, cups = self.categories[:2]
        lines = {
            part: [Command.create({"categ_id": categ.id, "amount": amount})]
            for part, categ, amount in (
                ("tea", tea, 50.0),
                ("cups", cups, 40.0),
                ("back", tea, -20.0),
            )
        }
        bought = self._buy(buyer, 9, 50.0, line_ids=lines["tea"], order_id=False)
        self._buy(buyer, 8, 40.0, line_ids=lines["cups"], order_id=False)
        nobody = self.env["res.partner"]
        self._buy(nobody, 7, -20.0, line_ids=lines["back"], reversal_of_id=bought.id)
        for recent in (False, True):
            figure = self._refreshed(recent=recent)[buyer]
            self.assertEqual(figure.favourite_category_id, cups)
            self.assertEqual(figure.purchase_count, 2, "rows without a document")

    def test_cursor_waits_for_open_imports(self):
        """Ids below the last one may still come while their transaction is open."""
        [buyer] = self._people(1)
        model = self.env["loyalty.company.metric"]
        campaigns = type(self.env["loyalty.campaign"])

        def cursor(*holders):
            with patch.object(
                campaigns, "_read_purchase_horizon", lambda self: (0, list(holders))
            ):
                self._refreshed(recent=True)
            return model.search([("company_id", "=", self.shop.id)]).cursor_purchase_id

        first = self._buy(buyer, 9).id
        self.assertEqual(cursor(), first)
        second = self._buy(buyer, 8).id
        self.assertEqual(cursor("1/7"), first)
        self.assertEqual(cursor("1/7", "2/9"), first)
        self.assertEqual(cursor("2/9"), second, "what was open then has ended")
        third = self._buy(buyer, 7).id
        self.assertEqual(cursor("2/9"), second)
        self.assertEqual(cursor(), third)

    def test_ranks_from_500_buyers_on(self):
        people = self._people(500)
        self._buy_each(people[:499])
        self._refreshed()
        few = self._expected()
        self._assert_equal(few)
        self._buy(people[499], 3, 77.0)
        self._refreshed()
        many = self._expected()
        self._assert_equal(many)
        changed = [who for who in few if few[who]["m_score"] != many[who]["m_score"]]
        self.assertTrue(changed)

    def _buy_each(self, people):
        self.env["loyalty.purchase"].create(
            [
                self._vals(
                    partner,
                    datetime(2026, 6, 30, 4) - timedelta(days=number % 90),
                    (number * 7) % 400 + 1,
                )
                for number, partner in enumerate(people)
                for _again in range(1 + (number % 9 == 0))
            ]
        )

    def test_ranks_of_the_few_are_those_of_the_night(self):
        people = self._people(510)
        self._buy_each(people)
        self._refreshed()
        before = {
            partner: (metric.r_score, metric.f_score, metric.m_score)
            for partner, metric in self._refreshed().items()
        }
        self._refreshed(recent=True)
        after = {
            partner: (metric.r_score, metric.f_score, metric.m_score)
            for partner, metric in self._refreshed(recent=True).items()
        }
        self.assertEqual(before, after)
        self._buy(people[1], 0, 100000.0)
        metric = self._refreshed(recent=True)[people[1]]
        self.assertEqual((metric.r_score, metric.m_score), (5, 5))

    def test_all_equal_score_one(self):
        people = self._people(500)
        self.env["loyalty.purchase"].create(
            [self._vals(partner, datetime(2026, 6, 1), 10.0) for partner in people]
        )
        found = self._refreshed()
        self.assertEqual(
            {(m.r_score, m.f_score, m.m_score) for m in found.values()}, {(1, 1, 1)}
        )
        self.assertEqual({m.rfm_segment for m in found.values()}, {"lost"})

    def test_one_customer(self):
        self._buy(self.partner, 10, 150.0)
        metric = self._refreshed()[self.partner]
        self.assertEqual((metric.r_score, metric.f_score, metric.m_score), (5, 1, 2))
        # (1 + 2) / 2 is rounded up.
        self.assertEqual(metric.rfm_segment, "potential")
        self.assertEqual(metric.stage, "new")
        change = self.changes.search([("company_id", "=", self.shop.id)])
        self.assertEqual((change.stage_from, change.stage_to), ("prospect", "new"))
        self.assertFalse(metric.next_date)

    def test_refunds_only_is_a_prospect_without_scores(self):
        self._buy(self.partner, 10, -15.0)
        metric = self._refreshed()[self.partner]
        self.assertEqual(metric.stage, "prospect")
        self.assertFalse(metric.rfm_segment)
        self.assertFalse(metric.r_score)

    def test_every_cell_is_one_segment(self):
        found = {(recency, value): name for recency, value, name in cells()}
        self.assertEqual(len(cells()), len(found))
        self.assertEqual(
            set(found), {(r, value) for r in range(1, 6) for value in range(1, 6)}
        )
        self.assertEqual(set(found.values()), {name for name, _label in LABELS})

    def test_window_ends_on_its_first_day(self):
        inside, outside = self._people(2)
        window = (TODAY - TODAY.replace(year=2024)).days
        self._buy(inside, window - 1)
        self._buy(outside, window)
        found = self._refreshed()
        self.assertTrue(found[inside].rfm_segment)
        self.assertFalse(found[outside].rfm_segment)
        self.assertEqual(found[outside].purchase_count, 1)

    def test_stages_are_dated(self):
        steady, other = self._people(2)
        for days in (40, 30, 20, 10):
            self._buy(steady, days)
            self._buy(other, days)
        self._refreshed("2026-06-21 12:00:00")
        self._refreshed("2026-06-25 12:00:00")
        self._refreshed("2026-07-02 12:00:00")
        self._refreshed("2026-07-15 12:00:00")
        self._buy(steady, -20)
        self._refreshed("2026-07-21 12:00:00")
        self._refreshed("2026-07-22 12:00:00")
        self._buy(steady, -24)
        self._refreshed("2026-07-25 12:00:00")
        rows = self.changes.search(
            [("partner_id", "=", steady.id), ("company_id", "=", self.shop.id)],
            order="id",
        )
        self.assertEqual(
            rows.mapped(lambda row: (row.stage_from, row.stage_to, str(row.date))),
            [
                (False, "mature", "2026-06-21"),
                ("mature", "slowing", "2026-07-02"),
                ("slowing", "dormant", "2026-07-15"),
                ("dormant", "won_back", "2026-07-21"),
                ("won_back", "mature", "2026-07-25"),
            ],
        )
        metric = self.metrics.search([("partner_id", "=", steady.id)])
        self.assertEqual(str(metric.stage_date), "2026-07-25")
        self._refreshed("2027-08-01 12:00:00")
        self.assertEqual(metric.stage, "lost")

    def test_wrong_thresholds_are_refused(self):
        for text in ("1,2,3", "4,3,2,1", "a,b,c,d", "", "1,1,2,3"):
            with self.subTest(text=text), self.assertRaises(ValidationError):
                self.shop.loyalty_rfm_recency = text

    def test_one_computes_at_a_time(self):
        metrics = self.env["loyalty.customer.metric"]
        marketing = self._create_user(
            "m2", "loyalty_coupon_crm.group_loyalty_marketing"
        )
        other = db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(other.close)
        other.execute("SELECT pg_advisory_xact_lock(%s)", [FIGURES_LOCK])
        with self.assertRaisesRegex(UserError, "at this moment"):
            metrics.with_user(marketing).action_refresh()
        with patch.object(type(metrics), "_refresh") as refresh:
            metrics._cron_refresh_recent()
            metrics._cron_refresh_figures()
            refresh.assert_not_called()
            other.rollback()
            metrics._cron_refresh_recent()
            refresh.assert_called_once()

    def test_lowest_roles(self):
        self._buy(self.partner, 10)
        self._refreshed()
        seller = self._create_user("stage_seller", "sales_team.group_sale_salesman")
        employee = self._create_user("stage_employee", "base.group_user")
        for name in ("loyalty.stage.change", "loyalty.company.metric"):
            rows = self.env[name].search([("company_id", "=", self.shop.id)])
            self.assertTrue(rows)
            with self.subTest(model=name):
                # The seller works in another company.
                self.assertFalse(
                    rows.with_user(seller).search([("id", "in", rows.ids)])
                )
                seller.company_ids |= self.shop
                mine = rows.with_user(seller).with_context(
                    allowed_company_ids=self.shop.ids
                )
                self.assertEqual(mine.search([("id", "in", rows.ids)]), rows)
                self.assertFalse(mine.has_access("write"))
                seller.company_ids -= self.shop
                with self.assertRaises(AccessError):
                    rows.with_user(employee).read()
