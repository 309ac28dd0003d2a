from datetime import datetime

from odoo.tests import tagged

from .common import CHANNELS, LoyaltyReportCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestUseReport(LoyaltyReportCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program(company_id=cls.shop_company.id)
        cls.card = cls._create_card(cls.program, cls.customers[0])
        cls.report = cls._report("loyalty.use.report")
        cls.domain = [("program_id", "=", cls.program.id)]

    def _fill(self, count=200):
        uses = self.env["loyalty.redemption"]
        for number in range(count):
            use = self._use(
                self.card,
                self._moment(),
                order_id=self.random.choice([False, 900000 + number // 2]),
                partner_id=self._someone().id,
                channel=self.random.choice(CHANNELS),
                shop=self.random.choice(["North", "South"]),
                discount_amount=self.random.randrange(1000) / 100,
                order_amount=self.random.randrange(10000) / 100,
            )
            uses |= use
            share = self.random.choice([0, 0, 0, 0.25, 1])
            if share:
                use._reverse(share=share)
        return uses

    def _expected(self, uses, per_order):
        rows = uses | uses.reversed_by_ids
        return {
            "use_count": len(uses),
            "customer_count": len(uses.partner_id.commercial_partner_id),
            "points": sum(rows.mapped("points")),
            "discount_amount": sum(rows.mapped("discount_amount")),
            "net_sales": sum(
                sum((use | use.reversed_by_ids).mapped("order_amount"))
                / per_order.get(use.order_id, 1)
                for use in uses
            ),
        }

    def _hour(self, use):
        return f"{self._local(use.date).hour:02}"

    def _weekday(self, use):
        return str(self._local(use.date).isoweekday())

    def test_every_measure_of_every_grouping(self):
        uses = self._fill().filtered(
            lambda use: use.points + sum(use.reversed_by_ids.mapped("points")) > 0
        )
        per_order = {
            order: len(rows)
            for order, rows in uses.grouped("order_id").items()
            if order
        }
        keys = {
            (): lambda use: (),
            ("hour",): lambda use: (self._hour(use),),
            ("hour", "weekday"): lambda use: (self._hour(use), self._weekday(use)),
            ("channel", "shop"): lambda use: (use.channel, use.shop),
            ("use_date:month",): lambda use: (self._month(use.date),),
        }
        for groupby, key in keys.items():
            expected = {
                group: self._expected(members, per_order)
                for group, members in uses.grouped(key).items()
            }
            found = self._groups(self.report, list(groupby), self.domain)
            with self.subTest(groupby=groupby):
                self._assert_measures(expected, found)

    def test_hour_and_weekday_are_local(self):
        self._use(self.card, datetime(2026, 11, 22, 23, 30))
        row = self.report.search(self.domain)
        self.assertEqual((row.weekday, row.hour), ("1", "07"))
        self.assertEqual(str(row.use_date), "2026-11-23")
        self.shop_company.partner_id.tz = "America/New_York"
        row.invalidate_recordset()
        self.assertEqual((row.weekday, row.hour), ("7", "18"))

    def test_summer_time(self):
        self.shop_company.partner_id.tz = "Europe/Berlin"
        for hour in (0, 1):
            self._use(self.card, datetime(2026, 3, 29, hour, 30))
        hours = self.report.search(self.domain).mapped("hour")
        self.assertEqual(sorted(hours), ["01", "03"])

    def test_each_company_has_its_own_hour(self):
        other = self._create_company("Café", "Europe/Paris")
        shared = self._create_shared_program()
        card = self._create_card(shared, self.customers[0])
        noon = datetime(2026, 1, 5, 12, 0)
        self._use(card, noon)
        self._use(card, noon, company_id=other.id)
        report = self._report("loyalty.use.report", companies=self.shop_company | other)
        domain = [("program_id", "=", shared.id)]
        found = self._groups(report, ["company_id", "hour"], domain, ["use_count"])
        self.assertEqual(set(found), {(self.shop_company.id, "20"), (other.id, "13")})

    def test_a_document_with_two_coupons_counts_once(self):
        other = self._create_card(self.program, self.customers[0])
        document = {"order_id": 900001, "order_amount": 80.0}
        moment = datetime(2026, 1, 5)
        self._use(self.card, moment, **document)
        gone = self._use(other, moment, **document)
        found = self._groups(self.report, [], self.domain)[()]
        self.assertEqual(found["use_count"], 2)
        self.assertEqual(found["customer_count"], 1)
        self.assertAlmostEqual(found["net_sales"], 80.0)
        gone._reverse()
        found = self._groups(self.report, [], self.domain)[()]
        self.assertEqual(found["use_count"], 1)
        self.assertAlmostEqual(found["net_sales"], 80.0)

    def test_a_use_without_points_is_gone_when_its_discount_is(self):
        use = self._use(self.card, datetime(2026, 1, 5), points=0)
        use._reverse(share=0.5)
        self.assertEqual(len(self.report.search(self.domain)), 1)
        use._reverse(share=0.5)
        self.assertFalse(self.report.search(self.domain))

    def test_real_order(self):
        program = self._create_coupon_program()
        card = self._create_card(program, self.partner)
        order = self._create_order()
        self._apply_code(order, card.code)
        order.action_confirm()
        report = self._report("loyalty.use.report", companies=self.company)
        row = report.search([("program_id", "=", program.id)])
        self.assertEqual(row.customer_id, self.partner)
        self.assertAlmostEqual(row.net_sales, 90.0)
        action = row.action_open_rows()
        use = self.env["loyalty.redemption"].search(action["domain"])
        self.assertEqual(use.order_id, order.id)
        order._action_cancel()
        self.assertFalse(report.search([("program_id", "=", program.id)]))
