from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from .common import LoyaltyCrmCommon

STATES = ("draft", "issued", "seen", "held", "used", "expired", "void")


@tagged("post_install", "-at_install")
class TestCard(LoyaltyCrmCommon):
    """A card tells where it is in its life, on the form and in a filter."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program(strict=True)

    def _assert_state(self, card, state):
        """Check the state as it is read and as it is searched, in every filter."""
        card.invalidate_recordset(["state"])
        self.assertEqual(card.state, state)
        for other in STATES:
            found = self.env["loyalty.card"].search(
                [("id", "=", card.id), ("state", "=", other)]
            )
            self.assertEqual(bool(found), other == state, other)

    def _hold(self, card, minutes, holder="till,1"):
        moment = fields.Datetime.add(fields.Datetime.now(), minutes=minutes)
        return self.env["loyalty.point.hold"].create(
            {"card_id": card.id, "points": 1, "holder": holder, "expires_at": moment}
        )

    def test_draft_until_the_first_points(self):
        card = self._create_card(self.program, points=0)
        self._assert_state(card, "draft")
        card._post_move("issue", 1)
        self._assert_state(card, "issued")

    def test_seen(self):
        card = self._create_card(self.program)
        card.first_seen_at = fields.Datetime.now()
        self._assert_state(card, "seen")

    def test_held_while_the_hold_lives(self):
        card = self._create_card(self.program)
        hold = self._hold(card, 5)
        self._assert_state(card, "held")
        hold.expires_at = fields.Datetime.subtract(fields.Datetime.now(), seconds=1)
        self._assert_state(card, "issued")

    def test_used_on_an_order_and_given_back(self):
        card = self._create_card(self.program)
        order = self._create_order()
        self._apply_code(order, card.code)
        self._assert_state(card, "issued")
        order.action_confirm()
        self._assert_state(card, "used")
        self.assertTrue(card.used_at)
        order._action_cancel()
        self._assert_state(card, "issued")

    def test_coupon_for_several_uses_stays_issued(self):
        card = self._create_card(self.program, points=2)
        for state in ("issued", "used"):
            order = self._create_order()
            self._apply_code(order, card.code)
            order.action_confirm()
            self._assert_state(card, state)

    def test_coupon_below_its_smallest_reward_is_used(self):
        self.program.reward_ids.required_points = 5
        card = self._create_card(self.program, points=4)
        self._assert_state(card, "used")
        card._post_move("adjust", 1)
        self._assert_state(card, "issued")

    def test_wallet_is_never_used(self):
        wallet = self._create_card(self._create_points_program(), self.partner, 50)
        wallet._post_move("adjust", -50)
        self._assert_state(wallet, "issued")

    def test_last_day_is_included_in_the_time_zone_of_the_company(self):
        self.company.partner_id.tz = "Asia/Shanghai"
        card = self._create_card(self.program, expiration_date="2026-03-10")
        with freeze_time("2026-03-10 15:59:59"):
            self._assert_state(card, "issued")
        with freeze_time("2026-03-10 16:00:00"):
            self._assert_state(card, "expired")

    def test_used_before_it_expired(self):
        card = self._create_card(self.program, expiration_date="2026-03-10")
        card.used_at = "2026-03-01"
        card._post_move("spend", -1)
        with freeze_time("2026-06-01"):
            self._assert_state(card, "used")

    def test_void_wins(self):
        card = self._create_card(self.program, expiration_date="2020-01-01")
        card.voided_at = fields.Datetime.now()
        self._assert_state(card, "void")

    def test_each_card_has_the_day_of_its_company(self):
        self.company.partner_id.tz = "Pacific/Auckland"
        other = self.env["res.company"].create({"name": "West"})
        other.partner_id.tz = "Pacific/Honolulu"
        programs = self.program | self._create_coupon_program(company_id=other.id)
        cards = self.env["loyalty.card"]
        for program in programs:
            cards |= self._create_card(program, expiration_date="2026-03-10")
        with freeze_time("2026-03-10 20:00:00"):
            self._assert_state(cards[0], "expired")
            self._assert_state(cards[1], "issued")

    def test_states_of_many_cards_take_one_set_of_queries(self):
        cards = self.env["loyalty.card"]
        for _index in range(3):
            cards |= self._create_card(self.program)
        self.env.flush_all()
        cards.mapped("state")
        counts = []
        for some in (cards[:1], cards):
            cards.invalidate_recordset(["state"])
            before = self.cr.sql_log_count
            some.mapped("state")
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    def test_search_refuses_what_it_does_not_know(self):
        cards = self.env["loyalty.card"]
        self._create_card(self.program)
        domain = [("program_id", "=", self.program.id)]
        self.assertFalse(cards.search([*domain, ("state", "in", [])]))
        self.assertEqual(
            cards.search_count([*domain, ("state", "not in", ["void"])]), 1
        )
        self.assertFalse(cards.search([*domain, ("state", "!=", "issued")]))

    def test_card_spent_before_the_installation_is_used(self):
        card = self._create_card(self.program)
        fresh = self._create_card(self.program)
        order = self._create_order()
        self._apply_code(order, card.code)
        order.action_confirm()
        (card | fresh).write({"issued_at": False, "used_at": False})
        self._assert_state(card, "draft")
        self.env["loyalty.card"]._backfill_spent()
        self._assert_state(card, "used")
        self.assertTrue(card.used_at)
        self._assert_state(fresh, "draft")

    def test_images_are_made_of_the_code(self):
        card = self._create_card(self.program, code="0442ABCD")
        self.assertTrue(card.qr_image.startswith(b"iVBOR"))
        self.assertTrue(card.barcode_image.startswith(b"iVBOR"))
        for name in ("qr_image", "barcode_image"):
            self.assertFalse(card._fields[name].store)

    def test_code_is_grouped_to_read_out(self):
        card = self._create_card(self.program)
        self.assertEqual(card.code_grouped.replace("-", ""), card.code)
        self.assertGreater(card.code_grouped.count("-"), 2)
        card.code = "044e-1234"
        self.assertEqual(card.code_grouped, "044e-1234")

    def test_code_beyond_ascii_has_no_barcode_but_a_qr_code(self):
        card = self._create_card(self.program, code="优惠券")
        self.assertTrue(card.qr_image)
        self.assertFalse(card.barcode_image)
