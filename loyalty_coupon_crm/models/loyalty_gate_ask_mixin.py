from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

DEAD_STATES = ("draft", "used", "expired", "void")


class LoyaltyGateAskMixin(models.AbstractModel):
    """How other code asks the gate: portal pages, an app, a partner's shop.

    It can be called from outside, so that it believes nothing: who asks for somebody
    else has to be staff, and who guesses waits as on the website.
    """

    _name = "loyalty.gate.ask.mixin"
    _description = "The Gate: Questions from Outside"

    @api.model
    def ask_gate(self, code, channel="website", partner_id=False):
        """Return whether a code may be used now, before it is put on an order.

        Staff who may read cards get every reason, a customer one neutral sentence.
        The answer reserves nothing: an order that takes the code asks again.

        :param code: text as scanned or typed
        :param channel: a value of `loyalty.purchase.channel`
        :param partner_id: id of the customer; of others than staff their own counts
        :return: dict with `usable` (bool) and `reasons` (list of dicts with `code` and
            `message`)
        :raise AccessError: for visitors who are not logged in, and for staff who may
            not read cards
        :raise UserError: when there is no such channel
        """
        user, cards = self.env.user, self.env["loyalty.card"]
        if user._is_public():
            raise AccessError(self.env._("Log in to ask about a coupon."))
        if user._is_internal():
            cards.check_access("read")
        channels = dict(self.env["loyalty.purchase"]._fields["channel"].selection)
        if channel not in channels:
            raise UserError(
                self.env._(
                    "There is no channel %(channel)s. Ask for one of: %(channels)s.",
                    channel=channel,
                    channels=", ".join(channels),
                )
            )
        blockers = self._ask_blockers(cards._normalize_code(code), channel, partner_id)
        return {"usable": not blockers, "reasons": self._ask_reasons(blockers)}

    @api.model
    def _ask_reasons(self, blockers):
        """Return blockers as the one who asks may read them."""
        if blockers and not self.env.user._is_internal():
            message = self.env._("This code is not valid.")
            blockers = [("invalid", message)]
        return [{"code": code, "message": message} for code, message in blockers]

    @api.model
    def _ask_blockers(self, code, channel, partner_id):
        """Return what speaks against a code, as list of (code, message)."""
        throttle = self.env["loyalty.throttle"]
        until = throttle._locked_until(code)
        if until:
            return [("locked", throttle._locked_message(until))]
        partner = self.env.user.partner_id
        if self.env.user._is_internal():
            partner = partner.browse(partner_id or []).exists()
        card, program = self._ask_find(code)
        if not card and not program:
            self._ask_as_long(partner, channel)
            blockers = [("unknown", self.env._("No coupon has the code %s.", code))]
            self.env["loyalty.refusal"]._log_refusal(
                card, partner, channel, None, code, blockers
            )
        else:
            blockers = program._gate(card, partner, channel, code=code)
            if not blockers and card.state in DEAD_STATES:
                states = dict(card._fields["state"]._description_selection(self.env))
                message = self.env._(
                    "The coupon %(code)s cannot be used: it is %(state)s.",
                    code=code,
                    state=states[card.state].lower(),
                )
                blockers = [(card.state, message)]
        if blockers and not (card and self.env.user._is_internal()):
            throttle._note_failure(code)
        return blockers

    @api.model
    def _ask_as_long(self, partner, channel):
        """Ask the gate about some card and forget the answer.

        To customers a code that nobody has takes as long as one of somebody else.
        """
        if self.env.user._is_internal():
            return
        # Customers have no right on cards; nothing of this one is told.
        programs, cards = self.sudo(), self.env["loyalty.card"].sudo()
        program = programs.search([("strict", "=", True)], limit=1)
        card = cards.search([("program_id", "=", program.id)], limit=1)
        program._redemption_blockers(card, partner, channel)

    @api.model
    def _ask_find(self, code):
        """Return the card and the program of a code, both empty when there is none."""
        cards, rules = self.env["loyalty.card"], self.env["loyalty.rule"]
        if not self.env.user._is_internal():
            # Customers have no right on cards; they learn nothing of them here.
            cards, rules = cards.sudo(), rules.sudo()
        domain = Domain("code", "=", code)
        domain &= Domain("company_id", "in", [False, *self.env.companies.ids])
        active = Domain("program_id.active", "=", True)
        card = cards.search(domain & active, limit=1)
        rule = rules.search(domain & active & Domain("mode", "=", "with_code"), limit=1)
        return card, card.program_id or rule.program_id
