from odoo import api, fields, models
from odoo.fields import Domain

from .loyalty_pos_concession_mixin import GRANTABLE
from .loyalty_pos_waiting_mixin import AMONG, Among

WALLET_TYPES = ("loyalty", "ewallet")
PANEL_LIMIT = 30


class PosConfig(models.Model):
    _name = "pos.config"
    _inherit = [
        "loyalty.pos.customers.mixin",
        "loyalty.pos.lease.mixin",
        "loyalty.pos.hold.mixin",
        "loyalty.pos.refusal.mixin",
        "loyalty.pos.voucher.mixin",
        "loyalty.pos.waiting.mixin",
        "pos.config",
        "loyalty.pos.member.mixin",
        "loyalty.pos.best.mixin",
        "loyalty.pos.concession.mixin",
        "loyalty.pos.confirm.mixin",
    ]

    loyalty_hold_minutes = fields.Integer(
        string="Hold Coupons",
        default=60,
        help="Minutes for which a coupon or points on an order of this till are kept "
        "from all others, from the last change of the order on.",
    )

    loyalty_offline = fields.Selection(
        [
            ("refuse", "Refuse Coupons and Points"),
            ("leased", "Accept Leased Cards and Signed Codes"),
            ("allow", "Accept a Few, at Our Risk"),
        ],
        string="Without Connection",
        default="refuse",
        required=True,
        help="What the till does at payment with coupons and points that it cannot "
        "check. What it holds already is accepted in any case, and what it leased "
        "beforehand unless it refuses. Signed codes, or any coupon at our risk, are "
        "accepted up to the number and amount beside. What turns out wrong when the "
        "connection is back is booked as a loss.",
    )
    loyalty_offline_coupons = fields.Integer(
        string="Offline Coupons",
        default=5,
        help="At most so many unchecked coupons and wallets, until the till is "
        "connected again.",
    )
    loyalty_offline_amount = fields.Monetary(
        string="Offline Amount",
        default=50.0,
        help="At most so much discount from unchecked coupons and wallets, with taxes, "
        "until the till is connected again.",
    )

    loyalty_confirm_amount = fields.Monetary(
        string="Confirm from",
        help="From this amount on, with taxes, a member confirms with a PIN or a code "
        "what coupons and points pay on one order. 0: never.",
    )

    loyalty_timezone = fields.Char(
        compute="_compute_loyalty_timezone",
        help="Decides on days and hours of offers, for tills without connection.",
    )

    _loyalty_offline_positive = models.Constraint(
        "CHECK(loyalty_offline_coupons >= 0 AND loyalty_offline_amount >= 0)",
        "The till cannot accept less than no coupon without connection.",
    )
    _loyalty_confirm_positive = models.Constraint(
        "CHECK(loyalty_confirm_amount IS NULL OR loyalty_confirm_amount >= 0)",
        "Members confirm from an amount of zero (never) or more on.",
    )
    _loyalty_hold_minutes_positive = models.Constraint(
        "CHECK(loyalty_hold_minutes > 0)",
        "A coupon on an order is held for at least a minute.",
    )

    @api.depends("company_id")
    def _compute_loyalty_timezone(self):
        for till in self:
            till.loyalty_timezone = till.company_id._loyalty_timezone()

    def use_coupon_code(self, code, creation_date, partner_id, pricelist_id):
        """Ask the gate before Odoo applies a code, and say in words why it does not.

        :param code: text as scanned or typed
        :param creation_date: date of the order, text in UTC
        :param partner_id: id of the customer on the order, or False
        :param pricelist_id: id of the pricelist of the order, or False
        :return: Odoo's answer, `successful` and `payload`
        """
        self.ensure_one()
        cards = self.env["loyalty.card"]
        code = cards._normalize_code(code)
        throttle = self.env["loyalty.throttle"]
        until = throttle._locked_until(code)
        if until:
            return self._loyalty_refuse_code(
                cards, code, [("locked", throttle._locked_message(until))]
            )
        card = cards.search([("code", "=", code)], limit=1)
        if not card:
            throttle._note_failure(code)
        partner = self.env["res.partner"].browse(partner_id or []).exists()
        holder = card and self._loyalty_conceded_holder(card)
        blockers = self.env["loyalty.program"]._gate(
            card, partner, "pos", code=code, shop=self, holder=holder or None
        )
        if blockers:
            return self._loyalty_refusal(blockers)
        strict = card.program_id.strict
        if card.expiration_date and (holder or strict):
            # Odoo compares the day in Greenwich with the last day of the card.
            day = fields.Datetime.to_datetime(card.expiration_date)
            creation_date = min(creation_date, fields.Datetime.to_string(day))
        # Odoo would look at all programs of the till, in the cashier's time zone.
        among = Among([("id", "=", card.program_id.id)])
        zone = self.company_id._loyalty_timezone()
        till = super(PosConfig, self.with_context(**{AMONG: among, "tz": zone}))
        # The gate has said whose card it is, and who else may use it.
        owner_id = card.partner_id.id if strict else False
        result = till.use_coupon_code(
            code, creation_date, owner_id or partner_id, pricelist_id
        )
        if result["successful"]:
            throttle._note_success(code)
            return result
        blockers = self._loyalty_explain(card, partner, code) or [
            ("odoo", result["payload"]["error_message"])
        ]
        return self._loyalty_refuse_code(card, code, blockers, partner)

    def _loyalty_refuse_code(self, card, code, blockers, partner=None):
        """Log that a code is refused at this till and return Odoo's answer.

        :param blockers: list of (code, message)
        """
        self.env["loyalty.refusal"]._log_refusal(
            card, partner, "pos", None, code, blockers, shop=self.name
        )
        return self._loyalty_refusal(blockers)

    def _loyalty_refusal(self, blockers):
        """Return Odoo's answer to a code that is refused.

        :param blockers: list of (code, message) of the gate
        """
        message = "\n".join(message for _code, message in blockers)
        return {"successful": False, "payload": {"error_message": message}}

    def _loyalty_explain(self, card, partner, code):
        """Return why Odoo refused a code, where its own words do not say.

        :param card: the `loyalty.card` with the code, may be empty
        :param partner: customer of the order, may be empty
        :return: list of (code, message), empty when Odoo's words are clear
        """
        if not card:
            message = self.env._(
                "No coupon has the code %s. Check it and scan or type it again.", code
            )
            return [("unknown", message)]
        program = card.program_id
        if not self._loyalty_programs_among([("id", "=", program.id)]):
            message = self.env._(
                "The coupon %(code)s belongs to %(program)s, which %(shop)s does not "
                "accept now.",
                code=code,
                program=program.name,
                shop=self.name,
            )
            return [("not_here", message)]
        if card.used_at and card.points <= 0:
            message = self.env._(
                "The coupon %s was already used. Ask the customer for another one.",
                code,
            )
            return [("used", message)]
        if card.partner_id and card.partner_id != partner and not self._is_open(card):
            message = self.env._(
                "The coupon %s belongs to another customer. Choose that customer on "
                "the order, then scan it again.",
                code,
            )
            return [("foreign", message)]
        return []

    def _is_open(self, card):
        """Return whether Odoo's till takes the card from anybody who has its code."""
        return card.program_id.program_type == "gift_card"

    def get_customer_wallet(self, partner_id):
        """Return what the cashier sees of a customer: open coupons and points.

        One small answer per customer, so that no card is loaded beforehand.

        :param partner_id: id of the customer on the order
        :return: dict with `coupons` (id, code, program_id, name, gives, minimum,
            expiration_date, points, reasons), `more` (open coupons left out),
            `wallets` (id, program_id, name, points, available, pending, lapses as of
            `loyalty.card.coming_lapses`, unit, money, worth), `member` as of
            `_wallet_member`, and `offer`, the next best offer and why in words or False
        """
        self.ensure_one()
        partner = self.env["res.partner"].browse(partner_id).exists()
        programs = self._get_program_ids()
        if not partner or not programs:
            nothing = {"coupons": [], "more": 0, "wallets": []}
            return {**nothing, "member": {}, "offer": False}
        today = self.company_id._loyalty_today()
        domain = Domain(
            [
                ("partner_id", "=", partner.id),
                ("program_id", "in", programs.ids),
                ("program_type", "not in", WALLET_TYPES),
                ("points", ">", 0),
                "|",
                ("expiration_date", "=", False),
                ("expiration_date", ">=", today),
            ]
        )
        cards = self.env["loyalty.card"]
        coupons = cards.search(domain, order="expiration_date, id", limit=PANEL_LIMIT)
        wallets = cards.search(
            [
                ("partner_id", "=", partner.id),
                ("program_id", "in", programs.ids),
                ("program_type", "in", WALLET_TYPES),
            ]
        )
        shared = self.env["loyalty.card.member"]._wallets_of(partner, self.company_id)
        wallets |= shared.filtered(lambda card: card.program_id in programs)
        full = len(coupons) == PANEL_LIMIT
        blockers = self.env["loyalty.program"]._redemption_blockers_of(
            coupons, partner, "pos", shop=self
        )
        return {
            "coupons": [self._wallet_coupon(card, blockers[card]) for card in coupons],
            "more": cards.search_count(domain) - PANEL_LIMIT if full else 0,
            "wallets": [self._wallet_points(card, partner) for card in wallets],
            "member": self._wallet_member(partner, wallets),
            "offer": self._wallet_offer(partner, programs),
        }

    def _wallet_offer(self, partner, programs):
        """Return the best offer for the customer that pays, in words, or False.

        What it is expected to earn is not for the till.
        """
        found = self.env["loyalty.program"]._next_offers(
            partner, self.company_id, "pos", programs
        )
        for row in found[partner][:1]:
            if row["profit"] > 0:
                return row["program"]._next_sentence(
                    row, self.company_id, with_profit=False
                )
        return False

    def _wallet_coupon(self, card, blockers):
        """Return one coupon as the cashier's panel shows it.

        :param blockers: list of (code, message) of the gate
        """
        program = card.program_id
        rules = program.rule_ids
        return {
            "id": card.id,
            "code": card.code,
            "program_id": program.id,
            "name": program.name,
            "gives": program.reward_ids.mapped("description"),
            "minimum": min(rules.mapped("minimum_amount"), default=0.0),
            "expiration_date": fields.Date.to_string(card.expiration_date) or False,
            "points": card.points,
            "reasons": [message for _code, message in blockers],
            "allowable": bool(blockers)
            and {code for code, _message in blockers} <= GRANTABLE,
        }

    def _wallet_points(self, card, partner):
        """Return one wallet as the cashier's panel shows it.

        :param partner: the customer, of a shared wallet perhaps one of its members
        """
        program = card.program_id
        available = card._member_points(partner, card.available_points)
        return {
            "id": card.id,
            "program_id": program.id,
            "name": program.name,
            "points": card._member_points(partner),
            "available": available,
            "worth": self._wallet_worth(program, available),
            "pending": card.pending_points,
            "lapses": card.coming_lapses,
            "unit": program.portal_point_name or self.env._("Points"),
            "money": program.is_payment_program,
        }
