from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.loyalty_coupon_crm.tests.screenshots import ScreenshotMixin
from odoo.addons.point_of_sale.tests.test_frontend import TestPointOfSaleHttpCommon

CAMPAIGN_CODE = "044ACEFHJKMNPRTWXY2347"

TEMPLATES = {
    "cash": "cash_coupon",
    "percent": "percent_coupon",
    "save": "spend_save",
    "category": "category_coupon",
    "half": "second_half",
    "drink": "drink_voucher",
    "new": "new_customer",
    "birthday": "birthday",
    "points": "points_card",
}


@tagged("post_install", "-at_install", "tour")
class TestLoyaltyCrmTours(ScreenshotMixin, TestPointOfSaleHttpCommon):
    """The till as its cashier sees it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The one who tests issues coupons and reads all facts; the cashier does not.
        cls.env.user.group_ids += cls.env.ref(
            "loyalty_coupon_crm.group_loyalty_manager"
        ) + cls.env.ref("loyalty_coupon_crm.group_loyalty_auditor")
        cls.env["loyalty.program"].search([]).action_archive()
        cls.main_pos_config.write({"tax_regime_selection": False})
        cls.main_pos_config.use_pricelist = False
        cls.partner = cls.env["res.partner"].create({"name": "Li Wei"})

    @classmethod
    def _create_program(cls, name, minimum=0, **values):
        """Return a program whose coupons give 10 % off orders from `minimum`."""
        return cls.env["loyalty.program"].create(
            {
                "name": name,
                "program_type": "coupons",
                "trigger": "with_code",
                "applies_on": "current",
                "communication_plan_ids": [Command.clear()],
                "rule_ids": [Command.create({"minimum_amount": minimum})],
                "reward_ids": [
                    Command.create({"discount": 10, "discount_mode": "percent"})
                ],
                **values,
            }
        )

    @classmethod
    def _create_card(cls, program, points=1.0, **values):
        card = cls.env["loyalty.card"].create({"program_id": program.id, **values})
        card._post_move("issue", points)
        return card

    def _facts(self, model):
        """Return what the till wrote of our customer."""
        return self.env[model].search(
            [("partner_id", "=", self.partner.id), ("channel", "=", "pos")]
        )

    def test_scan_campaign_coupon(self):
        program = self._create_program("Autumn Coupon", transferable=False)
        segment = self.env["loyalty.segment"].sudo()
        members = [
            Command.create({"partner_id": self.partner.id, "date_from": "2026-01-01"})
        ]
        campaign = self.env["loyalty.campaign"].create(
            {
                "name": "Autumn",
                "program_id": program.id,
                "segment_id": segment.create(
                    {"name": "Us", "kind": "static", "member_ids": members}
                ).id,
                "control_percent": 0,
                "no_control_reason": "A test of the till",
                "validity_days": 14,
            }
        )
        campaign.action_launch()
        campaign.sudo()._run_batch()
        card = program.coupon_ids
        self.assertEqual(card.partner_id, self.partner)
        card.code = CAMPAIGN_CODE
        self.main_pos_config.with_user(self.pos_user).open_ui()
        self.start_pos_tour("LoyaltyCrmScanCampaignCoupon")
        use = self._facts("loyalty.redemption")
        self.assertEqual((use.card_id, use.campaign_id), (card, campaign))
        self.assertAlmostEqual(use.discount_amount, 1.02)
        self.assertAlmostEqual(use.order_amount, 9.18)
        self.assertEqual(use.user_id, self.pos_user)
        purchase = self._facts("loyalty.purchase")
        self.assertAlmostEqual(purchase.amount, 9.18)
        self.assertEqual(card.points, 0)
        self.assertTrue(card.used_at)

    def test_refused_coupon_and_new_member(self):
        program = self._create_program("Strict Coupon", strict=True)
        void = self._create_card(program, code="044-void")
        void.sudo().write({"voided_at": "2026-01-01", "void_reason": "Lost"})
        self._create_card(program, code="044 expired", expiration_date="2020-01-01")
        self.main_pos_config.with_user(self.pos_user).open_ui()
        self.start_pos_tour("LoyaltyCrmRefusedCoupon")
        member = self.env["res.partner"].search([("name", "=", "Zhang Min")])
        self.assertEqual(len(member), 1)

    def test_two_tills_and_one_coupon(self):
        program = self._create_program("Autumn Coupon", strict=True)
        card = self._create_card(program, code=CAMPAIGN_CODE)
        first, second = self.main_pos_config, self.main_pos_config.copy()
        second.name = "Second Till"
        first.with_user(self.pos_user).open_ui()
        self.start_pos_tour("LoyaltyCrmFirstTill")
        hold = self.env["loyalty.point.hold"].search([("card_id", "=", card.id)])
        self.assertEqual((hold.points, hold.shop), (1, first.name))
        self.assertEqual(hold.user_id, self.pos_user)
        self.main_pos_config = second
        second.with_user(self.pos_user).open_ui()
        self.start_pos_tour("LoyaltyCrmSecondTill")
        self.assertEqual(card.hold_ids, hold)
        self.assertEqual(card.points, 1)

    def test_restaurant(self):
        """A coupon moves to another table with its order, and to another device."""
        if "restaurant.floor" not in self.env:
            self.skipTest("the restaurant is not installed")
        till = self.main_pos_config
        till.module_pos_restaurant = True
        self.env["restaurant.floor"].create(
            {
                "name": "Main Floor",
                "pos_config_ids": [Command.link(till.id)],
                "table_ids": [
                    Command.create(
                        {
                            "table_number": number,
                            "seats": 4,
                            "position_h": 60 * number,
                            "position_v": 100,
                        }
                    )
                    for number in (2, 5)
                ],
            }
        )
        program = self._create_program("Table Coupon", strict=True)
        card = self._create_card(program, code="044table")
        till.with_user(self.pos_user).open_ui()
        self.start_pos_tour("LoyaltyCrmTable")
        order = till.current_session_id.order_ids.filtered("lines")
        self.assertEqual(order.state, "draft")
        self.assertEqual(order.table_id.table_number, 2)
        hold = self.env["loyalty.point.hold"].search([("card_id", "=", card.id)])
        self.assertEqual((hold.holder, hold.points), (order._loyalty_holder(), 1))
        self.start_pos_tour("LoyaltyCrmTableOfAnotherDevice")
        self.assertEqual((order.state, card.state), ("paid", "used"))
        self.assertAlmostEqual(order.amount_total, 9.18)
        use = self.env["loyalty.redemption"].search([("card_id", "=", card.id)])
        self.assertEqual(use.order_id, order.id)
        self.assertFalse(order.loyalty_flag)
        self.assertFalse(hold.exists())

    def test_offline_and_back(self):
        """A leased coupon and a signed voucher pay offline; both post afterwards."""
        leased = self._create_card(
            self._create_program("Tea Coupon", strict=True), partner_id=self.partner.id
        )
        signed = self._create_card(
            self._create_program("Paper Voucher", strict=True, signed_codes=True)
        )
        # The till scans what the test cannot print.
        self.partner.street = signed._qr_text()
        self.main_pos_config.loyalty_offline = "leased"
        self.main_pos_config.with_user(self.pos_user).open_ui()
        self.start_pos_tour("LoyaltyCrmOffline", timeout=180)
        for card in leased + signed:
            self.assertEqual(card.state, "used")
            use = self.env["loyalty.redemption"].search([("card_id", "=", card.id)])
            self.assertAlmostEqual(use.discount_amount, 1.02)
        orders = self.main_pos_config.current_session_id.order_ids
        self.assertEqual(len(orders), 2)
        self.assertFalse(any(orders.mapped("loyalty_flag")))
        self.assertFalse(leased.hold_ids)

    def test_customer_panel(self):
        card = self._create_card(
            self._create_program("Tea Coupon", strict=True), partner_id=self.partner.id
        )
        self._create_card(
            self._create_program("Big Coupon", minimum=50), partner_id=self.partner.id
        )
        points = self.env["loyalty.program"].create(
            {
                "name": "Club",
                "strict": True,
                "program_type": "loyalty",
                "applies_on": "both",
                "trigger": "auto",
                "portal_visible": True,
                "portal_point_name": "Stars",
                "points_value": 0.05,
                "expire_after": 365,
                "communication_plan_ids": [Command.clear()],
                "rule_ids": [
                    Command.create(
                        {"reward_point_mode": "unit", "reward_point_amount": 1}
                    )
                ],
                "reward_ids": [Command.create({"discount": 5, "required_points": 500})],
            }
        )
        wallet = self._create_card(points, points=120, partner_id=self.partner.id)
        self.main_pos_config.with_user(self.pos_user).open_ui()
        self.start_pos_tour("LoyaltyCrmCustomerPanel", timeout=180)
        # The order was paid and refunded.
        self.assertEqual((card.points, wallet.points), (1, 120))
        uses = self._facts("loyalty.redemption").sorted("id")
        self.assertEqual(uses.card_id, card)
        self.assertEqual(uses[1].reversal_of_id, uses[0])
        moves = wallet.move_ids.filtered(lambda move: move.order_model == "pos.order")
        self.assertEqual(moves.sorted("id").mapped("points"), [2, -2])
        purchases = self._facts("loyalty.purchase")
        self.assertAlmostEqual(sum(purchases.mapped("amount")), 0)

    @classmethod
    def _create_till_product(cls, name, price, category):
        return cls.env["product.product"].create(
            {
                "name": name,
                "list_price": price,
                "categ_id": category.id,
                "taxes_id": [Command.clear()],
                "available_in_pos": True,
            }
        )

    def _create_from_templates(self):
        """Return {end of a coupon's code: its program} of every template of ours."""
        tea, books = self.env["product.category"].create(
            [{"name": "Tea"}, {"name": "Books"}]
        )
        self._create_till_product("Tea Box", 100.0, tea)
        self._create_till_product("Tea Book", 40.0, books)
        cup = self._create_till_product("Tea Cup", 30.0, books)
        programs = {}
        for code, template in TEMPLATES.items():
            action = self.env["loyalty.program"].create_from_template(template)
            programs[code] = self.env["loyalty.program"].browse(action["res_id"])
        programs["category"].rule_ids.product_category_id = tea
        programs["category"].reward_ids.discount_product_category_id = tea
        programs["drink"].reward_ids.reward_product_id = cup
        return programs

    def test_customer_display(self):
        till = self.main_pos_config
        self.start_tour(
            f"/pos_customer_display/{till.id}/{till.access_token}",
            "LoyaltyCrmCustomerDisplay",
            login="pos_user",
        )

    def test_program_templates(self):
        programs = self._create_from_templates()
        points = programs.pop("points")
        cards = self.env["loyalty.card"]
        for code, program in programs.items():
            cards += self._create_card(
                program, code=f"044{code}", partner_id=self.partner.id
            )
        self.main_pos_config.with_user(self.pos_user).open_ui()
        self.start_pos_tour("LoyaltyCrmProgramTemplates", timeout=120)
        used = cards.filtered(lambda card: card.code in ("044drink", "044birthday"))
        self.assertEqual(set(used.mapped("state")), {"used"})
        # What was taken off again is free for the next order.
        self.assertEqual(set((cards - used).mapped("state")), {"issued"})
        uses = self._facts("loyalty.redemption")
        self.assertEqual(uses.card_id, used + points.coupon_ids)
        self.assertEqual(points.coupon_ids.partner_id, self.partner)
