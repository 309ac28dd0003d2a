from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import HttpCase, JsonRpcException, tagged
from odoo.tools import mute_logger

from .common import LoyaltyCrmCommon

FACTS = (
    "loyalty.point.move",
    "loyalty.point.allocation",
    "loyalty.point.hold",
    "loyalty.purchase",
    "loyalty.purchase.line",
    "loyalty.redemption",
    "loyalty.refusal",
    "loyalty.customer.metric",
    "loyalty.company.metric",
    "loyalty.stage.change",
)
GROUPS = {
    "salesman": "sales_team.group_sale_salesman",
    "sale_manager": "sales_team.group_sale_manager",
    "marketing": "loyalty_coupon_crm.group_loyalty_marketing",
    "manager": "loyalty_coupon_crm.group_loyalty_manager",
    "auditor": "loyalty_coupon_crm.group_loyalty_auditor",
}


@tagged("post_install", "-at_install")
class TestWalletRights(LoyaltyCrmCommon):
    """Nobody writes points or facts around the wallet."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_points_program()
        cls.card = cls._create_card(cls.program, cls.partner, 10)
        cls.users = {
            name: cls._create_user(f"loyalty_{name}", group)
            for name, group in GROUPS.items()
        }

    def test_nobody_writes_facts(self):
        for name, user in self.users.items():
            for model in FACTS:
                records = self.env[model].with_user(user)
                for operation in ("create", "write", "unlink"):
                    with self.subTest(user=name, model=model, operation=operation):
                        self.assertFalse(records.has_access(operation))

    def test_auditor_reads_everything_and_changes_nothing(self):
        auditor = self.users["auditor"]
        ours = self.env["ir.model"].search([("model", "=like", "loyalty.%")])
        for model in ours.filtered(lambda model: not model.transient):
            records = self.env.get(model.model)
            if records is None or records._abstract:
                continue
            records = records.with_user(auditor)
            with self.subTest(model=model.model):
                self.assertTrue(records.has_access("read"))
                for operation in ("create", "write", "unlink"):
                    self.assertFalse(records.has_access(operation))

    def test_salesman_confirms_and_cancels(self):
        salesman = self.users["salesman"]
        order = self._create_order(user_id=salesman.id).with_user(salesman)
        order._update_programs_and_rewards()
        for card, rewards in order._get_claimable_rewards().items():
            order._apply_program_reward(rewards, card)
        order.action_confirm()
        self.assertEqual(self.card.points, 50)
        order._action_cancel()
        self.card.invalidate_recordset()
        self.assertEqual(self.card.points, 10)
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def test_other_company_sees_no_row(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        user = self._create_user(
            "loyalty_elsewhere", "loyalty_coupon_crm.group_loyalty_manager"
        )
        user.write(
            {"company_ids": [Command.set(company.ids)], "company_id": company.id}
        )
        moves = self.env["loyalty.point.move"].with_user(user)
        self.assertFalse(moves.search([("card_id", "=", self.card.id)]))
        with self.assertRaises(AccessError):
            moves.browse(self.card.move_ids.id).read(["points"])


@tagged("post_install", "-at_install", "loyalty_pages")
class TestWalletClient(HttpCase, LoyaltyCrmCommon):
    """No client writes points, whatever it sends."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_points_program()
        cls.card = cls._create_card(cls.program, cls.partner, 10)
        for name, group in GROUPS.items():
            cls._create_user(f"loyalty_{name}", group)

    def _call(self, method, *arguments, context=None, model="loyalty.card"):
        """Call a method of a model as a browser does."""
        return self.make_jsonrpc_request(
            "/web/dataset/call_kw",
            {
                "model": model,
                "method": method,
                "args": list(arguments),
                "kwargs": {"context": context or {}},
            },
        )

    def _assert_refused(self, method, *arguments, **options):
        with mute_logger("odoo.http"), self.assertRaises(JsonRpcException) as caught:
            self._call(method, *arguments, **options)
        self.assertIn("AccessError", str(caught.exception))

    def test_nobody_writes_points(self):
        ids = self.card.ids
        crafted = {
            "wallet_scope": True,
            "loyalty_coupon_crm.wallet_scope": True,
            "loyalty_no_mail": True,
            "su": True,
            "install_mode": True,
        }
        for name in GROUPS:
            self.authenticate(f"loyalty_{name}", f"loyalty_{name}")
            with self.subTest(user=name):
                self._assert_refused("write", ids, {"points": 1000})
                self._assert_refused("write", ids, {"points": 1000}, context=crafted)
                self._assert_refused(
                    "create", [{"program_id": self.program.id, "points": 1000}]
                )
        self.card.invalidate_recordset()
        self.assertEqual(self.card.points, 10)
        self.assertEqual(len(self.card.move_ids), 1)

    def test_import_writes_no_points(self):
        self.authenticate("loyalty_manager", "loyalty_manager")
        with mute_logger("odoo.http"):
            result = self._call(
                "load", [".id", "points"], [[str(self.card.id), "1000"]]
            )
        self.assertTrue(result["messages"])
        self.card.invalidate_recordset()
        self.assertEqual(self.card.points, 10)

    def test_a_client_still_writes_the_rest(self):
        self.authenticate("loyalty_manager", "loyalty_manager")
        self._call("write", self.card.ids, {"partner_id": self.other_partner.id})
        self.card.invalidate_recordset()
        self.assertEqual(self.card.partner_id, self.other_partner)

    def test_only_a_manager_adjusts_a_balance(self):
        wizard = "loyalty.card.update.balance"
        values = {"card_id": self.card.id, "new_balance": 12, "description": "Sorry"}
        self.authenticate("loyalty_salesman", "loyalty_salesman")
        ids = self._call("create", values, model=wizard)
        self._assert_refused("action_update_card_point", [ids], model=wizard)
        self.card.invalidate_recordset()
        self.assertEqual(self.card.points, 10)

    def test_a_confirmed_reward_is_not_made_free(self):
        salesman = self.env["res.users"].search([("login", "=", "loyalty_salesman")])
        order = self._create_order(user_id=salesman.id)
        order._update_programs_and_rewards()
        order._apply_program_reward(self.program.reward_ids, self.card)
        order.action_confirm()
        self.assertEqual(self.card.points, 50)
        line = order.order_line.filtered("reward_id")
        self.authenticate("loyalty_salesman", "loyalty_salesman")
        self._assert_refused(
            "write", line.ids, {"points_cost": 0}, model="sale.order.line"
        )
        self.card.invalidate_recordset()
        self.assertEqual(self.card.points, 50)

    def test_terms_of_issued_cards_are_the_managers(self):
        program = self._create_coupon_program(strict=True)
        card = self._create_card(program, self.partner)
        changes = (
            {"partner_id": self.other_partner.id},
            {"expiration_date": "2099-12-31"},
            {"code": "1"},
            {"program_id": self.program.id},
            {"active": False},
        )
        for login in ("loyalty_salesman", "loyalty_marketing"):
            self.authenticate(login, login)
            for values in changes:
                with self.subTest(login=login, values=values):
                    self._assert_refused("write", card.ids, values)
        self.authenticate("loyalty_manager", "loyalty_manager")
        self._call("write", card.ids, {"partner_id": self.other_partner.id})
        card.invalidate_recordset()
        self.assertEqual(card.partner_id, self.other_partner)
