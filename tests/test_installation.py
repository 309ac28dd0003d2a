"""The add-ons come to a database Odoo alone has used, are upgraded, and go again."""

import odoo_alone
import odoo_history
import pytest
from provision import settings
from testing import runs

BASE, POS, REPORTS = settings.ADDONS


class Shop:
    """A database with history of Odoo alone, and snapshots of it on the way."""

    def __init__(self, database):
        self.database = database
        self.database.shell(odoo_alone.BUILD)
        self.balances = self.database.shell(odoo_history.BUILD)
        # Odoo lists the add-ons of the folder once it is started with them.
        self.database.server("-u", "rpc")
        self.structure = self.structure_now()
        self.facts = self.facts_now()

    def structure_now(self):
        """Return {what: set of names} of everything an add-on may create."""
        return {
            name: {row[0] for row in self.database.query(statement)}
            for name, statement in odoo_alone.STRUCTURE.items()
        }

    def facts_now(self):
        """Return {what: counts and sums} of Odoo's own rows."""
        return {
            name: self.database.query(statement)
            for name, statement in odoo_alone.FACTS.items()
        }

    def count(self, table):
        """Return the number of rows of a table."""
        return int(self.database.query(f"SELECT count(*) FROM {table}")[0][0])


@pytest.fixture(scope="module")
def shop(make_database):
    """Return the shop before our add-ons."""
    return Shop(make_database("shop", runs.full_template()))


@pytest.fixture(scope="module")
def installed(shop):
    """Return the shop with our three add-ons; the till's came by itself."""
    shop.database.server("-i", f"{BASE},{REPORTS}")
    return shop


@pytest.fixture(scope="module")
def upgraded(installed):
    """Return the shop after an upgrade, with what was there before it."""
    installed.before_upgrade = installed.structure_now(), _own_counts(installed)
    installed.database.server("-u", ",".join(settings.ADDONS))
    return installed


@pytest.fixture(scope="module")
def removed(upgraded):
    """Return the shop after all three were uninstalled, the dependent ones first."""
    upgraded.database.uninstall(REPORTS, POS)
    upgraded.database.uninstall(BASE)
    return upgraded


@pytest.fixture(scope="module")
def continued(installed, make_database):
    """Return what becomes of old orders that are edited and undone with us there."""
    copy = make_database("shop_goes_on", installed.database.name)
    return copy.shell(odoo_history.GO_ON)


def _own_counts(shop):
    tables = shop.structure_now()["tables"] - shop.structure["tables"]
    return {table: shop.count(table) for table in tables}


def _lost_and_left(before, after):
    """Return what `after` lacks and has too much, by kind, without what is equal."""
    return {
        kind: {"lost": sorted(names - after[kind]), "left": sorted(after[kind] - names)}
        for kind, names in before.items()
        if names != after[kind]
    }


def test_the_till_comes_by_itself(installed):
    """With the point of sale in the database its add-on is installed too."""
    states = installed.database.query(
        "SELECT name FROM ir_module_module "
        "WHERE name LIKE 'loyalty_coupon_crm%' AND state = 'installed'"
    )
    assert sorted(name for (name,) in states) == sorted(settings.ADDONS)


def test_installing_changes_nothing_of_odoo(installed):
    """Cards, points, orders and history are what they were."""
    assert installed.facts_now() == installed.facts


def test_every_balance_is_explained(installed):
    """Ten thousand cards have one opening movement each, and the sums agree."""
    answer = installed.database.shell(
        "answer = env['loyalty.point.move']._ledger_differences()"
    )
    assert answer == []
    ((cards, points),) = installed.database.query(
        "SELECT count(*), sum(points) FROM loyalty_card WHERE points != 0"
    )
    ((moves, moved),) = installed.database.query(
        "SELECT count(*), sum(points) FROM loyalty_point_move WHERE kind = 'opening'"
    )
    assert int(cards) >= odoo_alone.CARDS - 8
    assert (moves, float(moved)) == (cards, float(points))


def test_each_balance_is_one_opening_movement(installed):
    """Wallets, gift cards and coupons; Odoo's wrong balances too, to the point."""
    assert installed.balances == {
        "gift card": 360,
        "ewallet": 360,
        "edited": 90,
        "regretted": -180,
        "till": [370, 0],
    }
    assert installed.database.query(odoo_history.UNEXPLAINED) == []


def test_purchases_of_before(installed):
    """Edits with their last figures, refunds and credits negative, none cancelled."""
    assert installed.database.query(odoo_history.PURCHASES) == [
        ("Editor", "sale", "270.00", "1"),
        ("Giver", "sale", "540.00", "2"),
        ("Hunter", "sale", "81.00", "1"),
        ("Returner", "sale", "180.00", "2"),
        ("Saver", "sale", "540.00", "2"),
        ("Shopper", "pos", "240.00", "4"),
    ]


def test_uses_of_before(installed):
    """Gift card, eWallet, code, points and coupon; those of cancelled orders not."""
    assert installed.database.query(odoo_history.USES) == [
        ("Giver", "gift_card", "sale", "90", "1"),
        ("Hunter", "promo_code", "sale", "1", "1"),
        ("Saver", "ewallet", "sale", "90", "1"),
        ("Shopper", "coupons", "pos", "1", "1"),
        ("Shopper", "loyalty", "pos", "50", "1"),
    ]


def test_orders_of_before_go_on(continued):
    """They are edited, cancelled and refunded, and every balance stays explained."""
    assert continued == {"differences": [], "gift card": 90, "uses left": 0}


def test_orders_of_before_are_purchases(installed):
    """Confirmed orders of the past are rows of what customers did, once each."""
    ((orders,),) = installed.database.query(
        "SELECT count(*) FROM sale_order WHERE state = 'sale'"
    )
    rows = installed.database.query(
        "SELECT order_id, count(*) FROM loyalty_purchase "
        "WHERE order_model = 'sale.order' AND reversal_of_id IS NULL GROUP BY 1"
    )
    assert rows
    assert len(rows) <= int(orders)
    assert {count for _order, count in rows} == {"1"}


def test_coupons_used_before_are_redemptions(installed):
    """Seven of eight used in orders, the other was cancelled, and one at the till."""
    rows = installed.database.query(
        "SELECT redemption.card_id FROM loyalty_redemption redemption "
        "JOIN loyalty_card card ON card.id = redemption.card_id "
        "WHERE card.code LIKE 'OLD%' AND redemption.reversal_of_id IS NULL"
    )
    assert len(rows) == 8


def test_upgrade_repeats_nothing(upgraded):
    """An upgrade writes no opening movement and no purchase a second time."""
    structure, counts = upgraded.before_upgrade
    assert _own_counts(upgraded) == counts
    assert upgraded.structure_now() == structure
    assert upgraded.facts_now() == upgraded.facts


def test_uninstall_leaves_no_orphan(removed):
    """Tables, columns, records, crons and menus are those of before."""
    assert _lost_and_left(removed.structure, removed.structure_now()) == {}


def test_uninstall_loses_no_data_of_odoo(removed):
    """Cards, points, orders and history are what they were."""
    assert removed.facts_now() == removed.facts


def test_odoo_works_without_us_again(removed):
    """An order with an old coupon is confirmed after we have gone."""
    before, after, state, points = removed.database.shell(odoo_alone.SELL_AGAIN)
    assert after == pytest.approx(before * 0.9)
    assert (state, points) == ("sale", 0)
