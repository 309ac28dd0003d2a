import math
import random
from datetime import date, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestSegmentTools(LoyaltyCrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.random = random.Random(5)
        cls.shop = cls.env["res.company"].create({"name": "Tea House"})
        cls.env.user.company_ids |= cls.shop
        cls.env = cls.env(
            context=dict(cls.env.context, allowed_company_ids=[cls.shop.id])
        )
        cls.metrics = cls.env["loyalty.customer.metric"]
        cls.segments = cls.env["loyalty.segment"]
        cls.food = cls.env["product.category"].create({"name": "Food"})
        cls.people = cls.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(40)]
        )
        cls.metrics.create([cls._figures(partner) for partner in cls.people])
        cls.marketing = cls._create_user(
            "tools_marketing", "loyalty_coupon_crm.group_loyalty_marketing"
        )
        cls.marketing.write(
            {"company_ids": [Command.set(cls.shop.ids)], "company_id": cls.shop.id}
        )

    @classmethod
    def _figures(cls, partner):
        pick = cls.random.choice
        return {
            "partner_id": partner.id,
            "company_id": cls.shop.id,
            "amount": cls.random.randrange(1, 500000) / 100,
            "purchase_count": cls.random.randrange(1, 30),
            "recency_days": cls.random.randrange(400),
            "coupon_share": pick([0.0, 0.25, 1.0]),
            "favourite_category_id": pick([cls.food.id, cls.category.id, False]),
            "r_score": pick([1, 5]),
            "f_score": pick([2, 3]),
            "m_score": 3,
            "rfm_segment": pick(["lost", "champion"]),
            "stage": pick(["mature", "dormant"]),
            "clv_band": pick(["top", "base"]),
        }

    def _make(self, domain, rows=(), user=None):
        metrics = self.metrics.browse(rows).with_user(user or self.marketing)
        metrics = metrics.with_context(
            active_domain=domain, allowed_company_ids=self.shop.ids
        )
        return self.segments.browse(metrics.action_make_segment()["res_id"])

    def _members(self, segment):
        rows = segment.member_ids.filtered(lambda row: not row.date_to)
        return rows.filtered(lambda row: not row.is_excluded).partner_id

    def test_cell_of_the_matrix_becomes_a_rule(self):
        domain = [
            ("rfm_segment", "!=", False),
            ("r_score", "=", 5),
            ("f_score", "=", 2),
        ]
        segment = self._make(domain)
        self.assertEqual(segment.kind, "dynamic")
        self.assertEqual(segment.name, "Recency 5, frequency 2")
        cell = self.metrics.search([*domain, ("company_id", "=", self.shop.id)])
        self.assertTrue(cell)
        self.assertEqual(self._members(segment), cell.partner_id)
        cell[0].r_score = 1
        segment.refresh()
        self.assertEqual(self._members(segment), cell[1:].partner_id)

    def test_cell_of_the_pivot_is_named_after_its_scores(self):
        self.metrics.search([("company_id", "=", self.shop.id)]).fm_score = 2
        segment = self._make([("r_score", "=", 5), ("fm_score", "=", 2)])
        self.assertEqual(segment.kind, "dynamic")
        self.assertEqual(segment.name, "Recency 5, frequency and amount 2")
        self.assertTrue(self._members(segment))

    def test_stage_band_and_category_become_rules(self):
        for domain, name in (
            ([("stage", "=", "dormant")], "Stage: Dormant"),
            ([("clv_band", "in", ["top"])], "Value Band: Top"),
            (
                [("favourite_category_id", "=", self.food.id)],
                f"Favourite Category: {self.food.display_name}",
            ),
            ([("favourite_category_id", "child_of", self.food.ids)], "Customers"),
            (["|", ("stage", "=", "mature"), ("amount", ">", 2500)], "Customers"),
        ):
            with self.subTest(domain=domain):
                segment = self._make(domain)
                self.assertEqual(segment.kind, "dynamic")
                self.assertTrue(segment.name.startswith(name), segment.name)
                found = self.metrics.search(
                    [*domain, ("company_id", "=", self.shop.id)]
                )
                self.assertEqual(self._members(segment), found.partner_id)

    def test_chosen_rows_become_a_fixed_list(self):
        chosen = self.metrics.search([("company_id", "=", self.shop.id)], limit=3)
        segment = self._make([("stage", "=", "mature")], chosen.ids)
        self.assertEqual(segment.kind, "static")
        self.assertEqual(self._members(segment), chosen.partner_id)

    def test_conditions_contacts_do_not_know_make_a_fixed_list(self):
        segment = self._make([("company_id", "=", self.shop.id)])
        self.assertEqual(segment.kind, "static")
        self.assertEqual(len(self._members(segment)), 40)

    def test_salesperson_makes_no_segment(self):
        seller = self._create_user("tools_seller", "sales_team.group_sale_salesman")
        seller.company_ids |= self.shop
        with self.assertRaises(AccessError):
            self._make([("stage", "=", "mature")], user=seller)

    def test_customers_like_these(self):
        segment = self.segments.create({"name": "Best", "kind": "static"})
        segment._add_members(self.people[:6])
        segment._exclude_members(self.people[6])
        action = segment.with_user(self.marketing).action_make_like_segment()
        like = self.segments.browse(action["res_id"])
        self.assertEqual(like.kind, "static")
        found = segment._like_customers()
        self.assertEqual(set(self._members(like)), set(found))
        self.assertEqual(list(found), self._nearest(self.people[:6], 6))

    def _nearest(self, members, count):
        """Return the customers nearest to the members, in plain Python."""
        rows = {
            row.partner_id: [
                math.log(1 + row.amount),
                math.log(1 + row.purchase_count),
                math.log(1 + row.recency_days),
                row.coupon_share,
                row.favourite_category_id,
            ]
            for row in self.metrics.search([("company_id", "=", self.shop.id)])
        }

        def mean(values):
            return sum(values) / len(values)

        spreads = []
        for place in range(3):
            values = [row[place] for row in rows.values()]
            middle = mean(values)
            spreads.append(math.sqrt(mean([(v - middle) ** 2 for v in values])))
        spreads.append(1)
        centre = [mean([rows[who][place] for who in members]) for place in range(4)]

        def distance(who):
            row = rows[who]
            far = sum(
                ((row[place] - centre[place]) / spreads[place]) ** 2
                for place in range(4)
            )
            same = sum(bool(row[4]) and rows[m][4] == row[4] for m in members)
            return far + (1 - same / len(members)) ** 2

        others = [who for who in rows if who not in self.people[:7]]
        return sorted(others, key=lambda who: (distance(who), who.id))[:count]

    def test_nobody_is_like_nobody(self):
        segment = self.segments.create({"name": "None", "kind": "static"})
        with self.assertRaises(UserError):
            segment.action_make_like_segment()

    def test_overlap(self):
        one, two, three = self.segments.create(
            [{"name": name, "kind": "static"} for name in ("One", "Two", "Three")]
        )
        one._add_members(self.people[:10])
        two._add_members(self.people[6:20])
        two._exclude_members(self.people[6])
        three._add_members(self.people[30:])
        self.env.flush_all()
        rows = self.env["loyalty.segment.overlap"].with_user(self.marketing)
        rows = rows.search([("segment_id", "in", (one | two | three).ids)])
        found = {
            (row.segment_id, row.other_id): (
                row.member_count,
                row.other_count,
                row.both_count,
                round(row.share, 4),
            )
            for row in rows
        }
        self.assertEqual(
            found, {(one, two): (10, 13, 3, 0.3), (two, one): (13, 10, 3, 0.2308)}
        )
        action = rows[0].action_open_customers()
        self.assertEqual(
            self.env["res.partner"].search(action["domain"]), self.people[7:10]
        )

    def test_movement(self):
        one, two = self.segments.create(
            [{"name": name, "kind": "static"} for name in ("One", "Two")]
        )
        start = date(2026, 3, 1)
        later = start + timedelta(days=30)
        mover, leaver, comer, kept, out = self.people[:5]
        values = [
            (one, mover, start, later, False),
            (two, mover, later, None, False),
            (one, leaver, start, later, False),
            (two, comer, later, None, False),
            (one, kept, start, later, False),
            (one, kept, later, None, False),
            (one, out, later, None, True),
        ]
        self.env["loyalty.segment.member"].create(
            [
                {
                    "segment_id": segment.id,
                    "partner_id": who.id,
                    "date_from": day,
                    "date_to": end,
                    "is_excluded": excluded,
                }
                for segment, who, day, end, excluded in values
            ]
        )
        self.env.flush_all()
        rows = self.env["loyalty.segment.movement"].with_user(self.marketing)
        rows = rows.search([("partner_id", "in", self.people[:5].ids)])
        none = self.segments
        self.assertEqual(
            {
                (row.partner_id, row.date, row.segment_from_id, row.segment_to_id)
                for row in rows
            },
            {
                (mover, start, none, one),
                (mover, later, one, two),
                (leaver, start, none, one),
                (leaver, later, one, none),
                (comer, later, none, two),
                (kept, start, none, one),
            },
        )
        self.assertEqual(len(rows), 6)

    def test_other_companies_see_nothing(self):
        one, two = self.segments.create(
            [{"name": name, "kind": "static"} for name in ("One", "Two")]
        )
        for segment in (one, two):
            segment._add_members(self.people[:3])
        self.env.flush_all()
        stranger = self._create_user(
            "tools_stranger", "loyalty_coupon_crm.group_loyalty_marketing"
        )
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger.write(
            {"company_ids": [Command.set(elsewhere.ids)], "company_id": elsewhere.id}
        )
        for name in ("loyalty.segment.overlap", "loyalty.segment.movement"):
            rows = self.env[name].search([("company_id", "=", self.shop.id)])
            self.assertTrue(rows)
            theirs = self.env[name].with_user(stranger)
            theirs = theirs.with_context(allowed_company_ids=stranger.company_ids.ids)
            self.assertFalse(theirs.search([("company_id", "=", self.shop.id)]))
