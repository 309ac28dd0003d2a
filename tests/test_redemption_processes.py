"""Tills of two Odoo processes want the same coupons: each is used once, over HTTP.

LOYALTY_COUPONS=500 runs it in the size of the specification.
"""

import os
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from processes import result_of
from server import Server

COUPONS = int(os.environ.get("LOYALTY_COUPONS", "24"))
TRIES, CLIENTS = 4, 16


@pytest.fixture
def server(database):
    """Start Odoo with two processes that answer."""
    server = Server(database, "--workers=2", "--log-level=warn")
    yield server
    server.stop()


class Till:
    """A client at a till, signed in as the cashier."""

    def __init__(self, server, database, shop, number):
        self.shop, self.place = shop, shop["tills"][number % len(shop["tills"])]
        self.client = server.client()
        self.client.login(database, "cashier", "cashier-secret")

    def sell(self, card):
        """Try to sell with a coupon; return "used", "refused" or the error."""
        order = str(uuid.uuid4())
        points = {str(card): 1}
        answer = self.client.call(
            "pos.config",
            "hold_cards",
            [self.place["config"]],
            order,
            points,
            self.shop["partner"],
        )
        if "error" in answer:
            return str(answer["error"])
        if refused := answer["result"]:
            return "refused" if refused[str(card)].strip() else "refused without words"
        return self._send(order, self.shop["coupons"], card)

    def promote(self):
        """Try to sell with a limited promotion that needs no card; as `sell`."""
        order, promotion = str(uuid.uuid4()), self.shop["promotion"]
        answer = self.client.call(
            "pos.config",
            "hold_order",
            [self.place["config"]],
            order,
            {},
            self.shop["partner"],
            [promotion["program"]],
        )
        if "error" in answer:
            return str(answer["error"])
        if refused := answer["result"]["programs"]:
            reason = refused[str(promotion["program"])]
            return "refused" if "as often as allowed" in reason else reason
        return self._send(order, promotion, False)

    def _send(self, name, offer, card):
        """Send a paid order; return "used", or the error."""
        order = self._order(name, offer, card)
        answer = self.client.call("pos.order", "sync_from_ui", [order])
        return str(answer["error"]) if "error" in answer else "used"

    def _order(self, name, offer, card):
        """Return the paid order as the till sends it.

        :param offer: dict of the ids of a `reward` and its product, `discount`
        :param card: id of the coupon, False for a promotion that needs none
        """
        reward = {
            "is_reward_line": True,
            "reward_id": offer["reward"],
            "coupon_id": card,
            "points_cost": 1,
            "reward_identifier_code": name,
        }
        return {
            "uuid": name,
            "access_token": False,
            "state": "paid",
            "session_id": self.place["session"],
            "partner_id": self.shop["partner"],
            "lines": [
                self._line(self.shop["product"], 100),
                self._line(offer["discount"], -10, **reward),
            ],
            "payment_ids": [
                [0, 0, {"amount": 90, "payment_method_id": self.place["method"]}]
            ],
            "amount_total": 90,
            "amount_paid": 90,
            "amount_tax": 0,
            "amount_return": 0,
        }

    @staticmethod
    def _line(product, price, **values):
        return [
            0,
            0,
            {
                "product_id": product,
                "qty": 1,
                "price_unit": price,
                "price_subtotal": price,
                "price_subtotal_incl": price,
                **values,
            },
        ]


def test_each_coupon_is_used_once(start_worker, server, database):
    """Every coupon is tried four times at once: one use, three clear refusals."""
    shop = result_of(start_worker("till", "prepare", str(COUPONS)))
    tills = [Till(server, database, shop, number) for number in range(CLIENTS)]
    tries = [card for card in shop["cards"] for _try in range(TRIES)]
    outcomes = _all_at_once(tills, tries, lambda till, card: till.sell(card))
    assert set(outcomes) == {"used", "refused"}, set(outcomes)
    assert outcomes.count("used") == COUPONS
    assert outcomes.count("refused") == COUPONS * (TRIES - 1)
    found = result_of(start_worker("till", "summarize"))
    assert found == {
        "uses": COUPONS,
        "cards": COUPONS,
        "negative": 0,
        "left": 0,
        "lost": 0,
        "differences": 0,
        "counted": COUPONS,
        "refusals": COUPONS * (TRIES - 1),
        "held": 0,
    }


def test_each_use_of_a_promotion_is_given_once(start_worker, server, database):
    """Of a promotion without card four times as many are wanted as there are uses."""
    shop = result_of(start_worker("till", "prepare", str(COUPONS)))
    tills = [Till(server, database, shop, number) for number in range(CLIENTS)]
    tries = range(COUPONS * TRIES)
    outcomes = _all_at_once(tills, tries, lambda till, _number: till.promote())
    assert set(outcomes) == {"used", "refused"}, set(outcomes)
    assert outcomes.count("used") == COUPONS
    found = result_of(start_worker("till", "summarize_promotion"))
    assert found == {
        "uses": COUPONS,
        "cards": COUPONS,
        "counted": COUPONS,
        "refusals": COUPONS * (TRIES - 1),
        "held": 0,
        "flagged": 0,
    }


def _all_at_once(tills, tries, attempt):
    """Return what became of all tries, which the tills share.

    :param attempt: function of a till and one of the tries
    """

    def work(till, own):
        return [attempt(till, one) for one in own]

    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [
            pool.submit(work, till, tries[number::CLIENTS])
            for number, till in enumerate(tills)
        ]
        return [outcome for done in running for outcome in done.result()]
