"""The gate and a cart beside many live programs, with Odoo alone or with ours."""

import statistics
import time

CHECKS = 200
CART_UPDATES = 7
CANDIDATES = 100


def prepare(env, programs):
    """Create live promotions; a hundred of them are for what carts have.

    With us those hundred are strict: each has limits, a window and an audience, to
    which the customer belongs for every second one.

    :param programs: how many of them
    """
    env["loyalty.program"].search([]).action_archive()
    products = env["product.product"].create(
        [
            {"name": f"Product {number}", "list_price": 100, "taxes_id": False}
            for number in range(50)
        ]
    )
    customer = env["res.partner"].create({"name": "Buyer"})
    rules = _strict_rules(env, customer)
    env["loyalty.program"].create(
        [
            _promotion(number, products[10 + number % 40])
            for number in range(int(programs) - CANDIDATES)
        ]
        + [
            _promotion(number, products[number % 3]) | rules(number)
            for number in range(CANDIDATES)
        ]
    )
    env.cr.commit()
    return len(products)


def _promotion(number, product):
    return {
        "name": f"Promotion {number} for {product.name}",
        "program_type": "promotion",
        "trigger": "auto",
        "applies_on": "current",
        "communication_plan_ids": False,
        "rule_ids": [(0, 0, {"product_ids": [(6, 0, product.ids)]})],
        "reward_ids": [(0, 0, {"discount": 5, "discount_mode": "percent"})],
    }


def _strict_rules(env, customer):
    """Return the function that gives our fields of a candidate, none in Odoo alone."""
    if "strict" not in env["loyalty.program"]._fields:
        return lambda number: {}
    segments = env["loyalty.segment"].create(
        [{"name": name, "kind": "static"} for name in ("Gold", "Silver")]
    )
    segments[0]._add_members(customer)
    return lambda number: {
        "strict": True,
        "limit_usage": True,
        "max_usage": 1000,
        "per_customer_limit": 5,
        "per_day_limit": 500,
        "segment_ids": [(6, 0, segments[number % 2].ids)],
        "usage_window_ids": [(0, 0, {"hour_from": 0, "hour_to": 24})],
    }


def update_cart(env, programs="live"):
    """Return what each update of a cart of three lines took, and how many queries.

    An update is what the website does at each change: update the rewards, and look
    which ones can be claimed. Nothing is in memory when it begins, as in a request.

    :param programs: `none` for the same cart when no program is active
    """
    if programs == "none":
        env.cr.execute("UPDATE loyalty_program SET active = FALSE")
        env.invalidate_all()
    order = _cart(env)
    _change_cart(order)
    env.flush_all()
    watch = _Watch(env)
    for number in range(CART_UPDATES):
        env.invalidate_all()
        order.order_line[0].product_uom_qty = number + 2
        env.flush_all()
        env.invalidate_all()
        with watch:
            _change_cart(order)
    offers = len(order._get_claimable_rewards())
    env.cr.rollback()
    return watch.found() | {"offers": offers}


def _change_cart(order):
    order._update_programs_and_rewards()
    order._get_claimable_rewards()
    order.env.flush_all()


class _Watch:
    """What something took, each time: in all, of this process, and of queries."""

    def __init__(self, env):
        self._env, self._runs = env, []

    def __enter__(self):
        self._before = self._now()

    def __exit__(self, *error):
        pairs = zip(self._now(), self._before, strict=True)
        self._runs.append([now - before for now, before in pairs])

    def _now(self):
        queries = self._env.cr.sql_log_count
        return time.perf_counter(), time.process_time(), queries

    def found(self):
        """Return the medians."""
        seconds, processor, queries = map(
            statistics.median, zip(*self._runs, strict=True)
        )
        return {"seconds": seconds, "processor": processor, "queries": queries}


def check(env, order_in_memory):
    """Return what asking takes whether a coupon may be used, one after the other.

    One check is `loyalty.program._redemption_blockers` for one card on one order, with
    everything it looks up: the card, its program, rules, rewards, windows, audience,
    holds and counters are not in memory, as in a request that was just begun. Not in it
    is the search of the card by its code, and the throttle before: see `enter`. What
    the server keeps from one request to the next (`ormcache`) is there.

    With `yes` the order, its lines and its customer are in memory, because the request
    shows or changes them; with `no` nothing is.

    Odoo alone has no gate: there it is what Odoo asks in `_try_apply_code` before it
    applies a coupon, that is dates, uses, points and rules.
    """
    cards, order = _coupons(env)
    ours = "strict" in env["loyalty.program"]._fields
    watch = _Watch(env)
    for card_id in cards.ids:
        # In a request there is no other card that Odoo would read along.
        card = env["loyalty.card"].browse(card_id)
        env.cr.commit()
        env.invalidate_all()
        if order_in_memory == "yes":
            _read_order(order)
        with watch:
            if ours:
                found = env["loyalty.program"]._redemption_blockers(
                    card, order.partner_id, "sale", document=order
                )
                assert not found, found
            else:
                _check_of_odoo(order, card)
    return watch.found()


def enter(env):
    """Return what the whole entering of a code takes, `_try_apply_code`.

    With search, throttle, gate, and all that Odoo does until the rewards are offered.
    Nothing is in memory when it begins.
    """
    cards, order = _coupons(env)
    watch = _Watch(env)
    for code in cards.mapped("code"):
        env.cr.commit()
        env.invalidate_all()
        with watch:
            found = order._try_apply_code(code)
            env.flush_all()
        assert "error" not in found, found
        env.cr.rollback()
    return watch.found()


def _read_order(order):
    order.mapped("partner_id.name")
    order.mapped("currency_id.rounding")
    order.order_line.mapped("price_total")
    order.order_line.mapped("product_id.type")


def _coupons(env):
    """Return new coupons of one program, and a cart on which each can be used.

    With us the program is strict: it has limits, a window and an audience.
    """
    values = {
        "name": "Coupons",
        "program_type": "coupons",
        "trigger": "with_code",
        "applies_on": "current",
        "communication_plan_ids": False,
        "rule_ids": [(0, 0, {"minimum_amount": 10})],
        "reward_ids": [(0, 0, {"discount": 5, "discount_mode": "percent"})],
        "limit_usage": True,
        "max_usage": 1000,
    }
    if "strict" in env["loyalty.program"]._fields:
        gold = env["loyalty.segment"].search([("name", "=", "Gold")])
        values |= {
            "strict": True,
            "per_customer_limit": 5,
            "per_day_limit": 500,
            "segment_ids": [(6, 0, gold.ids)],
            "usage_window_ids": [(0, 0, {"hour_from": 0, "hour_to": 24})],
        }
    program = env["loyalty.program"].create(values)
    cards = env["loyalty.card"].create(
        [{"program_id": program.id, "points": 1} for _number in range(CHECKS)]
    )
    order = _cart(env)
    env.cr.commit()
    return cards, order


def _check_of_odoo(order, card):
    """Do what Odoo does in `_try_apply_code` before it applies a coupon."""
    program = card.program_id
    today = order._get_confirmed_tx_create_date()
    assert program.active and program.filtered_domain(order._get_program_domain())
    assert not card.expiration_date or card.expiration_date >= today
    assert card.points >= min(program.reward_ids.mapped("required_points"))
    assert program.total_order_count < program.max_usage
    assert "error" not in order._program_check_compute_points(program)[program]


def _cart(env):
    products = env["product.product"].search(
        [("name", "like", "Product %")], order="id", limit=3
    )
    return env["sale.order"].create(
        {
            "partner_id": env["res.partner"].search([("name", "=", "Buyer")]).id,
            "order_line": [(0, 0, {"product_id": product.id}) for product in products],
        }
    )
