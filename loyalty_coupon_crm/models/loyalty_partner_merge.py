from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from .loyalty_adjustment import MANAGER

# What a contact gets back that a merge deleted.
CONTACT_FIELDS = (
    "name",
    "is_company",
    "parent_id",
    "type",
    "company_id",
    "email",
    "phone",
    "street",
    "street2",
    "zip",
    "city",
    "state_id",
    "country_id",
    "lang",
    "tz",
    "ref",
)
# Facts that follow their customer, in a merge and back.
FACTS = (
    "loyalty.campaign.member",
    "loyalty.card",
    "loyalty.point.move",
    "loyalty.purchase",
    "loyalty.redemption",
    "loyalty.refusal",
)


class LoyaltyPartnerMerge(models.Model):
    """A merge of customers: what it moved, so that it can be undone."""

    _name = "loyalty.partner.merge"
    _description = "Merge of Customers"
    _order = "id desc"
    _log_access = False

    name = fields.Char(string="Merged Customers", required=True)
    date = fields.Datetime(required=True, default=fields.Datetime.now)
    user_id = fields.Many2one("res.users", default=lambda self: self.env.user)
    partner_id = fields.Many2one(
        "res.partner", string="Into", index="btree_not_null", ondelete="set null"
    )
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)
    snapshot = fields.Json(
        groups="base.group_no_one", help="The contacts and their rows before the merge."
    )
    line_ids = fields.One2many("loyalty.partner.merge.line", "merge_id", "Wallets")
    state = fields.Selection(
        [("done", "Merged"), ("undone", "Undone")], required=True, default="done"
    )
    undone_at = fields.Datetime(string="Undone on")
    undone_by_id = fields.Many2one("res.users", string="Undone by")
    message = fields.Text(string="What Came Back")

    @api.model
    def _take_snapshot(self, partners):
        """Return the contacts and the ids of their rows, as JSON.

        :param partners: contacts that a merge is about to delete
        """
        self.env.flush_all()
        facts = {partner.id: {} for partner in partners}
        for model in FACTS:
            rows = self.env.execute_query(
                SQL(
                    """
                    SELECT partner_id, ARRAY_AGG(id) FROM %s
                     WHERE partner_id = ANY(%s) GROUP BY partner_id
                    """,
                    SQL.identifier(self.env[model]._table),
                    partners.ids,
                )
            )
            for partner_id, ids in rows:
                facts[partner_id][model] = ids
        return [
            {
                "contact": partner._convert_to_write(
                    {name: partner[name] for name in CONTACT_FIELDS}
                ),
                "facts": facts[partner.id],
                "open_cards": self.env["loyalty.card"]
                .search([("partner_id", "=", partner.id)])
                .ids,
            }
            for partner in partners
        ]

    def action_undo(self):
        """Bring the merged contacts back with their wallets, cards and history.

        Points come back as far as they are still there; `message` says so. Orders and
        invoices stay with the contact that was kept.

        :raise AccessError: for anybody but a loyalty manager
        :raise UserError: when it was undone before, or the kept contact is gone
        """
        if not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("Only a loyalty manager undoes a merge."))
        for merge in self:
            merge.check_access("read")
            # The ledger and contacts are written by the system; the group was checked.
            merge.sudo()._undo()

    def _undo(self):
        self.ensure_one()
        if self.state == "undone":
            raise UserError(self.env._("The merge of %s was undone before.", self.name))
        if not self.partner_id:
            raise UserError(
                self.env._(
                    "The contact that %s were merged into was deleted: there is "
                    "nothing to give back from.",
                    self.name,
                )
            )
        reason = self.env._("Undone: merge of %s", self.name)
        # Before any wallet opens again: it is closed for its new points until then.
        self._undo_contacts()
        self.line_ids._give_back(reason)
        self.env["loyalty.use.counter"]._recount_customer(self.partner_id)
        self.write(
            {
                "state": "undone",
                "undone_at": fields.Datetime.now(),
                "undone_by_id": self.env.uid,
                "message": self._undone_text(),
            }
        )

    def _undo_contacts(self):
        """Create the contacts anew and hand their cards and rows back to them."""
        contacts = self.env["res.partner"].create(
            [self._contact_values(entry["contact"]) for entry in self.snapshot]
        )
        for contact, entry in zip(contacts, self.snapshot, strict=True):
            for model, ids in entry["facts"].items():
                self._hand_back(model, ids, contact)
            cards = self.env["loyalty.card"].browse(entry["open_cards"]).exists()
            closed = cards.filtered(lambda card: not card.active and not card.voided_at)
            closed.write({"active": True})
        self.env["loyalty.purchase"]._sync_customers(contacts | self.partner_id)
        for line in self.line_ids:
            line.move_id.partner_id = line.card_id.partner_id
        self._unmerge_occasions(contacts)
        everybody = contacts | self.partner_id
        self.env["loyalty.daily.refresh"]._relearn_customers(everybody)

    def _unmerge_occasions(self, contacts):
        """Give participations the name of their occasion back; see the merge."""
        members = self.env["loyalty.campaign.member"]
        members.flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE loyalty_campaign_member
                   SET occasion = SPLIT_PART(occasion, '/merged ', 1)
                 WHERE partner_id = ANY(%s) AND occasion LIKE '%%/merged %%'
                """,
                contacts.ids,
            )
        )
        members.invalidate_model()

    def _contact_values(self, values):
        """Return the values of a contact without links to what is gone."""
        fields_ = self.env["res.partner"]._fields
        return {
            name: value
            for name, value in values.items()
            if fields_[name].type != "many2one"
            or self.env[fields_[name].comodel_name].browse(value).exists()
        }

    def _hand_back(self, model, ids, contact):
        """Point rows at a contact again that the merge pointed at the kept one."""
        self.env[model].flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE %s SET partner_id = %s
                 WHERE id = ANY(%s) AND partner_id = %s
                """,
                SQL.identifier(self.env[model]._table),
                contact.id,
                ids,
                self.partner_id.id,
            )
        )
        self.env[model].invalidate_model(["partner_id"])

    def _undone_text(self):
        """Return what came back, a sentence for each wallet that moved points."""
        lines = []
        for line in self.line_ids:
            values = {
                "code": line.card_id.code,
                "points": line.points,
                "returned": line.returned_points,
                "missing": line.points - line.returned_points,
            }
            if line.points == line.returned_points:
                text = self.env._("%(code)s has its %(points)s points again.", **values)
            else:
                text = self.env._(
                    "%(code)s has %(returned)s of its %(points)s points again: "
                    "%(missing)s were spent or lapsed since, or are held by orders.",
                    **values,
                )
            lines.append(text)
        lines.append(
            self.env._(
                "Orders and invoices stay with %(name)s.", name=self.partner_id.name
            )
        )
        return "\n".join(lines)
