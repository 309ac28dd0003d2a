import random
from collections import Counter
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.point_of_sale.models.pos_config import PosConfig

from .common import LoyaltyCrmPosCommon

NAMES = ("Ada", "Berta", "Carla", "Dora", "Eva")


class PosCustomersCommon(LoyaltyCrmPosCommon):
    """Customers of several companies, and orders of theirs at a till."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.counts = cls.env["loyalty.pos.customer"].sudo()
        cls.foreign = cls.env["res.company"].sudo().create({"name": "Foreign"})
        cls.config.open_ui()
        cls.session = cls.config.current_session_id
        # A demonstration may have been installed a moment ago.
        cls.env.flush_all()
        yesterday = fields.Datetime.now() - timedelta(days=1)
        cls.env.cr.execute(SQL("UPDATE pos_order SET create_date = %s", yesterday))
        companies = (False, cls.company.id, cls.foreign.id)
        # Sorted by name they are neither sorted by id, nor by company.
        cls.people = (
            cls.env["res.partner"]
            .sudo()
            .create(
                [
                    {
                        "name": f"{NAMES[number * 7 % 5]} {number // 10}",
                        "company_id": companies[number % 3],
                    }
                    for number in range(30)
                ]
            )
        )

    def _order(self, partners, days=0):
        """Write an order for each of the partners, so many days ago.

        :param partners: list of `res.partner` records, which may be empty
        """
        orders = (
            self.env["pos.order"]
            .sudo()
            .create(
                [
                    {
                        "session_id": self.session.id,
                        "company_id": self.company.id,
                        "partner_id": partner.id,
                        "amount_tax": 0,
                        "amount_total": 0,
                        "amount_paid": 0,
                        "amount_return": 0,
                    }
                    for partner in partners
                ]
            )
        )
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE pos_order SET create_date = %s WHERE id = ANY(%s)",
                fields.Datetime.now() - timedelta(days=days),
                orders.ids,
            )
        )
        return orders

    def _load(self, limit, offset=0, load=None):
        """Return the ids of the customers that a till loads.

        :param load: method, the till's own unless one is given
        """
        parameter = "point_of_sale.limited_customer_count"
        self.env["ir.config_parameter"].sudo().set_param(parameter, limit)
        self.env.flush_all()
        load = load or type(self.config).get_limited_partners_loading
        return [id_ for (id_,) in load(self.config, offset)]

    def assertAsOdoo(self):
        """Check that pages of all sizes hold what Odoo's would, in its order.

        Of customers with as many orders and the same name it may take any.
        """
        orders = self.env["pos.order"].sudo().search([]).mapped("partner_id.id")
        times = Counter(orders)
        partners = self.env["res.partner"].sudo().with_context(active_test=False)
        names = {row["id"]: row["name"] for row in partners.search([]).read(["name"])}
        everybody = len(names) + 10
        odoo = PosConfig.get_limited_partners_loading
        for limit, offset in (
            (everybody, 0),
            (1, 0),
            (7, 0),
            (7, 5),
            (20, 0),
            (20, 13),
            (20, 31),
            (everybody, 18),
            (5, everybody),
        ):
            found, wanted = (
                [(times[id_], names[id_]) for id_ in self._load(limit, offset, load)]
                for load in (None, odoo)
            )
            self.assertEqual(found, wanted, (limit, offset))
        self.assertCountEqual(
            self._load(everybody), self._load(everybody, 0, odoo), "each of them once"
        )


@tagged("post_install", "-at_install")
class TestPosCustomersMixin(PosCustomersCommon):
    """Tills load the customers that Odoo would, from counts that are kept."""

    def test_the_same_customers_as_odoo(self):
        dice = random.Random(4)
        nobody = self.env["res.partner"]
        choice = [*self.people[:20], nobody]
        self.assertAsOdoo()
        for round_ in range(4):
            with self.subTest(round=round_):
                many = [
                    min(dice.choices(choice, k=2), key=choice.index) for _n in "1" * 25
                ]
                self._order(many, days=1)
                self.assertAsOdoo()
                self.counts._cron_count_orders()
                self.assertAsOdoo()
                # Some never ordered before, others did.
                fresh = self._order(dice.choices(self.people[10:25], k=10))
                self.assertAsOdoo()
                fresh[::2].unlink()
                self.assertAsOdoo()
        old = (
            self.env["pos.order"].sudo().search([("partner_id", "in", self.people.ids)])
        )
        old[::3].unlink()
        self.counts._cron_count_orders()
        self.assertAsOdoo()
        old.exists().unlink()
        self.counts._cron_count_orders()
        self.assertAsOdoo()

    def test_what_others_add_stays(self):
        last = self._load(1000)[-1]
        odoo = PosConfig.get_limited_partners_loading

        def with_last(till, offset=0):
            rows = odoo(till, offset)
            return rows if (last,) in rows else [*rows, (last,)]

        self.patch(PosConfig, "get_limited_partners_loading", with_last)
        self.assertEqual(self._load(3)[3:], [last])
        self.assertEqual(self._load(1000).count(last), 1)

    def test_cashiers_load_what_they_may_not_read(self):
        customer = self.people[0]
        self._order([customer] * 50, days=1)
        action = self.env.ref("loyalty_coupon_crm_pos.ir_cron_count_orders").sudo()
        action.ir_actions_server_id.run()
        till = self.config.with_user(self.cashier)
        self.assertEqual(till.get_limited_partners_loading()[0], (customer.id,))
        with self.assertRaises(AccessError):
            self.counts.with_user(self.cashier).sudo(False).search([])
