from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class LoyaltyProgram(models.Model):
    _name = "loyalty.program"
    _inherit = [
        "loyalty.gate.concession.mixin",
        "loyalty.gate.stack.mixin",
        "loyalty.gate.scope.mixin",
        "loyalty.gate.limit.mixin",
        "loyalty.gate.time.mixin",
        "loyalty.gate.card.mixin",
        "loyalty.gate.ask.mixin",
        "loyalty.gate.facts.mixin",
        "loyalty.gate.fetch.mixin",
        "loyalty.gate.terms.mixin",
        "loyalty.gate.parts.mixin",
        "loyalty.gate.mixin",
        "loyalty.program.liability.mixin",
        "loyalty.program.limit.mixin",
        "loyalty.program.match.mixin",
        "loyalty.program.next.mixin",
        "loyalty.program.count.mixin",
        "loyalty.program.account.mixin",
        "loyalty.program.payment.mixin",
        "loyalty.program.rounding.mixin",
        "loyalty.program.promotion.mixin",
        "loyalty.program.template.mixin",
        "loyalty.program.refund.mixin",
        "loyalty.program.terms.mixin",
        "loyalty.program",
    ]

    strict = fields.Boolean(
        string="Strict Rules",
        help="Apply our rules: owner, validity in the company's time zone, "
        "one use at a time, and refunds that take back and give back.",
    )
    points_value = fields.Float(
        string="Value of a Point", help="Money per point in the program's currency."
    )
    validity_days = fields.Integer(
        string="Valid for",
        help="Days after issue or first use, the last one included; 0 for no end.",
    )
    transferable = fields.Boolean(
        default=True,
        help="Anyone who holds the code may use it, not only its owner; members may "
        "have points of their wallet transferred to another member.",
    )
    signed_codes = fields.Boolean(
        help="The QR codes of coupons carry a signature, so that tills without "
        "connection can tell them from made-up ones. A coupon that was used elsewhere "
        "meanwhile is booked as a loss.",
    )
    budget_amount = fields.Monetary(
        string="Budget",
        currency_field="currency_id",
        help="Discounts and cost of free goods that the program may give; 0 for no "
        "limit. Then the program stops by itself.",
    )
    budget_spent = fields.Monetary(
        compute="_compute_budget",
        currency_field="currency_id",
        help="Discounts and cost of free goods given, less what came back.",
    )
    budget_left = fields.Monetary(
        compute="_compute_budget", currency_field="currency_id"
    )
    # How often a program was used is counted for who may not read all orders, too:
    # marketing opens the form, and a limit of uses counts those of colleagues.
    order_count = fields.Integer(compute_sudo=True)
    total_order_count = fields.Integer(compute_sudo=True)
    campaign_ids = fields.One2many("loyalty.campaign", "program_id", string="Campaigns")

    def write(self, vals):
        """Write programs; archiving reaches the products of their discount lines.

        A program that becomes strict keeps one wallet per member: several become one.
        """
        if vals.get("strict"):
            self.check_access("write")
            loose = self.filtered(lambda program: not program.strict)
            if loose:
                self.env["loyalty.card"]._merge_double_wallets(loose)
        if self.env.su or "active" not in vals:
            return super().write(vals)
        self.check_access("write")
        rest = {name: value for name, value in vals.items() if name != "active"}
        if rest:
            super().write(rest)
        # Marketing archives programs, but may not write products.
        return super(LoyaltyProgram, self.sudo()).write({"active": vals["active"]})

    @api.ondelete(at_uninstall=False)
    def _unlink_except_moved(self):
        # Whether somebody may see the movements does not change that they are there.
        moves = self.env["loyalty.point.move"].sudo()
        if moved := moves.search([("program_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._(
                    "Points of the program %(name)s were booked: keep it archived, it "
                    "cannot be deleted.",
                    name=moved.program_id.name,
                )
            )

    def _wait_for_issuing(self):
        """Wait until a running campaign has written its batch of cards.

        Odoo locks the program of a code and gives up when it cannot at once. A runner
        holds it for part of a second, batch after batch, so that Odoo's few retries
        would hardly ever hit a gap. Programs with a limit of uses are left alone: who
        waits there would count with an old snapshot.
        """
        if self.limit_usage:
            return
        # Whoever enters a code need not know about campaigns.
        running = self.sudo().campaign_ids.filtered(lambda one: one.state == "running")
        if running:
            self.env.cr.execute(
                SQL("SELECT FROM loyalty_program WHERE id = %s FOR UPDATE", self.id)
            )

    @api.model
    def _nominative_sql(self):
        """Return `is_nominative` as SQL on a table `program`."""
        return SQL(
            """
            (program.applies_on = 'both'
             OR (program.program_type IN ('ewallet', 'loyalty')
                 AND program.applies_on = 'future'))
            """
        )
