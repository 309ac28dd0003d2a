from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCustomerEvent(LoyaltyCrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.events = cls.env["loyalty.customer.event"]
        cls.contact = cls.env["res.partner"].create(
            {"name": "Buyer", "parent_id": cls.partner.id}
        )
        cls.seller = cls._create_user(
            "event_seller", "loyalty_coupon_crm.group_loyalty_salesperson"
        )

    def _events(self, partner=None, user=None):
        events = self.events.with_user(user) if user else self.events
        action = (partner or self.partner).action_loyalty_timeline()
        return events.search(action["domain"])

    def test_every_kind_of_event(self):
        program = self._create_coupon_program(name="Tenth")
        wallet = self._create_points_program(name="Stars")
        coupon = self._create_card(program, self.contact)
        order = self._create_order(self.contact)
        self._apply_code(order, coupon.code)
        order.action_confirm()
        order._action_cancel()
        self.env["loyalty.stage.change"].create(
            {
                "partner_id": self.partner.id,
                "company_id": self.company.id,
                "date": "2026-03-02",
                "stage_to": "new",
            }
        )
        kinds = self._events(user=self.seller).mapped("kind")
        self.assertEqual(
            set(kinds) - {"points"},
            {"purchase", "refund", "coupon", "use", "undo", "earn", "stage"},
        )
        self.assertEqual(self._events(self.contact), self._events())
        self.assertFalse(self._events(self.other_partner))
        bought = self._events().filtered(lambda event: event.kind == "purchase")
        self.assertEqual(bought.order_id, order.id)
        self.assertEqual(bought.amount, 90)
        self.assertEqual(bought.action_open()["res_id"], order.id)
        earned = self._events().filtered(lambda event: event.kind == "earn")
        self.assertEqual(earned.program_id, wallet)

    def test_what_may_not_be_opened_stays_closed(self):
        order = self._create_order(self.partner)
        order.action_confirm()
        event = self._events(user=self.seller)[:1]
        self.assertEqual(event.action_open()["res_model"], "loyalty.purchase")

    def test_other_companies_and_employees(self):
        other = self.env["res.company"].create({"name": "Coffee House"})
        self.env["loyalty.purchase"].create(
            {
                "partner_id": self.partner.id,
                "commercial_partner_id": self.partner.id,
                "company_id": other.id,
                "date": "2026-03-02 10:00:00",
                "amount": 10,
                "channel": "sale",
            }
        )
        self.assertFalse(self._events(user=self.seller))
        employee = self._create_user("event_employee", "base.group_user")
        with self.assertRaises(AccessError):
            self._events(user=employee)
        with self.assertRaises(AccessError):
            self.events.with_user(self.seller).create({"kind": "purchase"})

    def test_ten_thousand_purchases(self):
        """The latest of many are found without reading other customers' rows."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_purchase (partner_id, commercial_partner_id,
                            company_id, date, amount, channel)
                SELECT id, id, %(company)s,
                       TIMESTAMP '2020-01-01' + turn * INTERVAL '1 hour', 1, 'pos'
                  FROM UNNEST(ARRAY[%(partner)s, %(other)s]) id,
                       GENERATE_SERIES(1, 10000) turn
                """,
                company=self.company.id,
                partner=self.partner.id,
                other=self.other_partner.id,
            )
        )
        self._analyze("loyalty_purchase")
        domain = self.partner.action_loyalty_timeline()["domain"]
        latest = self.events.search(domain, limit=80)
        self.assertEqual(len(latest), 80)
        self.assertEqual(latest, latest.sorted("date", reverse=True))
        query = self.events._search(domain, limit=80, order="date desc, id desc")
        plan = self.env.execute_query(SQL("EXPLAIN %s", query.select()))
        text = "\n".join(row[0] for row in plan)
        self.assertNotIn("Seq Scan on loyalty_purchase", text)

    def test_surveys_where_installed(self):
        if "survey.user_input" not in self.env:
            self.assertEqual(len(self.events._parts()), 7)
            return
        survey = self.env["survey.survey"].create({"title": "How was it?"})
        self.env["survey.user_input"].create(
            {
                "survey_id": survey.id,
                "partner_id": self.partner.id,
                "state": "done",
                "end_datetime": "2026-03-02 10:00:00",
            }
        )
        event = self._events(user=self.seller)
        self.assertEqual((event.kind, event.note), ("survey", "How was it?"))
