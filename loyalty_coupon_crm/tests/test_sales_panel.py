from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestSalesPanel(LoyaltyCrmCommon):
    """The salesperson sees the customer's cards and applies one with a click."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.coupons = cls._create_coupon_program(strict=True)
        cls.points = cls._create_points_program(points_value=0.05, expire_after=30)
        cls.coupon = cls._create_card(cls.coupons, cls.partner)
        cls.wallet = cls._create_card(cls.points, cls.partner, 120)
        cls.foreign = cls._create_card(cls.coupons, cls.other_partner)
        cls.env["loyalty.customer.metric"].create(
            {
                "partner_id": cls.partner.id,
                "company_id": cls.company.id,
                "purchase_count": 7,
                "amount": 700,
                "last_date": "2026-01-05",
            }
        )
        # The lowest role, of somebody else's customer.
        cls.partner.user_id = cls.env.ref("base.user_admin")
        cls.seller = cls._create_user("seller", "sales_team.group_sale_salesman")
        cls.order = cls._create_order(user_id=cls.seller.id)

    def _apply(self, card, order=None, user=None):
        order = self.order if order is None else order
        return (
            card.with_user(user or self.seller)
            .with_context(loyalty_order_id=order.id)
            .action_apply_to_order()
        )

    def test_order_shows_wallets_coupons_and_figures(self):
        order = self.order.with_user(self.seller)
        self.assertEqual(order.loyalty_wallet_ids.ids, self.wallet.ids)
        self.assertEqual(order.loyalty_coupon_ids.ids, self.coupon.ids)
        self.assertEqual(order.loyalty_purchase_count, 7)
        self.assertEqual(order.loyalty_amount, 700)
        wallet = order.loyalty_wallet_ids
        self.assertAlmostEqual(wallet.worth, 6)
        today = self.company._loyalty_today()
        self.assertEqual(wallet.next_expiry_date, fields.Date.add(today, days=30))
        self.assertEqual(wallet.next_expiry_points, 120)
        self.assertEqual(order.loyalty_coupon_ids.offer_text, "10% on your order")

    def test_new_quotation_shows_them_when_the_customer_is_chosen(self):
        form = Form(self.env["sale.order"].with_user(self.seller))
        form.partner_id = self.partner
        self.assertEqual(form.loyalty_coupon_ids.ids, self.coupon.ids)
        form.partner_id = self.other_partner
        self.assertEqual(form.loyalty_coupon_ids.ids, self.foreign.ids)
        self.assertFalse(form.loyalty_wallet_ids.ids)

    def test_only_what_is_open_is_shown(self):
        cards = self.env["loyalty.card"]
        for _index in range(3):
            cards |= self._create_card(self.coupons, self.partner)
        cards[0].expiration_date = "2020-01-01"
        cards[1]._void("lost")
        archived = self._create_card(self._create_coupon_program(), self.partner)
        archived.program_id.active = False
        self.order.invalidate_recordset()
        self.assertEqual(self.order.loyalty_coupon_ids, self.coupon | cards[2])

    def test_first_to_expire_comes_first(self):
        soon = self._create_card(
            self.coupons,
            self.partner,
            expiration_date=fields.Date.add(self.company._loyalty_today(), days=1),
        )
        self.order.invalidate_recordset()
        self.assertEqual(self.order.loyalty_coupon_ids.ids, [soon.id, self.coupon.id])

    def test_next_expiry_is_the_first_of_several_awards(self):
        self.points.expire_after = 10
        self.wallet._post_move("earn", 5)
        self.points.expire_after = 0
        self.wallet._post_move("earn", 9)
        day = fields.Date.add(self.company._loyalty_today(), days=10)
        self.assertEqual(self.wallet.next_expiry_date, day)
        self.assertEqual(self.wallet.next_expiry_points, 5)

    def test_contacts_of_a_company_share_what_they_see(self):
        firm = self.env["res.partner"].create({"name": "Firm", "is_company": True})
        contacts = self.env["res.partner"].create(
            [{"name": name, "parent_id": firm.id} for name in ("Ann", "Bob")]
        )
        card = self._create_card(self.coupons, contacts[0])
        order = self._create_order(partner=contacts[1])
        self.assertEqual(order.loyalty_coupon_ids, card)
        self.assertEqual(firm.loyalty_coupon_ids, card)

    def test_last_uses(self):
        self._apply(self.coupon)
        self.order.action_confirm()
        order = self._create_order()
        self.assertEqual(order.loyalty_use_ids.card_id, self.coupon)
        self.assertEqual(order.loyalty_use_ids.discount_amount, 10)
        self.assertFalse(order.loyalty_coupon_ids)
        self.order._action_cancel()
        order.invalidate_recordset()
        self.assertFalse(order.loyalty_use_ids)
        self.assertEqual(order.loyalty_coupon_ids, self.coupon)

    def test_partner_and_opportunity_show_the_same(self):
        lead = self.env["crm.lead"].create(
            {"name": "Tea", "partner_id": self.partner.id, "user_id": self.seller.id}
        )
        for record in (lead, self.partner):
            record = record.with_user(self.seller)
            self.assertEqual(record.loyalty_coupon_ids.ids, self.coupon.ids)
            self.assertEqual(record.loyalty_wallet_ids.ids, self.wallet.ids)
            self.assertEqual(record.loyalty_amount, 700)
        stranger = self.env["crm.lead"].create({"name": "Nobody"})
        self.assertFalse(stranger.loyalty_coupon_ids | stranger.loyalty_wallet_ids)
        self.assertFalse(stranger.loyalty_use_ids)
        action = self.partner.with_user(self.seller).action_loyalty_statement()
        moves = self.env["loyalty.point.move"].search(action["domain"])
        self.assertEqual(moves.card_id, self.coupon | self.wallet)

    def test_cards_of_another_company_are_not_shown(self):
        other = self.env["res.company"].create({"name": "Other"})
        self._create_card(
            self._create_coupon_program(company_id=other.id), self.partner
        )
        shared = self._create_card(
            self._create_coupon_program(
                company_id=False, currency_id=self.company.currency_id.id
            ),
            self.partner,
        )
        self.order.invalidate_recordset()
        self.assertEqual(self.order.loyalty_coupon_ids, self.coupon | shared)

    def test_one_click_applies_a_coupon(self):
        self.assertIs(self._apply(self.coupon), True)
        self.assertAlmostEqual(self.order.amount_total, 90)
        self.assertEqual(self.order.order_line.coupon_id, self.coupon)
        self.assertFalse(self.order.loyalty_coupon_ids, "applied, no longer offered")
        with self.assertRaises(UserError):
            self._apply(self.coupon)

    def test_one_click_uses_points(self):
        self.assertIs(self._apply(self.wallet), True)
        self.assertAlmostEqual(self.order.amount_total, 90)
        self.order.with_user(self.seller).action_confirm()
        self.assertEqual(self.wallet.points, 120 + 90 - 50)

    def test_several_rewards_open_odoo_s_window(self):
        self.coupons.reward_ids = [
            Command.create({"discount": 20, "required_points": 1}),
        ]
        action = self._apply(self.coupon)
        self.assertEqual(action["res_model"], "sale.loyalty.reward.wizard")
        self.assertEqual(action["context"]["active_id"], self.order.id)

    def test_click_says_why_not(self):
        self.coupons.transferable = False
        with self.assertRaisesRegex(UserError, "belongs to Wang Fang"):
            self._apply(self.foreign)
        empty = self._create_card(self.points, self.other_partner, 10)
        order = self._create_order(partner=self.other_partner, user_id=self.seller.id)
        order.order_line.product_uom_qty = 0
        with self.assertRaisesRegex(UserError, "gives nothing"):
            self._apply(empty, order)
        with self.assertRaisesRegex(UserError, "Save the order"):
            self._apply(self.coupon, self.env["sale.order"])

    def test_queries_do_not_grow_with_the_number_of_records(self):
        for _index in range(4):
            self._create_card(self.coupons, self.other_partner)
        orders = self.order
        for partner in (self.other_partner, self.partner, self.other_partner):
            orders |= self._create_order(partner=partner)
        self.env.flush_all()
        counts = []
        for some in (orders[:1], orders):
            self.env.invalidate_all()
            some.mapped("partner_id.commercial_partner_id.name")
            before = self.cr.sql_log_count
            for order in some:
                order.loyalty_coupon_ids.mapped("code")
                order.loyalty_wallet_ids.mapped("next_expiry_date")
                order.loyalty_use_ids.mapped("points")
                order.mapped("loyalty_amount")
            counts.append(self.cr.sql_log_count - before)
        self.assertLess(counts[1], counts[0] + 4, counts)
        self.assertLess(counts[0], 40, counts)
