from odoo import api, fields, models
from odoo.exceptions import UserError


class LoyaltyStrictCheck(models.TransientModel):
    """The check-list before programs get strict rules: what would change in each."""

    _name = "loyalty.strict.check"
    _description = "Switch to Strict Rules"

    line_ids = fields.One2many(
        "loyalty.strict.check.line",
        "check_id",
        string="Programs",
        default=lambda self: self._default_line_ids(),
    )
    chosen_count = fields.Integer(compute="_compute_chosen_count")

    @api.model
    def _default_line_ids(self):
        """Return a line for every running program that keeps Odoo's rules."""
        programs = self.env["loyalty.program"].search([("strict", "=", False)])
        return [
            fields.Command.create({"program_id": program.id}) for program in programs
        ]

    @api.depends("line_ids.is_chosen")
    def _compute_chosen_count(self):
        for check in self:
            check.chosen_count = len(check.line_ids.filtered("is_chosen"))

    def action_apply(self):
        """Switch the chosen programs to strict rules.

        :return: action that opens them
        :raise UserError: when none is chosen
        """
        self.ensure_one()
        programs = self.line_ids.filtered("is_chosen").program_id
        if not programs:
            raise UserError(self.env._("Choose the programs that get strict rules."))
        programs.write({"strict": True})
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty.loyalty_program_discount_loyalty_action"
        )
        return {**action, "domain": [("id", "in", programs.ids)], "target": "main"}
