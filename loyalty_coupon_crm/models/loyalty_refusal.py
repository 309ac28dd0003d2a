from odoo import SUPERUSER_ID, api, fields, models


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
        selection=lambda self: self.env["loyalty.purchase"]._fields["channel"].selection
    )
    shop = fields.Char()
    user_id = fields.Many2one("res.users")
    order_model = fields.Char(string="Document Model")
    order_id = fields.Many2oneReference(string="Document", model_field="order_model")
    reason_codes = fields.Char()
    reasons = fields.Text()

    @api.model
    def _log_refusal(
        self, card, partner, channel, document, code, blockers, program=None
    ):
        """Write one refusal so that it survives the rollback of the refused request.

        :param card: `loyalty.card` record, may be empty
        :param partner: customer, may be empty
        :param document: the order, may be None
        :param code: the code as it was entered
        :param blockers: list of (code, message) of the gate
        :param program: `loyalty.program` record of a use without a card
        """
        program = card.program_id or program or card.program_id
        vals = {
            "code": code or card.code,
            "card_id": card.id,
            "program_id": program[:1].id,
            "partner_id": partner.id if partner else False,
            "company_id": self.env.company.id,
            "channel": channel,
            "user_id": self.env.uid,
            "reason_codes": ",".join(reason for reason, _message in blockers),
            "reasons": "\n".join(message for _reason, message in blockers),
        }
        if document:
            vals.update(document._loyalty_origin(), shop=document._loyalty_shop())
        # Written when the transaction has ended, either way: within it, our own
        # locks on the program or card would make a second cursor wait for ever.
        registry = self.env.registry
        for callbacks in (self.env.cr.postcommit, self.env.cr.postrollback):
            callbacks.add(lambda: self._write_refusal(registry, vals))

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
