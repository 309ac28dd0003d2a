import logging
import os
import random
import statistics
import time
from unittest import SkipTest
from urllib.parse import quote

from odoo import fields, http
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
    """Whoever guesses codes learns nothing from what public routes answer."""

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
        """Return what a route answers without the code, and the seconds it took.

        The answer: status, where it leads to, and what the cart then says.
        """
        written = quote(code, safe="")
        started = time.perf_counter()
        answer = self.url_open(path + written, allow_redirects=False)
        seconds = time.perf_counter() - started
        said = self._session().pop("error_promo_code", "")
        texts = answer.headers.get("Location", ""), str(said)
        for form in (quote(written, safe=""), written, code):
            texts = [text.replace(form, "CODE") if form else text for text in texts]
        return (answer.status_code, *texts), seconds

    def _session(self):
        """Return the visitor's session as it is after the last answer."""
        sid = self.opener.cookies.get("session_id")
        return http.root.session_store.get(sid)

    def _code_routes(self):
        """Return the beginnings of addresses of the shop that end with a code."""
        reward = self.live.program_id.reward_ids
        return (
            "/shop/pricelist?promo=",
            "/coupon/",
            f"/shop/claimreward?reward_id={reward.id}&code=",
        )

    def test_dead_codes_are_answered_as_unknown_ones(self):
        for path in self._code_routes():
            answers, times = {}, {}
            for number in range(self.per_kind):
                for kind, known in self.kinds.items():
                    answer, seconds = self._ask(path, known[number])
                    answers.setdefault(answer, set()).add(kind)
                    times.setdefault(kind, []).append(seconds)
            self.assertEqual(len(answers), 1, answers)
            self.assertNotIn(500, [status for status, *_texts in answers])
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
        routes = self._code_routes()
        for number, guess in enumerate(guesses):
            path = routes[number % len(routes)]
            (status, place, said), _seconds = self._ask(path, guess)
            self.assertLess(status, 500, (path, guess))
            self.assertNotIn("Traceback", place + said)
        for guess in STRANGE:
            for path in (
                "/shop/pricelist?promo=",
                "/coupon/",
                "/shop/claimreward?reward_id=1&code=",
                "/shop/claimreward?reward_id=",
                "/shop/cart?code=",
            ):
                (status, *_texts), _seconds = self._ask(path, guess)
                self.assertLess(status, 500, (path, guess))
        self.assertFalse(self._cart().order_line.coupon_id)

    def _get(self, path):
        """Return what an address answers without itself, and the seconds it took."""
        started = time.perf_counter()
        answer = self.url_open(path, allow_redirects=False)
        seconds = time.perf_counter() - started
        # Odoo's page names the address, and carries a token of its own.
        text = answer.text.partition('id="wrap"')[2].replace(path, "PATH")
        return (answer.status_code, answer.headers.get("Location", ""), text), seconds

    def _dead_cards(self):
        """Return {kind: cards of others that nobody may see}, the live one too."""
        cards = self.env["loyalty.card"]
        return {
            kind: cards.search([("code", "in", known)])
            for kind, known in self.kinds.items()
            if not kind.startswith("unknown")
        }

    def test_pages_of_cards_tell_nothing(self):
        """Without the right token no card is there, and dead ones never are."""
        unknown = self.env["loyalty.card"].search([], order="id desc", limit=1).id + 1
        addresses = {
            "unknown": [(unknown + number, "") for number in range(self.per_kind)]
        }
        for kind, cards in self._dead_cards().items():
            # These are alive: their token opens them, as the paper would.
            alive = kind in ("foreign", "other company", "ended")
            addresses[kind] = [
                (card.id, "wrong" if alive else card._pass_token()) for card in cards
            ]
        live = self.live
        right = live._pass_token()
        guesses = [self._mutate(right) for _number in range(self.per_kind)]
        addresses["guessed"] = [(live.id, guess) for guess in guesses]
        self.env.flush_all()
        for path in (
            "/loyalty/card/{id}/{token}",
            "/loyalty/card/{id}/{token}/apple",
            "/loyalty/card/{id}/{token}/google",
            "/my/coupons/{id}",
            "/my/coupons/{id}/apple",
            "/my/coupons/{id}/google",
        ):
            answers, times = {}, {}
            # In turns, so that a slow minute of the machine falls on all kinds alike.
            for number in range(self.per_kind):
                for kind, known in addresses.items():
                    card_id, token = known[number]
                    full = path.format(id=card_id, token=quote(token or "x", safe=""))
                    answer, seconds = self._get(full)
                    answers.setdefault(answer, set()).add(kind)
                    times.setdefault(kind, []).append(seconds)
            self.assertEqual([status for status, *_more in answers], [404], answers)
            self._compare_times(path, times)

    def test_strange_tokens_are_no_error(self):
        self.env.flush_all()
        for guess in STRANGE:
            token = quote(guess, safe="")
            for path in (
                f"/loyalty/card/{self.live.id}/{token}",
                f"/loyalty/card/{self.live.id}/{token}/apple",
                f"/loyalty/claim/{token}",
            ):
                (status, *_texts), _seconds = self._get(path)
                self.assertLess(status, 500, path)

    def test_the_gate_is_asked_from_outside(self):
        """By customers: by calls of the website, and by the interface for programs."""
        customer = self._create_user("guesser", "base.group_portal")
        expiry = fields.Datetime.add(fields.Datetime.now(), days=1)
        keys = self.env["res.users.apikeys"].with_user(customer)
        key = keys._generate("rpc", "guesser", expiry)
        self.env.flush_all()
        self.authenticate("guesser", "guesser")
        headers = {"Authorization": f"bearer {key}"}

        def call(code):
            params = {
                "model": "loyalty.program",
                "method": "ask_gate",
                "args": [code, "website"],
                "kwargs": {},
            }
            return self.make_jsonrpc_request("/web/dataset/call_kw", params)

        def interface(code):
            answer = self.url_open(
                "/json/2/loyalty.program/ask_gate",
                json={"code": code, "channel": "website"},
                headers=headers,
            )
            self.assertEqual(answer.status_code, 200, (code, answer.text))
            return answer.json()

        for ask in (call, interface):
            answers, times = {}, {}
            for number in range(self.per_kind):
                for kind, known in self.kinds.items():
                    started = time.perf_counter()
                    answer = str(ask(known[number]))
                    times.setdefault(kind, []).append(time.perf_counter() - started)
                    answers.setdefault(answer, set()).add(kind)
            self.assertEqual(len(answers), 1, answers)
            self.assertIn("This code is not valid.", next(iter(answers)))
            self._compare_times(ask.__name__, times)
            for guess in [*STRANGE, *(self._mutate() for _number in range(20))]:
                self.assertFalse(ask(guess)["usable"], guess)

    def test_campaigns_are_not_guessed(self):
        campaign = self.env["loyalty.campaign"].create(
            {"name": "Draft", "program_id": self.live.program_id.id, "trigger": "claim"}
        )
        self.env.flush_all()
        tokens = [
            campaign.claim_token,
            *(self._mutate(campaign.claim_token) for _number in range(10)),
            "unknown",
        ]
        answers = {self._get(f"/loyalty/claim/{quote(token)}")[0] for token in tokens}
        self.assertEqual([status for status, *_texts in answers], [404], answers)

    def _mutate(self, text=None):
        """Return a text that is not the live code, or another one, but nearly."""
        live = text or self.live.code
        code = list(live)
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
        return f"{guess}X" if guess == live else guess
