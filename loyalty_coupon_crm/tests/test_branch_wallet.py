from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestBranchWallet(LoyaltyCrmCommon):
    """A wallet of the parent company, used in two branches, and a stranger."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.head = cls.env["res.company"].create({"name": "Tea Houses"})
        cls.north, cls.south = cls.env["res.company"].create(
            [
                {"name": name, "parent_id": cls.head.id}
                for name in ("Tea House North", "Tea House South")
            ]
        )
        cls.stranger = cls.env["res.company"].create({"name": "Coffee House"})
        cls.program = cls._create_points_program(strict=True, company_id=cls.head.id)
        cls.card = cls._create_card(cls.program, cls.partner, 0)
        cls.sellers = {
            company: cls._seller(company)
            for company in (cls.north, cls.south, cls.stranger)
        }

    @classmethod
    def _seller(cls, company):
        user = cls._create_user(
            f"branch_{company.id}", "sales_team.group_sale_salesman_all_leads"
        )
        user.write(
            {"company_ids": [Command.set(company.ids)], "company_id": company.id}
        )
        return user

    def _sell(self, company, reward=False):
        """Return an order that the salesperson of a branch confirmed."""
        env = self.env(user=self.sellers[company])
        env = env(context={**env.context, "allowed_company_ids": company.ids})
        order = env["sale.order"].create(
            {
                "partner_id": self.partner.id,
                "company_id": company.id,
                "order_line": [Command.create({"product_id": self.product.id})],
            }
        )
        order._update_programs_and_rewards()
        if reward:
            card = self.card.with_env(env)
            order._apply_program_reward(card.program_id.reward_ids, card)
        order.action_confirm()
        return order

    def _statement(self, company):
        today = self.head._loyalty_today()
        statements = self.env["loyalty.point.statement"]
        return (
            statements.with_user(self.sellers[company])
            .with_company(company)
            .create(
                {
                    "partner_id": self.partner.id,
                    "date_from": today,
                    "date_to": today,
                }
            )
        )

    def test_earned_in_one_branch_spent_in_the_other(self):
        north = self._sell(self.north)
        self.assertEqual(self.card.points, 90)
        south = self._sell(self.south, reward=True)
        self.assertEqual(self.card.points, 130)
        moves = self.card.move_ids.sorted("id")
        self.assertEqual(
            [(move.company_id, move.order_id, move.points) for move in moves],
            [
                (self.north, north.id, 90),
                (self.south, south.id, 90),
                (self.south, south.id, -50),
            ],
        )
        self.assertEqual(len(self.program.coupon_ids), 1)
        south.sudo()._action_cancel()
        self.assertEqual(self.card.points, 90)
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def test_a_branch_sees_its_own_rows(self):
        self._sell(self.north)
        self._sell(self.south)
        moves = self.env["loyalty.point.move"]
        for company, seen in (
            (self.north, self.north),
            (self.south, self.south),
            (self.stranger, self.stranger.browse()),
        ):
            own = moves.with_user(self.sellers[company])
            found = own.search([("card_id", "=", self.card.id)])
            self.assertEqual(found.sudo().company_id, seen)
        row = self.card.move_ids.filtered(lambda move: move.company_id == self.north)
        with self.assertRaises(AccessError):
            row.with_user(self.sellers[self.south]).read(["points"])

    def test_the_statement_of_a_branch_has_the_whole_balance(self):
        self._sell(self.north)
        self._sell(self.south, reward=True)
        statement = self._statement(self.south)
        line = statement.line_ids
        self.assertEqual(
            (line.opening, line.added, line.taken, line.closing), (0, 180, -50, 130)
        )
        [section] = statement._card_sections()
        self.assertEqual([row["balance"] for row in section["rows"]], [180, 130])

    def test_a_stranger_sees_nothing(self):
        self._sell(self.north)
        self.assertFalse(self._statement(self.stranger).line_ids)
        crafted = self._statement(self.stranger)
        crafted.sudo().card_ids = self.card
        self.assertFalse(crafted._prepare_lines())
        self.assertFalse(crafted._card_sections())
