"""Reports run on a streaming replica, and on the primary while it is down."""

import pytest
from replica import Replicated
from server import Server

REPORTS = (
    "loyalty.season.report",
    "loyalty.basket.report",
    "loyalty.retention.report",
    "loyalty.use.report",
    "loyalty.after.report",
    "loyalty.points.report",
    "loyalty.product.report",
    "loyalty.price.report",
    "loyalty.demand.report",
    "loyalty.funnel.report",
    "loyalty.around.report",
    "loyalty.daily.report",
    "loyalty.daily.customer.report",
    "loyalty.customer.event",
)
# Figures that are kept, and opened from the same menus.
KEPT = (
    "loyalty.customer.metric",
    "loyalty.campaign.result",
    "loyalty.stage.change",
    "loyalty.point.liability",
)


@pytest.fixture(scope="module")
def replicated(addons_template):
    """Return two database servers: one is the replica of the other."""
    servers = Replicated(addons_template)
    yield servers
    servers.close()


@pytest.fixture(scope="module")
def server(replicated):
    """Return Odoo on both of them."""
    odoo = Server(
        replicated.database,
        f"--db_host={replicated.socket(replicated.primary)}",
        f"--db_replica_host={replicated.socket(replicated.replica)}",
    )
    yield odoo
    odoo.stop()


def read(client, model):
    """Return the answer of a list and of a pivot of a report."""
    rows = client.call(model, "web_search_read", [], {"id": {}})
    groups = client.call(model, "formatted_read_group", [], [], ["__count"])
    assert "error" not in rows, rows
    assert "error" not in groups, groups
    return groups["result"][0]["__count"]


def read_all(client):
    """Read every report, what is kept, and the dashboard.

    :return: {what a statement on it says: how many of them are meant}
    """
    for model in (*REPORTS, *KEPT):
        read(client, model)
    answer = client.call("loyalty.dashboard", "get_figures", [])
    assert "error" not in answer, answer
    names = {f'AS "{model.replace(".", "_")}"': 2 for model in REPORTS}
    names |= {f'FROM "{model.replace(".", "_")}"': 2 for model in KEPT}
    return names | {'FROM "loyalty_daily_figure"': 1}


def test_reports_run_on_the_replica_and_without_it(replicated, server):
    client = server.client()
    client.login(replicated.database, "admin", "admin")
    sold = "INSERT INTO loyalty_purchase (company_id, date, amount, channel) VALUES"
    replicated.query(replicated.primary, f"{sold} (1, '2026-03-02', 10, 'pos')")
    count = "SELECT COUNT(*) FROM loyalty_purchase"
    replicated.wait(lambda: replicated.query(replicated.replica, count) == "1")
    before = replicated.rows_read(replicated.replica, "loyalty_purchase")
    for name, count in read_all(client).items():
        assert replicated.statements(replicated.replica, name) >= count, name
        assert not replicated.statements(replicated.primary, name), name
    # The server tells its statistics some seconds later.
    replicated.wait(
        lambda: replicated.rows_read(replicated.replica, "loyalty_purchase") > before
    )
    months = read(client, "loyalty.season.report")
    assert months > 0
    assert client.call("loyalty.purchase", "search_count", [])["result"] == 1
    replicated.stop(replicated.replica)
    for name, count in read_all(client).items():
        assert replicated.statements(replicated.primary, name) >= count, name
    assert read(client, "loyalty.season.report") == months
