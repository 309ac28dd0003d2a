from unittest.mock import patch

from odoo import fields
from odoo.fields import Command
from odoo.tests import freeze_time, new_test_user, tagged

from .common import LoyaltyCrmPosCommon


@tagged("post_install", "-at_install")
class TestPosGate(LoyaltyCrmPosCommon):
    """What the till says of a code, in words."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program(percent=10)
        cls.card = cls._create_card(cls.program, cls.partner)

    def _use(self, code, partner=None, config=None):
        """Return the cashier's answer to a code."""
        config = (config or self.config).with_user(self.cashier)
        now = fields.Datetime.to_string(fields.Datetime.now())
        partner = self.partner if partner is None else partner
        return config.use_coupon_code(code, now, partner.id, False)

    def assertRefused(self, answer, *words):
        self.assertFalse(answer["successful"])
        for word in words:
            self.assertIn(word, answer["payload"]["error_message"])

    def test_good_code(self):
        answer = self._use(f"  {self.card.code} ")
        self.assertTrue(answer["successful"])
        self.assertEqual(answer["payload"]["coupon_id"], self.card.id)

    def test_unknown_code(self):
        self.assertRefused(self._use("044nothing"), "044nothing", "No coupon has")

    def test_empty_code(self):
        self.assertRefused(self._use(""), "No coupon has")

    def test_foreign_card(self):
        answer = self._use(self.card.code, partner=self.other_partner)
        self.assertRefused(answer, "another customer")
        answer = self._use(self.card.code, partner=self.env["res.partner"])
        self.assertRefused(answer, "another customer")

    def test_transferable_card_of_a_strict_program(self):
        self.program.strict = True
        for partner in (self.other_partner, self.env["res.partner"]):
            answer = self._use(self.card.code, partner=partner)
            self.assertTrue(answer["successful"], answer)
            self.assertEqual(answer["payload"]["coupon_id"], self.card.id)
        self.program.transferable = False
        answer = self._use(self.card.code, partner=self.other_partner)
        self.assertRefused(answer)

    def test_last_day_is_the_company_s(self):
        self.company.partner_id.sudo().tz = "America/New_York"
        self.cashier.sudo().tz = "Asia/Tokyo"
        self.program.write({"strict": True, "date_to": "2026-03-08"})
        self.card.expiration_date = "2026-03-08"
        # The clocks of that night have gone forward: four hours behind, not five.
        for moment, good in (
            ("2026-03-09 03:59:00", True),
            ("2026-03-09 04:00:00", False),
        ):
            with self.subTest(moment), freeze_time(moment):
                answer = self._use(self.card.code)
                self.assertEqual(answer["successful"], good, answer)

    def test_printed_gift_card_is_sold_on_its_last_day(self):
        self.company.partner_id.sudo().tz = "America/New_York"
        program = self._create_coupon_program(program_type="gift_card", trigger="auto")
        card = self._create_card(program, self.env["res.partner"], 25)
        card.expiration_date = "2026-03-08"
        cards = self.env["loyalty.card"].with_user(self.cashier)
        for moment, good in (
            ("2026-03-08 12:00:00", True),
            ("2026-03-09 03:59:00", True),
            ("2026-03-09 04:00:00", False),
        ):
            with self.subTest(moment), freeze_time(moment):
                answer = cards.get_gift_card_status(card.code, self.config.id)
                self.assertEqual(answer["status"], good)

    def test_program_of_another_till(self):
        self.program.pos_config_ids = self._create_till("Other Till")
        self.assertRefused(self._use(self.card.code), "does not accept", "Coupon")

    def test_used_card(self):
        order = self._pay_order(rewards=[self._reward_line(self.card, 10)])
        order.confirm_coupon_programs(self._coupon_data(self.card, -1))
        self.assertRefused(self._use(self.card.code), "already used")

    def test_expired_card_in_the_words_of_odoo(self):
        self.card.expiration_date = "2020-01-01"
        self.assertRefused(self._use(self.card.code), "expired", self.card.code)

    def test_gate_refuses_with_all_reasons(self):
        blockers = [("a", "The first reason."), ("b", "The second reason.")]
        programs = self.env.registry["loyalty.program"]
        with patch.object(
            programs, "_redemption_blockers", lambda *args, **kwargs: blockers
        ):
            answer = self._use(self.card.code)
            self.assertRefused(answer, "The first reason.", "The second reason.")
            order = self.env["pos.order"].with_user(self.cashier)
            answer = order.validate_coupon_programs({str(self.card.id): -1}, [])
            self.assertFalse(answer["successful"])
            self.assertIn("The second reason.", answer["payload"]["message"])
            answer = order.validate_coupon_programs({str(self.card.id): 1}, [])
            self.assertTrue(answer["successful"], "earning is not using")

    def test_refusals_are_logged(self):
        logged = []
        refusals = self.env.registry["loyalty.refusal"]
        with patch.object(
            refusals, "_log_refusal", lambda self, *args, **_more: logged.append(args)
        ):
            self._use("044nothing")
            self._use(self.card.code)
        self.assertEqual(len(logged), 1)
        self.assertEqual(logged[0][2], "pos")
        self.assertEqual(logged[0][4], "044nothing")

    def test_card_of_another_company(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        program = self._create_coupon_program(company_id=other.id)
        card = self._create_card(program)
        self.assertRefused(self._use(card.code), "No coupon has")

    def test_wallet_of_a_customer(self):
        points = self._create_points_program()
        self._create_card(points, self.partner, points=70)
        self._create_card(self.program, self.other_partner)
        self._create_card(self.program, self.partner, expiration_date="2020-01-01")
        wallet = self._wallet()
        self.assertEqual([row["code"] for row in wallet["coupons"]], [self.card.code])
        coupon = wallet["coupons"][0]
        self.assertEqual(coupon["name"], "Coupon")
        self.assertEqual(coupon["gives"], self.program.reward_ids.mapped("description"))
        self.assertEqual(coupon["reasons"], [])
        self.assertEqual(
            [(row["name"], row["points"]) for row in wallet["wallets"]],
            [("Points", 70)],
        )
        self.assertEqual(wallet["more"], 0)

    def test_who_the_member_is(self):
        self.assertEqual(
            self._wallet()["member"], {"since": False, "last_visit": False}
        )
        points = self._create_points_program(points_value=0.05)
        card = self._create_card(points, self.partner, points=70)
        # Past midnight where the shop is, the day before in UTC.
        self.company.partner_id.sudo().tz = "Asia/Shanghai"
        card.sudo().issued_at = "2026-02-28 20:00:00"
        self._pay_order()
        purchase = self.env["loyalty.purchase"]
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE loyalty_purchase SET date = %s WHERE partner_id = %s",
            ("2026-03-31 17:00:00", self.partner.id),
        )
        purchase.invalidate_model()
        wallet = self._wallet()
        expected = {"since": "2026-03-01", "last_visit": "2026-04-01"}
        self.assertEqual(wallet["member"], expected)
        self.assertAlmostEqual(wallet["wallets"][0]["worth"], 3.5)
        other = self._wallet(self.other_partner.id)
        self.assertFalse(other["member"]["last_visit"])

    def test_wallet_of_nobody(self):
        nothing = {"coupons": [], "more": 0, "wallets": [], "offer": False}
        nothing["member"] = {}
        self.assertEqual(self._wallet(partner_id=0), nothing)
        self.assertEqual(self._wallet(partner_id=999999999), nothing)

    def test_wallet_counts_what_it_leaves_out(self):
        for _number in range(32):
            self._create_card(self.program, self.partner)
        wallet = self._wallet()
        self.assertEqual((len(wallet["coupons"]), wallet["more"]), (30, 3))

    def test_wallet_of_another_company(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups="point_of_sale.group_pos_user",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.program.company_id = self.company
        config = self.env["pos.config"].with_user(stranger)
        self.assertFalse(config.search([("id", "=", self.config.id)]))

    def test_best_offer_is_told_without_money(self):
        """Who falls silent is worth the offer; who would buy anyway is not."""
        metric = self.env["loyalty.customer.metric"].sudo()
        metric = metric.create(
            {
                "partner_id": self.partner.commercial_partner_id.id,
                "company_id": self.company.id,
                "purchase_count": 6,
                "purchase_days": 6,
                "gap_median": 20.0,
                "p_alive": 0.05,
                "average_basket": 100.0,
                "margin_rate": 0.5,
                "coupon_share": 0.2,
            }
        )
        offer = self._wallet()["offer"]
        self.assertIn(self.program.name, offer)
        self.assertNotIn("expected", offer)
        metric.p_alive = 1.0
        self.assertFalse(self._wallet()["offer"])

    def _wallet(self, partner_id=None):
        """Return the wallet as the cashier's till asks for it."""
        partner_id = self.partner.id if partner_id is None else partner_id
        config = self.config.with_user(self.cashier)
        return config.get_customer_wallet(partner_id)
