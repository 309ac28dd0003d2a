from datetime import date

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged, users
from odoo.tests.common import freeze_time

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestSegment(LoyaltyCrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.segments = cls.env["loyalty.segment"]
        cls.people = cls.env["res.partner"].create(
            [
                {"name": f"Segment person {number}", "city": "Xi'an"}
                for number in range(4)
            ]
        )
        cls.rule = [("city", "=", "Xi'an")]
        cls.segment = cls.segments.create({"name": "Xi'an", "domain": str(cls.rule)})
        cls._create_user(
            "segment_marketing", "loyalty_coupon_crm.group_loyalty_marketing"
        )
        cls._create_user("segment_seller", "sales_team.group_sale_salesman")

    def _members(self, segment=None):
        segment = segment or self.segment
        domain = segment._member_domain() & segment._member_domain()
        rows = self.env["loyalty.segment.member"].search(domain)
        return rows.filtered(lambda row: row.segment_id == segment).partner_id

    def test_members_join_and_leave_with_a_date(self):
        self.assertEqual(self.segment.match_count, 4)
        with freeze_time("2026-02-28 12:00:00"):
            self.segment.refresh()
        self.assertEqual(self._members(), self.people)
        self.assertEqual(self.segment.member_count, 4)
        self.people[0].city = "Chengdu"
        with freeze_time("2026-03-01 12:00:00"):
            self.segment.refresh()
            self.segment.refresh()
        self.assertEqual(self._members(), self.people[1:])
        left = self.segment.member_ids.filtered("date_to")
        self.assertEqual(left.partner_id, self.people[0])
        self.assertEqual(left.date_from, date(2026, 2, 28))
        self.assertEqual(left.date_to, date(2026, 3, 1))

        self.people[0].city = "Xi'an"
        self.segment.refresh()
        self.assertEqual(self._members(), self.people)
        self.assertEqual(len(self.segment.member_ids), 5)

    def test_rule_on_figures(self):
        self._create_order(partner=self.people[0], quantity=3).action_confirm()
        self._create_order(partner=self.people[1], quantity=1).action_confirm()
        self.env["loyalty.customer.metric"]._refresh()
        self.segment.domain = str([("loyalty_amount", ">", 250), *self.rule])
        self.assertFalse(self.segment.refreshed_at)
        self.segment.refresh()
        self.assertEqual(self._members(), self.people[0])
        self.segment.domain = str([("loyalty_purchase_count", "=", 0), *self.rule])
        self.segment.refresh()
        self.assertEqual(self._members(), self.people[2:])

    def test_one_member_per_company_of_contacts(self):
        firm = self.env["res.partner"].create(
            {
                "name": "Firm",
                "is_company": True,
                "city": "Xi'an",
                "child_ids": [Command.create({"name": "Ann", "city": "Xi'an"})],
            }
        )
        self.segment.refresh()
        self.assertIn(firm, self._members())
        self.assertNotIn(firm.child_ids, self._members())

    def test_by_hand_survives_the_refresh(self):
        self.segment.refresh()
        self.segment._add_members(self.partner)
        self.segment._exclude_members(self.people[0])
        self.segment.refresh()
        self.assertEqual(self._members(), self.partner | self.people[1:])
        self.segment._add_members(self.partner)
        self.assertEqual(
            len(
                self.segment.member_ids.filtered(lambda r: r.partner_id == self.partner)
            ),
            1,
        )
        # Added by hand beats an exclusion, and the other way round: the last wins.
        self.segment._exclude_members(self.partner)
        self.assertNotIn(self.partner, self._members())
        self.segment._add_members(self.people[0])
        self.assertIn(self.people[0], self._members())

    def test_undo_gives_back_to_the_rule(self):
        self.segment.refresh()
        self.segment._add_members(self.partner)
        self.segment._exclude_members(self.people[0])
        rows = self.segment.member_ids.filtered(
            lambda row: row.is_manual or row.is_excluded
        )
        rows.action_undo()
        self.segment.refresh()
        self.assertEqual(self._members(), self.people)

    def test_empty_rule_takes_in_nobody(self):
        segment = self.segments.create({"name": "Everybody?"})
        self.assertEqual(segment.match_count, 0)
        with self.assertRaisesRegex(UserError, "has no rule"):
            segment.refresh()
        self.assertFalse(segment.member_ids)

    def test_wrong_rules_are_named(self):
        for rule in (
            "[('no_such_field', '=', 1)]",
            "[('city', 'resembles', 'x')]",
            "[('loyalty_amount', '>', 'much')]",
            "not a domain",
            "[(",
            "__import__('os')",
            "[('city',)]",
        ):
            with (
                self.subTest(rule=rule),
                self.assertRaisesRegex(ValidationError, "Xi'an"),
                self.env.cr.savepoint(),
            ):
                self.segment.domain = rule
        self.segment.invalidate_recordset()
        self.assertEqual(self.segment.domain, str(self.rule))

    def test_fixed_list_is_left_alone(self):
        fixed = self.segments.create({"name": "List", "kind": "static"})
        fixed._add_members(self.people[:2])
        fixed.refresh()
        self.assertEqual(self._members(fixed), self.people[:2])

    def test_cron_skips_what_it_cannot_apply(self):
        self.segments.create({"name": "Empty"})
        broken = self.segments.create({"name": "Broken", "domain": str(self.rule)})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE loyalty_segment SET domain = %s WHERE id = %s",
            ("[('gone', '=', 1)]", broken.id),
        )
        broken.invalidate_recordset()
        logger = "odoo.addons.loyalty_coupon_crm.models.loyalty_segment"
        with self.enter_registry_test_mode(), self.assertLogs(logger, "WARNING") as log:
            self.env.ref(
                "loyalty_coupon_crm.ir_cron_loyalty_segment"
            ).method_direct_trigger()
        self.assertIn(str(broken.id), log.output[0])
        self.segment.invalidate_recordset()
        self.assertEqual(self._members(), self.people)

    def test_customers_of_other_companies_stay_out(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.people[0].company_id = other
        self.segment.refresh()
        self.assertEqual(self._members(), self.people[1:])
        with self.assertRaisesRegex(ValidationError, "company"):
            self.segment.company_id = False

    def test_merged_customers_keep_an_exclusion(self):
        self.segment.refresh()
        self.segment._exclude_members(self.people[1])
        self.env["base.partner.merge.automatic.wizard"]._merge(
            self.people[:2].ids, self.people[0]
        )
        self.segment.invalidate_recordset()
        rows = self.segment.member_ids.filtered(
            lambda row: row.partner_id == self.people[0] and not row.date_to
        )
        self.assertEqual(len(rows), 1)
        self.assertTrue(rows.is_excluded)
        self.segment.refresh()
        self.assertEqual(self._members(), self.people[2:])

    @users("segment_marketing")
    def test_marketing_builds_a_segment(self):
        with Form(self.env["loyalty.segment"]) as form:
            form.name = "Mine"
            form.domain = str(self.rule)
            self.assertEqual(form.match_count, 4)
        segment = form.record
        segment.action_refresh()
        self.assertEqual(segment.member_count, 4)
        row = self.env["loyalty.segment.member"].search(
            segment.action_open_members()["domain"], limit=1
        )
        row.action_exclude()
        self.assertEqual(segment.member_count, 3)
        with self.assertRaises(AccessError):
            row.date_from = date(2020, 1, 1)

    @users("segment_marketing")
    def test_rule_reads_only_what_its_author_may(self):
        with self.assertRaises(AccessError):
            self.env["loyalty.segment"].create(
                {"name": "Spy", "domain": "[('signup_type', '!=', False)]"}
            )

    @users("segment_marketing")
    def test_live_count_reads_only_what_its_viewer_may(self):
        self.people[0].sudo().signup_type = "spied on"
        rule = "[('signup_type', '=like', 'spied%')]"
        values = {"name": "Spy", "kind": "dynamic", "domain": rule}
        draft = self.env["loyalty.segment"].new(values)
        self.assertEqual(draft.sudo()._count_customers(), 1)
        self.assertEqual(draft.match_count, 0)

    @users("segment_seller")
    def test_salesperson_only_looks(self):
        segment = self.segment.with_env(self.env)
        self.assertEqual(segment.name, "Xi'an")
        with self.assertRaises(AccessError):
            segment.action_refresh()
        with self.assertRaises(AccessError):
            segment._exclude_members(self.people[0])
