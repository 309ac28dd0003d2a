from odoo.fields import Command
from odoo.tests import tagged

from ..models.loyalty_gate_fetch_mixin import READ_WITH, WHOLE
from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestGateFetch(LoyaltyCrmCommon):
    """What the gate reads by one statement is what Odoo reads."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.segment = cls.env["loyalty.segment"].create({"name": "Gold"})
        cls.segment._add_members(cls.partner)
        cls.program = cls._create_coupon_program(
            strict=True,
            limit_usage=True,
            max_usage=10,
            budget_amount=99.5,
            date_from="2020-02-29",
            segment_ids=[Command.set(cls.segment.ids)],
            excluded_product_ids=[Command.set(cls.gift.ids)],
            usage_window_ids=[
                Command.create({"weekday": "6", "hour_from": 8.5, "hour_to": 24}),
                Command.create({"weekday": False, "hour_from": 0, "hour_to": 24}),
                Command.create({"kind": "closed", "date_from": "2020-01-01"}),
            ],
        )
        cls.card = cls._create_card(cls.program, points=1)

    def test_same_as_odoo_reads(self):
        fetched = self.env["loyalty.program"]._gate_fetched_fields()
        rows = {
            "loyalty.card": self.card,
            "loyalty.program": self.program,
            "loyalty.reward": self.program.reward_ids,
            "loyalty.rule": self.program.rule_ids,
            "loyalty.usage.window": self.program.usage_window_ids,
            "res.partner": self.partner,
        }
        read = {
            (model, name): [record[name] for record in records]
            for model, records in rows.items()
            for name in fetched[model]
        }
        self.env.invalidate_all()
        self.program._gate_fetch(self.card, self.program.browse(), self.partner)
        for (model, name), expected in read.items():
            with self.subTest(model=model, field=name):
                field = rows[model]._fields[name]
                if field.type != "many2many" or name in WHOLE or not any(expected):
                    self.assertFalse([*field._cache_missing_ids(rows[model])])
                found = [record[name] for record in rows[model]]
                self.assertEqual(found, expected)
                self.assertEqual([*map(type, found)], [*map(type, expected)])

    def test_what_is_in_memory_stays(self):
        self.env.flush_all()
        self.card.points = 7
        self.program.name = "Renamed"
        window = self.program.usage_window_ids[0]
        window.program_id = self._create_coupon_program()
        self.program._gate_fetch(self.card, self.program, self.partner)
        self.assertEqual((self.card.points, self.program.name), (7, "Renamed"))
        self.assertNotIn(window, self.program.usage_window_ids)
        self.env.invalidate_all()
        self.assertEqual((self.card.points, self.program.name), (7, "Renamed"))

    def test_all_is_read_at_once(self):
        """One statement for the card, one for its program, one for what is counted."""
        order = self._create_order()
        order._loyalty_blockers(self.card)
        for tables in READ_WITH.values():
            for model in tables:
                self.env[model].invalidate_model()
        self.program.excluded_product_ids = False
        self.env.flush_all()
        order.partner_id.sudo().is_company  # noqa: B018
        with self.assertQueryCount(12):
            order._loyalty_blockers(self.card)
