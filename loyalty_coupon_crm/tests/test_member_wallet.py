from psycopg2.errors import UniqueViolation

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestMemberWallet(LoyaltyCrmCommon):
    """A member has one open wallet in a strict program; the database sees to it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_points_program(strict=True)
        cls.card = cls._create_card(cls.program, cls.partner, 100)

    def _cards(self, program=None, partner=None):
        return self.env["loyalty.card"].search(
            [
                ("program_id", "=", (program or self.program).id),
                ("partner_id", "=", (partner or self.partner).id),
            ]
        )

    def _assert_ledger(self):
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def test_the_database_refuses_a_second_one(self):
        self.assertTrue(self.card.is_member_wallet)
        self.env.flush_all()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO loyalty_card
                           (program_id, partner_id, code, active, is_member_wallet)
                    SELECT program_id, partner_id, 'second', TRUE, TRUE
                      FROM loyalty_card WHERE id = %s
                    """,
                    self.card.id,
                )
            )

    def test_who_creates_a_second_one_finds_the_first(self):
        values = {"program_id": self.program.id, "partner_id": self.partner.id}
        card = self.env["loyalty.card"].create({**values, "points": 5})
        self.assertEqual(card, self.card)
        self.assertEqual(card.points, 105)
        self._assert_ledger()

    def test_in_one_call_among_others(self):
        values = {"program_id": self.program.id}
        other = {**values, "partner_id": self.other_partner.id, "points": 7}
        cards = self.env["loyalty.card"].create(
            [other, values, {**values, "partner_id": self.partner.id}, other, values]
        )
        self.assertEqual(len(cards), 5)
        self.assertEqual(cards[2], self.card)
        self.assertEqual(cards[0], cards[3])
        self.assertEqual(cards[0].points, 14)
        self.assertNotEqual(cards[1], cards[4])
        self._assert_ledger()

    def test_others_may_have_several(self):
        loose = self._create_points_program(name="Loose")
        coupons = self._create_coupon_program(strict=True)
        for program in (loose, coupons):
            first = self._create_card(program, self.partner, 1)
            second = self._create_card(program, self.partner, 1)
            self.assertNotEqual(first, second)
            self.assertFalse(first.is_member_wallet)

    def test_a_lost_wallet_is_replaced(self):
        new = self.card._reissue("lost")
        self.assertEqual(self._cards(), new)
        self.assertEqual((new.points, self.card.points), (100, 0))
        self.assertFalse(self.card.active)
        self._assert_ledger()

    def test_no_second_one_by_writing(self):
        other = self._create_card(self.program, self.other_partner, 5)
        with self.assertRaisesRegex(UserError, self.card.code):
            other.partner_id = self.partner
        self.card._void("lost")
        new = self._create_card(self.program, self.partner, 1)
        with self.assertRaisesRegex(UserError, new.code):
            self.card.active = True

    def test_an_order_finds_the_wallet(self):
        order = self._create_order()
        order._update_programs_and_rewards()
        order.action_confirm()
        self.assertEqual(self._cards(), self.card)
        self.assertEqual(self.card.points, 190)

    def test_a_program_that_becomes_strict_has_one_each(self):
        loose = self._create_points_program(name="Loose")
        first = self._create_card(loose, self.partner, 10)
        second = self._create_card(loose, self.partner, 20)
        third = self._create_card(loose, self.other_partner, 5)
        order = self._create_order()
        order.applied_coupon_ids = second
        loose.strict = True
        self.env.invalidate_all()
        self.assertEqual(self._cards(loose), first)
        self.assertEqual((first.points, second.points, third.points), (30, 0, 5))
        self.assertEqual(second.merged_into_id, first)
        self.assertFalse(second.active)
        self.assertEqual(second.move_ids[:1].counterpart_ids.card_id, first)
        self.assertEqual(order.applied_coupon_ids, first)
        self.assertTrue(first.is_member_wallet)
        self._assert_ledger()

    def test_installing_merges_what_is_double(self):
        loose = self._create_points_program(name="Loose")
        first = self._create_card(loose, self.partner, 10)
        second = self._create_card(loose, self.partner, 20)
        coupon = self._create_coupon_program()
        coupons = self._create_card(coupon, self.partner) + self._create_card(
            coupon, self.partner
        )
        self.env["loyalty.card"]._merge_double_wallets()
        self.assertEqual((first.points, second.points), (30, 0))
        self.assertTrue(all(coupons.mapped("active")))
        self._assert_ledger()

    def test_merged_customers(self):
        other = self._create_card(self.program, self.other_partner, 5)
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge(
            (self.partner | self.other_partner).ids, self.partner, extra_checks=False
        )
        self.env.invalidate_all()
        self.assertEqual(self._cards(), self.card)
        self.assertEqual((self.card.points, other.points), (105, 0))
        self.env["loyalty.partner.merge"].search([], limit=1).action_undo()
        self.env.invalidate_all()
        self.assertEqual((self.card.points, other.points), (100, 5))
        self.assertTrue(other.active)

    def test_campaigns_find_the_wallet(self):
        third = self.env["res.partner"].create({"name": "Zhao Min"})
        campaign = self.env["loyalty.campaign"].create(
            {
                "name": "Bonus",
                "program_id": self.program.id,
                "points": 3,
                "launched_by_id": self.env.uid,
            }
        )
        members = self.env["loyalty.campaign.member"].create(
            [
                {
                    "campaign_id": campaign.id,
                    "company_id": self.company.id,
                    "partner_id": partner.id,
                    "occasion": "",
                    "arm": "treated",
                    "assigned_at": "2026-01-01",
                }
                for partner in (self.partner, third)
            ]
        )
        self.env.flush_all()
        campaign._issue_to_members(
            [(member.id, member.partner_id.id) for member in members],
            campaign.variant_ids,
        )
        self.env.invalidate_all()
        self.assertEqual(self.card.points, 103)
        self.assertTrue(self._cards(partner=third).is_member_wallet)
        again = self.env["loyalty.campaign.member"].create(
            [
                {
                    "campaign_id": campaign.id,
                    "company_id": self.company.id,
                    "partner_id": partner.id,
                    "occasion": occasion,
                    "arm": "treated",
                    "assigned_at": "2026-01-01",
                }
                for occasion in ("2026-01-02", "2026-01-03")
                for partner in (self.partner, third)
            ]
        )
        self.env.flush_all()
        rows = [(member.id, member.partner_id.id) for member in again]
        self.assertEqual(campaign._issue_to_members(rows, campaign.variant_ids), 4)
        self.env.invalidate_all()
        self.assertEqual(self.card.points, 109)
        self.assertEqual(self._cards(partner=third).points, 9)
