from datetime import datetime, timedelta
from statistics import median

from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyReportCommon
from .report_twins import ReportTwins

FATES = ["open", "seen", "held", "used", "back", "half", "expired", "void"]
STATES = ("seen", "held", "used", "expired", "void")


@tagged("post_install", "-at_install")
class TestFunnelReport(ReportTwins, LoyaltyReportCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = {"company_id": cls.shop_company.id}
        cls.programs = cls._create_coupon_program(name="Ten Percent", **company)
        cls.programs |= cls._create_coupon_program(name="Twenty", percent=20, **company)
        cls.report = cls._report("loyalty.funnel.report")
        cls.domain = [("program_id", "in", cls.programs.ids)]

    @classmethod
    def _fill(cls, count=120):
        """Issue coupons over months; every fate befalls some of them."""
        cards = cls.env["loyalty.card"]
        for program in cls.programs:
            moments = [cls._moment() for _number in range(count)]
            cards |= cls._create_coupons(program, moments)
        for card in cards:
            cls._befall(card, cls.random.choice(FATES))
        return cards

    @classmethod
    def _befall(cls, card, fate):
        later = card.issued_at + timedelta(hours=cls.random.randrange(1, 1200))
        if fate in ("used", "half", "back"):
            use = cls._use(
                card,
                later,
                order_id=900000 + cls.random.randrange(60),
                order_amount=cls.random.randrange(10000) / 100,
                discount_amount=cls.random.randrange(1000) / 100,
            )
            share = {"half": 0.5, "back": 1}.get(fate)
            if share:
                use._reverse(share=share)
        if fate in ("used", "half"):
            card._post_move("spend", -1)
            card.used_at = later
        elif fate == "expired":
            today = cls.shop_company._loyalty_today()
            card.expiration_date = today - timedelta(days=1)
        elif fate == "void":
            card.voided_at = later
        elif fate == "seen":
            card.first_seen_at = later
        elif fate == "held":
            cls.env["loyalty.point.hold"].create(
                {
                    "card_id": card.id,
                    "points": 1,
                    "holder": f"test/{card.id}",
                    "expires_at": datetime.now() + timedelta(hours=2),
                }
            )

    def _live_uses(self, cards):
        """Return {card: [(use, its rows)]} of the uses of which something is left."""
        rows = self.env["loyalty.redemption"].search([("card_id", "in", cards.ids)])
        uses = {}
        for use in rows.filtered(lambda row: not row.reversal_of_id):
            together = use | rows.filtered(
                lambda row, use=use: row.reversal_of_id == use
            )
            if abs(sum(together.mapped("points"))) > 0.001:
                uses.setdefault(use.card_id, []).append((use, together))
        return uses

    def _days_to_use(self, card, found):
        first = min(self._local(use.date).date() for use, _rows in found)
        return (first - self._local(card.issued_at).date()).days

    def _expected(self, cards, uses):
        """Recompute every measure from the raw rows of some cards."""
        states = cards.mapped("state")
        counts = {f"{state}_count": states.count(state) for state in STATES}
        closed = sum(counts[f"{state}_count"] for state in ("used", "expired", "void"))
        customers = cards.partner_id.commercial_partner_id
        live = {card: uses[card] for card in cards if card in uses}
        redeemers = {card.partner_id.commercial_partner_id for card in live}
        days = [self._days_to_use(card, found) for card, found in live.items()]
        orders = [use.order_id for found in uses.values() for use, _rows in found]
        rows = [pair for found in live.values() for pair in found]
        used = counts["used_count"]
        return {
            **counts,
            "issued_count": len(cards),
            "open_count": len(cards) - closed,
            "closed_count": closed,
            "redemption_rate": self._ratio(used, len(cards)),
            "closed_redemption_rate": self._ratio(used, closed),
            "customer_count": len(customers),
            "redeeming_customer_count": len(redeemers),
            "customer_redemption_rate": self._ratio(len(redeemers), len(customers)),
            "use_count": len(rows),
            "redeemed_count": len(live),
            "discount_amount": sum(sum(r.mapped("discount_amount")) for _u, r in rows),
            "net_sales": sum(
                sum(r.mapped("order_amount")) / orders.count(use.order_id)
                for use, r in rows
            ),
            "days_to_use": median(days) if days else None,
            **{
                f"share_day_{limit}": self._ratio(
                    sum(day <= limit for day in days), len(days)
                )
                for limit in (1, 3, 7, 14, 30)
            },
        }

    def test_every_measure_of_every_grouping(self):
        cards = self._fill()
        uses = self._live_uses(cards)
        keys = {
            (): lambda card: (),
            ("program_id",): lambda card: (card.program_id.id,),
            ("issue_date:month",): lambda card: (self._month(card.issued_at),),
            ("program_id", "issue_date:month"): lambda card: (
                card.program_id.id,
                self._month(card.issued_at),
            ),
        }
        for groupby, key in keys.items():
            expected = {
                group: self._expected(members, uses)
                for group, members in cards.grouped(key).items()
            }
            found = self._groups(self.report, list(groupby), self.domain)
            with self.subTest(groupby=groupby):
                self._assert_measures(expected, found)

    def test_a_rate_is_not_the_mean_of_rates(self):
        moment = datetime(2026, 1, 5)
        one = self._create_coupons(self.programs[0], [moment])
        self._create_coupons(self.programs[1], [moment] * 9)
        one._post_move("spend", -1)
        one.used_at = moment
        found = self._groups(self.report, [], self.domain)[()]
        self.assertAlmostEqual(found["redemption_rate"], 10.0)
        found = self._groups(self.report, ["program_id"], self.domain)
        rates = [found[(program.id,)]["redemption_rate"] for program in self.programs]
        self.assertEqual(rates, [100.0, 0.0])

    def test_no_denominator_no_rate(self):
        self._create_coupons(self.programs[0], [datetime(2026, 1, 5)])
        found = self._groups(self.report, [], self.domain)[()]
        self.assertEqual(found["redemption_rate"], 0.0)
        for name in ("closed_redemption_rate", "days_to_use", "share_day_7"):
            self.assertIs(found[name], False, name)
        nothing = self._groups(self.report, [], [("program_id", "=", 0)])[()]
        self.assertIs(nothing["redemption_rate"], False)

    def test_a_row_has_no_rate_and_exports_none(self):
        self._create_coupons(self.programs[0], [datetime(2026, 1, 5)])
        row = self.report.search(self.domain)
        self.assertIs(row.read(["redemption_rate"])[0]["redemption_rate"], False)
        data = row.export_data(["issued_count", "redemption_rate"])
        self.assertEqual(data["datas"], [[1, ""]])

    def test_cohort_is_the_month_of_the_company(self):
        late = datetime(2026, 1, 31, 15, 59, 59)
        moments = [late, late + timedelta(seconds=1)]
        self._create_coupons(self.programs[0], moments)
        arguments = (["issue_date:month"], self.domain, ["issued_count"])
        found = self._groups(self.report, *arguments)
        self.assertEqual(set(found), {("2026-01-01",), ("2026-02-01",)})
        self.shop_company.partner_id.tz = "America/Los_Angeles"
        found = self._groups(self.report, *arguments)
        self.assertEqual(found, {("2026-01-01",): {"issued_count": 2}})

    def test_cancelled_order_leaves_no_trace(self):
        program = self._create_coupon_program()
        card = self._create_card(program, self.partner)
        report = self._report("loyalty.funnel.report", companies=self.company)
        domain = [("program_id", "=", program.id)]
        before = self._groups(report, [], domain)[()]
        order = self._create_order()
        self._apply_code(order, card.code)
        order.action_confirm()
        used = self._groups(report, [], domain)[()]
        self.assertEqual(used["used_count"], 1)
        self.assertEqual(used["redemption_rate"], 100.0)
        self.assertAlmostEqual(used["discount_amount"], 10.0)
        self.assertAlmostEqual(used["net_sales"], 90.0)
        self.assertEqual(used["days_to_use"], 0)
        order._action_cancel()
        self.assertEqual(self._groups(report, [], domain)[()], before)

    def test_replaced_coupon_counts_once_in_its_cohort(self):
        program = self.programs[0]
        first = self._create_coupons(program, [datetime(2026, 1, 15)])
        first._post_move("issue", 1)
        self._use(first, datetime(2026, 1, 17), discount_amount=7)
        second = first._reissue("Lost")
        last = second._reissue("Lost again")
        row = self.report.search([("program_id", "=", program.id)])
        self.assertEqual(row.card_id, last)
        self.assertEqual((row.issued_count, row.void_count), (1, 0))
        self.assertEqual(row.issue_date, datetime(2026, 1, 15).date())
        self.assertEqual((row.use_count, row.discount_amount), (1, 7))

    def test_coupon_of_a_cancelled_order_is_not_counted(self):
        program = self._create_coupon_program(
            program_type="next_order_coupons",
            applies_on="future",
            trigger="auto",
            rule_ids=[Command.create({"minimum_amount": 1})],
        )
        report = self.env["loyalty.funnel.report"]
        order = self._create_order()
        order._update_programs_and_rewards()
        order.action_confirm()
        domain = [("program_id", "=", program.id)]
        self.assertEqual(report.search(domain).issued_count, 1)
        order._action_cancel()
        self.env.flush_all()
        self.assertFalse(report.search(domain))

    def test_draft_cards_and_wallets_are_no_coupons(self):
        self._create_card(self._create_points_program(), self.partner, points=90)
        self._create_card(self._create_coupon_program(), self.partner, points=0)
        promotion = self._create_coupon_program(
            program_type="promotion", trigger="auto", name="Automatic"
        )
        self._create_card(promotion, self.partner)
        report = self._report("loyalty.funnel.report", companies=self.company)
        self.assertFalse(report.search([("customer_id", "=", self.partner.id)]))

    def _create_campaign(self, program, arms):
        """Return a campaign whose members, one per arm, have no coupon yet."""
        company = {"company_id": self.shop_company.id}
        campaign = self.env["loyalty.campaign"].create(
            {"name": "Spring", "program_id": program.id, **company}
        )
        self.env["loyalty.campaign.member"].create(
            [
                {
                    "campaign_id": campaign.id,
                    "partner_id": customer.id,
                    "occasion": "",
                    "arm": arm,
                    "assigned_at": datetime(2026, 3, 1),
                    **company,
                }
                for customer, arm in zip(self.customers, arms, strict=False)
            ]
        )
        return campaign

    def test_treated_members_without_coupon_were_offered_one(self):
        moment = datetime(2026, 3, 1)
        arms = ["treated", "treated", "control", "holdout"]
        campaign = self._create_campaign(self.programs[0], arms)
        first, second = campaign.member_ids.sorted("id")[:2]
        card = self._create_coupons(
            self.programs[0],
            [moment],
            partner_id=first.partner_id.id,
            campaign_id=campaign.id,
            campaign_member_id=first.id,
        )
        first.card_id = card
        self._use(card, moment)
        domain = [("campaign_id", "=", campaign.id)]
        found = self._groups(self.report, ["campaign_id"], domain)[(campaign.id,)]
        self.assertEqual(found["issued_count"], 1)
        self.assertEqual(found["customer_count"], 2)
        self.assertEqual(found["customer_redemption_rate"], 50.0)
        rows = self.report.search(domain)
        self.assertEqual(rows.card_id, card)
        action = rows.filtered(lambda row: not row.card_id).action_open_rows()
        self.assertEqual(action["res_model"], "loyalty.campaign.member")
        self.assertEqual(action["domain"], [("id", "in", second.ids)])
        with self.subTest("pages have both, the latest first"):
            second.assigned_at = datetime(2026, 3, 2)
            self._create_coupons(
                self.programs[0],
                [datetime(2026, 2, 28, 20), datetime(2026, 3, 31, 17), moment, moment],
                campaign_id=campaign.id,
            )
            march = [
                ("issue_date", ">=", "2026-03-01"),
                ("issue_date", "<=", "2026-03-31"),
            ]
            for filters, count in (([], 6), (march, 5)):
                self._assert_slices(self.report, domain + filters)
                self.assertEqual(self.report.search_count(domain + filters), count)

    def test_coupon_of_all_companies_belongs_to_its_campaign(self):
        shared = self._create_shared_program()
        campaign = self._create_campaign(shared, [])
        card = self._create_coupons(
            shared, [datetime(2026, 3, 1)], campaign_id=campaign.id
        )
        row = self.report.search([("card_id", "=", card.id)])
        self.assertEqual(row.company_id, self.shop_company)
        self.assertEqual(row.currency_id, self.shop_company.currency_id)

    def test_drill_down_to_cards_and_redemptions(self):
        cards = self._fill(count=20)
        rows = self.report.search([*self.domain, ("state", "=", "used")])
        used = cards.filtered(lambda card: card.state == "used")
        self.assertTrue(used)
        action = rows.action_open_rows()
        self.assertEqual(self.env["loyalty.card"].search(action["domain"]), used)
        action = rows.action_open_redemptions()
        found = self.env["loyalty.redemption"].search(action["domain"])
        self.assertEqual(found.card_id, used)
