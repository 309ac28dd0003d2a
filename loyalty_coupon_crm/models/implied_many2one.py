from odoo import fields


class ImpliedMany2one(fields.Many2one):
    """A many2one to what another foreign key of the row keeps alive already.

    The row's card cannot go before the row, nor the card's program before the card: a
    foreign key to the program would be looked up for every row and never refuse one.
    Tables that take a hundred thousand rows in ten seconds feel each of them.
    """

    def update_db_foreign_key(self, model, column):
        """Make no foreign key."""
