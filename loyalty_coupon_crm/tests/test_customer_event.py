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
        self._assert_pages_alike()

    def _assert_pages_alike(self):
        """Pages of all customers are parts of the list of all rows."""
        lately = [("date", ">=", "2026-01-01 00:00:00")]
        coupons = [("kind", "in", ["coupon", "use", "undo"])]
        for domain in ([], lately, coupons, lately + coupons, [("kind", "=", "undo")]):
            with self.subTest(domain=domain):
                events = self.events.with_user(self.seller)
                whole = events.search(domain)
                self.assertTrue(whole)
                values = whole[3:10].read()
                self.env.invalidate_all()
                for offset, limit in ((0, 80), (3, 7), (len(whole) - 1, 5)):
                    page = events.search(domain, offset=offset, limit=limit)
                    self.assertEqual(page, whole[offset : offset + limit])
                names = list(whole[:1].read()[0])
                page = events.search_read(domain, names, 3, 7)
                self.assertEqual(page, values)
        with self.subTest("a client cannot choose"):
            chosen = events.with_context(loyalty_event_rows={"0": [1]})
            self.assertEqual(chosen.search(domain), whole)

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

    def test_a_coupon_of_a_shared_program_is_of_its_campaign_s_company(self):
        other = self.env["res.company"].create({"name": "Coffee House"})
        currency = self.company.currency_id
        shared = self._create_coupon_program(company_id=False, currency_id=currency.id)
        for company in (self.company, other):
            campaign = self.env["loyalty.campaign"].create(
                {
                    "name": company.name,
                    "company_id": company.id,
                    "program_id": shared.id,
                }
            )
            self._create_card(shared, self.partner, campaign_id=campaign.id)
        seen = self._events(user=self.seller).filtered(lambda row: row.campaign_id)
        self.assertEqual(seen.company_id, self.company)
        self.assertEqual(seen.campaign_id.name, self.company.name)

    def test_what_became_of_messages(self):
        program = self._create_coupon_program(name="Tenth")
        campaign = self.env["loyalty.campaign"].create(
            {"name": "Autumn", "program_id": program.id}
        )
        card = self._create_card(program, self.contact)
        shared = {
            "campaign_id": campaign.id,
            "company_id": self.company.id,
            "partner_id": self.contact.id,
            "arm": "treated",
            "state": "issued",
            "assigned_at": "2026-03-02 08:00:00",
            "version": 3,
        }
        read, _lost = self.env["loyalty.campaign.member"].create(
            [
                {
                    **shared,
                    "occasion": "2026-03-02",
                    "card_id": card.id,
                    "message_state": "sent",
                    "opened_at": "2026-03-02 09:00:00",
                    "clicked_at": "2026-03-02 10:00:00",
                },
                {
                    **shared,
                    "occasion": "2026-03-03",
                    "message_state": "bounced",
                    "reason": "Bounce: no such mailbox",
                },
            ]
        )
        card.campaign_member_id = read
        events = self._events(user=self.seller).grouped("kind")
        self.assertEqual(events["message"].note, "Sent")
        self.assertEqual(
            events["undelivered"].note, "Came back: Bounce: no such mailbox"
        )
        self.assertEqual(events["opened"].date.hour, 9)
        self.assertEqual(events["clicked"].date.hour, 10)
        for kind in ("message", "opened", "clicked", "undelivered", "coupon"):
            self.assertIn("Autumn, version 3: When launched", events[kind].why, kind)
        self.assertEqual(events["opened"].action_open()["res_id"], read.id)

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

    def test_what_was_exchanged_with_the_contact(self):
        at = {"message_type": "email", "subtype_xmlid": "mail.mt_comment"}
        self.contact.message_post(body="When?", author_id=self.contact.id, **at)
        self.partner.message_post(
            body="At six", subject="Opening hours", message_type="email_outgoing"
        )
        self.partner.message_post(
            body="<p>At six</p>", subject="Text", message_type="sms"
        )
        self.partner.message_post(
            body="See you",
            subject="Bye",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.partner.message_post(
            body="A note", subject="Never pays", message_type="comment"
        )
        self.partner._message_log(body="Changed")
        other = self.env["res.company"].create({"name": "Coffee House"})
        theirs = self.other_partner
        theirs.company_id = other
        theirs.message_post(body="Hello", message_type="email_outgoing")
        seen = self._events(user=self.seller)
        self.assertEqual(set(seen.mapped("kind")), {"message", "answer"})
        told = seen.filtered(lambda event: event.kind == "message")
        self.assertEqual(set(told.mapped("note")), {"Opening hours", "Text", "Bye"})
        answer = seen - told
        self.assertEqual(answer.partner_id, self.contact)
        self.assertEqual(answer.action_open()["res_id"], self.contact.id)
        domain = [("customer_id", "=", theirs.id)]
        self.assertTrue(self.events.search(domain))
        self.assertFalse(self.events.with_user(self.seller).search(domain))

    def test_pages_of_the_website_where_installed(self):
        if "website.track" not in self.env:
            return
        website = self.env["website"].search([], limit=1)
        website.company_id = self.company
        for partner in (self.contact, self.other_partner):
            visitor = self.env["website.visitor"].create(
                {"access_token": str(partner.id), "website_id": website.id}
            )
            self.env["website.track"].create(
                {"visitor_id": visitor.id, "url": "/shop/tea"}
            )
        self.env.flush_all()
        event = self._events(user=self.seller)
        self.assertEqual((event.kind, event.note), ("visit", "/shop/tea"))
        self.assertEqual(event.partner_id, self.contact)

    def test_surveys_where_installed(self):
        if "survey.user_input" not in self.env:
            sources = [part[1].get("source_model") for part in self.events._parts()]
            self.assertNotIn("'survey.user_input'", map(str, sources))
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
