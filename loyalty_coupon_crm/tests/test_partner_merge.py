from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmCommon

MANAGER = "loyalty_coupon_crm.group_loyalty_manager"


@tagged("post_install", "-at_install", "loyalty_plain")
class TestPartnerMerge(LoyaltyCrmCommon):
    """Merged customers keep every point and row, and can be told apart again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_points_program(expire_after=365)
        cls.card = cls._create_card(cls.program, cls.partner, 100)
        cls.other_card = cls._create_card(cls.program, cls.other_partner, 30)
        cls.soon = fields.Date.add(cls.company._loyalty_today(), days=7)
        cls.other_card._post_move("earn", 20, expiration_date=cls.soon)
        cls.manager = cls._create_user("merge_manager", MANAGER)

    def _merge(self, sources=None, target=None):
        sources = sources or self.other_partner
        target = target or self.partner
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((sources | target).ids, target, extra_checks=False)
        self.env.invalidate_all()
        return self.env["loyalty.partner.merge"].search([], limit=1)

    def test_both_statements_name_each_other(self):
        self._merge()
        self.assertEqual((self.card.points, self.other_card.points), (150, 0))
        self.assertFalse(self.other_card.active)
        given = self.other_card.move_ids[:1]
        self.assertEqual((given.kind, given.points), ("transfer", -50))
        self.assertEqual(given.counterpart_ids.card_id, self.card)
        self.assertEqual(sum(given.counterpart_ids.mapped("points")), 50)
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def test_awards_keep_their_dates(self):
        self._merge()
        taken = self.card.move_ids.filtered("counterpart_id")
        rows = {move.expiration_date: move.remaining for move in taken}
        self.assertEqual(rows[self.soon], 20)
        self.assertEqual(len(rows), 2)

    def test_undo_gives_everything_back(self):
        ref = self.other_partner.ref = "C-77"
        merge = self._merge()
        self.assertEqual(merge.name, "Wang Fang")
        merge.with_user(self.manager).action_undo()
        self.env.invalidate_all()
        contact = self.other_card.partner_id
        self.assertEqual((contact.name, contact.ref), ("Wang Fang", ref))
        self.assertEqual(contact.email, "wang.fang@example.com")
        self.assertTrue(self.other_card.active)
        self.assertEqual((self.card.points, self.other_card.points), (100, 50))
        self.assertEqual(self.other_card.move_ids.partner_id, contact)
        self.assertEqual(self.card.move_ids.partner_id, self.partner)
        open_awards = self.other_card.move_ids.filtered("remaining")
        rows = {move.expiration_date: move.remaining for move in open_awards}
        self.assertEqual(rows[self.soon], 20)
        self.assertEqual(sum(rows.values()), 50)
        self.assertEqual(merge.line_ids.returned_points, 50)
        self.assertEqual(merge.undone_by_id, self.manager)
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def test_undo_says_what_was_spent(self):
        merge = self._merge()
        self.card._post_move("spend", -110)
        merge.action_undo()
        self.env.invalidate_all()
        self.assertEqual(self.card.points + self.other_card.points, 40)
        self.assertGreaterEqual(self.card.points, 0)
        missing = 50 - self.other_card.points
        self.assertGreater(missing, 0)
        self.assertIn(f"{missing} were spent", merge.message)
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def test_what_orders_hold_stays(self):
        merge = self._merge()
        self.env["loyalty.point.hold"].create(
            {
                "card_id": self.card.id,
                "points": 140,
                "holder": "sale.order,1",
                "expires_at": fields.Datetime.add(fields.Datetime.now(), hours=1),
            }
        )
        merge.action_undo()
        self.env.invalidate_all()
        self.assertEqual((self.card.points, self.other_card.points), (140, 10))

    def test_a_wallet_that_only_moved(self):
        coupon = self._create_card(self._create_coupon_program(), self.other_partner)
        self.card._merge_into(self.other_card, "double")
        self.assertEqual(self.other_card.points, 150)
        merge = self._merge()
        self.assertEqual(self.other_card.partner_id, self.partner)
        self.assertEqual(coupon.partner_id, self.partner)
        merge.action_undo()
        self.env.invalidate_all()
        self.assertEqual(self.other_card.partner_id.name, "Wang Fang")
        self.assertEqual(coupon.partner_id, self.other_card.partner_id)
        self.assertEqual(self.other_card.points, 150)

    def test_purchases_and_redemptions_follow(self):
        order = self._create_order(self.other_partner)
        order.action_confirm()
        purchases = self.env["loyalty.purchase"].search(
            [("partner_id", "=", self.other_partner.id)]
        )
        self.assertTrue(purchases)
        merge = self._merge()
        self.assertEqual(purchases.partner_id, self.partner)
        merge.action_undo()
        self.env.invalidate_all()
        self.assertEqual(purchases.partner_id.name, "Wang Fang")
        self.assertEqual(purchases.commercial_partner_id, purchases.partner_id)
        self.assertEqual(order.partner_id, self.partner)

    def test_three_at_once(self):
        third = self.env["res.partner"].create({"name": "Zhao Min"})
        card = self._create_card(self.program, third, 5)
        merge = self._merge(self.other_partner | third)
        self.assertEqual(self.card.points, 155)
        self.assertEqual(len(merge.line_ids), 2)
        merge.action_undo()
        self.env.invalidate_all()
        self.assertEqual(
            (self.card.points, self.other_card.points, card.points), (100, 50, 5)
        )
        self.assertEqual(card.partner_id.name, "Zhao Min")

    def test_undo_once_and_by_managers_alone(self):
        merge = self._merge()
        salesman = self._create_user("merge_sales", "sales_team.group_sale_salesman")
        marketing = self._create_user(
            "merge_marketing", "loyalty_coupon_crm.group_loyalty_marketing"
        )
        for user in (salesman, marketing):
            with self.assertRaises(AccessError):
                merge.with_user(user).action_undo()
            with self.assertRaises(AccessError):
                merge.with_user(user).read(["name"])
        merge.action_undo()
        with self.assertRaises(UserError):
            merge.action_undo()

    def test_merges_of_other_companies_are_theirs(self):
        merge = self._merge()
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.manager.write(
            {"company_ids": [Command.set(company.ids)], "company_id": company.id}
        )
        with self.assertRaises(AccessError):
            merge.with_user(self.manager).action_undo()

    def test_same_campaign_keeps_every_row(self):
        program = self._create_coupon_program()
        campaign = self.env["loyalty.campaign"].create(
            {"name": "Spring", "program_id": program.id}
        )
        members = self.env["loyalty.campaign.member"].create(
            [
                {
                    "campaign_id": campaign.id,
                    "partner_id": partner.id,
                    "occasion": "launch",
                    "company_id": self.company.id,
                    "arm": "treated",
                    "assigned_at": "2026-01-01",
                }
                for partner in (self.partner, self.other_partner)
            ]
        )
        merge = self._merge()
        self.assertEqual(len(members.exists()), 2)
        self.assertEqual(members.partner_id, self.partner)
        merge.action_undo()
        self.env.invalidate_all()
        self.assertEqual(set(members.mapped("occasion")), {"launch"})
        self.assertEqual(len(members.partner_id), 2)
