import math
import random
from datetime import date

from odoo.fields import Command
from odoo.tests import BaseCase, tagged

from ..tools import next_offer
from ..tools.next_offer import Company, Customer, Offer, estimate, pooled_lift
from ..tools.next_step import Situation, next_step
from .campaign_common import CampaignCommon

SHOP = Company(gap=40.0, basket=80.0, margin_rate=0.4, coupon_share=0.2)
REGULAR = Customer(
    purchases=10,
    gap=30.0,
    silent_days=10,
    p_alive=1.0,
    purchase_days=10,
    basket=100.0,
    margin_rate=0.4,
    coupon_share=0.2,
)
TODAY = date(2026, 6, 30)


@tagged("post_install", "-at_install", "loyalty_plain")
class TestNextOfferTools(BaseCase):
    def test_profit_by_hand(self):
        offer = Offer(percent=10.0)
        found = estimate(REGULAR, offer, SHOP)
        base = 1 - math.exp(-1)
        self.assertAlmostEqual(found.base, base)
        self.assertAlmostEqual(found.lift, 0.01)
        self.assertAlmostEqual(found.cost, 10.0)
        self.assertAlmostEqual(found.profit, 0.4 - (base * 0.2 + 0.01) * 10)
        self.assertLess(found.profit, 0, "they would buy anyway")

    def test_who_falls_silent_is_worth_a_discount(self):
        silent = Customer(**{**REGULAR.__dict__, "p_alive": 0.1})
        found = estimate(silent, Offer(percent=10.0), SHOP)
        self.assertAlmostEqual(found.base, 0.1 * (1 - math.exp(-1)))
        self.assertGreater(found.profit, 0)

    def test_without_a_model_silence_itself_counts(self):
        once = Customer(purchases=1, silent_days=80, purchase_days=1, p_alive=1.0)
        found = estimate(once, Offer(percent=10.0), SHOP)
        self.assertAlmostEqual(found.base, 0.5 * (1 - math.exp(-30 / 40)))
        self.assertAlmostEqual(found.basket, 80.0)

    def test_who_never_bought(self):
        found = estimate(Customer(), Offer(fixed=5.0), Company())
        self.assertEqual(found.base, next_offer.PROSPECT_BASE)
        self.assertFalse(found.basket or found.cost or found.profit)

    def test_taste_and_parts(self):
        offer = Offer(percent=10.0, part=None, taste_all=0.25)
        fan = estimate(REGULAR, offer, SHOP, taste=0.5)
        self.assertAlmostEqual(fan.taste, 2.0)
        self.assertAlmostEqual(fan.cost, 5.0)
        none = estimate(REGULAR, offer, SHOP, taste=0.0)
        self.assertAlmostEqual(none.taste, 1 / 3)
        self.assertAlmostEqual(none.cost, 0.0)
        self.assertIn("taste", next_offer.reasons(fan, offer))
        self.assertIn("no_taste", next_offer.reasons(none, offer))

    def test_limits_of_a_discount(self):
        found = estimate(REGULAR, Offer(percent=50.0, most=8.0, minimum=200.0), SHOP)
        self.assertAlmostEqual(found.cost, 8.0)
        self.assertAlmostEqual(found.reach, 0.5)
        self.assertAlmostEqual(found.use, 0.1)
        big = estimate(REGULAR, Offer(fixed=500.0), SHOP)
        self.assertAlmostEqual(big.cost, 100.0, msg="never more than the basket")

    def test_what_past_arms_brought_outweighs_the_prior(self):
        self.assertAlmostEqual(pooled_lift([]), 0.01)
        self.assertAlmostEqual(pooled_lift([(500, 50.0)]), 55 / 1000)
        known = Offer(percent=10.0, measured=4500, brought=450.0, pooled=0.01)
        found = estimate(REGULAR, known, SHOP)
        self.assertAlmostEqual(found.lift, (450 + 5) / 5000)
        harm = Offer(percent=10.0, measured=4500, brought=-450.0)
        worse = estimate(REGULAR, harm, SHOP)
        self.assertLess(worse.lift, 0)
        ranked = next_offer.rank(REGULAR, {1: harm, 2: known}, SHOP)
        self.assertEqual([key for key, _found in ranked], [2, 1])

    def test_equal_offers_are_ranked_by_key(self):
        offers = {key: Offer(percent=5.0) for key in (7, 3, 5)}
        ranked = next_offer.rank(REGULAR, offers, SHOP)
        self.assertEqual([key for key, _found in ranked], [3, 5, 7])

    def test_next_step(self):
        cases = [
            ("points", {"lapse_day": date(2026, 7, 3), "stage": "lost"}),
            ("coupon", {"coupon_day": date(2026, 7, 14), "has_coupon": True}),
            ("win_back", {"stage": "slowing", "pays": True}),
            ("use_coupon", {"stage": "lost", "pays": True, "has_coupon": True}),
            ("greet", {"stage": "lost"}),
            ("nurture", {"stage": "growing", "pays": True}),
            ("product", {"stage": "growing", "has_product": True}),
            ("product", {"stage": "mature", "has_product": True, "pays": True}),
            ("wait", {"stage": "mature", "lapse_day": date(2026, 7, 15)}),
            ("invite", {"stage": "prospect"}),
            ("invite", {}),
        ]
        for expected, values in cases:
            with self.subTest(expected=expected, **values):
                self.assertEqual(next_step(Situation(TODAY, **values)), expected)


@tagged("post_install", "-at_install", "loyalty_plain")
class TestNextOffer(CampaignCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.random = random.Random(20260701)
        cls.food = cls.env["product.category"].create({"name": "Food"})
        cls.bread = cls._create_product("Bread", 5.0, 2.0, categ_id=cls.food.id)
        cls.seller = cls._create_user("offer_seller", "sales_team.group_sale_salesman")
        cls.program.name = "A Tenth off"
        cls.on_food = cls._create_program(
            "Food for Less",
            discount=30,
            discount_applicability="specific",
            discount_product_category_id=cls.food.id,
        )
        cls.gifts = cls._create_program(
            "Free Cup", reward_type="product", reward_product_id=cls.gift.id
        )
        cls.money = cls._create_program(
            "Five off",
            discount=5,
            discount_mode="per_order",
            rules=[{"minimum_amount": 90.0}],
        )
        cls._fill_figures()

    @classmethod
    def _create_program(cls, name, rules=(), **reward):
        return cls._create_coupon_program(
            name=name,
            rule_ids=[Command.clear(), *map(Command.create, rules)],
            reward_ids=[Command.create({"required_points": 1, **reward})],
        )

    @classmethod
    def _fill_figures(cls):
        """Write what the nightly refresh would have found, at random."""
        models = cls.env["loyalty.company.metric"]
        models._ensure(cls.company)
        models.search([("company_id", "=", cls.company.id)]).write(
            {
                "gap_median": 45.0,
                "average_basket": 70.0,
                "margin_rate": 0.5,
                "coupon_share": 0.25,
                "category_shares": {str(cls.food.id): 0.3, str(cls.category.id): 0.7},
            }
        )
        for number, customer in enumerate(cls.customers):
            if number % 10 == 0:
                continue
            draw = cls.random.random
            vals = {
                "partner_id": customer.id,
                "company_id": cls.company.id,
                "purchase_count": cls.random.randrange(12),
                "purchase_days": cls.random.randrange(4),
                "recency_days": cls.random.randrange(300),
                "average_basket": round(200 * draw(), 2),
                "coupon_share": draw(),
            }
            for name, value in (
                ("gap_median", 60 * draw()),
                ("p_alive", draw()),
                ("margin_rate", draw()),
            ):
                if draw() < 0.7:
                    vals[name] = value
            cls.env["loyalty.customer.metric"].create(vals)
            cls._buy(customer, cls.food, 100 * draw())
            cls._buy(customer, cls.category, 100 * draw())
        # A value that is not known is NULL, as the refresh writes it.
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE loyalty_customer_metric SET p_alive = NULLIF(p_alive, 0),"
            " margin_rate = NULLIF(margin_rate, 0) WHERE company_id = %s",
            [cls.company.id],
        )
        cls.env["loyalty.customer.metric"].invalidate_model()

    @classmethod
    def _buy(cls, customer, category, amount):
        cls.env["loyalty.purchase"].create(
            {
                "partner_id": customer.id,
                "commercial_partner_id": customer.id,
                "company_id": cls.company.id,
                "date": "2026-03-02 10:00:00",
                "amount": amount,
                "channel": "sale",
                "line_ids": [
                    Command.create({"categ_id": category.id, "amount": amount})
                ],
            }
        )

    def _create_best(self, **values):
        programs = [self.program, self.on_food, self.gifts, self.money]
        return self._create_campaign(
            arm_choice="best",
            variant_ids=[
                Command.create({"name": program.name, "program_id": program.id})
                for program in programs
            ],
            **values,
        )

    def _expected(self, campaign):
        """Return {customer id: [(variant id, profit)]} by the formula in Python."""
        programs = campaign.variant_ids.program_id
        offers = programs._next_terms(self.company, dict.fromkeys(programs, 1.0))
        known = programs._next_customers(self.customers, self.company)
        spent = programs._next_spent(self.customers, self.company)
        average = programs._next_company(self.company)
        found = {}
        for customer in self.customers:
            figures = known.get(customer.id, Customer())
            tastes = programs._next_tastes(programs, spent.get(customer.id))
            found[customer.id] = [
                (
                    arm.id,
                    estimate(
                        figures,
                        offers[arm.program_id],
                        average,
                        tastes.get(arm.program_id.id),
                    ).profit,
                )
                for arm in campaign.variant_ids
            ]
        return found

    def test_sql_and_python_agree(self):
        campaign = self._create_best()
        self._past_campaign(self.money, 300, 4.0)
        campaign._flush_audience()
        audience = campaign._audience_query()
        rows = self.env.execute_query(campaign._worth_query(audience))
        expected = self._expected(campaign)
        self.assertEqual(len(rows), 4 * len(self.customers))
        for customer, variant, _place, profit in rows:
            self.assertAlmostEqual(profit, dict(expected[customer])[variant], 6)
        best = dict(self.env.execute_query(campaign._best_query(audience)))
        self.assertGreater(len(set(best.values())), 2, "tastes differ")
        for customer, arms in expected.items():
            wanted = max(arms, key=lambda arm: (round(arm[1], 6), -arm[0]))
            self.assertEqual(best[customer], wanted[0])

    def _past_campaign(self, program, treated, lift, **values):
        past = self._create_campaign(program_id=program.id, name="Past")
        self.env["loyalty.campaign.result"].create(
            {
                "campaign_id": past.id,
                "company_id": self.company.id,
                "has_control": True,
                "treated_count": treated,
                "lift": lift,
                **values,
            }
        )

    def test_past_arms(self):
        programs = self.env["loyalty.program"]
        self._past_campaign(self.money, 300, 4.0)
        self._past_campaign(self.money, 100, -2.0)
        self._past_campaign(self.gifts, 100, 9.0, has_control=False)
        self._past_campaign(self.gifts, 100, 9.0, open_count=5)
        self._past_campaign(self.money, 100, 30.0, ratio_p_value=0.0001)
        past = programs._next_past(self.company)
        self.assertEqual(set(past), {self.money.id})
        self.assertAlmostEqual(past[self.money.id][0], 400)
        self.assertAlmostEqual(past[self.money.id][1], 10)

    def test_each_customer_gets_the_best_arm(self):
        campaign = self._create_best(control_percent=30.0)
        expected = {
            customer: max(arms, key=lambda arm: (round(arm[1], 6), -arm[0]))[0]
            for customer, arms in self._expected(campaign).items()
        }
        twin = campaign.copy({"arm_choice": "share"})
        twin.sudo().seed = campaign.seed
        campaign.with_user(self.marketing).action_launch()
        self.assertEqual(campaign.state, "running")
        members = campaign.member_ids
        self.assertEqual(len(members), 100)
        for member in members:
            self.assertEqual(member.variant_id.id, expected[member.partner_id.id])
        self._run(campaign, size=7)
        for member in self._treated(campaign):
            self.assertEqual(member.card_id.program_id, member.variant_id.program_id)
        self.assertFalse(self._control(campaign).card_id)
        self._assert_same_control(campaign, twin)
        self._assert_results(campaign)

    def _assert_same_control(self, campaign, twin):
        """The choice of arms has no say in who is in the control group."""
        twin.with_user(self.marketing).action_launch()
        self.assertEqual(
            self._control(campaign).partner_id, self._control(twin).partner_id
        )
        self.assertFalse(self._control(twin).variant_id)

    def _assert_results(self, campaign):
        """Each arm is compared with those who would have got it."""
        campaign._refresh_results()
        for row in campaign.result_ids.filtered("variant_id"):
            control = self._control(campaign).filtered(
                lambda member, arm=row.variant_id: member.variant_id == arm
            )
            self.assertEqual(row.control_count, len(control))
        with self.assertRaisesRegex(Exception, "different customers"):
            campaign.action_roll_out()

    def test_the_choice_is_frozen_at_launch(self):
        campaign = self._create_best()
        campaign.with_user(self.marketing).action_launch()
        with self.assertRaisesRegex(Exception, "was launched"):
            campaign.with_user(self.marketing).arm_choice = "share"

    def test_seller_sees_offers_on_customer_and_order(self):
        customer = self.customers[1]
        self.assertTrue(customer.loyalty_metric_id)
        self.gifts.write({"strict": True, "segment_ids": False})
        seen = customer.with_user(self.seller)
        lines = seen.loyalty_next_offer_text.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertTrue(seen.loyalty_next_program_id)
        self.assertTrue(seen.loyalty_next_step)
        order = self._create_order(customer)
        self.assertEqual(
            order.with_user(self.seller).sudo(False).loyalty_next_offer_text,
            seen.loyalty_next_offer_text,
        )

    def test_who_refuses_profiling_gets_what_chance_gives(self):
        refusing = self.customers[5:45]
        self.env["loyalty.consent"]._note(
            refusing, {"profiling": False}, company_id=self.company.id
        )
        campaign = self._create_best(control_percent=0.0, no_control_reason="Trial")
        best = dict(
            self.env.execute_query(campaign._best_query(campaign._audience_query()))
        )
        twin = campaign.copy({"arm_choice": "share"})
        twin.sudo().seed = campaign.seed
        places = {}
        for one in campaign | twin:
            one.with_user(self.marketing).action_launch()
            arms = one.variant_ids.ids
            places[one] = {
                member.partner_id: arms.index(member.variant_id.id)
                for member in one.member_ids
            }
        arms = campaign.variant_ids.ids
        for customer in self.customers:
            expected = arms.index(best[customer.id])
            if customer in refusing:
                expected = places[twin][customer]
            self.assertEqual(places[campaign][customer], expected)
        self.assertFalse(refusing[0].loyalty_next_offer_text)

    def test_what_the_gate_refuses_is_not_offered(self):
        customer = self.customers[1]
        best = customer.loyalty_next_program_id
        best.write(
            {"strict": True, "segment_ids": [Command.set(self.segment.copy().ids)]}
        )
        customer.invalidate_recordset(["loyalty_next_program_id"])
        self.assertNotEqual(customer.loyalty_next_program_id, best)

    def test_other_company_and_ended_programs(self):
        other = self.env["res.company"].create({"name": "Coffee House"})
        (self.on_food | self.gifts | self.money).company_id = other
        found = self.env["loyalty.program"]._next_live(self.company, "sale")
        self.assertNotIn(self.gifts, found)
        self.program.date_to = "2020-01-01"
        self.program.flush_recordset()
        found = self.env["loyalty.program"]._next_live(self.company, "sale")
        self.assertNotIn(self.program, found)
        customer = self.customers[1]
        customer.invalidate_recordset()
        self.assertFalse(customer.loyalty_next_program_id)
        self.assertFalse(customer.loyalty_next_offer_text)
