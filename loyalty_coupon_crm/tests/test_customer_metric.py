from datetime import date, datetime

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, tagged, users
from odoo.tests.common import freeze_time

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCustomerMetric(LoyaltyCrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.metrics = cls.env["loyalty.customer.metric"]
        cls.company.partner_id.tz = "Asia/Shanghai"
        cls.food = cls.env["product.category"].create({"name": "Food"})
        cls.bread = cls._create_product("Bread", 5.0, 2.0, categ_id=cls.food.id)
        cls._create_user("figures_seller", "sales_team.group_sale_salesman")
        cls._create_user(
            "figures_marketing", "loyalty_coupon_crm.group_loyalty_marketing"
        )

    @classmethod
    def _create_purchase(cls, amount, date="2026-03-02 10:00:00", partner=None, **vals):
        partner = partner or cls.partner
        product = vals.pop("product", cls.product)
        return cls.env["loyalty.purchase"].create(
            {
                "partner_id": partner.id,
                "commercial_partner_id": partner.commercial_partner_id.id,
                "company_id": cls.company.id,
                "date": date,
                "amount": amount,
                "channel": "sale",
                "line_ids": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "categ_id": product.categ_id.id,
                            "quantity": 1,
                            "amount": amount,
                        }
                    )
                ],
                **vals,
            }
        )

    def _refreshed(self, partner=None, company=None):
        self.metrics._refresh()
        return self.metrics.search(
            [
                ("partner_id", "=", (partner or self.partner).id),
                ("company_id", "=", (company or self.company).id),
            ]
        )

    def test_figures(self):
        self._create_purchase(100, "2026-03-02 02:00:00")
        self._create_purchase(30, "2026-03-09 02:30:00", channel="pos")
        self._create_purchase(20, "2026-03-17 10:00:00", channel="pos")
        with freeze_time("2026-03-20 12:00:00"):
            metric = self._refreshed()
        self.assertEqual(metric.purchase_count, 3)
        self.assertEqual(metric.amount, 150)
        self.assertEqual(metric.average_basket, 50)
        self.assertEqual(metric.first_date, date(2026, 3, 2))
        self.assertEqual(metric.last_date, date(2026, 3, 17))
        self.assertEqual(metric.recency_days, 3)
        self.assertEqual(metric.favourite_channel, "pos")
        self.assertEqual(metric.favourite_weekday, "1")
        self.assertEqual(metric.favourite_hour, 10)
        self.assertEqual(metric.favourite_category_id, self.category)
        self.assertEqual(metric.coupon_share, 0)

    def test_last_minute_of_the_day_is_that_of_the_company(self):
        self._create_purchase(10, datetime(2026, 3, 31, 15, 59, 59))
        metric = self._refreshed()
        self.assertEqual(metric.last_date, date(2026, 3, 31))
        self.assertEqual(metric.favourite_hour, 23)
        self._create_purchase(10, datetime(2026, 3, 31, 16, 0, 0))
        self.assertEqual(self._refreshed().last_date, date(2026, 4, 1))

    def test_refund_reduces_the_amount_and_a_full_one_the_count(self):
        kept = self._create_purchase(100)
        gone = self._create_purchase(40, "2026-04-02 10:00:00", product=self.bread)
        refund = dict(order_model="sale.order", order_id=990001)
        self._create_purchase(-25, reversal_of_id=kept.id, **refund)
        self._create_purchase(-40, reversal_of_id=gone.id, **refund)
        metric = self._refreshed()
        self.assertEqual(metric.amount, 75)
        self.assertEqual(metric.purchase_count, 1)
        self.assertEqual(metric.last_date, date(2026, 3, 2))
        self.assertEqual(metric.average_basket, 75)

    def test_who_never_bought_is_a_prospect(self):
        self._create_purchase(100)
        self._create_purchase(-15, partner=self.other_partner)
        never, contact = self.env["res.partner"].create(
            [{"name": "Never"}, {"name": "Buyer", "parent_id": self.partner.id}]
        )
        self._refreshed()
        people = self.partner | self.other_partner | never | contact
        prospects = self.other_partner | never
        seller = self.env["res.users"].search([("login", "=", "figures_seller")])
        partners = people.with_user(seller)
        among = [("id", "in", people.ids)]
        self.assertEqual(never.with_user(seller).loyalty_stage, "prospect")
        self.assertNotEqual(contact.with_user(seller).loyalty_stage, "prospect")
        for operator, value, wanted in (
            ("=", "prospect", prospects),
            ("in", ["prospect", "lost"], prospects),
            ("!=", "prospect", people - prospects),
            ("=", False, people.browse()),
        ):
            condition = [("loyalty_stage", operator, value)]
            with self.subTest(condition=condition):
                if operator != "in":
                    self.assertEqual(partners.filtered_domain(condition), wanted)
                self.assertEqual(partners.search(condition + among), wanted)
        groups = dict(partners._read_group(among, ["loyalty_stage"], ["__count"]))
        self.assertEqual(groups.pop("prospect"), 2)
        self.assertEqual(sum(groups.values()), 2)
        segment = self.env["loyalty.segment"].create(
            {
                "name": "Prospects",
                "kind": "dynamic",
                "domain": str([("loyalty_stage", "=", "prospect"), *among]),
            }
        )
        segment.refresh()
        self.assertEqual(segment.member_ids.partner_id, prospects)

    def test_refunds_only(self):
        self._create_purchase(-15)
        metric = self._refreshed()
        self.assertEqual(metric.amount, -15)
        self.assertEqual(metric.purchase_count, 0)
        self.assertFalse(metric.last_date)
        self.assertFalse(metric.favourite_category_id)
        self.assertFalse(metric.favourite_channel)

    def test_free_purchase_counts_unless_taken_back(self):
        free = self._create_purchase(0)
        self.assertEqual(self._refreshed().purchase_count, 1)
        self._create_purchase(0, reversal_of_id=free.id)
        self.assertEqual(self._refreshed().purchase_count, 0)

    def test_edited_and_reconfirmed_order_is_one_purchase(self):
        order = self._create_order(quantity=2)
        order.action_confirm()
        order.order_line.product_uom_qty = 3
        self.env.cr.flush()
        self.assertEqual(self._refreshed().purchase_count, 1)
        order._action_cancel()
        metric = self._refreshed()
        self.assertEqual((metric.purchase_count, metric.amount), (0, 0))
        order.action_draft()
        order.action_confirm()
        metric = self._refreshed()
        self.assertEqual((metric.purchase_count, metric.amount), (1, 300))

    def test_coupon_share(self):
        program = self._create_coupon_program()
        card = self._create_card(program, self.partner)
        order = self._create_order()
        self._apply_code(order, card.code)
        order.action_confirm()
        self._create_order().action_confirm()
        self.assertEqual(self._refreshed().coupon_share, 0.5)
        order._action_cancel()
        self.assertEqual(self._refreshed().coupon_share, 0)

    def test_contacts_count_for_their_company(self):
        firm = self.env["res.partner"].create({"name": "Firm", "is_company": True})
        ann, ben = self.env["res.partner"].create(
            [
                {"name": "Ann", "parent_id": firm.id},
                {"name": "Ben", "parent_id": firm.id},
            ]
        )
        self._create_purchase(10, partner=ann)
        self._create_purchase(20, partner=ben)
        metric = self._refreshed(firm)
        self.assertEqual((metric.purchase_count, metric.amount), (2, 30))
        self.assertEqual(ann.loyalty_amount, 30)
        self.assertFalse(self._refreshed(ann))

        ben.parent_id = False
        self.assertEqual(self._refreshed(firm).amount, 10)
        self.assertEqual(self._refreshed(ben).amount, 20)

    def test_merged_customers_are_one(self):
        self._create_purchase(10)
        self._create_purchase(20, partner=self.other_partner)
        self._refreshed()
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.partner | self.other_partner).ids, self.partner
        )
        metric = self._refreshed()
        self.assertEqual((metric.purchase_count, metric.amount), (2, 30))

    def test_refresh_twice_and_customer_without_purchase_left(self):
        self._create_purchase(10)
        metric = self._refreshed()
        self.assertEqual(self._refreshed(), metric)
        self.env.cr.execute(
            "UPDATE loyalty_purchase SET commercial_partner_id = %s, partner_id = %s"
            " WHERE commercial_partner_id = %s",
            (self.other_partner.id, self.other_partner.id, self.partner.id),
        )
        self.assertFalse(self._refreshed())

    def test_companies_have_figures_of_their_own(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self._create_purchase(10)
        self._create_purchase(500, company_id=other.id)
        self.assertEqual(self._refreshed().amount, 10)
        self.assertEqual(self._refreshed(company=other).amount, 500)
        self.assertEqual(self.partner.loyalty_amount, 10)
        self.assertEqual(self.partner.with_company(other).loyalty_amount, 500)
        partners = self.env["res.partner"]
        rich = [("loyalty_amount", ">", 100), ("id", "=", self.partner.id)]
        self.assertFalse(partners.search(rich))
        self.assertEqual(partners.with_company(other).search(rich), self.partner)

    def test_refresh_of_one_company_leaves_the_others(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self._create_purchase(10)
        self._refreshed()
        self._create_purchase(500, company_id=other.id)
        self.metrics._refresh(other)
        self.assertEqual(self.partner.loyalty_amount, 10)
        self.assertEqual(self.partner.with_company(other).loyalty_amount, 500)

    def test_partners_are_filtered_sorted_and_grouped_by_figures(self):
        self._create_purchase(10)
        self._create_purchase(70, partner=self.other_partner, product=self.bread)
        self._refreshed()
        partners = self.env["res.partner"]
        never = partners.create({"name": "Never"})
        mine = [("id", "in", (self.partner | self.other_partner | never).ids)]
        found = partners.search(mine + [("loyalty_amount", ">", 0)])
        self.assertEqual(found, self.partner | self.other_partner)
        found = partners.search(mine + [("loyalty_amount", ">", 0)], limit=1)
        self.assertEqual(len(found), 1)
        for domain in (
            [("loyalty_purchase_count", "=", 0)],
            [("loyalty_last_date", "=", False)],
            [("loyalty_purchase_count", "<", 1)],
            [("loyalty_favourite_category_id", "=", False)],
            [("loyalty_favourite_channel", "not in", ["sale"])],
        ):
            self.assertEqual(partners.search(mine + domain), never)
        self.assertEqual(
            partners.search(mine + [("loyalty_last_date", "!=", False)]),
            self.partner | self.other_partner,
        )
        self.assertEqual(
            partners.search(
                mine + [("loyalty_favourite_category_id", "child_of", self.food.ids)]
            ),
            self.other_partner,
        )
        self.assertEqual(
            partners.search(
                mine + [("loyalty_favourite_category_id.name", "=", "Food")]
            ),
            self.other_partner,
        )
        self.assertEqual(
            partners.search(mine + [("loyalty_last_date", ">=", "-36500d")]),
            self.partner | self.other_partner,
        )
        self.assertEqual(
            partners.search(mine).filtered_domain([("loyalty_amount", ">", 10)]),
            self.other_partner,
        )
        self.assertEqual(
            partners.search(mine, order="loyalty_amount desc nulls last"),
            self.other_partner | self.partner | never,
        )
        groups = dict(
            partners._read_group(
                mine, ["loyalty_favourite_category_id"], ["loyalty_amount:sum"]
            )
        )
        self.assertEqual(groups[self.food], 70)
        self.assertEqual(groups[self.category], 10)

    @users("figures_seller")
    def test_salesperson_reads_and_does_not_refresh(self):
        self._create_purchase(10)
        self.metrics._refresh()
        partner = self.partner.with_env(self.env)
        self.assertEqual(partner.loyalty_amount, 10)
        with self.assertRaises(AccessError):
            self.env["loyalty.customer.metric"].action_refresh()
        with Form(partner) as form:
            self.assertEqual(form.loyalty_purchase_count, 1)
        action = partner.action_loyalty_purchases()
        self.assertEqual(self.env["loyalty.purchase"].search_count(action["domain"]), 1)

    @users("figures_marketing")
    def test_marketing_refreshes(self):
        self._create_purchase(10)
        self.env["loyalty.customer.metric"].action_refresh()
        partner = self.partner.with_env(self.env)
        self.assertEqual(partner.loyalty_purchase_count, 1)
        with self.assertRaises(AccessError):
            partner.loyalty_metric_id.amount = 7
