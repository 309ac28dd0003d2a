from odoo import api, fields, models
from odoo.tools import SQL, format_date, format_datetime

from ..tools import codes


class LoyaltyProgram(models.Model):
    _name = "loyalty.program"
    _inherit = [
        "loyalty.program.account.mixin",
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
        help="Days after issue, the last one included; 0 for no end.",
    )
    transferable = fields.Boolean(
        default=True,
        help="Anyone who holds the code may use it, not only its owner; members may "
        "have points of their wallet transferred to another member.",
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

    def _wait_for_issuing(self):
        """Wait until a running campaign has written its batch of cards.

        Odoo locks the program of a code and gives up when it cannot at once. A runner
        holds it for part of a second, batch after batch, so that Odoo's few retries
        would hardly ever hit a gap. Programs with a limit of uses are left alone: who
        waits there would count with an old snapshot.
        """
        # Whoever enters a code need not know about campaigns.
        running = self.sudo().campaign_ids.filtered(lambda one: one.state == "running")
        if running and not self.limit_usage:
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

    @api.model
    def _redemption_blockers(self, card, partner, channel, at=None, document=None):
        """Return what keeps a card from being used: the one gate every channel asks.

        A void card is always refused. The other rules hold for strict programs; the
        others keep Odoo's own checks.

        :param card: `loyalty.card` record, may be empty (automatic promotion)
        :param partner: the customer of the document, may be empty
        :param channel: a value of `loyalty.purchase.channel`
        :param at: moment of the use, naive datetime in UTC, now by default
        :param document: the order, any model, may be None
        :return: list of (code, message); empty when nothing speaks against the use
        """
        if not card:
            return []
        # Who asks may not read the other order, customer or till that a reason names.
        card = card.sudo()
        if card.voided_at:
            return [("void", self._gate_void_message(card))]
        pending = [
            *card._gate_members(card, partner, at, document),
            *self._gate_pending(card, document),
        ]
        if not card.program_id.strict:
            return pending
        company = self._gate_company(card, document)
        today = company._loyalty_today(at)
        return [
            *self._gate_dates(card, today),
            *self._gate_use(card, document, company),
            *self._gate_owner(card, partner),
            *self._gate_holds(card, document, company),
            *pending,
        ]

    @api.model
    def _gate(self, card, partner, channel, at=None, document=None, code=None):
        """Ask the gate and log what it refuses.

        :param code: the code as it was entered
        :return: list of (code, message), as `_redemption_blockers`
        """
        blockers = self._redemption_blockers(card, partner, channel, at, document)
        if not card and code:
            blockers += self._gate_code(code)
        if blockers:
            self.env["loyalty.refusal"]._log_refusal(
                card, partner, channel, document, code, blockers
            )
        return blockers

    @api.model
    def _gate_code(self, code):
        """Return blockers for a code that belongs to no card: only typing errors.

        What is not a code of ours gets Odoo's own answer.

        :param code: the code as it was entered
        """
        mistyped = codes.is_ours(code) and not codes.has_valid_check(code)
        if not mistyped or self._is_promotion_code(code):
            return []
        message = self.env._(
            "The code %(code)s has a typing error. Compare it with the coupon and "
            "enter it again, or scan it.",
            code=code,
        )
        return [("mistyped", message)]

    @api.model
    def _is_promotion_code(self, code):
        """Return whether a program's rule has this code."""
        return bool(
            self.env["loyalty.rule"].search_count([("code", "=", code)], limit=1)
        )

    @api.model
    def _gate_company(self, card, document=None):
        """Return the company whose day counts: the document's, the card's, ours."""
        company = document.company_id if document else card.company_id
        return (company or self.env.company).sudo()

    @api.model
    def _gate_void_message(self, card):
        day = self._gate_company(card)._loyalty_today(card.voided_at)
        return self.env._(
            "The coupon %(code)s was voided on %(day)s (%(reason)s). Give the customer "
            "another one.",
            code=card.code,
            day=format_date(self.env, day),
            reason=card.void_reason or self.env._("no reason given"),
        )

    @api.model
    def _gate_dates(self, card, today):
        """Return blockers for a card or a program that is not valid on a day.

        :param today: the company's day of the use; first and last day are included
        """
        program = card.program_id
        blockers = []
        if card.expiration_date and card.expiration_date < today:
            message = self.env._(
                "The coupon %(code)s was valid until %(day)s. Ask a manager to extend "
                "it, or remove it.",
                code=card.code,
                day=format_date(self.env, card.expiration_date),
            )
            blockers.append(("expired", message))
        if program.date_from and today < program.date_from:
            message = self.env._(
                "%(program)s starts on %(day)s. The coupon %(code)s can be used from "
                "then on.",
                program=program.name,
                day=format_date(self.env, program.date_from),
                code=card.code,
            )
            blockers.append(("not_started", message))
        if program.date_to and program.date_to < today:
            message = self.env._(
                "%(program)s ended on %(day)s. The coupon %(code)s can no longer be "
                "used.",
                program=program.name,
                day=format_date(self.env, program.date_to),
                code=card.code,
            )
            blockers.append(("ended", message))
        return blockers

    @api.model
    def _gate_use(self, card, document, company):
        """Return blockers for a coupon that was used up elsewhere.

        The document on which it was used, or which gives it its points, is free to
        use it.
        """
        gives = document and any(
            row_card == card and points > 0
            for row_card, _kind, points in document._loyalty_point_rows()
        )
        if gives or not card._is_used_up():
            return []
        uses = card.redemption_ids.filtered("is_live")
        if document and any(use._is_on(document) for use in uses):
            return []
        use = uses[:1]
        if not use:
            message = self.env._(
                "Nothing is left on the coupon %(code)s. Ask the customer for another "
                "one.",
                code=card.code,
            )
            return [("used", message)]
        message = self.env._(
            "The coupon %(code)s was used on %(day)s on %(order)s. Ask the customer "
            "for another one.",
            code=card.code,
            day=format_date(self.env, company._loyalty_today(use.date)),
            order=use._document_name(),
        )
        return [("used", message)]

    @api.model
    def _gate_owner(self, card, partner):
        """Return blockers for a card of somebody else, when it is not transferable."""
        owner = card.partner_id.commercial_partner_id
        if card.program_id.transferable or not owner:
            return []
        if not partner:
            message = self.env._(
                "The coupon %(code)s belongs to %(owner)s. Choose the customer first.",
                code=card.code,
                owner=card.partner_id.display_name,
            )
            return [("foreign", message)]
        # The customer of an order may be a contact that its salesperson may not read.
        customer = partner.sudo()
        if customer.commercial_partner_id == owner or card._member(partner):
            return []
        message = self.env._(
            "The coupon %(code)s belongs to %(owner)s and cannot be used by "
            "%(customer)s.",
            code=card.code,
            owner=card.partner_id.display_name,
            customer=customer.display_name,
        )
        return [("foreign", message)]

    @api.model
    def _gate_pending(self, card, document):
        """Return blockers for points that are too few while others are pending."""
        holder = document._loyalty_holder() if document else None
        blocked = card._blocked_for(holder)
        required = min(card.program_id.reward_ids.mapped("required_points"), default=0)
        if not blocked or card.points - blocked >= required > 0:
            return []
        if not card.pending_until:
            message = self.env._(
                "%(points)s on the card %(code)s have lapsed and can no longer be "
                "spent.",
                points=card._format_points(blocked).strip(),
                code=card.code,
            )
            return [("lapsed", message)]
        message = self.env._(
            "%(points)s on the card %(code)s are pending: the first of them can be "
            "spent from %(day)s.",
            points=card._format_points(card.pending_points).strip(),
            code=card.code,
            day=format_date(self.env, card.pending_until),
        )
        return [("pending", message)]

    @api.model
    def _gate_holds(self, card, document, company):
        """Return blockers for points that another document holds at the moment."""
        holder = document._loyalty_holder() if document else None
        holds = card._live_holds(but=holder)
        required = min(card.program_id.reward_ids.mapped("required_points"), default=0)
        if not holds or card.points - sum(holds.mapped("points")) >= required > 0:
            return []
        last = holds.sorted("expires_at")[-1]
        message = self.env._(
            "The coupon %(code)s is being used at %(place)s until %(time)s. Wait, or "
            "have it removed there.",
            code=card.code,
            place=last.shop or last.user_id.name or last.holder,
            time=format_datetime(
                self.env, last.expires_at, tz=company._loyalty_timezone()
            ),
        )
        return [("held", message)]
