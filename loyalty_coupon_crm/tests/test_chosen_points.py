from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .points_choice_common import PointsChoiceCommon


@tagged("post_install", "-at_install")
class TestChosenPoints(PointsChoiceCommon):
    """A customer spends as many points as he wants, not always all of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wallet = cls._create_card(cls.program, cls.partner, points=750)
        cls.order = cls._create_order()
        cls.order._update_programs_and_rewards()

    def _wizard(self, user=None, order=None):
        wizards = self.env["sale.loyalty.reward.wizard"].with_user(
            user or self.env.user
        )
        form = Form(wizards.with_context(active_id=(order or self.order).id))
        form.selected_reward_id = self.program.reward_ids
        return form

    def test_all_points_are_proposed_with_their_value(self):
        form = self._wizard()
        self.assertEqual(form.points_most, 700)
        self.assertEqual(form.points_to_spend, 700)
        self.assertIn("35.00", form.points_worth)
        form.points_to_spend = 200
        self.assertIn("10.00", form.points_worth)

    def test_a_salesperson_spends_some(self):
        seller = self._create_user("seller", "sales_team.group_sale_salesman")
        self.order.user_id = seller
        form = self._wizard(seller)
        form.points_to_spend = 300
        form.save().action_apply()
        self.assertAlmostEqual(self.order.amount_total, 100 - 15)
        self.order._update_programs_and_rewards()
        self.assertAlmostEqual(self.order.amount_total, 100 - 15)
        self.order.action_confirm()
        self.assertEqual(self.wallet.points, 450)
        use = self.env["loyalty.redemption"].search([("card_id", "=", self.wallet.id)])
        self.assertEqual((use.points, use.discount_amount), (300, 15))

    def test_what_cannot_be_spent_is_refused_with_the_limits(self):
        for points in (-100, 0, 50, 250, 800, 10**9):
            form = self._wizard()
            form.points_to_spend = points
            with self.assertRaisesRegex(UserError, "from 100 .* to 700"):
                form.save().action_apply()
        self.assertAlmostEqual(self.order.amount_total, 100)

    def test_no_more_than_the_order_needs(self):
        self.wallet._post_move("adjust", 5000)
        self.assertEqual(self._wizard().points_most, 2000)

    def test_the_next_time_it_is_all_again(self):
        form = self._wizard()
        form.points_to_spend = 100
        form.save().action_apply()
        self.order.order_line.filtered("reward_id").unlink()
        self.order._apply_program_reward(self.program.reward_ids, self.wallet)
        self.assertAlmostEqual(self.order.amount_total, 100 - 35)
        self.assertFalse(self.order.loyalty_chosen_points)

    def test_a_crafted_context_only_lowers(self):
        order = self.order.with_context(loyalty_points_cap=10**6)
        self.assertEqual(order._get_real_points_for_coupon(self.wallet), 750)
        order = self.order.with_context(loyalty_points_cap=-5)
        self.assertEqual(order._get_real_points_for_coupon(self.wallet), 0)

    def test_other_rewards_ask_nothing(self):
        self.program.reward_ids = [Command.create({"required_points": 50})]
        form = Form(
            self.env["sale.loyalty.reward.wizard"].with_context(active_id=self.order.id)
        )
        form.selected_reward_id = self.program.reward_ids.filtered(
            lambda reward: reward.discount_mode == "percent"
        )
        self.assertFalse(form.points_chosen)

    def test_a_part_of_an_ewallet(self):
        program = self.env["loyalty.program"].create_from_template("ewallet")
        program = self.env["loyalty.program"].browse(program["res_id"])
        wallet = self._create_card(program, self.partner, points=80)
        order = self._create_order()
        order._update_programs_and_rewards()
        reward = program.reward_ids
        self.assertEqual(order._loyalty_most_points(reward, wallet), 80)
        order.with_context(loyalty_spend_points=12.34)._apply_program_reward(
            reward, wallet
        )
        self.assertAlmostEqual(order.amount_total, 100 - 12.34)
