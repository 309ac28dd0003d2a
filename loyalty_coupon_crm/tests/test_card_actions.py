from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCardActions(LoyaltyCrmCommon):
    """Void, extend and reissue: with a reason, and all or nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program(strict=True)
        cls.manager = cls._create_user(
            "loyalty_manager", "loyalty_coupon_crm.group_loyalty_manager"
        )
        cls.last_day = fields.Date.add(cls.company._loyalty_today(), days=10)
        cls.later = fields.Date.add(cls.last_day, days=20)
        cls.cards = cls.env["loyalty.card"]
        for _index in range(3):
            cls.cards |= cls._create_card(
                cls.program, cls.partner, expiration_date=cls.last_day
            )

    def _change(self, action, cards=None, user=None, reason="lost", **values):
        cards = self.cards if cards is None else cards
        wizard = (
            self.env["loyalty.card.change"]
            .with_user(user or self.manager)
            .with_context(active_model="loyalty.card", active_ids=cards.ids)
            .create({"action": action, "reason": reason, **values})
        )
        return wizard.action_apply()

    def _use(self, card):
        order = self._create_order()
        self._apply_code(order, card.code)
        order.action_confirm()
        return order

    def _assert_untouched(self, cards):
        self.assertEqual(set(cards.mapped("points")), {1.0})
        self.assertEqual(set(cards.mapped("expiration_date")), {self.last_day})
        self.assertFalse(any(cards.mapped("voided_at")))

    def test_void_takes_the_points_and_says_why(self):
        self._change("void", reason="stolen pad")
        self.assertEqual(set(self.cards.mapped("state")), {"void"})
        self.assertEqual(set(self.cards.mapped("void_reason")), {"stolen pad"})
        self.assertEqual(self.cards.mapped("points"), [0, 0, 0])
        moves = self.cards.move_ids.filtered(lambda move: move.kind == "void")
        self.assertEqual(moves.mapped("points"), [-1, -1, -1])
        self.assertEqual(set(moves.mapped("reason")), {"stolen pad"})
        self.assertEqual(moves.user_id, self.manager)
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())
        body = self.cards[0].message_ids[0].body
        self.assertIn("stolen pad", body)

    def test_void_card_is_refused_by_the_gate_and_by_odoo(self):
        self.program.strict = False
        self._change("void")
        order = self._create_order()
        code = self.cards[0].code
        self.assertIn("voided", order._try_apply_code(code)["error"])
        self.cards.voided_at = False
        self.assertIn("already been used", order._try_apply_code(code)["error"])

    def test_void_is_all_or_nothing(self):
        self._use(self.cards[1])
        with self.assertRaises(UserError) as caught:
            self._change("void")
        message = str(caught.exception)
        self.assertIn(self.cards[1].code, message)
        self.assertIn("used already", message)
        self.assertNotIn(self.cards[0].code, message)
        self._assert_untouched(self.cards[0] | self.cards[2])

    def test_void_twice(self):
        self._change("void", self.cards[0])
        with self.assertRaisesRegex(UserError, "was voided on"):
            self._change("void")
        self._assert_untouched(self.cards[1:])

    def test_void_of_a_held_or_draft_card(self):
        draft = self._create_card(self.program, points=0)
        with self.assertRaisesRegex(UserError, "not been issued"):
            self._change("void", draft)
        moment = fields.Datetime.add(fields.Datetime.now(), minutes=5)
        self.env["loyalty.point.hold"].create(
            {
                "card_id": self.cards[0].id,
                "points": 1,
                "holder": "x",
                "expires_at": moment,
            }
        )
        with self.assertRaisesRegex(UserError, "being used on an order"):
            self._change("void", self.cards[0])

    def test_void_of_a_wallet(self):
        wallet = self._create_card(self._create_points_program(), self.partner, 70.5)
        self._change("void", wallet)
        self.assertEqual(wallet.points, 0)
        self.assertEqual(wallet.move_ids.sorted("id")[-1].kind, "void")
        self.assertEqual(sum(wallet.move_ids.mapped("remaining")), 0)

    def test_extend(self):
        self._change("extend", expiration_date=self.later)
        self.assertEqual(set(self.cards.mapped("expiration_date")), {self.later})
        self.assertEqual(set(self.cards.mapped("points")), {1.0})
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def test_extend_gives_back_what_lapsed(self):
        yesterday = fields.Date.subtract(self.company._loyalty_today(), days=1)
        self.cards.write({"expiration_date": yesterday})
        self.assertEqual(self.env["loyalty.point.move"]._expire_awards(100), 3)
        self.assertEqual(set(self.cards.mapped("state")), {"expired"})
        self._change("extend", expiration_date=self.later)
        self.assertEqual(set(self.cards.mapped("state")), {"issued"})
        self.assertEqual(self.cards.mapped("points"), [1, 1, 1])
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())
        self._use(self.cards[0])
        self.assertEqual(self.cards[0].state, "used")

    def test_extend_twice_after_it_lapsed_twice(self):
        card = self.cards[0]
        moves = self.env["loyalty.point.move"]
        for _round in range(2):
            card.expiration_date = "2020-01-01"
            moves._expire_awards(100)
            self.assertEqual(card.points, 0)
            self._change("extend", card, expiration_date=self.later)
            self.assertEqual(card.points, 1)
        self.assertFalse(moves._ledger_differences())

    def test_extend_to_the_past_or_to_an_earlier_day(self):
        with self.assertRaisesRegex(UserError, "has passed"):
            self._change("extend", expiration_date="2020-01-01")
        with self.assertRaisesRegex(UserError, "already"):
            self._change("extend", expiration_date=self.last_day)
        with self.assertRaisesRegex(UserError, "new last day"):
            self._change("extend")
        self._assert_untouched(self.cards)

    def test_extend_beyond_the_program(self):
        self.program.date_to = self.last_day
        with self.assertRaisesRegex(UserError, "Change its end first"):
            self._change("extend", expiration_date=self.later)
        self._assert_untouched(self.cards)

    def test_extend_what_has_no_end_or_is_void(self):
        wallet = self._create_card(self._create_points_program(), self.partner, 70)
        with self.assertRaisesRegex(UserError, "no last day"):
            self._change("extend", wallet, expiration_date=self.later)
        self._change("void", self.cards[0])
        with self.assertRaisesRegex(UserError, "was voided"):
            self._change("extend", expiration_date=self.later)
        self._assert_untouched(self.cards[1:])

    def test_reissue_keeps_everything_but_the_code(self):
        campaign = self.env["loyalty.campaign"].create(
            {"name": "Spring", "program_id": self.program.id}
        )
        card = self.cards[0]
        member = self.env["loyalty.campaign.member"].create(
            {
                "campaign_id": campaign.id,
                "company_id": self.company.id,
                "partner_id": self.partner.id,
                "occasion": "",
                "arm": "treated",
                "state": "issued",
                "card_id": card.id,
                "assigned_at": fields.Datetime.now(),
            }
        )
        card.write({"campaign_id": campaign.id, "campaign_member_id": member.id})
        action = self._change("reissue", card)
        new_card = card.reissued_to_ids
        self.assertEqual(action["res_id"], new_card.id)
        self.assertNotEqual(new_card.code, card.code)
        self.assertEqual(new_card.points, 1)
        self.assertEqual(new_card.partner_id, self.partner)
        self.assertEqual(new_card.expiration_date, self.last_day)
        self.assertEqual(new_card.campaign_id, campaign)
        self.assertEqual(member.card_id, new_card)
        self.assertEqual(new_card.reissued_from_id, card)
        self.assertEqual((card.state, card.points), ("void", 0))
        self.assertEqual(new_card.state, "issued")
        self.assertEqual(new_card.move_ids.kind, "transfer")
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())
        self._use(new_card)
        self.assertEqual(new_card.state, "used")

    def test_reissue_of_a_wallet_keeps_the_terms_of_each_award(self):
        program = self._create_points_program(expire_after=30)
        wallet = self._create_card(program, self.partner, 40)
        program.write({"expire_after": 60, "pending_days": 3})
        wallet._post_move("earn", 25)
        wallet._post_move("spend", -10)
        moves = wallet.move_ids.sorted("id").filtered("remaining")
        terms = [(move.remaining, move._terms()) for move in moves]
        self.assertEqual([points for points, _terms in terms], [30, 25])
        self.assertTrue(moves[-1].available_date)
        program.write({"expire_after": 365, "pending_days": 0})
        self._change("reissue", wallet)
        moves = wallet.reissued_to_ids.move_ids.sorted("id")
        self.assertEqual([(move.remaining, move._terms()) for move in moves], terms)
        self.assertEqual(wallet.reissued_to_ids.points, 55)
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def test_reissue_of_what_cannot_be_used(self):
        self.cards[0].expiration_date = "2020-01-01"
        with self.assertRaisesRegex(UserError, "Extend it before"):
            self._change("reissue")
        self.assertFalse(self.cards.reissued_to_ids)
        self._assert_untouched(self.cards[1:])

    def test_many_obstacles_are_counted(self):
        cards = self.env["loyalty.card"]
        for _index in range(12):
            cards |= self._create_card(self.program, points=0)
        with self.assertRaisesRegex(UserError, "(?s)12 of 12.*and 2 more") as caught:
            self._change("void", cards)
        self.assertEqual(len(str(caught.exception).splitlines()), 12)

    def test_reason_is_needed(self):
        with self.assertRaisesRegex(UserError, "reason"):
            self._change("void", reason="  ")
        with self.assertRaisesRegex(UserError, "Choose the cards"):
            self._change("void", self.env["loyalty.card"])
        self._assert_untouched(self.cards)

    def test_only_managers_change_cards(self):
        for login, group in (
            ("marketeer", "loyalty_coupon_crm.group_loyalty_marketing"),
            ("seller", "sales_team.group_sale_manager"),
        ):
            user = self._create_user(login, group)
            with self.assertRaises(AccessError):
                self._change("void", user=user)
        self._assert_untouched(self.cards)

    def test_life_of_a_card_is_not_written_by_a_client(self):
        self._change("void", self.cards[0])
        for group in ("group_loyalty_manager", "group_loyalty_marketing"):
            user = self._create_user(group, f"loyalty_coupon_crm.{group}")
            card = self.cards[0].with_user(user)
            with self.assertRaisesRegex(AccessError, "not written directly"):
                card.write({"voided_at": False})
            with self.assertRaises(AccessError):
                card.create({"program_id": self.program.id, "used_at": "2026-01-01"})

    def test_cards_of_another_company_are_out_of_reach(self):
        other = self.env["res.company"].create({"name": "Other"})
        card = self._create_card(self._create_coupon_program(company_id=other.id))
        with self.assertRaises(AccessError):
            self._change("void", card)
        self.assertEqual(card.points, 1)

    def test_a_lost_wallet_earns_no_more(self):
        program = self._create_points_program()
        lost = self._create_card(program, self.partner, 100)
        new = lost._reissue("Lost")
        order = self._create_order()
        order._update_programs_and_rewards()
        order.action_confirm()
        self.assertEqual((lost.points, new.points), (0, 190))
        self.assertEqual(lost.state, "void")
