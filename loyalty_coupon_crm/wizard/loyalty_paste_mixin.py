import base64
import io

from odoo import fields, models
from odoo.exceptions import UserError

from ..tools.import_reader import FileProblem, read_table, split_audience

SHOWN_LINES = 200


class LoyaltyPasteMixin(models.AbstractModel):
    """A list that is pasted or read from a file, checked line by line before it counts.

    A window has the action `action_check`, which shows what is wrong and changes
    nothing, and one of its own.
    """

    _name = "loyalty.paste.mixin"
    _description = "Pasted List"

    text = fields.Text(string="Paste")
    data = fields.Binary(string="File", attachment=False)
    file_name = fields.Char()
    found_count = fields.Integer(string="Found", readonly=True)
    problem_count = fields.Integer(string="Problems", readonly=True)
    report = fields.Text(readonly=True)

    def action_check(self):
        """Show what is found and which entries are not, without changing anything."""
        self._match()
        return self._reopen()

    def _match(self):
        """Hook: note what is found and what is wrong, by `_note_result`."""
        raise NotImplementedError

    def _headers(self):
        """Hook: return the words that tell a header from a first entry."""
        return ()

    def _reopen(self):
        """Return the action that shows the window again."""
        return {
            "type": "ir.actions.act_window",
            "name": self._description,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _note_result(self, found, problems):
        """Note how many entries are found, and why others are not.

        :param found: number of entries
        :param problems: list of (line, entry, why)
        """
        shown = [
            self.env._(
                "Line %(line)s, %(entry)s: %(problem)s",
                line=line,
                entry=entry,
                problem=problem,
            )
            for line, entry, problem in problems[:SHOWN_LINES]
        ]
        if len(problems) > SHOWN_LINES:
            shown.append(self.env._("And %s more.", len(problems) - SHOWN_LINES))
        self.write(
            {
                "found_count": found,
                "problem_count": len(problems),
                "report": "\n".join(shown),
            }
        )

    def _entries(self):
        """Return the entries of the text and of the first column of the file.

        :return: list of (line, entry)
        :raise UserError: when the file cannot be read
        """
        entries = split_audience(self.text)
        if not self.data:
            return entries
        try:
            names, rows = read_table(io.BytesIO(base64.b64decode(self.data)))
            # A list without header starts with an entry.
            rows = [(1, {names[0]: names[0]}), *rows]
        except FileProblem as error:
            reason = self.env["loyalty.import"]._explain(error.problem)
            raise UserError(
                self.env._(
                    "The file %(name)s cannot be read: %(reason)s",
                    name=self.file_name or "",
                    reason=reason,
                )
            ) from error
        if names[0].strip().lower() in self._headers():
            del rows[0]
        values = [(line, str(row.get(names[0]) or "").strip()) for line, row in rows]
        return entries + [(line, value) for line, value in values if value]
