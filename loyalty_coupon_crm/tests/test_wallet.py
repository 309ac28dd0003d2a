from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestWallet(LoyaltyCrmCommon):
    """Promises 1, 2 and 4: the ledger explains every balance and forgets nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_points_program()

    def _card(self, partner=None):
        return self.env["loyalty.card"].search(
            [
                ("partner_id", "=", (partner or self.partner).id),
                ("program_id", "=", self.program.id),
            ]
        )

    def _rows(self, card):
        return [(move.kind, move.points) for move in card.move_ids.sorted("id")]

    def _confirmed_order(self, quantity=1):
        order = self._create_order(quantity=quantity)
        order._update_programs_and_rewards()
        order.action_confirm()
        return order

    def assertBooked(self, card, points):
        """Check a balance, and that movements and open awards add up to it."""
        card.invalidate_recordset()
        self.assertAlmostEqual(card.points, points)
        self.assertAlmostEqual(sum(card.move_ids.mapped("points")), points)
        self.assertAlmostEqual(sum(card.move_ids.mapped("remaining")), max(points, 0))
        last = card.move_ids.sorted("id")[-1:]
        self.assertAlmostEqual(last.balance_after, points)
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def test_order_earns(self):
        order = self._confirmed_order()
        card = self._card()
        self.assertEqual(self._rows(card), [("earn", 90)])
        self.assertBooked(card, 90)
        move = card.move_ids
        self.assertEqual((move.order_model, move.order_id), ("sale.order", order.id))
        self.assertEqual(move.company_id, order.company_id)
        self.assertEqual(move.partner_id, self.partner)
        self.assertTrue(card.issued_at)

    def test_order_earns_and_spends_gross(self):
        order = self._create_order()
        order._update_programs_and_rewards()
        card = self._card()
        order._apply_program_reward(self.program.reward_ids, card)
        order.action_confirm()
        self.assertEqual(self._rows(card), [("earn", 90), ("spend", -50)])
        self.assertBooked(card, 40)

    def test_cancel_reverses_both_rows(self):
        order = self._create_order()
        order._update_programs_and_rewards()
        card = self._card()
        order._apply_program_reward(self.program.reward_ids, card)
        order.action_confirm()
        order._action_cancel()
        self.assertEqual(
            sorted(self._rows(card)[2:]), [("reverse", -90), ("reverse", 50)]
        )
        self.assertEqual(card.move_ids.reversal_of_id, card.move_ids.sorted("id")[:2])
        self.assertBooked(card, 0)

    def test_cancel_after_edit_ends_at_zero(self):
        order = self._confirmed_order()
        card = self._card()
        order.order_line[0].product_uom_qty = 3
        order._update_programs_and_rewards()
        order._action_cancel()
        self.assertBooked(card, 0)

    def test_second_confirmation_is_not_a_retry(self):
        order = self._confirmed_order()
        order._action_cancel()
        order.action_draft()
        order._update_programs_and_rewards()
        order.action_confirm()
        card = self._card()
        self.assertEqual(
            self._rows(card), [("earn", 90), ("reverse", -90), ("earn", 90)]
        )
        self.assertBooked(card, 90)

    def test_confirm_many_at_once(self):
        orders = self._create_order() + self._create_order(quantity=2)
        for order in orders:
            order._update_programs_and_rewards()
        orders.action_confirm()
        card = self._card()
        self.assertEqual(len(card), 1)
        self.assertEqual(sorted(self._rows(card)), [("earn", 90), ("earn", 180)])
        self.assertBooked(card, 270)
        orders._action_cancel()
        self.assertBooked(card, 0)

    def test_orders_together_overspend_strict_card(self):
        self.program.strict = True
        self._confirmed_order()
        card = self._card()
        orders = self.env["sale.order"]
        for _count in range(2):
            order = self._create_order(product=self.gift)
            order._update_programs_and_rewards()
            orders |= order
        self.program.rule_ids.reward_point_amount = 0.01
        for order in orders:
            order._update_programs_and_rewards()
            order._apply_program_reward(self.program.reward_ids, card)
        with self.assertRaises(ValidationError):
            orders.action_confirm()

    def test_reward_added_to_confirmed_order(self):
        order = self._confirmed_order()
        card = self._card()
        order._apply_program_reward(self.program.reward_ids, card)
        self.assertEqual(self._rows(card), [("earn", 90), ("spend", -50)])
        self.assertBooked(card, 40)
        order.order_line.filtered("is_reward_line").points_cost = 20
        self.assertEqual(self._rows(card)[-1], ("reverse", 30))
        self.assertBooked(card, 70)
        order._action_cancel()
        self.assertBooked(card, 0)

    def test_generated_coupons_are_issued(self):
        program = self._create_coupon_program()
        wizard = self.env["loyalty.generate.wizard"].create(
            {
                "program_id": program.id,
                "mode": "selected",
                "customer_ids": [Command.set((self.partner + self.other_partner).ids)],
                "points_granted": 1,
                "description": "Opening day",
            }
        )
        cards = wizard.generate_coupons()
        for card in cards:
            self.assertEqual(self._rows(card), [("issue", 1)])
            self.assertEqual(card.move_ids.reason, "Opening day")
            self.assertBooked(card, 1)

    def test_balance_wizard_adjusts_with_reason(self):
        card = self._create_card(self.program, self.partner, 10)
        wizard = self.env["loyalty.card.update.balance"].create(
            {"card_id": card.id, "new_balance": 4, "description": "Wrong scan"}
        )
        wizard.action_update_card_point()
        move = card.move_ids.sorted("id")[-1]
        self.assertEqual(
            (move.kind, move.points, move.reason), ("adjust", -6, "Wrong scan")
        )
        self.assertBooked(card, 4)

    def test_direct_write_of_other_code_is_adjusted(self):
        card = self._create_card(self.program, self.partner, 10)
        card.points = 12.5
        self.assertEqual(self._rows(card), [("issue", 10), ("adjust", 2.5)])
        card.write({"points": 0})
        self.assertBooked(card, 0)

    def test_points_keep_the_precision_of_the_ledger(self):
        card = self._create_card(self.program, self.partner, 0)
        for points, kept in ((1.004, 1.0), (2.675, 2.68), (1 / 3, 0.33), (-0.004, 0)):
            card.points = points
            self.assertEqual(card.points, kept)
            self.assertBooked(card, kept)
        card.points = 0
        for _count in range(100):
            card.points += 0.1
        self.assertBooked(card, 10)

    def test_created_with_points_is_adjusted(self):
        card = self.env["loyalty.card"].create(
            {"program_id": self.program.id, "partner_id": self.partner.id, "points": 7}
        )
        self.assertEqual(self._rows(card), [("adjust", 7)])
        self.assertBooked(card, 7)

    def test_draft_cart_issues_nothing(self):
        order = self._create_order()
        order._update_programs_and_rewards()
        self.assertFalse(self._card().issued_at)
        self.assertFalse(self._card().move_ids)

    def test_merge_moves_the_wallet(self):
        target = self._create_card(self.program, self.partner, 10)
        source = self._create_card(self.program, self.other_partner, 5)
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge(
            (self.partner + self.other_partner).ids, self.partner, extra_checks=False
        )
        self.assertBooked(target, 15)
        self.assertBooked(source, 0)
        self.assertEqual(self._rows(target)[-1], ("transfer", 5))
        self.assertEqual(self._rows(source)[-1], ("transfer", -5))
        self.assertEqual(source.move_ids.partner_id, self.partner)

    def test_merge_keeps_both_participations(self):
        campaign = self.env["loyalty.campaign"].create({"name": "Spring"})
        third = self.env["res.partner"].create({"name": "Zhao"})
        partners = self.partner + self.other_partner + third
        members = (
            self.env["loyalty.campaign.member"]
            .sudo()
            .create(
                [
                    {
                        "campaign_id": campaign.id,
                        "company_id": campaign.company_id.id,
                        "partner_id": partner.id,
                        "occasion": "",
                        "arm": "treated",
                        "assigned_at": "2026-01-01",
                    }
                    for partner in partners
                ]
            )
        )
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge(partners.ids, self.partner, extra_checks=False)
        self.assertEqual(len(members.exists()), 3)
        self.assertEqual(members.partner_id, self.partner)

    def test_first_to_lapse_is_spent_first(self):
        card = self._create_card(self.program, self.partner, 0)
        self.program.expire_after = 30
        card._post_move("issue", 10)
        self.program.expire_after = 5
        card._post_move("issue", 10)
        self.program.expire_after = 0
        card._post_move("issue", 10)
        card._post_move("spend", -15)
        awards = card.move_ids.sorted("id").filtered(lambda move: move.points > 0)
        self.assertEqual(awards.mapped("remaining"), [5, 0, 10])
        spend = card.move_ids.filtered(lambda move: move.points < 0)
        drawn = self.env["loyalty.point.allocation"].search(
            [("spend_id", "=", spend.id)]
        )
        self.assertEqual(
            {row.award_id: row.points for row in drawn}, {awards[0]: 5, awards[1]: 10}
        )

    def test_reversed_spend_goes_back_to_its_award(self):
        card = self._create_card(self.program, self.partner, 20)
        card._post_move("spend", -15)
        spend = card.move_ids.sorted("id")[-1]
        card._post_move("reverse", 15, reversal_of_id=spend.id)
        award = card.move_ids.sorted("id")[0]
        self.assertEqual(award.remaining, 20)
        self.assertBooked(card, 20)

    def test_award_after_debt_pays_the_debt(self):
        card = self._create_card(self.program, self.partner, 5)
        card._post_move("spend", -8)
        card._post_move("earn", 10)
        self.assertBooked(card, 7)
        first, spend, award = card.move_ids.sorted("id")
        self.assertEqual(self._drawn(card), {(spend, first): 5, (spend, award): 3})

    def test_debt_that_was_given_back_is_not_paid(self):
        card = self._create_card(self.program, self.partner, 10)
        card._post_move("spend", -10)
        first, spend = card.move_ids.sorted("id")
        card._post_move("reverse", -10, reversal_of_id=first.id)
        card._post_move("spend", -20)
        overdrawn = card.move_ids.sorted("id")[-1]
        card._post_move("reverse", 20, reversal_of_id=overdrawn.id)
        card._post_move("earn", 15)
        taken = card.move_ids.filtered(lambda move: move.reversal_of_id == first)
        award = card.move_ids.sorted("id")[-1]
        expected = {(spend, first): 10, (taken, award): 10}
        self.assertEqual(self._drawn(card), expected)
        self.assertBooked(card, 5)

    def _drawn(self, card):
        """Return {(spend, award): points} of the card's allocations."""
        drawn = self.env["loyalty.point.allocation"].search(
            [("award_id.card_id", "=", card.id)]
        )
        return {(row.spend_id, row.award_id): row.points for row in drawn}

    def test_same_request_is_planned_once(self):
        card = self._create_card(self.program, self.partner, 10)
        card._post_move("spend", -3, request_key="test/1")
        with card._wallet_scope("spend") as scope:
            scope.plan(card.id, "spend", -3, request_key="test/1")
        self.assertBooked(card, 7)

    def test_moves_are_never_changed_or_deleted(self):
        card = self._create_card(self.program, self.partner, 10)
        with self.assertRaises(UserError):
            card.move_ids.write({"points": 100})
        with self.assertRaises(UserError):
            card.move_ids.unlink()

    def test_card_with_rows_is_archived(self):
        card = self._create_card(self.program, self.partner, 10)
        empty = self._create_card(self.program, self.other_partner, 0)
        (card + empty).unlink()
        self.assertTrue(card.exists())
        self.assertFalse(card.active)
        self.assertFalse(empty.exists())
        self.assertEqual(self._rows(card), [("issue", 10)])

    def test_balance_at_a_moment(self):
        card = self._create_card(self.program, self.partner, 10)
        moves = self.env["loyalty.point.move"]
        before = card.move_ids.date.replace(year=2020)
        self.assertEqual(moves._balance_at(card, before), {card.id: 0})
        self.assertEqual(moves._balance_at(card, card.move_ids.date), {card.id: 10})

    def test_difference_is_found(self):
        card = self._create_card(self.program, self.partner, 10)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE loyalty_card SET points = 11 WHERE id = %s", [card.id]
        )
        self.assertEqual(
            self.env["loyalty.point.move"]._ledger_differences(), [(card.id, 11, 10)]
        )
