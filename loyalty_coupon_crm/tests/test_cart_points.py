from types import SimpleNamespace
from unittest import SkipTest
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged

from odoo.addons.loyalty_coupon_crm.models import loyalty_sale_choice_mixin

from .points_choice_common import PointsChoiceCommon
from .screenshots import ScreenshotMixin


@tagged("post_install", "-at_install")
class TestCartChoice(PointsChoiceCommon):
    """What a customer may choose on a cart, without any website."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wallet = cls._create_card(cls.program, cls.partner, points=750)
        cls.cart = cls._create_order()
        cls.cart._update_programs_and_rewards()

    def _claim(self, **form):
        """Claim the reward as the form of the website's cart does."""
        form = {"reward_id": str(self.reward.id), **form}
        request = SimpleNamespace(params=form)
        with patch.object(loyalty_sale_choice_mixin, "request", request):
            return self.cart._apply_program_reward(self.reward, self.wallet)

    def test_what_is_offered(self):
        (choice,) = self.cart._loyalty_cart_choices()
        self.assertEqual((choice["reward"], choice["card"]), (self.reward, self.wallet))
        self.assertEqual((choice["least"], choice["most"]), (100, 700))
        self.assertEqual((choice["step"], choice["points"]), (100, 700))
        self.assertAlmostEqual(choice["rate"], 0.05)
        self.assertAlmostEqual(choice["limit"], 100)
        self.assertFalse(choice["line"])

    def test_the_form_spends_what_was_typed(self):
        self._claim(loyalty_points="200")
        self.assertAlmostEqual(self.cart.amount_total, 90)
        (choice,) = self.cart._loyalty_cart_choices()
        self.assertEqual((choice["points"], choice["most"]), (200, 700))
        self.assertAlmostEqual(choice["limit"], 100)
        self.assertTrue(choice["line"])

    def test_an_old_form_spends_all(self):
        self._claim()
        self.assertAlmostEqual(self.cart.amount_total, 65)

    def test_a_form_for_another_reward_chooses_nothing(self):
        self._claim(reward_id="0", loyalty_points="200")
        self.assertAlmostEqual(self.cart.amount_total, 65)

    def test_nonsense_is_refused(self):
        for text in ("abc", "nan", "inf", "-100", "0", "150", "800", "1e9"):
            with self.assertRaises(UserError):
                self._claim(loyalty_points=text)
        self.assertAlmostEqual(self.cart.amount_total, 100)

    def test_to_choose_again_replaces(self):
        self._claim(loyalty_points="200")
        for points, total in (("700", 65), ("100", 95), ("300", 85)):
            line = self.cart.order_line.filtered("reward_id")
            self.cart._loyalty_change_choice(line, points)
            self.assertAlmostEqual(self.cart.amount_total, total)
            self.assertEqual(len(self.cart.order_line.filtered("reward_id")), 1)
        self.cart.action_confirm()
        self.assertEqual(self.wallet.points, 450)

    def test_a_refused_change_leaves_the_cart_as_it_was(self):
        self._claim(loyalty_points="200")
        line = self.cart.order_line.filtered("reward_id")
        with self.assertRaises(UserError):
            self.cart._loyalty_change_choice(line, "800")
        self.assertAlmostEqual(self.cart.amount_total, 90)
        self.assertEqual(sum(self.cart.order_line.mapped("points_cost")), 200)

    def test_an_ewallet_pays_twice_as_chosen_last(self):
        program = self.env["loyalty.program"].create_from_template("ewallet")
        program = self.env["loyalty.program"].browse(program["res_id"])
        wallet = self._create_card(program, self.partner, points=80)
        self.cart._update_programs_and_rewards()
        for points, total in ((12.34, 87.66), (50, 50), (80, 20)):
            self.cart.with_context(loyalty_spend_points=points)._apply_program_reward(
                program.reward_ids, wallet
            )
            self.assertAlmostEqual(self.cart.amount_total, total)
        self.cart.action_confirm()
        self.assertAlmostEqual(wallet.points, 0)

    def test_nothing_to_choose_on_an_empty_or_paid_cart(self):
        self.cart.order_line.product_uom_qty = 0
        self.assertFalse(self.cart._loyalty_cart_choices())


class CartPagesCommon(PointsChoiceCommon, HttpCase):
    """A customer with a cart on the website, where the shop is installed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "website_id" not in cls.env["sale.order"]._fields:
            raise SkipTest("the shop of the website is not installed")
        cls.user = cls._create_user("zoe-of-the-shop", "base.group_portal")
        cls.website = cls.env["website"].search([], limit=1)
        cls.wallet = cls._create_card(cls.program, cls.user.partner_id, points=750)
        cls.cart = cls._create_order(cls.user.partner_id, website_id=cls.website.id)
        cls.cart._update_programs_and_rewards()
        cls.program.ecommerce_ok = True

    def _create_choice(self):
        """Let the customer have coupons of 10 and of 30 %, each to be used alone."""
        for percent in (10, 30):
            program = self._create_coupon_program(
                percent,
                name=f"{percent} % Coupon",
                strict=True,
                stacking_policy="alone",
                ecommerce_ok=True,
            )
            self._create_card(program, self.user.partner_id)
        self.env.flush_all()


@tagged("post_install", "-at_install", "tour")
class TestCartTour(ScreenshotMixin, CartPagesCommon):
    """The customer in front of the cart."""

    def test_a_customer_chooses_and_changes_points(self):
        self.start_tour("/shop/cart", "loyalty_crm_cart_points", login=self.user.login)
        self.assertAlmostEqual(self.cart.amount_total, 75)

    def test_a_customer_has_the_best_offer_looked_for(self):
        self._create_choice()
        self.start_tour("/shop/cart", "loyalty_crm_best_offer", login=self.user.login)
        self.assertAlmostEqual(self.cart.amount_total, 70)


@tagged("post_install", "-at_install", "loyalty_pages")
class TestCartPages(CartPagesCommon):
    """What the pages of the cart answer, and to whom."""

    def setUp(self):
        super().setUp()
        # What is written when a request has ended is written beside the test.
        scopes = ("search", "search_ip")
        self.env["loyalty.throttle"].search([("scope", "in", scopes)]).unlink()

    def _open(self, user=None):
        """Log in and open the cart; it becomes that of the session."""
        user = user or self.user
        self.authenticate(user.login, user.login)
        return self.url_open("/shop/cart")

    def _change(self, line, points):
        page = self.url_open("/shop/cart").text
        token = page.split('csrf_token: "')[1].split('"')[0]
        data = {"csrf_token": token, "line_id": line.id, "loyalty_points": points}
        return self.url_open("/shop/points", data=data)

    def _claim(self, points):
        token = self.url_open("/shop/cart").text.split('csrf_token: "')[1].split('"')[0]
        data = {
            "csrf_token": token,
            "reward_id": self.reward.id,
            "code": self.wallet.code,
            "loyalty_points": points,
        }
        return self.url_open("/shop/claimreward", data=data)

    def test_the_form_of_the_shop_spends_what_was_typed(self):
        self._open()
        (choice,) = self.make_jsonrpc_request("/shop/points/choices")
        self.assertFalse(choice["applied"])
        self.assertIn('max="700', choice["html"])
        self._claim("200")
        self.assertAlmostEqual(self.cart.amount_total, 90)
        (choice,) = self.make_jsonrpc_request("/shop/points/choices")
        self.assertTrue(choice["applied"])
        self._change(self.cart.order_line.filtered("reward_id"), "500")
        self.assertAlmostEqual(self.cart.amount_total, 75)

    def test_what_cannot_be_spent_is_said_in_the_cart(self):
        self._open()
        page = self._claim("750").text
        self.assertIn("choose from", page)
        self.assertAlmostEqual(self.cart.amount_total, 100)

    def _best_offer(self):
        """Return what the cart says of the best offer, pressing its button."""
        page = self.url_open("/shop/cart").text
        token = page.split('csrf_token: "')[1].split('"')[0]
        self.url_open("/shop/best_offer", data={"csrf_token": token})
        return self.make_jsonrpc_request("/shop/best_offer/form")

    def test_the_best_offer_is_found_and_explained_once(self):
        self._open()
        # There is one offer, the points, and they are not spent unasked.
        self.assertEqual(self.make_jsonrpc_request("/shop/best_offer/form"), "")
        self._create_choice()
        form = self.make_jsonrpc_request("/shop/best_offer/form")
        self.assertIn("Find the Best Offer", form)
        self.assertNotIn("saved", form)
        form = self._best_offer()
        self.assertAlmostEqual(self.cart.amount_total, 70)
        self.assertIn("30 % Coupon: ", form)
        self.assertIn("Next best: 10 % Coupon", form)
        # The coupon that was not taken is on no cart.
        coupons = self.cart.applied_coupon_ids - self.wallet
        self.assertEqual(coupons, self.cart.order_line.coupon_id)
        self.assertNotIn("saved", self.make_jsonrpc_request("/shop/best_offer/form"))

    def test_without_offers_the_cart_says_so(self):
        self._open()
        self.assertIn("takes anything off", self._best_offer())
        self.assertAlmostEqual(self.cart.amount_total, 100)

    def test_who_searches_again_and_again_waits(self):
        self._create_choice()
        self._open()
        throttle, noted = self.env["loyalty.throttle"], []
        with patch.object(
            self.env.registry["loyalty.throttle"],
            "_note_keys",
            lambda self, keys: noted.append(keys),
        ):
            self.assertIn("30 % Coupon: ", self._best_offer())
        (keys,) = noted
        self.assertEqual(set(keys), {"search", "search_ip"})
        for _search in range(11):
            throttle._count_failure("search", keys["search"])
        self.assertIn("searched very often", self._best_offer())
        activities = self.env["mail.activity"].search_count(
            [("summary", "like", "wrong coupon codes")]
        )
        self.assertFalse(activities, "nobody guesses anything")
        # Another visitor searches as before, as long as the address may.
        self._open()
        self.assertIn("30 % Coupon: ", self._best_offer())
        for _search in range(61):
            throttle._count_failure("search_ip", keys["search_ip"])
        self.assertIn("searched very often", self._best_offer())

    def test_coupons_of_others_are_no_offer(self):
        self._create_choice()
        other = self._create_user("eve-of-the-shop", "base.group_portal")
        cart = self._create_order(other.partner_id, website_id=self.website.id)
        self._open(other)
        self.assertIn("takes anything off", self._best_offer())
        self.assertAlmostEqual(cart.amount_total, 100)
        self.assertAlmostEqual(self.cart.amount_total, 100)

    def test_nobody_reaches_the_cart_of_another(self):
        self._open()
        self._claim("200")
        line = self.cart.order_line.filtered("reward_id")
        other = self._create_user("max-of-the-shop", "base.group_portal")
        own = self._create_order(other.partner_id, website_id=self.website.id)
        self._open(other)
        self.assertEqual(self.make_jsonrpc_request("/shop/points/choices"), [])
        self._change(line, "500")
        self.assertAlmostEqual(self.cart.amount_total, 90)
        self.assertAlmostEqual(own.amount_total, 100)

    def test_the_public_is_answered_nothing(self):
        self.assertEqual(self.make_jsonrpc_request("/shop/points/choices"), [])
        self.assertTrue(self._change(self.cart.order_line, "500").ok)
        self.assertEqual(self._best_offer(), "")
