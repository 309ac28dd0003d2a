"""Offers on random carts: the server, the till, and fractions counted one by one."""

import json
import math
import random
import subprocess
from fractions import Fraction
from pathlib import Path

from addon_tools import load
from offers_oracle import best_groups, discount_of, exact

ROOT = Path(__file__).resolve().parents[1]
TILL = ROOT / "loyalty_coupon_crm_pos/static/src/app/utils/offers.js"
CARTS = 3000
SEED = 20261123
PRODUCTS = ("tea", "milk", "cup", "cake")
TAXES = {"0": 0.0, "7i": 0.0, "19i": 0.0, "7e": 0.07, "19e": 0.19}
RUN = """
import {{ applyOffers }} from {module};
import {{ readFileSync }} from "node:fs";
const carts = JSON.parse(readFileSync(0, "utf-8"));
const results = carts.map(({{ lines, offers, rounding, limit }}) =>
    applyOffers(lines, offers, rounding, limit ?? Infinity));
process.stdout.write(JSON.stringify(results));
"""

server = load("offers")


def _at_the_till(carts, folder):
    """Return what the till's code says of all carts."""
    module = folder / "offers.mjs"
    module.write_text(TILL.read_text())
    script = folder / "run.mjs"
    script.write_text(RUN.format(module=json.dumps(module.as_uri())))
    done = subprocess.run(
        ["node", str(script)],
        input=json.dumps(carts),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def _random_line(numbers):
    parts = []
    for _part in range(numbers.choice((1, 1, 1, 2, 3))):
        tax = numbers.choice(list(TAXES))
        price = numbers.choice((0, 0.01, 1, 3.33, 9.99, numbers.randint(1, 9999) / 100))
        parts.append({"tax": tax, "price": price, "total": price * (1 + TAXES[tax])})
    quantity = numbers.choice((1, 1, 2, 3, 7, 100, -1, -2, 0, 0.5, 1.734, 2.75))
    return {"product": numbers.choice(PRODUCTS), "quantity": quantity, "parts": parts}


def _random_offer(numbers):
    products = numbers.choice((None, numbers.sample(PRODUCTS, numbers.randint(1, 3))))
    common = {"products": products, "same_product": numbers.random() < 0.3}
    times = numbers.choice((0, 0, 1, 2))
    kind = numbers.choice(("nth", "ladder", "bundle"))
    if kind == "nth":
        return {
            **common,
            "kind": kind,
            "every": numbers.randint(2, 5),
            "percent": numbers.choice((10, 33.3, 50, 100)),
            "times": times,
        }
    if kind == "ladder":
        quantities = numbers.sample(range(1, 12), numbers.randint(1, 4))
        steps = [
            {"quantity": quantity, "percent": 3.5 * quantity} for quantity in quantities
        ]
        return {**common, "kind": kind, "steps": steps}
    parts = [
        {
            "quantity": numbers.randint(1, 3),
            "products": numbers.sample(PRODUCTS, numbers.randint(1, 2)),
        }
        for _part in range(numbers.randint(1, 3))
    ]
    price = numbers.randint(0, 3000) / 100
    return {"kind": kind, "parts": parts, "price": price, "times": times}


def _random_cart(numbers):
    cart = {
        "lines": [_random_line(numbers) for _line in range(numbers.randint(0, 6))],
        "offers": [_random_offer(numbers) for _offer in range(numbers.randint(1, 3))],
        "rounding": numbers.choice((0.01, 0.01, 1, 0.05, 0.001)),
    }
    if numbers.random() < 0.3:
        cart["limit"] = numbers.randint(0, 5000) / 100
    if numbers.random() < 0.2:
        cart["offers"][0]["most"] = numbers.randint(1, 2000) / 100
    return cart


def _random_carts():
    numbers = random.Random(SEED)
    return [_random_cart(numbers) for _cart in range(CARTS)]


def _on_the_server(cart):
    return server.apply_offers(
        cart["lines"], cart["offers"], cart["rounding"], cart.get("limit", math.inf)
    )


def test_the_till_and_the_server_give_the_same(tmp_path):
    carts = _random_carts()
    found = _at_the_till(carts, tmp_path)
    given = 0
    for cart, till in zip(carts, found, strict=True):
        assert till == _on_the_server(cart), cart
        given += any(result["total"] for result in till)
    # Carts on which nothing happens would prove nothing.
    assert given > CARTS / 4


def test_the_amounts_are_those_of_fractions_counted_one_by_one():
    for cart in _random_carts():
        if "limit" in cart or any(offer.get("most") for offer in cart["offers"]):
            continue
        # What is less than the smallest amount leaves its items to the next offer.
        cart = {**cart, "offers": cart["offers"][:1]}
        expected = discount_of(cart["lines"], cart["offers"])
        half = exact(cart["rounding"]) / 2 + Fraction(1, 10**6)
        for result, amount in zip(_on_the_server(cart), expected, strict=True):
            assert abs(exact(result["total"]) - amount) <= half, cart


def test_no_offer_takes_more_than_there_is():
    for cart in _random_carts():
        results = _on_the_server(cart)
        used = [0] * len(cart["lines"])
        off, limit = 0, cart.get("limit", math.inf)
        for result in results:
            used = [a + b for a, b in zip(used, result["used"], strict=True)]
            off += result["total"]
            by_tax = sum(result["amounts"].values())
            assert math.isclose(by_tax, result["total"], abs_tol=1e-6)
        for line, quantity in zip(cart["lines"], used, strict=True):
            assert 0 <= quantity <= max(line["quantity"], 0) + 1e-6
        worth = sum(
            max(line["quantity"], 0) * sum(part["price"] for part in line["parts"])
            for line in cart["lines"]
        )
        slack = cart["rounding"] * len(results)
        assert 0 <= off <= min(worth, limit) + slack, cart


def test_no_other_way_to_form_groups_is_better_for_the_customer():
    numbers = random.Random(SEED)
    for _cart in range(300):
        every = numbers.randint(2, 4)
        prices = [numbers.randint(1, 2000) for _item in range(numbers.randint(1, 7))]
        lines = [
            {
                "product": "tea",
                "quantity": 1,
                "parts": [{"tax": "0", "price": price, "total": price}],
            }
            for price in prices
        ]
        offer = {"kind": "nth", "every": every, "percent": 100}
        (found,) = server.apply_offers(lines, [offer], 1)
        best = best_groups([Fraction(price) for price in prices], every)
        assert found["total"] == best, (prices, every)


def test_an_item_more_never_costs_the_customer_money_on_a_free_item():
    numbers = random.Random(SEED)
    for _cart in range(300):
        lines = [_random_line(numbers) for _line in range(3)]
        offer = {"kind": "nth", "every": numbers.randint(2, 4), "percent": 100}
        (before,) = server.apply_offers(lines, [offer], 0.01)
        (after,) = server.apply_offers([*lines, _random_line(numbers)], [offer], 0.01)
        assert after["total"] >= before["total"] - 0.01
