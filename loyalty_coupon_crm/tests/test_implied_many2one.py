from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.implied_many2one import ImpliedMany2one
from .common import LoyaltyCrmCommon

# What keeps the record alive: a field of the row, and the field of what it names.
KEPT_BY = {
    ("loyalty.campaign.member", "company_id"): ("campaign_id", "company_id"),
    ("loyalty.point.move", "program_id"): ("card_id", "program_id"),
}


@tagged("post_install", "-at_install", "loyalty_plain")
class TestImpliedMany2one(LoyaltyCrmCommon):
    """No foreign key of its own, and still nothing that is named can go."""

    def _keys(self, field):
        """Return {column: (table it names, what a deletion there does)}."""
        table = self.env[field.model_name]._table
        self.env.cr.execute(
            """
            SELECT a.attname, c.confrelid::regclass::text, c.confdeltype
              FROM pg_constraint c
              JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
             WHERE c.contype = 'f' AND c.conrelid = %s::regclass
            """,
            [table],
        )
        return {column: (named, what) for column, named, what in self.env.cr.fetchall()}

    def test_all_are_kept_by_others(self):
        """Each has a way of foreign keys that refuse the deletion."""
        implied = [
            field
            for model in self.env.registry.values()
            for field in model._fields.values()
            if isinstance(field, ImpliedMany2one)
        ]
        self.assertEqual({(f.model_name, f.name) for f in implied}, set(KEPT_BY))
        for field in implied:
            first, second = KEPT_BY[field.model_name, field.name]
            own = self._keys(field)
            self.assertNotIn(field.name, own)
            between = self.env[field.model_name]._fields[first]
            self.assertTrue(between.required)
            table = self.env[between.comodel_name]._table
            self.assertEqual(own[first], (table, "r"))
            last = self.env[between.comodel_name]._fields[second]
            self.assertEqual(last.comodel_name, field.comodel_name)
            named = self.env[field.comodel_name]._table
            self.assertEqual(self._keys(last)[second], (named, "r"))

    def test_a_program_with_movements_stays(self):
        """Also when the card that was moved names another program by now."""
        program = self._create_points_program()
        other = self._create_points_program()
        card = self._create_card(program)
        self.assertEqual(card.move_ids.program_id, program)
        card.sudo().program_id = other
        program.active = False
        with self.assertRaisesRegex(UserError, program.name):
            program.unlink()
        self.assertEqual(card.move_ids.program_id, program)
