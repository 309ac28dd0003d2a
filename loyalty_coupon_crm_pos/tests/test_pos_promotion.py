from odoo.fields import Datetime
from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon

FIRST = "66666666-0000-4000-8000-000000000001"
SECOND = "66666666-0000-4000-8000-000000000002"


@tagged("post_install", "-at_install")
class TestPosPromotion(LoyaltyCrmPosCommon):
    """Limits of promotions without a card: claimed before payment, counted with it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.promotion = cls._create_coupon_program(
            name="Spring",
            program_type="promotion",
            trigger="auto",
            strict=True,
            limit_usage=True,
            max_usage=1,
        )
        cls.till = cls.config.with_user(cls.cashier)
        cls.line = cls._reward_line(
            cls.env["loyalty.card"], 10, reward=cls.promotion.reward_ids
        )

    def setUp(self):
        super().setUp()
        self.enterContext(self.enter_registry_test_mode())

    def _hold(self, uuid, partner=None, programs=None):
        """Return why the promotion is refused, None when it is held."""
        programs = self.promotion.ids if programs is None else programs
        # Every request of a till begins with nothing in memory.
        self.env.flush_all()
        self.env.invalidate_all()
        partner = self.partner if partner is None else partner
        answer = self.till.hold_order(uuid, {}, partner.id, programs)
        self.assertFalse(answer["cards"])
        return answer["programs"].get(self.promotion.id)

    def _holds(self):
        return self.env["loyalty.point.hold"].search([])

    def _counted(self, kind="total"):
        counters = self.env["loyalty.use.counter"].sudo()
        return sum(
            counters.search(
                [("program_id", "=", self.promotion.id), ("kind", "=", kind)]
            ).mapped("uses")
        )

    def test_two_tills_and_one_last_use(self):
        self.assertFalse(self._hold(FIRST))
        self.assertIn("as often as allowed: 1", self._hold(SECOND))
        self.assertFalse(self._hold(FIRST), "the one who has it may ask again")
        hold = self._holds()
        self.assertEqual(
            (hold.program_id, hold.holder), (self.promotion, f"pos.order,{FIRST}")
        )
        self.assertEqual((hold.shop, hold.user_id), ("Till", self.cashier))

    def test_what_left_the_order_is_free(self):
        self._hold(FIRST)
        self._hold(FIRST, programs=[])
        self.assertFalse(self._holds())
        self.assertFalse(self._hold(SECOND))

    def test_asking_again_renews(self):
        self._hold(FIRST)
        self._holds().sudo().expires_at = Datetime.now()
        self.env.flush_all()
        self.assertFalse(self._hold(FIRST))
        self.assertGreater(self._holds().expires_at, Datetime.now())

    def test_an_abandoned_use_lapses(self):
        self._hold(FIRST)
        self._holds().sudo().expires_at = Datetime.subtract(Datetime.now(), minutes=1)
        self.assertFalse(self._hold(SECOND))

    def test_limits_of_a_customer(self):
        self.promotion.write({"limit_usage": False, "per_customer_limit": 1})
        self.assertFalse(self._hold(FIRST))
        self.assertIn(self.partner.name, self._hold(SECOND))
        self.assertFalse(self._hold(SECOND, self.other_partner))
        # Who comes without a customer is nobody whose uses are counted.
        nobody = self.env["res.partner"]
        third = FIRST.replace("1", "3")
        self.assertIn("known customers", self._hold(third, nobody))

    def test_limit_of_the_day(self):
        self.promotion.write({"limit_usage": False, "per_day_limit": 2})
        self.assertFalse(self._hold(FIRST))
        self.assertFalse(self._hold(SECOND))
        self.assertIn("2 times a day", self._hold(FIRST.replace("1", "3")))

    def test_a_till_that_opened_before_it_ended_is_told(self):
        """Odoo does not count such programs among those of the till any more."""
        for values, words in (
            ({"date_to": "2020-01-01"}, "2020"),
            ({"pos_ok": False}, "only"),
            ({"date_to": False, "active": False}, "not offered"),
        ):
            with self.subTest(values):
                self.promotion.write(values)
                self.assertIn(words, self._hold(FIRST))
                self.assertFalse(self._holds())
                self.promotion.write({"pos_ok": True})

    def test_no_limit_no_row(self):
        self.promotion.limit_usage = False
        self.assertFalse(self._hold(FIRST))
        self.assertFalse(self._holds())

    def test_a_held_use_is_refused_to_sales_orders_too(self):
        self._hold(FIRST)
        card = self.env["loyalty.card"]
        found = self.promotion._redemption_blockers(card, self.partner, "sale")
        self.assertEqual([code for code, _text in found], ["limit_total"])

    def test_payment_counts_the_use_and_ends_the_hold(self):
        self._hold(FIRST)
        order = self._pay_order(rewards=[self.line], uuid=FIRST)
        self.assertFalse(order.loyalty_flag)
        self.assertFalse(self._holds())
        self.assertEqual(self._counted(), 1)
        use = self._uses(order)
        self.assertEqual((use.program_id, use.discount_amount), (self.promotion, 10))
        self.assertEqual(order.lines.coupon_id, use.card_id)
        self.assertEqual(use.card_id.points, 0)
        self.assertLedger(use.card_id)
        self.assertIn("as often as allowed", self._hold(SECOND))

    def test_paid_and_confirmed_again_counts_once(self):
        order = self._pay_order(rewards=[self.line], uuid=FIRST)
        order.action_pos_order_paid()
        claim = {
            "-4": {
                "points": 0,
                "program_id": self.promotion.id,
                "coupon_id": -4,
                "barcode": False,
                "line_codes": ["reward"],
            }
        }
        for _attempt in range(2):
            answer = order.with_user(self.cashier).confirm_coupon_programs(claim)
            self.assertEqual(
                answer["program_updates"],
                [{"program_id": self.promotion.id, "usages": 1}],
            )
        self.assertEqual(len(self._uses(order)), 1)
        self.assertEqual(self._counted(), 1)
        self.assertEqual(len(self.promotion.sudo().coupon_ids), 1)

    def test_sent_by_a_till_it_counts_without_another_word(self):
        reward = self._till_reward(
            self.env["loyalty.card"], 10, reward=self.promotion.reward_ids
        )
        order = self._sync([self._till_line(self.product), reward], self.cashier)
        self.assertEqual(self._counted(), 1)
        self.assertEqual(self._uses(order).used_by_id, self.partner)

    def test_paid_without_connection_beyond_the_limit(self):
        """The goods are gone: it is counted and flagged, not refused."""
        self._hold(SECOND)
        order = self._pay_order(rewards=[self.line], uuid=FIRST)
        self.assertEqual(order.state, "paid")
        self.assertIn("as often as allowed", order.loyalty_flag)
        self.assertEqual(self._counted(), 1)

    def test_refund_gives_the_use_back(self):
        order = self._pay_order(rewards=[self.line], uuid=FIRST)
        self._refund(order)
        self.assertEqual(self._counted(), 0)
        self.assertFalse(self._hold(SECOND))

    def test_a_cancelled_order_holds_nothing(self):
        self._hold(FIRST)
        order = self._sync(
            [self._till_line(self.product)], state="draft", payment_ids=[], uuid=FIRST
        )
        self.assertTrue(self._holds(), "a parked order keeps it")
        order.action_pos_order_cancel()
        self.assertFalse(self._holds())

    def test_manager_sees_and_releases_it(self):
        self._hold(FIRST)
        manager = self._create_user(
            "promotion_manager", "loyalty_coupon_crm.group_loyalty_manager"
        )
        hold = self._holds().with_user(manager)
        self.assertEqual(hold.program_id.name, "Spring")
        hold.action_release()
        self.assertFalse(self._hold(SECOND))

    def test_holds_of_other_companies_are_not_seen(self):
        self._hold(FIRST)
        other = self.env["res.company"].sudo().create({"name": "Other"})
        self.promotion.sudo().company_id = other
        manager = self._create_user(
            "other_manager", "loyalty_coupon_crm.group_loyalty_manager"
        )
        holds = self.env["loyalty.point.hold"].with_user(manager)
        self.assertFalse(holds.search([]))
