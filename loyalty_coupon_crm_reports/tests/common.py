import random
from collections import Counter
from datetime import datetime, timedelta

import pytz

from odoo.tools import SQL

from odoo.addons.loyalty_coupon_crm.tests.common import LoyaltyCrmCommon

START = datetime(2025, 10, 1)
CHANNELS = ["sale", "website", "pos", "import"]


class LoyaltyReportCommon(LoyaltyCrmCommon):
    """A company of its own in Shanghai, and builders of raw facts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.random = random.Random(20261122)
        # Daily figures of this database know nothing of what tests write.
        cls.env["loyalty.daily.refresh"].search([]).unlink()
        cls.shop_company = cls._create_company("Tea House", "Asia/Shanghai")
        cls.customers = cls.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(12)]
        )
        cls.contacts = cls.env["res.partner"].create(
            [
                {"name": "Buyer", "parent_id": customer.id}
                for customer in cls.customers[:4]
            ]
        )

    @classmethod
    def _create_company(cls, name, zone):
        company = cls.env["res.company"].create({"name": name})
        company.partner_id.tz = zone
        cls.env.user.company_ids |= company
        return company

    @classmethod
    def _create_shared_program(cls):
        """Return a coupon program of all companies."""
        currency = cls.env.company.currency_id
        return cls._create_coupon_program(company_id=False, currency_id=currency.id)

    @classmethod
    def _report(cls, name, user=None, companies=None):
        """Return a report model as a user who has chosen companies."""
        companies = companies or cls.shop_company
        report = cls.env[name].with_context(allowed_company_ids=companies.ids)
        return report.with_user(user) if user else report

    @classmethod
    def _moment(cls, days=300):
        """Return a random moment, naive datetime in UTC."""
        return START + timedelta(seconds=cls.random.randrange(days * 86400))

    @classmethod
    def _someone(cls):
        return cls.random.choice(cls.customers | cls.contacts)

    @classmethod
    def _local(cls, moment, zone="Asia/Shanghai"):
        return pytz.utc.localize(moment).astimezone(pytz.timezone(zone))

    @classmethod
    def _month(cls, moment):
        return cls._local(moment).strftime("%Y-%m-01")

    @classmethod
    def _create_coupons(cls, program, moments, **values):
        """Return one card with a point per moment, issued at that moment."""
        return cls.env["loyalty.card"].create(
            [
                {
                    "program_id": program.id,
                    "partner_id": cls._someone().id,
                    "issued_at": moment,
                    "points": 1.0,
                    **values,
                }
                for moment in moments
            ]
        )

    @classmethod
    def _use(cls, card, moment, order_id=False, **values):
        """Return a redemption as a document would have written it."""
        return cls.env["loyalty.redemption"].create(
            {
                "card_id": card.id,
                "program_id": card.program_id.id,
                "campaign_id": card.campaign_id.id,
                "partner_id": card.partner_id.id,
                "company_id": cls.shop_company.id,
                "channel": "sale",
                "order_model": order_id and "sale.order",
                "order_id": order_id,
                "date": moment,
                "points": 1.0,
                "discount_amount": 10.0,
                "order_amount": 90.0,
                **values,
            }
        )

    @classmethod
    def _purchase(cls, moment, amount, order_id=False, **values):
        """Return a purchase row as a document would have written it."""
        customer = values.pop("customer", None) or cls._someone()
        return cls.env["loyalty.purchase"].create(
            {
                "partner_id": customer.id,
                "commercial_partner_id": customer.commercial_partner_id.id,
                "company_id": cls.shop_company.id,
                "date": moment,
                "amount": amount,
                "amount_total": amount,
                "channel": "sale",
                "order_model": order_id and "sale.order",
                "order_id": order_id,
                **values,
            }
        )

    def _assert_found_by_date(self, report, domain, condition):
        """Check that a report reads the sales of some days by an index of dates.

        :param condition: regular expression that the condition of the index matches
        """
        query = report._search(domain)
        plan = self.env.execute_query(SQL("EXPLAIN %s", query.select()))
        text = "\n".join(line for [line] in plan)
        index = (
            r"(Index|Bitmap Index) Scan (using|on) loyalty_purchase_(date|moment)_index"
        )
        self.assertRegex(text, rf"{index}.*\n *Index Cond:.*{condition}")

    def _sell_for_years(self, product):
        """Write 20,000 sales before START, and tell the planner.

        Among the few sales of a test it may well read all, by whatever index it likes.
        """
        self.env.cr.execute(
            SQL(
                """
                WITH sold AS (
                    INSERT INTO loyalty_purchase (company_id, date, amount, channel)
                    SELECT %(company)s, %(start)s - turn * INTERVAL '4 hours', 1, 'pos'
                      FROM GENERATE_SERIES(1, 20000) turn
                 RETURNING id)
                INSERT INTO loyalty_purchase_line (purchase_id, product_id,
                            quantity, amount)
                SELECT id, %(product)s, 1, 1 FROM sold
                """,
                company=self.shop_company.id,
                start=START,
                product=product.id,
            )
        )
        self._analyze("loyalty_purchase", "loyalty_purchase_line")

    def _rises(self, moves):
        """Return {movement: by how much it raised the positive balance of its card}.

        :param moves: all movements of their cards
        """
        balances, rises = Counter(), {}
        for move in moves.sorted(lambda move: (move.date, move.id)):
            before = balances[move.card_id]
            balances[move.card_id] = after = before + move.points
            rises[move] = max(0, after) - max(0, before)
        return rises

    def _groups(self, report, groupby, domain=(), names=None):
        """Return {key: {measure: value}} as the web client would get it."""
        names = names or [
            name
            for name, field in report._fields.items()
            if field.aggregator
            and field.type in ("float", "integer", "monetary")
            and name != "id"
        ]
        specs = {name: f"{name}:{report._fields[name].aggregator}" for name in names}
        rows = report.formatted_read_group(list(domain), groupby, [*specs.values()])
        found = {}
        for row in rows:
            key = tuple(
                row[spec][0] if isinstance(row[spec], tuple) else row[spec]
                for spec in groupby
            )
            found[key] = {name: row[spec] for name, spec in specs.items()}
        return found

    def _assert_measures(self, expected, found):
        """Compare groups: empty is empty, numbers are equal to the last cent."""
        self.assertEqual(set(expected), set(found))
        for key, measures in expected.items():
            for name, value in measures.items():
                actual = found[key][name]
                message = f"{name} of {key}: {actual}, expected {value}"
                if value is None:
                    self.assertIs(actual, False, message)
                else:
                    self.assertIsNot(actual, False, message)
                    self.assertAlmostEqual(actual, value, 6, message)

    def _ratio(self, above, below, factor=100):
        return above * factor / below if below else None
