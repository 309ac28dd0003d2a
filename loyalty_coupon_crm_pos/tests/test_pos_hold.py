from datetime import timedelta

from freezegun import freeze_time

from odoo.fields import Command, Datetime
from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon

FIRST, SECOND = "11111111-0000-4000-8000-000000000001", "2222"


@tagged("post_install", "-at_install")
class TestPosHold(LoyaltyCrmPosCommon):
    """What is on an order of one till is no other's, and is spent when it is paid."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program(percent=10, strict=True)
        cls.coupon = cls._create_card(cls.program, cls.partner)
        cls.points = cls._create_points_program(per_unit=90, required=50, strict=True)
        cls.till = cls.config.with_user(cls.cashier)

    def setUp(self):
        super().setUp()
        self.enterContext(self.enter_registry_test_mode())

    def _hold(self, uuid, card=None, points=1, partner=None):
        card = card or self.coupon
        partner = partner or self.partner
        # Holds are taken by a cursor of their own, which sees what is written.
        self.env.flush_all()
        return self.till.hold_cards(uuid, {str(card.id): points}, partner.id)

    def _holds(self):
        return self.env["loyalty.point.hold"].search([])

    def test_two_tills_and_one_coupon(self):
        self.assertEqual(self._hold(FIRST), {})
        refused = self._hold(SECOND)
        self.assertEqual(list(refused), self.coupon.ids)
        self.assertIn(self.config.name, refused[self.coupon.id])
        self.assertEqual(self._holds().holder, f"pos.order,{FIRST}")

    def test_asking_again_renews_and_resizes(self):
        wallet = self._create_card(self.points, self.partner, points=100)
        self.assertEqual(self._hold(FIRST, wallet, 50), {})
        self._holds().sudo().expires_at = Datetime.now()
        self.assertEqual(self._hold(FIRST, wallet, 100), {})
        hold = self._holds()
        self.assertEqual(hold.points, 100)
        self.assertGreater(hold.expires_at, Datetime.now())

    def test_rest_beside_lapsed_points(self):
        """An order that brings the rest of a reward takes what has not lapsed."""
        self.points.expire_after = 5
        wallet = self._create_card(self.points, self.partner, points=30)
        with freeze_time(Datetime.now() - timedelta(days=8)):
            wallet._post_move("earn", 70)
        self.assertEqual(wallet.blocked_points, 70)
        self.assertEqual(self._hold(FIRST, wallet, 20), {})
        self.assertEqual(self._holds().points, 20)
        self.assertEqual(list(self._hold(SECOND, wallet, 50)), wallet.ids)

    def test_hold_lasts_as_the_till_says(self):
        self.config.loyalty_hold_minutes = 5
        self._hold(FIRST)
        seconds = (self._holds().expires_at - Datetime.now()).total_seconds()
        self.assertTrue(240 < seconds <= 301, seconds)

    def test_what_left_the_order_is_free(self):
        self._hold(FIRST)
        self.assertEqual(self.till.hold_cards(FIRST, {}, False), {})
        self.assertFalse(self._holds())
        self.assertEqual(self._hold(SECOND), {})

    def test_release_of_one_order_leaves_the_other(self):
        other = self._create_card(self.program, self.partner)
        self._hold(FIRST)
        self._hold(SECOND, other)
        self.till.hold_cards(FIRST, {}, False)
        self.assertEqual(self._holds().card_id, other)

    def test_more_points_than_there_are(self):
        wallet = self._create_card(self.points, self.partner, points=40)
        self.assertIn(wallet.id, self._hold(FIRST, wallet, 50))
        self.assertFalse(self._holds())

    def test_used_expired_and_foreign_are_told(self):
        self.coupon._post_move("spend", -1)
        self.assertIn(self.coupon.id, self._hold(FIRST))
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        self.program.transferable = False
        mine = self._create_card(self.program, self.partner)
        self.assertIn(mine.id, self._hold(FIRST, mine, partner=stranger))
        self.assertFalse(self._holds())

    def test_absurd_input_holds_nothing(self):
        for points in (0, -1, float("nan")):
            self.assertEqual(self._hold(FIRST, points=points), {})
        self.assertEqual(self.till.hold_cards(FIRST, {"999999999": 1}, False), {})
        self.assertIn(self.coupon.id, self._hold(FIRST, points=float("inf")))
        self.assertFalse(self._holds())

    def test_card_of_another_company_is_not_found(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.coupon.sudo().program_id.company_id = other
        self.assertEqual(self._hold(FIRST), {})
        self.assertFalse(self._holds())

    def test_odoo_programs_are_left_to_odoo(self):
        plain = self._create_card(self._create_coupon_program(percent=10), self.partner)
        self.assertEqual(self._hold(FIRST, plain), {})
        self.assertFalse(self._holds())

    def test_payment_spends_before_the_till_asks(self):
        order = self._pay_order(rewards=[self._reward_line(self.coupon, 10)])
        self.assertEqual(self.coupon.points, 0)
        self.assertEqual(self._moves(self.coupon, order), [("spend", -1)])
        self.assertEqual(self._uses(order).card_id, self.coupon)
        self.assertEqual(sum(self.coupon.history_ids.mapped("used")), 1)
        self.assertLedger(self.coupon)

    def test_the_till_asks_later_and_again(self):
        order = self._pay_order(rewards=[self._reward_line(self.coupon, 10)])
        for _attempt in range(2):
            order.confirm_coupon_programs(self._coupon_data(self.coupon, -1))
        self.assertEqual(self._moves(self.coupon, order), [("spend", -1)])
        self.assertEqual(len(self._uses(order)), 1)
        self.assertEqual(sum(self.coupon.history_ids.mapped("used")), 1)

    def test_wallet_earns_after_it_was_spent(self):
        wallet = self._create_card(self.points, self.partner, points=60)
        order = self._pay_order(rewards=[self._reward_line(wallet, 10, cost=50)])
        self.assertEqual(wallet.points, 100)
        answers = [
            order.confirm_coupon_programs(self._coupon_data(wallet, 40))
            for _attempt in range(2)
        ]
        self.assertEqual(self._moves(wallet, order), [("earn", 90), ("spend", -50)])
        self.assertEqual(wallet.points, 100)
        self.assertFalse(order.loyalty_flag)
        self.assertEqual(answers[0]["coupon_updates"][0]["points"], 100)
        self.assertEqual(answers[0]["coupon_updates"], answers[1]["coupon_updates"])
        self.assertEqual(sum(wallet.history_ids.mapped("issued")), 90)
        self.assertLedger(wallet)

    def test_wallet_spends_what_the_order_earns(self):
        wallet = self._create_card(self.points, self.partner, points=10)
        order = self._pay_order(rewards=[self._reward_line(wallet, 10, cost=50)])
        self.assertEqual(wallet.points, 50)
        order.confirm_coupon_programs(self._coupon_data(wallet, 40))
        self.assertEqual(self._moves(wallet, order), [("earn", 90), ("spend", -50)])
        self.assertEqual(wallet.points, 50)
        self.assertLedger(wallet)

    def test_coupon_spent_elsewhere_is_a_loss(self):
        first = self._pay_order(rewards=[self._reward_line(self.coupon, 10)])
        second = self._pay_order(rewards=[self._reward_line(self.coupon, 10)])
        self.assertEqual(self.coupon.points, 0)
        self.assertEqual(self._moves(self.coupon, first), [("spend", -1)])
        self.assertEqual(self._moves(self.coupon, second), [("loss", 1), ("spend", -1)])
        self.assertIn(self.coupon.code, second.message_ids[0].body)
        self.assertLedger(self.coupon)

    def test_wallet_that_never_covers_it_is_a_loss(self):
        wallet = self._create_card(self.points, self.partner, points=10)
        order = self._pay_order(rewards=[self._reward_line(wallet, 10, cost=150)])
        for _attempt in range(2):
            self.assertEqual(
                self._moves(wallet, order),
                [("earn", 90), ("loss", 50), ("spend", -150)],
            )
            self.assertEqual(wallet.points, 0)
            self.assertIn(wallet.code, str(order.message_ids.mapped("body")))
            # The till asks later, or never.
            order.confirm_coupon_programs(self._coupon_data(wallet, -60))
        self.assertLedger(wallet)

    def test_first_wallet_is_made_when_the_order_is_paid(self):
        """Earned, and spent at once, without a word of the till."""
        template = self.env.ref("loyalty.mail_template_loyalty_card")
        self.points.communication_plan_ids = [
            Command.create({"trigger": "create", "mail_template_id": template.id})
        ]
        line = self._till_reward(
            self.env["loyalty.card"], 10, cost=50, reward=self.points.reward_ids
        )
        mails = self.env["mail.mail"].sudo().search_count([])
        order = self._sync([self._till_line(self.product), line], self.cashier)
        wallet = self.points.sudo().coupon_ids
        self.assertEqual((wallet.partner_id, wallet.points), (self.partner, 40))
        self.assertEqual(self._moves(wallet), [("earn", 90), ("spend", -50)])
        self.assertEqual(self._uses(order).card_id, wallet)
        claim = {"points": 40, "program_id": self.points.id, "line_codes": ["reward"]}
        for _attempt in range(2):
            answer = order.confirm_coupon_programs(
                {"-3": {**claim, "coupon_id": -3, "partner_id": self.partner.id}}
            )
            (update,) = answer["coupon_updates"]
            self.assertEqual((update["old_id"], update["id"]), (-3, wallet.id))
            self.assertEqual(update["points"], 40)
        self.assertEqual(self.points.sudo().coupon_ids, wallet)
        self.assertEqual(self.env["mail.mail"].sudo().search_count([]), mails + 1)
        self.assertFalse(order.sudo().loyalty_flag)

    def test_points_of_a_code_wait_for_the_till(self):
        self.points.write(
            {
                "rule_ids": [
                    Command.create(
                        {
                            "mode": "with_code",
                            "code": "PLUS",
                            "reward_point_mode": "order",
                            "reward_point_amount": 30,
                        }
                    )
                ]
            }
        )
        wallet = self._create_card(self.points, self.partner, points=10)
        order = self._pay_order(rewards=[self._reward_line(wallet, 10, cost=50)])
        self.assertEqual(self._moves(wallet, order), [])
        order.confirm_coupon_programs(self._coupon_data(wallet, 70))
        self.assertEqual(self._moves(wallet, order), [("earn", 120), ("spend", -50)])
        # More than any code could bring is lost at once.
        wallet.sudo()._post_move("adjust", -80)
        order = self._pay_order(rewards=[self._reward_line(wallet, 10, cost=500)])
        self.assertEqual(self._moves(wallet, order), [("loss", 500), ("spend", -500)])

    def test_other_companies_give_nothing(self):
        other = self.env["res.company"].sudo().create({"name": "Other"})
        self.points.sudo().company_id = other
        self._pay_order()
        self.assertFalse(self.points.sudo().coupon_ids)

    def test_payment_ends_the_hold(self):
        order = self._pay_order(
            rewards=[self._reward_line(self.coupon, 10)], uuid=FIRST
        )
        self.assertFalse(self._holds())
        self.assertTrue(order.uuid)

    def test_own_hold_does_not_stop_the_payment(self):
        self._hold(FIRST)
        answer = self.env["pos.order"].validate_coupon_programs(
            {str(self.coupon.id): -1}, []
        )
        self.assertTrue(answer["successful"], answer)

    def test_last_use_of_a_limit_is_held_renewed_and_paid(self):
        self.program.write({"limit_usage": True, "max_usage": 1})
        for _renewal in range(2):
            self.assertEqual(self._hold(FIRST), {})
        other = self._create_card(self.program, self.partner)
        self.assertIn(other.id, self._hold(SECOND, other))
        orders = self.env["pos.order"]
        answer = orders.validate_coupon_programs({str(self.coupon.id): -1}, [])
        self.assertTrue(answer["successful"], answer)
        order = self._pay_order(rewards=[self._reward_line(self.coupon, 10)])
        self.assertEqual(self._moves(self.coupon, order), [("spend", -1)])

    def test_till_gives_no_spent_coupon_back(self):
        order = self._pay_order(rewards=[self._reward_line(self.coupon, 10)])
        order.confirm_coupon_programs(self._coupon_data(self.coupon, 0))
        self.assertEqual(self.coupon.points, 0)

    def test_refund_gives_the_coupon_back(self):
        order = self._pay_order(rewards=[self._reward_line(self.coupon, 10)])
        order.confirm_coupon_programs(self._coupon_data(self.coupon, -1))
        self._refund(order)
        self.assertEqual(self.coupon.points, 1)
        self.assertLedger(self.coupon)

    def _promotion(self, **values):
        """Return a strict promotion that needs no card, for new customers alone."""
        return self._create_coupon_program(
            program_type="promotion",
            trigger="auto",
            strict=True,
            **{"first_order_only": True, **values},
        )

    def test_promotion_without_card_is_asked_with_the_holds(self):
        promotion = self._promotion()
        self.env.flush_all()
        wanted = {str(self.coupon.id): 1}, self.partner.id, promotion.ids
        self.assertEqual(
            self.till.hold_order(FIRST, *wanted), {"cards": {}, "programs": {}}
        )
        self._pay_order()
        answer = self.till.hold_order(FIRST, *wanted)
        self.assertEqual(list(answer["programs"]), promotion.ids)
        self.assertFalse(answer["cards"])

    def test_what_does_not_go_together_is_said_before_payment(self):
        self.program.stacking_policy = "alone"
        promotion = self._promotion(first_order_only=False)
        free = self._create_coupon_program(
            program_type="promotion", trigger="auto", strict=False
        )
        self.env.flush_all()
        wanted = {str(self.coupon.id): 1}, self.partner.id
        answer = self.till.hold_order(FIRST, *wanted, promotion.ids)
        self.assertFalse(answer["cards"], "the coupon was asked for")
        self.assertIn("cannot be combined", answer["programs"][promotion.id])
        answer = self.till.hold_order(FIRST, *wanted, promotion.ids, free.ids)
        self.assertIn(free.name, answer["cards"][self.coupon.id])
        self.assertFalse(self._holds(), "what is refused is not held")
        self.assertFalse(answer["programs"])

    def test_strict_promotions_are_asked_also_those_of_other_tills(self):
        self._pay_order()
        promotions = self._promotion() + self._promotion()
        promotions[0].strict = False
        promotions[1].pos_config_ids = self._create_till("Other Till")
        answer = self.till.hold_order(
            FIRST, {}, self.partner.id, [*promotions.ids, 0, 999999999]
        )
        self.assertEqual(list(answer["programs"]), promotions[1].ids)
        self.assertIn("Other Till", answer["programs"][promotions[1].id])

    def test_promotions_of_other_companies_are_nobodys_business(self):
        promotion = self._promotion(first_order_only=False)
        promotion.sudo().company_id = (
            self.env["res.company"].sudo().create({"name": "Other"})
        )
        answer = self.till.hold_order(FIRST, {}, self.partner.id, promotion.ids)
        self.assertFalse(answer["programs"])

    def test_promotion_that_was_paid_all_the_same_is_flagged(self):
        promotion = self._promotion()
        card = self._create_card(promotion, self.partner, 0)
        line = {**self._reward_line(card, 10), "coupon_id": False}
        first = self._pay_order(rewards=[line])
        self.assertFalse(first.loyalty_flag)
        second = self._pay_order(rewards=[line])
        self.assertIn(promotion.name, second.loyalty_flag)
