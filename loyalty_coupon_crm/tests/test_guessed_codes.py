import logging
import os
import random
import statistics
import time
from unittest import SkipTest
from urllib.parse import quote

from odoo.tests import HttpCase, tagged

from ..tools import codes
from .common import LoyaltyCrmCommon

_logger = logging.getLogger(__name__)

# LOYALTY_GUESSES=100000 runs it in the size of the specification, and looks at time.
GUESSES = int(os.environ.get("LOYALTY_GUESSES", "200"))
MANY = 5000
STRANGE = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\x1b[31m",
    "'; DROP TABLE loyalty_card; --",
    "%s%s%(code)s",
    "<script>alert(1)</script>",
    "½٣🎁ﷺ",
    "\u202eedoc",
    "044" * 700,
    "{{7*7}}",
    "None",
    "-1",
)


@tagged("post_install", "-at_install", "loyalty_pages")
class TestGuessedCodes(LoyaltyCrmCommon, HttpCase):
    """Whoever guesses codes on the website learns nothing from its answers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "website_id" not in cls.env["sale.order"]._fields:
            raise SkipTest("the shop of the website is not installed")
        cls.random = random.Random(44)
        cls.product.is_published = True
        cls.per_kind = max(GUESSES // 50, 3)
        cls.live = cls._create_card(cls._program(), cls.other_partner)
        cls.kinds = {
            "unknown": [f"WORD{number}" for number in range(cls.per_kind)],
            "unknown of ours": codes.generate_codes(cls.per_kind),
            "used": cls._cards(points=0, used_at="2026-01-01"),
            "expired": cls._cards(expiration_date="2020-01-01"),
            "foreign": cls._cards(partner=cls.other_partner),
            "void": cls._cards(voided_at="2026-01-01"),
            "used, Odoo's rules": cls._cards(points=0, strict=False),
            "expired, Odoo's rules": cls._cards(
                strict=False, expiration_date="2020-01-01"
            ),
            "ended": cls._cards(ends="2020-01-01"),
            "other company": cls._cards(
                company=cls.env["res.company"].create({"name": "Elsewhere"})
            ),
        }

    @classmethod
    def _program(cls, strict=True, **values):
        return cls._create_coupon_program(
            strict=strict, transferable=False, ecommerce_ok=True, **values
        )

    @classmethod
    def _cards(
        cls, strict=True, points=1, partner=None, ends=False, company=None, **values
    ):
        """Return the codes of cards of a program of their own."""
        program = cls._program(
            strict, date_to=ends, **({"company_id": company.id} if company else {})
        )
        owner = {"partner_id": partner.id} if partner else {}
        cards = cls.env["loyalty.card"].create(
            [{"program_id": program.id, **owner} for _number in range(cls.per_kind)]
        )
        if points:
            cards._post_move("issue", points)
        cards.write({"issued_at": "2026-01-01", **values})
        return cards.mapped("code")

    def setUp(self):
        super().setUp()
        self.authenticate(None, None)
        self.make_jsonrpc_request(
            "/shop/cart/add",
            {
                "product_template_id": self.product.product_tmpl_id.id,
                "product_id": self.product.id,
            },
        )

    def _cart(self):
        return self.env["sale.order"].search(
            [("website_id", "!=", False)], order="id desc", limit=1
        )

    def _ask(self, path, code):
        """Return what a route answers without the code, and the seconds it took."""
        written = quote(code, safe="")
        started = time.perf_counter()
        answer = self.url_open(path + written, allow_redirects=False)
        seconds = time.perf_counter() - started
        place = answer.headers.get("Location", "")
        for form in (quote(written, safe=""), written, code):
            place = place.replace(form, "CODE") if form else place
        return (answer.status_code, place), seconds

    def test_dead_codes_are_answered_as_unknown_ones(self):
        for path in ("/shop/pricelist?promo=", "/coupon/"):
            answers, times = {}, {}
            for number in range(self.per_kind):
                for kind, known in self.kinds.items():
                    answer, seconds = self._ask(path, known[number])
                    answers.setdefault(answer, set()).add(kind)
                    times.setdefault(kind, []).append(seconds)
            self.assertEqual(len(answers), 1, answers)
            self.assertNotIn(500, [status for status, _place in answers])
            self._compare_times(path, times)
        self.assertFalse(self._cart().order_line.coupon_id)

    def _compare_times(self, path, times):
        """Log what kinds of codes took; of many, they differ by noise only."""
        if GUESSES < MANY:
            return
        medians = {kind: statistics.median(found) for kind, found in times.items()}
        _logger.info("%s: medians of seconds %s", path, medians)
        quarters = statistics.quantiles(times["unknown"], n=4)
        noise = quarters[2] - quarters[0]
        spread = max(medians.values()) - min(medians.values())
        self.assertLessEqual(spread, max(noise, 0.005), medians)

    def test_no_guess_is_an_error_or_a_hit(self):
        guesses = [*STRANGE, *(self._mutate() for _number in range(GUESSES))]
        for number, guess in enumerate(guesses):
            path = ("/shop/pricelist?promo=", "/coupon/")[number % 2]
            (status, place), _seconds = self._ask(path, guess)
            self.assertLess(status, 500, (path, guess))
            self.assertNotIn("Traceback", place)
        for guess in STRANGE:
            for path in (
                "/shop/pricelist?promo=",
                "/coupon/",
                "/shop/claimreward?reward_id=1&code=",
                "/shop/claimreward?reward_id=",
                "/shop/cart?code=",
            ):
                (status, _place), _seconds = self._ask(path, guess)
                self.assertLess(status, 500, (path, guess))
        self.assertFalse(self._cart().order_line.coupon_id)

    def _mutate(self):
        """Return a code that is not the live one, but nearly."""
        code = list(self.live.code)
        place = self.random.randrange(3, len(code))
        letter = self.random.choice(codes.ALPHABET)
        kind = self.random.randrange(5)
        if kind == 0:
            code[place] = letter
        elif kind == 1:
            del code[place]
        elif kind == 2:
            code.insert(place, letter)
        elif kind == 3:
            other = self.random.randrange(3, len(code))
            code[place], code[other] = code[other], code[place]
        else:
            code = self.random.choices(codes.ALPHABET, k=self.random.randrange(1, 30))
        guess = "".join(code)
        return f"{guess}X" if guess == self.live.code else guess
