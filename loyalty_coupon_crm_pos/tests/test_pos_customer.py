from odoo.tests import tagged

from .test_pos_customers_mixin import PosCustomersCommon


@tagged("post_install", "-at_install")
class TestPosCustomer(PosCustomersCommon):
    """Orders of customers are counted at night; what came since is added."""

    def test_what_is_counted_is_not_counted_again(self):
        first, second = self.people[:2]
        self._order([first, first, second], days=1)
        self.counts._cron_count_orders()
        row = self.counts.search([("partner_id", "=", second.id)])
        self.assertEqual(row.order_count, 1)
        row.order_count = 1000
        self.assertEqual(self._load(1), second.ids)

    def test_latest_orders_are_left_to_the_next_night(self):
        old = self._order([self.people[0]], days=1)
        new = self._order([self.people[0], self.people[1]])
        # It has a higher id than one that is too young.
        self._order([self.people[3]], days=1)
        self.counts._cron_count_orders()
        self.assertEqual(self.counts._last_counted(), old.id)
        rows = self.counts.search([("partner_id", "in", self.people.ids)])
        self.assertEqual(rows.mapped("order_count"), [1])
        self.assertGreater(new.ids[0], old.id)
        self.assertAsOdoo()

    def test_orders_without_customer_move_the_mark(self):
        self._order([self.people[0]], days=1)
        last = self._order([self.env["res.partner"]] * 2, days=1)[-1]
        for _night in range(2):
            self.counts._cron_count_orders()
            self.assertEqual(self.counts._last_counted(), last.id)
            self.assertEqual(self.counts.search_count([("partner_id", "=", False)]), 1)
        self.assertAsOdoo()

    def test_deleted_customers_leave(self):
        first, second, third = self.people[0], self.people[3], self.people[6]
        self._order([first, second, first], days=1)
        # Odoo keeps a customer who has orders.
        gone = self._order([third] * 3, days=1)
        self.counts._cron_count_orders()
        gone.unlink()
        third.unlink()
        self.counts.invalidate_model()
        self.assertFalse(self.counts.search([("partner_id", "=", third.id)]))
        self._order([second, second])
        self.assertAsOdoo()

    def test_merged_customers_are_one(self):
        first, second, third, fourth, fifth = self.people[:15:3].with_env(self.env)
        self._order([first, second, second, third, fourth, first], days=1)
        self.counts._cron_count_orders()
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        for sources, target in ((first + second, third), (fourth, fifth)):
            with self.subTest(target=target.name):
                wizard._merge((sources + target).ids, target, extra_checks=False)
                self.assertAsOdoo()
        self.counts._cron_count_orders()
        self.assertAsOdoo()

    def test_auditors_read_counts_of_their_companies(self):
        here, there = self.people[1], self.people[2]
        self.assertEqual(here.company_id, self.company)
        self._order([here, there, self.env["res.partner"]], days=1)
        self.counts._cron_count_orders()
        auditor = self._create_user(
            "pos_auditor", "loyalty_coupon_crm.group_loyalty_auditor"
        )
        read = self.counts.with_user(auditor).sudo(False).search([])
        self.assertIn(here, read.partner_id)
        self.assertNotIn(there, read.partner_id)
        self.assertTrue(all(row.partner_id for row in read))
