from odoo.fields import Command
from odoo.tests import tagged

from ..models.loyalty_gate_parts_mixin import READ_WITH, WHOLE
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
            rule_ids=[Command.create({"minimum_qty": 0})],
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

    def _fetch(self):
        self.env.invalidate_all()
        self.program._gate_fetch(self.card, self.program.browse(), self.partner)

    def test_program_is_kept(self):
        """The second time only the card is read, and the versions of what is kept."""
        self._fetch()
        with self.assertQueryCount(1):
            self._fetch()
        self.assertEqual(self.program.rule_ids.mapped("minimum_qty"), [0])

    def test_kept_program_follows_every_change(self):
        """Twice in one transaction too, and by whatever way a row is changed."""
        rule, window = self.program.rule_ids, self.program.usage_window_ids[0]
        other = self.env["loyalty.segment"].create({"name": "Silver"})
        changes = [
            (self.program, "max_usage", 11),
            (self.program, "max_usage", 12),
            (self.program.reward_ids, "required_points", 3),
            (rule, "minimum_amount", 50),
            (rule, "product_ids", self.product),
            (rule, "product_ids", self.product.browse()),
            (rule, "product_ids", self.product),
            (self.program, "excluded_category_ids", self.category),
            (self.program, "excluded_category_ids", self.category.browse()),
            (self.program, "excluded_category_ids", self.category),
            (self.program, "segment_ids", other),
            (self.program, "segment_ids", self.segment + other),
            (window, "hour_from", 9.5),
        ]
        for records, name, value in changes:
            with self.subTest(field=name, value=value):
                self._fetch()
                records[name] = value
                self._fetch()
                self.assertEqual(records[name], value)
        for rows, change in {
            "segment_ids": "UPDATE loyalty_segment SET active = FALSE WHERE id = %s",
            "usage_window_ids": "DELETE FROM loyalty_usage_window WHERE id = %s",
        }.items():
            with self.subTest(change=change):
                self._fetch()
                gone, *left = self.program[rows].ids
                self.env.cr.execute(change, [gone])
                self._fetch()
                self.assertEqual(self.program[rows].ids, left)

    def test_what_is_rolled_back_is_not_kept(self):
        self._fetch()
        with self.env.cr.savepoint() as savepoint:
            self.program.rule_ids.minimum_qty = 7
            self.program.rule_ids.product_ids = self.product
            self._fetch()
            self.assertEqual(self.program.rule_ids.minimum_qty, 7)
            savepoint.rollback()
        self._fetch()
        self.assertEqual(self.program.rule_ids.minimum_qty, 0)
        self.assertFalse(self.program.rule_ids.product_ids)

    def test_links_are_written_from_one_side(self):
        """Of links that are only looked up when there are some nobody else writes."""
        fetched = self.env["loyalty.program"]._gate_fetched_fields()
        relations = {
            field.relation: model
            for model, names in fetched.items()
            for field in (self.env[model]._fields[name] for name in names)
            if field.type == "many2many" and field.name not in WHOLE
        }
        for model in self.env.registry.values():
            for field in () if model._abstract else model._fields.values():
                if field.type == "many2many" and field.store:
                    owner = relations.get(field.relation, field.model_name)
                    self.assertEqual(field.model_name, owner, field)

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
