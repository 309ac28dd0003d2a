from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged

from .common import LoyaltyCrmPosCommon

FACTS = (
    "loyalty.campaign",
    "loyalty.customer.metric",
    "loyalty.point.hold",
    "loyalty.point.move",
    "loyalty.purchase",
    "loyalty.redemption",
    "loyalty.refusal",
)


@tagged("post_install", "-at_install")
class TestPosRights(LoyaltyCrmPosCommon):
    """The cashier looks up and applies; the books stay closed to them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.card = cls._create_card(cls._create_coupon_program(), cls.partner)
        cls.manager = new_test_user(
            cls.env, login="till_manager", groups="point_of_sale.group_pos_manager"
        )

    def test_pos_user_is_a_cashier(self):
        cashier = "loyalty_coupon_crm_pos.group_loyalty_cashier"
        self.assertTrue(self.cashier.has_group(cashier))
        salesperson = "loyalty_coupon_crm.group_loyalty_salesperson"
        self.assertFalse(self.cashier.has_group(salesperson))

    def test_books_are_closed(self):
        for user in (self.cashier, self.manager):
            for model in FACTS:
                with self.subTest(user=user.login, model=model):
                    with self.assertRaises(AccessError):
                        self.env[model].with_user(user).search([], limit=1)

    def test_card_opens_in_the_back_office(self):
        for user in (self.cashier, self.manager):
            with self.subTest(user=user.login):
                card = self.card.with_user(user)
                self.assertEqual(Form(card).code, self.card.code)
                card.web_search_read([], {"code": {}, "state": {}, "points": {}})

    def test_marketing_and_auditors_open_programs(self):
        for role in ("marketing", "auditor"):
            user = new_test_user(
                self.env,
                login=f"till_{role}",
                groups=f"loyalty_coupon_crm.group_loyalty_{role}",
            )
            with self.subTest(role=role):
                self.assertTrue(Form(self.card.program_id.with_user(user)).name)
