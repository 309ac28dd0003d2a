from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install", "loyalty_pages")
class TestPortalCoupon(LoyaltyCrmCommon, HttpCase):
    """The customer's own page of coupons."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls._create_user("zoe-of-the-portal", "base.group_portal")
        cls.program = cls._create_coupon_program(strict=True)

    def _card(self, partner):
        return self._create_card(self.program, partner)

    def test_customer_sees_own_coupons_only(self):
        mine = self._card(self.user.partner_id)
        other = self._card(self.partner)
        void = self._card(self.user.partner_id)
        void._void("printed twice")
        self.env.flush_all()
        self.authenticate(self.user.login, self.user.login)
        page = self.url_open("/my/coupons").text
        self.assertIn(mine.code_grouped, page)
        self.assertNotIn(other.code_grouped, page)
        self.assertNotIn(void.code_grouped, page)
        self.assertEqual(mine.state, "seen")
        self.assertEqual(other.state, "issued")
        self.assertFalse(void.first_seen_at)

    def test_customers_are_told_why(self):
        card = self._card(self.user.partner_id)
        self.assertEqual(card._reason_text(), "", "nobody chose the customer")
        campaign = self.env["loyalty.campaign"].create(
            {"name": "Cheap churners", "program_id": self.program.id}
        )
        card.campaign_member_id = self.env["loyalty.campaign.member"].create(
            {
                "campaign_id": campaign.id,
                "company_id": self.company.id,
                "partner_id": self.user.partner_id.id,
                "occasion": "",
                "arm": "treated",
                "assigned_at": "2026-03-02 08:00:00",
                "card_id": card.id,
            }
        )
        words = {
            "now": "Everybody on one of our lists",
            "birthday": "for your birthday",
            "first_purchase": "because of a purchase",
            "inactive": "because of what you bought",
            "claim": "because you asked",
        }
        for trigger, expected in words.items():
            campaign.trigger = trigger
            self.assertIn(expected, card._reason_text(), trigger)
        self.env.flush_all()
        self.authenticate(self.user.login, self.user.login)
        for address in ("/my/coupons", f"/my/coupons/{card.id}"):
            page = self.url_open(address).text
            self.assertIn("because you asked for it", page)
            self.assertIn('href="/my/consent"', page)
            self.assertNotIn("Cheap churners", page)

    def test_a_coupon_is_first_seen_once(self):
        card = self._card(self.user.partner_id)
        card.first_seen_at = "2026-01-02 03:04:05"
        self.env.flush_all()
        self.authenticate(self.user.login, self.user.login)
        self.url_open("/my/coupons")
        self.assertEqual(str(card.first_seen_at), "2026-01-02 03:04:05")

    def test_strangers_are_asked_to_log_in(self):
        self.assertIn("/web/login", self.url_open("/my/coupons").url)

    def test_member_sets_a_pin(self):
        user = self.user
        self.env.flush_all()
        self.authenticate(user.login, user.login)
        page = self.url_open("/my/loyalty-pin").text
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        data = {"csrf_token": token, "pin": "2580", "pin_again": "2581"}
        page = self.url_open("/my/loyalty-pin", data=data).text
        self.assertIn("The two PINs differ", page)
        self.assertFalse(user.partner_id._loyalty_pin_hash())
        data["pin_again"] = "2580"
        page = self.url_open("/my/loyalty-pin", data=data).text
        self.assertIn("Your PIN is set", page)
        self.assertIsNone(user.partner_id._loyalty_pin_problem("2580"))
        # A page elsewhere cannot set it for them.
        del data["csrf_token"]
        with mute_logger("odoo.http"):
            answer = self.url_open("/my/loyalty-pin", data=data)
        self.assertEqual(answer.status_code, 400)
