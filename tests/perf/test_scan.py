"""Target of the issue: from the code to the line on the order <= 300 ms, in a browser.

The time runs from the code in the till's hands until the order with the reward has been
drawn. Each code is one that the till has not met, on an order of its own.
"""

import os
import statistics

from browser import Browser
from processes import result_of
from server import Server

ROUNDS = int(os.environ.get("LOYALTY_SCANS", "20"))
PROGRAMS = int(os.environ.get("LOYALTY_TILL_PROGRAMS", "500"))
MOST_MS = 300
START = ".screen-login .open-register-btn"

SCAN = """
(async () => {{
    const product = posmodel.models["product.product"].get({product});
    const drawn = () =>
        new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const settled = (isSo) =>
        new Promise((done, failed) => {{
            const end = performance.now() + 60000;
            const look = () =>
                isSo() ? done()
                : performance.now() > end ? failed(new Error("in vain"))
                : setTimeout(look, 1);
            look();
        }});
    const times = [];
    for (const code of {codes}) {{
        const order = posmodel.addNewOrder();
        await posmodel.addLineToCurrentOrder({{
            product_tmpl_id: product.product_tmpl_id,
            product_id: product,
        }});
        await settled(() => document.querySelectorAll(".orderline").length === 1);
        await drawn();
        const started = performance.now();
        const answer = await posmodel.activateCode(code);
        if (answer !== true) {{
            throw new Error(answer);
        }}
        await settled(() => order.lines.some((line) => line.is_reward_line));
        await settled(() => document.querySelectorAll(".orderline").length === 2);
        await drawn();
        times.push(performance.now() - started);
        // What else the till asks the server belongs to no later scan.
        await new Promise((done) => setTimeout(done, 300));
    }}
    return times;
}})()
"""


def _scan(database, shop):
    """Return the milliseconds that each of the codes takes."""
    server = Server(database, "--workers=0", "--log-level=warn")
    browser = None
    try:
        client = server.client()
        client.login(database, "cashier", "cashier-secret")
        browser = Browser()
        address = f"{server.url}/pos/ui/{shop['config']}"
        browser.open(address, client.session.cookies.get_dict())
        browser.wait(f"window.posmodel && document.querySelector('{START}')")
        browser.run(f"document.querySelector('{START}').click()")
        browser.wait("document.querySelector('.product-screen')")
        script = SCAN.format(product=shop["product"], codes=shop["codes"])
        return browser.run(script)
    finally:
        if browser:
            browser.close()
        server.stop()


def test_scan_to_line(start_worker, plain_database, database, capsys):
    """Print what a scan takes with Odoo alone and with us."""
    found = {}
    for name in (plain_database, database):
        order = ("scan", "prepare", str(ROUNDS + 1), str(PROGRAMS))
        shop = result_of(start_worker(*order, database=name))
        # The first one compiles the scripts.
        found[name] = _scan(name, shop)[1:]
    plain, ours = (statistics.median(times) for times in found.values())
    worst = max(found[database])
    with capsys.disabled():
        print(f"\nscan to line, {PROGRAMS} programs, median of {ROUNDS}")
        print(f"{'Odoo ms':>10} {'ours ms':>10} {'ratio':>7} {'worst':>7}")
        print(f"{plain:>10.0f} {ours:>10.0f} {ours / plain:>7.2f} {worst:>7.0f}")
    assert len(found[database]) == ROUNDS
    assert ours <= MOST_MS
