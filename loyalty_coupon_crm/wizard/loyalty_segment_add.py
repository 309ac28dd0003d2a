from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, email_normalize


class LoyaltySegmentAdd(models.TransientModel):
    """People to add to a segment or to exclude from it, pasted or from a file."""

    _name = "loyalty.segment.add"
    _inherit = "loyalty.paste.mixin"
    _description = "Add or Exclude People"

    segment_id = fields.Many2one("loyalty.segment", required=True)
    action = fields.Selection(
        [("add", "Add"), ("exclude", "Exclude")], required=True, default="add"
    )
    partner_ids = fields.Many2many("res.partner", string="Customers")
    text = fields.Text(
        help="E-mails, phone numbers, references or database ids, one per line or "
        "separated by commas.",
    )
    problem_count = fields.Integer(string="Not Added")

    def action_apply(self):
        """Add or exclude those who are found; show the entries that are not.

        :raise UserError: when nobody is found
        """
        partners = self._match()
        if not partners:
            raise UserError(
                self.env._(
                    "Nobody was found, so nothing was changed.\n%s", self.report or ""
                )
            )
        if self.action == "add":
            self.segment_id._add_members(partners)
        else:
            self.segment_id._exclude_members(partners)
        self.segment_id.invalidate_recordset()
        if self.problem_count:
            self.write({"text": False, "data": False, "partner_ids": False})
            return self._reopen()
        return {"type": "ir.actions.act_window_close"}

    def _headers(self):
        return ("email", "phone", "ref", "id", "customer_ref")

    def _match(self):
        """Note which entries are found and why others are not; return the customers."""
        self.ensure_one()
        found, problems, seen = self.partner_ids, [], set(self.partner_ids.ids)
        entries = self._entries()
        matches = self._find(entries)
        ids = []
        for line, entry in entries:
            partner_ids = matches.get(entry, ())
            problem = self._problem(partner_ids, seen)
            if problem:
                problems.append((line, entry, problem))
            else:
                seen.add(partner_ids[0])
                ids.append(partner_ids[0])
        found |= found.browse(ids)
        self._note_result(len(found), problems)
        return found

    def _problem(self, partner_ids, seen):
        """Return why an entry is not added, empty when it is."""
        if not partner_ids:
            return self.env._("no customer is known by that")
        if len(partner_ids) > 1:
            return self.env._("%s customers are known by that", len(partner_ids))
        if partner_ids[0] in seen:
            return self.env._("this customer is on the list already")
        return ""

    def _find(self, entries):
        """Return {entry: ids of the customers known by it}, in one query.

        E-mail, phone, reference and database id are tried in this order; customers of
        other companies than the segment's are unknown.
        """
        if not entries:
            return {}
        country = (self.segment_id.company_id or self.env.company).country_id
        keys = [
            (
                entry,
                email_normalize(entry) or None,
                self._phone(entry, country),
                int(entry) if entry.isdecimal() and len(entry) < 10 else None,
            )
            for entry in {entry for _line, entry in entries}
        ]
        self.env["res.partner"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT key.entry, ARRAY_AGG(DISTINCT partner.id)
                  FROM UNNEST(%(entries)s::text[], %(emails)s::text[],
                              %(phones)s::text[], %(ids)s::int[])
                       AS key (entry, email, phone, id)
            CROSS JOIN LATERAL (
                       SELECT id, 1 AS way FROM res_partner
                        WHERE email_normalized = key.email
                        UNION ALL
                       SELECT id, 2 FROM res_partner
                        WHERE phone_sanitized = key.phone
                        UNION ALL
                       SELECT id, 3 FROM res_partner WHERE ref = key.entry
                        UNION ALL
                       SELECT id, 4 FROM res_partner WHERE id = key.id
                       ) partner
                 WHERE partner.id IN (%(visible)s)
              GROUP BY key.entry, partner.way
              ORDER BY key.entry, partner.way DESC
                """,
                entries=[key[0] for key in keys],
                emails=[key[1] for key in keys],
                phones=[key[2] for key in keys],
                ids=[key[3] for key in keys],
                visible=self._visible_customers().select(),
            )
        )
        return dict(rows)

    @api.model
    def _phone(self, entry, country):
        """Return a phone number as Odoo stores it, None when it is none."""
        if "@" in entry or not any(letter.isdecimal() for letter in entry):
            return None
        return self.env["res.partner"]._phone_format(number=entry, country=country)

    def _visible_customers(self):
        """Return the query of the contacts of the segment's company."""
        domain = Domain.TRUE
        if self.segment_id.company_id:
            companies = [False, self.segment_id.company_id.id]
            domain = Domain("company_id", "in", companies)
        return self.env["res.partner"]._search(domain)
