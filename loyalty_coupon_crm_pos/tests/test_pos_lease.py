from odoo.fields import Datetime
from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon

FIRST = "33333333-0000-4000-8000-000000000001"


@tagged("post_install", "-at_install")
class TestPosLease(LoyaltyCrmPosCommon):
    """Cards of the customers at a till are kept for it, within bounds, for a while."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program(percent=10, strict=True)
        cls.points = cls._create_points_program(per_unit=1, required=50, strict=True)
        cls.coupon = cls._create_card(cls.program, cls.partner)
        cls.wallet = cls._create_card(cls.points, cls.partner, points=800)
        cls.config.loyalty_offline = "leased"
        cls.other = cls._create_till("Other Till", loyalty_offline="leased")
        cls.till = cls.config.with_user(cls.cashier)
        cls.second = cls.other.with_user(cls.cashier)
        for till in (cls.till, cls.second):
            till.open_ui()

    def setUp(self):
        super().setUp()
        self.enterContext(self.enter_registry_test_mode())

    def _lease(self, *partners, till=None):
        # Leases are taken by a cursor of their own, which sees what is written.
        self.env.flush_all()
        ids = [partner.id for partner in partners]
        return (till or self.till).lease_cards(ids)

    def _leases(self):
        """Return {card: points} of what both tills keep."""
        holds = self.env["loyalty.point.hold"].search(
            [("holder", "=like", "pos.config,%")]
        )
        return {hold.card_id: hold.points for hold in holds}

    def _hold(self, till, card, points=1, uuid=FIRST):
        self.env.flush_all()
        return till.hold_cards(uuid, {str(card.id): points}, self.partner.id)

    def test_customer_at_the_till(self):
        answer = self._lease(self.partner)
        self.assertEqual(
            answer,
            {
                self.coupon.id: {
                    "code": self.coupon.code,
                    "program_id": self.program.id,
                    "partner_id": self.partner.id,
                    "points": 1,
                    "seconds": 900,
                },
                self.wallet.id: {
                    "code": self.wallet.code,
                    "program_id": self.points.id,
                    "partner_id": self.partner.id,
                    "points": 500,
                    "seconds": 900,
                },
            },
        )
        self.assertEqual(self._leases(), {self.coupon: 1, self.wallet: 500})
        self.assertEqual(self.coupon.state, "held")
        left = (self.coupon.hold_ids.expires_at - Datetime.now()).total_seconds()
        self.assertTrue(840 < left <= 901, left)

    def test_nobody_else_gets_it(self):
        self._lease(self.partner)
        refused = self._hold(self.second, self.coupon)
        self.assertIn(self.config.name, refused[self.coupon.id])
        # Of the wallet 300 points are free.
        self.assertEqual(self._hold(self.second, self.wallet, 300), {})
        self.assertIn(self.wallet.id, self._hold(self.second, self.wallet, 301, "b"))
        self.assertEqual(self._lease(self.partner, till=self.second), {})
        order = self.env["sale.order"].sudo().create({"partner_id": self.partner.id})
        self.assertIn("error", order._try_apply_code(self.coupon.code))

    def test_own_till_scans_lists_and_takes_it_over(self):
        self._lease(self.partner)
        answer = self.till.use_coupon_code(
            self.coupon.code, "2026-01-01 00:00:00", self.partner.id, False
        )
        self.assertTrue(answer["successful"], answer)
        [listed] = self.till.get_customer_wallet(self.partner.id)["coupons"]
        self.assertFalse(listed["reasons"])
        self.assertEqual(self._hold(self.till, self.coupon), {})
        self.assertEqual(self._leases(), {self.wallet: 500})
        self.assertEqual(self.coupon.hold_ids.holder, f"pos.order,{FIRST}")
        # What an order holds cannot be leased beside it; the coupon left the order.
        self.assertEqual(self._hold(self.till, self.wallet, 700), {})
        self._lease(self.partner)
        self.assertEqual(self._leases(), {self.coupon: 1, self.wallet: 100})

    def test_customer_leaves(self):
        self._lease(self.partner)
        theirs = self._create_card(self.program, self.other_partner)
        self.assertEqual(list(self._lease(self.other_partner)), theirs.ids)
        self.assertEqual(self._leases(), {theirs: 1})
        self.assertEqual(self._lease(), {})
        self.assertFalse(self._leases())

    def test_only_what_may_be_used_now(self):
        self.coupon.sudo()._void("lost")
        self.points.date_to = "2020-01-01"
        plain = self._create_coupon_program(percent=10)
        self._create_card(plain, self.partner)
        self._create_card(self.program, self.partner, expiration_date="2020-01-01")
        self._create_card(self.program, self.partner, points=0)
        elsewhere = self._create_coupon_program(strict=True)
        elsewhere.pos_config_ids = self.other
        self._create_card(elsewhere, self.partner)
        self.assertEqual(self._lease(self.partner), {})

    def test_bounds(self):
        for _number in range(4):
            self._create_card(self.program, self.partner)
        self.config.write({"loyalty_lease_cards": 3, "loyalty_lease_points": 20})
        answer = self._lease(self.partner, self.other_partner)
        self.assertEqual(len(answer), 3)
        self.assertEqual(answer[self.wallet.id]["points"], 20)
        self.config.loyalty_lease_cards = 0
        self.assertEqual(self._lease(self.partner), {})
        self.assertFalse(self._leases())

    def test_a_till_that_refuses_or_is_closed_leases_nothing(self):
        self.config.loyalty_offline = "refuse"
        self.assertEqual(self._lease(self.partner), {})
        closed = self._create_till("Closed", loyalty_offline="leased")
        closed = closed.with_user(self.cashier)
        self.assertEqual(self._lease(self.partner, till=closed), {})
        self.assertEqual(self._lease(self.env["res.partner"].browse(999999999)), {})

    def test_lapsed_lease_is_no_hold(self):
        self._lease(self.partner)
        self.coupon.hold_ids.sudo().expires_at = "2026-01-01"
        self.assertEqual(self._hold(self.second, self.coupon), {})
        self.assertNotIn(self.coupon.id, self._lease(self.partner))

    def test_sold_offline_within_the_lease(self):
        self._lease(self.partner)
        order = self._pay_order(rewards=[self._reward_line(self.coupon, 10)])
        self.assertFalse(order.loyalty_flag)
        self.assertEqual(self._moves(self.coupon, order), [("spend", -1)])
        # The till may go on with the wallet, the coupon is done with.
        self.assertEqual(self._leases(), {self.wallet: 500})
        order = self._pay_order(rewards=[self._reward_line(self.wallet, 10, cost=200)])
        self.assertFalse(order.loyalty_flag)
        self.assertFalse(self._leases())
        self.assertEqual(self.wallet.points, 602)

    def test_sold_offline_after_the_lease_and_spent_elsewhere(self):
        self._lease(self.partner)
        self.coupon.hold_ids.sudo().expires_at = "2026-01-01"
        first = self._pay_order(
            rewards=[self._reward_line(self.coupon, 10)], pos_config=self.other
        )
        late = self._pay_order(rewards=[self._reward_line(self.coupon, 10)])
        self.assertEqual(self._moves(self.coupon, first), [("spend", -1)])
        self.assertEqual(self._moves(self.coupon, late), [("loss", 1), ("spend", -1)])
        self.assertIn(self.coupon.code, late.loyalty_flag)
        totals = late.session_id._loyalty_closing_totals()
        self.assertEqual((totals["lost"], totals["flagged"]), (1, 1))
        self.assertEqual(totals["lost_amount"], 10)

    def test_closing_frees(self):
        self._lease(self.partner)
        self.till.current_session_id.close_session_from_ui()
        self.assertEqual(self.config.session_ids.mapped("state"), ["closed"])
        self.assertFalse(self._leases())

    def test_keys_of_vouchers(self):
        self.assertFalse(self.till.loyalty_voucher_keys)
        self.program.signed_codes = True
        signed = self.coupon._qr_text()
        self.till.invalidate_recordset(["loyalty_voucher_keys"])
        [key] = self.till.loyalty_voucher_keys
        self.assertIn(f".V1.{key}.", signed)
        self.assertNotIn("PRIVATE", str(self.till.loyalty_voucher_keys))
        answer = self.till.use_coupon_code(
            signed, "2026-01-01 00:00:00", self.partner.id, False
        )
        self.assertTrue(answer["successful"], answer)
        self.config.loyalty_offline = "refuse"
        self.assertFalse(self.till.loyalty_voucher_keys)
