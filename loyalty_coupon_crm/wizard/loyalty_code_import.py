from odoo import api, fields, models
from odoo.exceptions import UserError


class LoyaltyCodeImport(models.TransientModel):
    """Codes that were printed elsewhere, pasted or from a file, become coupons.

    All of them or none: a list with a problem is put right first.
    """

    _name = "loyalty.code.import"
    _inherit = "loyalty.paste.mixin"
    _description = "Import Codes"

    program_id = fields.Many2one("loyalty.program", required=True)
    text = fields.Text(help="Codes, one per line or separated by commas.")
    points_granted = fields.Float(string="Points", required=True, default=1)
    points_name = fields.Char(related="program_id.portal_point_name")
    valid_until = fields.Date(
        compute="_compute_valid_until", store=True, readonly=False
    )
    description = fields.Char(
        string="Reason", help="Where the codes come from, for the statement."
    )
    found_count = fields.Integer(string="New Codes")

    @api.depends("program_id")
    def _compute_valid_until(self):
        for wizard in self:
            program = wizard.program_id
            wizard.valid_until = program and program._issue_last_day()

    def action_apply(self):
        """Issue a coupon for each code.

        :return: action that lists the new coupons
        :raise UserError: when a code cannot be used: then nothing is imported
        """
        self.ensure_one()
        printed = self._match()
        if self.problem_count:
            raise UserError(
                self.env._(
                    "%(count)s codes cannot be imported, so nothing was.\n%(report)s",
                    count=self.problem_count,
                    report=self.report,
                )
            )
        cards = self.env["loyalty.card"]._issue_printed(
            self.program_id,
            printed,
            self.points_granted,
            self.valid_until,
            self.description or self.env._("Codes printed elsewhere"),
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Imported Coupons"),
            "res_model": "loyalty.card",
            "view_mode": "list,form",
            "domain": [("id", "in", cards.ids)],
        }

    def _headers(self):
        return ("code", "codes", "coupon", "coupon code", "barcode")

    def _match(self):
        """Note which codes are new and what is wrong with others.

        :return: list of the codes as they are stored
        :raise UserError: when the program has no coupons, or there is no code
        """
        self.ensure_one()
        program = self.program_id
        if program.is_nominative or program.trigger == "auto":
            raise UserError(
                self.env._(
                    "%s has no coupons with a code. Choose a program of coupons or "
                    "gift cards.",
                    program.name,
                )
            )
        if self.points_granted <= 0:
            raise UserError(
                self.env._(
                    "A coupon needs points above zero, not %s.", self.points_granted
                )
            )
        entries = self._entries()
        if not entries:
            raise UserError(self.env._("There is no code: paste some or give a file."))
        cards = self.env["loyalty.card"]
        problems = cards._printed_code_problems(entries)
        self._note_result(len(entries) - len(problems), problems)
        return [cards._normalize_code(code) for _line, code in entries]
