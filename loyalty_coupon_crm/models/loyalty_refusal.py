import hashlib

from odoo import SUPERUSER_ID, api, fields, models
from odoo.http import request

from ..tools.transaction_end import call_at_end


class LoyaltyRefusal(models.Model):
    """What the gate refused, when, where and why."""

    _name = "loyalty.refusal"
    _description = "Refused Redemption"
    _order = "id desc"
    _log_access = False
    _rec_name = "code"

    date = fields.Datetime(required=True, default=fields.Datetime.now)
    code = fields.Char(help="The code as it was entered.")
    card_id = fields.Many2one("loyalty.card", index="btree_not_null")
    program_id = fields.Many2one("loyalty.program", index="btree_not_null")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null"
    )
    company_id = fields.Many2one("res.company", index="btree_not_null")
    channel = fields.Selection(
        selection=lambda self: (
            self.env["loyalty.purchase"]
            ._fields["channel"]
            ._description_selection(self.env)
        )
    )
    shop = fields.Char()
    user_id = fields.Many2one("res.users")
    order_model = fields.Char(string="Document Model")
    order_id = fields.Many2oneReference(string="Document", model_field="order_model")
    reason_codes = fields.Char()
    reasons = fields.Text()

    _date_index = models.Index("(date)")

    @api.model
    def _log_refusal(
        self,
        card,
        partner,
        channel,
        document,
        code,
        blockers,
        program=None,
        shop="",
    ):
        """Write one refusal so that it survives the rollback of the refused request.

        :param card: `loyalty.card` record, may be empty
        :param partner: customer, may be empty
        :param document: the order, may be None
        :param code: the code as it was entered
        :param blockers: list of (code, message) of the gate
        :param program: `loyalty.program` record of a use without a card
        :param shop: name of the till or website, when there is no document
        """
        program = card.program_id or program or self.env["loyalty.program"]
        vals = {
            "code": code or card.code,
            "card_id": card.id,
            "program_id": program[:1].id,
            "partner_id": partner.id if partner else False,
            "company_id": self.env.company.id,
            "channel": channel,
            "shop": shop,
            "user_id": self.env.uid,
            "reason_codes": ",".join(reason for reason, _message in blockers),
            "reasons": "\n".join(message for _reason, message in blockers),
        }
        if document:
            vals.update(document._loyalty_origin(), shop=document._loyalty_shop())
        if self._is_told(vals):
            return
        # Written when the transaction has ended, either way: within it, our own
        # locks on the program or card would make a second cursor wait for ever.
        registry = self.env.registry
        call_at_end(self.env.cr, lambda: self._write_refusal(registry, vals))

    @api.model
    def _is_told(self, vals):
        """Return whether a page asks again what its visitor was refused just before.

        A link with a coupon is tried at every look at the cart until it is accepted.

        :param vals: values of the row
        """
        if not request or self.env.user._is_internal():
            return False
        told = [vals.get(name) for name in ("code", "order_id", "reason_codes")]
        digest = hashlib.sha256(repr(told).encode()).hexdigest()
        if request.session.get("loyalty_refusal_told") == digest:
            return True
        request.session["loyalty_refusal_told"] = digest
        return False

    @staticmethod
    def _write_refusal(registry, vals):
        """Write one refusal in a transaction of its own.

        :param vals: values of the row; a record that was rolled back is left out
        """
        with registry.cursor() as cursor:
            # Nobody may write refusals but the gate, which answers for every role.
            refusals = api.Environment(cursor, SUPERUSER_ID, {})["loyalty.refusal"]
            for name, field in refusals._fields.items():
                if field.type == "many2one" and vals.get(name):
                    vals[name] = refusals[name].browse(vals[name]).exists().id
            refusals.create(vals)

    @api.autovacuum
    def _gc_guesses(self):
        """Remove codes that were nothing, after three months: nobody misses a use."""
        old = self.search(
            [
                ("date", "<", "-90d"),
                ("card_id", "=", False),
                ("program_id", "=", False),
            ],
            limit=10000,
        )
        old.unlink()
        return len(old), len(old) == 10000
