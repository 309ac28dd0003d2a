from odoo import fields, models


class LoyaltyPointFolded(models.Model):
    """What the liability needs of movements that were folded into opening rows.

    An award that a sale earned, what was drawn from one, and from which awards an
    opening row comes. No card and no customer: what is owed is a sum. Rows are written
    by the archive and never change.
    """

    _name = "loyalty.point.folded"
    _description = "Folded Points"
    _log_access = False
    _rec_name = "meaning"

    program_id = fields.Many2one(
        "loyalty.program", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", readonly=True)
    award_ref = fields.Integer(
        string="Award",
        required=True,
        readonly=True,
        aggregator=None,
        help="Number of the movement that was the award.",
    )
    move_ref = fields.Integer(
        string="Opening Row",
        readonly=True,
        aggregator=None,
        help="Number of the opening row whose points come from the award.",
    )
    meaning = fields.Char(
        readonly=True, help="`award`, or the kind of movement that drew from it."
    )
    date = fields.Datetime(readonly=True)
    points = fields.Float(readonly=True)
    expiration_date = fields.Date(readonly=True)
    order_model = fields.Char(string="Document Model", readonly=True)
    order_id = fields.Many2oneReference(
        string="Document", model_field="order_model", readonly=True
    )

    _program_index = models.Index("(program_id, meaning)")
    _award_index = models.Index("(award_ref) WHERE meaning = 'award'")
    _move_index = models.Index("(move_ref) WHERE move_ref IS NOT NULL")
