from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon

MODELS = ("loyalty.program", "loyalty.rule", "loyalty.reward")


@tagged("post_install", "-at_install")
class TestPosWaiting(LoyaltyCrmPosCommon):
    """A till opens without programs that wait for a code, and reads them then."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["loyalty.program"].search([]).action_archive()
        cls.coupons = cls.env["loyalty.program"].union(
            *(
                cls._create_coupon_program(
                    name=f"Coupon {number}",
                    strict=True,
                    rule_ids=[Command.create({"minimum_amount": 1})],
                )
                for number in range(3)
            )
        )
        cls.first, cls.second, cls.third = cls.coupons
        cls.automatic = cls._create_coupon_program(
            name="Happy Hour",
            program_type="promotion",
            trigger="auto",
            rule_ids=[Command.create({"minimum_amount": 1})],
        )
        cls.promotion = cls._create_coupon_program(
            name="Promo Code",
            program_type="promo_code",
            rule_ids=[Command.create({"mode": "with_code", "code": "AUTUMN"})],
        )
        cls.card = cls._create_card(cls.second)
        cls.config = cls.config.with_user(cls.cashier)
        cls.config.open_ui()
        cls.session = cls.config.current_session_id

    def _names(self, rows, model="loyalty.program"):
        programs = self.env[model].browse([row["id"] for row in rows.get(model, ())])
        if model != "loyalty.program":
            programs = programs.program_id
        return set(programs.mapped("name"))

    def _use_up(self, used):
        """Let a program count one use."""

        def count(programs):
            for program in programs:
                program.total_order_count = int(program == used)

        self.patch(type(used), "_compute_total_order_count", count)

    def _draft(self):
        """Return an order that is not paid, with the coupon on it."""
        reward = self._reward_line(self.card, 10)
        amounts = {"price_subtotal": -10, "price_subtotal_incl": -10}
        return self.env["pos.order"].create(
            {
                "session_id": self.session.id,
                "amount_tax": 0,
                "amount_total": -10,
                "amount_paid": 0,
                "amount_return": 0,
                "lines": [Command.create({**reward, **amounts})],
            }
        )

    def test_what_a_till_reads_when_it_opens(self):
        data = self.session.load_data([])
        for model in MODELS:
            self.assertEqual(self._names(data, model), {"Happy Hour"})
        self.assertTrue(data["pos.config"][0]["_loyalty_waits"])
        products = {row["id"] for row in data["product.product"]}
        rewards = (self.coupons | self.automatic).reward_ids
        self.assertEqual(
            products & set(rewards.discount_line_product_id.ids),
            set(self.automatic.reward_ids.discount_line_product_id.ids),
        )

    def test_nothing_waits(self):
        (self.coupons | self.promotion).action_archive()
        data = self.session.load_data([])
        self.assertEqual(self._names(data), {"Happy Hour"})
        self.assertFalse(data["pos.config"][0]["_loyalty_waits"])

    def test_goodwill_does_not_wait(self):
        self.third.goodwill = True
        data = self.session.load_data([])
        self.assertIn("Coupon 2", self._names(data, "loyalty.reward"))

    def test_what_waits_for_others_does_not_wait_here(self):
        other = self.config.sudo().copy()
        (self.coupons | self.promotion).pos_config_ids = other
        data = self.session.load_data([])
        self.assertFalse(data["pos.config"][0]["_loyalty_waits"])
        self.first.pos_config_ids |= self.config
        data = self.session.load_data([])
        self.assertTrue(data["pos.config"][0]["_loyalty_waits"])
        self.first.company_id = self.env["res.company"].sudo().create({"name": "Far"})
        data = self.session.load_data([])
        self.assertFalse(data["pos.config"][0]["_loyalty_waits"])

    def test_open_orders_have_their_programs(self):
        order = self._draft()
        data = self.session.load_data([])
        self.assertIn(order.lines.id, [row["id"] for row in data["pos.order.line"]])
        for model in MODELS:
            self.assertEqual(self._names(data, model), {"Happy Hour", "Coupon 1"})
        orders = self.env["pos.order"].with_user(self.cashier)
        rows = orders.read_pos_orders([("id", "=", order.id)])
        for model in MODELS:
            self.assertEqual(self._names(rows, model), {"Coupon 1"})

    def test_programs_come_with_their_codes(self):
        code = self.card.code
        for word, name in (
            (code, "Coupon 1"),
            (f" {code[:3]}-{code[3:].lower()} ", "Coupon 1"),
            ("AUTUMN", "Promo Code"),
        ):
            with self.subTest(word=word):
                rows = self.config.load_programs(word)
                for model in MODELS:
                    self.assertEqual(self._names(rows, model), {name})
                reward = self.env["loyalty.reward"].browse(
                    rows["loyalty.reward"][0]["id"]
                )
                product = reward.discount_line_product_id
                self.assertEqual(
                    [row["id"] for row in rows["product.product"]], product.ids
                )
                self.assertEqual(
                    [row["id"] for row in rows["product.template"]],
                    product.product_tmpl_id.ids,
                )
        for nobody in ("044NOBODY", "044\x00"):
            self.assertEqual(self.config.load_programs(nobody), {})

    def test_same_rows_as_odoo_reads(self):
        ours = self.config.load_programs(False, self.second.ids)
        for model in MODELS:
            rows = self.env[model].with_user(self.cashier)
            everything = rows._load_pos_data_search_read({}, self.config)
            own = {row["id"] for row in ours[model]}
            self.assertEqual(
                [row for row in everything if row["id"] in own], ours[model]
            )

    def test_only_what_the_till_accepts(self):
        other = self.env["pos.config"].create({"name": "Other"})
        self.second.pos_config_ids = other
        self.third.date_to = "2020-01-01"
        self.first.write({"limit_usage": True, "max_usage": 1})
        self._use_up(self.first)
        self.assertEqual(self.config.load_programs(self.card.code), {})
        self.assertEqual(self.config.load_programs(False, self.coupons.ids), {})
        self.assertEqual(self.config.load_waiting_ids(), self.promotion.ids)

    def test_a_client_sends_no_context(self):
        self.second.pos_ok = False
        foreign = {"program_ids": self.second.ids, "domain": [], "limit": 1}
        config = self.config.with_context(
            loyalty_opening=foreign, loyalty_among=foreign
        )
        expected = self.coupons - self.second + self.automatic + self.promotion
        self.assertEqual(config._get_program_ids(), expected)
        self.assertEqual(config.load_programs(self.card.code), {})
