from odoo import models
from odoo.exceptions import AccessError, UserError

from odoo.addons.loyalty_coupon_crm.models.loyalty_concession import ALLOWABLE

MANAGER = "loyalty_coupon_crm.group_loyalty_manager"
# What another order holds is not set aside but released, by the same manager.
HELD = "held"
GRANTABLE = ALLOWABLE | {HELD}


class LoyaltyPosConcessionMixin(models.AbstractModel):
    """What a loyalty manager allows or gives at the till, whoever runs it.

    The manager is the one who is logged in, or types the PIN of the own user.
    """

    _name = "loyalty.pos.concession.mixin"
    _description = "Concessions at the Till"

    def ask_concession(
        self, uuid, code=False, program_id=False, partner_id=False, minimum=False
    ):
        """Tell whether a manager may allow what was refused, and who could.

        :param uuid: uuid of the order, as the till made it
        :param code: code of the refused card, False for a promotion
        :param program_id: id of the refused promotion without a card
        :param partner_id: id of the customer on the order, or False
        :param minimum: whether the order lacks what the program asks for
        :return: dict of `possible` (bool), `text` (why it is refused) and, when it is
            possible, what `_loyalty_concession_choices` tells
        """
        self.ensure_one()
        program, card = self._loyalty_concession_subject(code, program_id)
        blockers = self._loyalty_concession_blockers(
            uuid, program, card, partner_id, minimum
        )
        possible = bool(blockers) and {code for code, _text in blockers} <= GRANTABLE
        answer = {
            "possible": possible,
            "text": "\n".join(text for _code, text in blockers),
        }
        return {**answer, **(self._loyalty_concession_choices() if possible else {})}

    def allow_refused(
        self,
        uuid,
        choice,
        code=False,
        program_id=False,
        partner_id=False,
        minimum=False,
    ):
        """Allow one use of a card or promotion on one order, for a manager.

        :param uuid: uuid of the order, as the till made it
        :param choice: dict of `reason_id`, `note`, `manager_id` (False for the one who
            is logged in) and `pin`
        :return: dict of `granted` (bool) and `message`, what is wrong
        :raise AccessError: when somebody who is no manager allows
        :raise UserError: when nobody may allow it
        """
        self.ensure_one()
        program, card = self._loyalty_concession_subject(code, program_id)
        blockers = self._loyalty_concession_blockers(
            uuid, program, card, partner_id, minimum
        )
        codes = [code for code, _text in blockers]
        if not codes or not set(codes) <= GRANTABLE:
            raise UserError(self.env._("No manager can allow this any more."))
        partner = self.env["res.partner"].browse(partner_id or []).exists()
        manager, problem = self._loyalty_concession_manager(choice)
        problem = problem or self._loyalty_concession_own(manager, card, partner)
        if problem:
            return {"granted": False, "message": problem}
        if HELD in codes:
            self._loyalty_release_others_of(card, uuid)
        # Written by this method alone, once the manager is known.
        self.env["loyalty.concession"].sudo().create(
            {
                "kind": "allow",
                "card_id": card.id,
                "program_id": program.id,
                "partner_id": (partner or card.partner_id).id,
                "company_id": self.company_id.id,
                "shop": self.name,
                "user_id": self.env.uid,
                "manager_id": manager.id,
                "reason_id": self._loyalty_concession_reason(choice).id,
                "note": str(choice.get("note") or "").strip(),
                "reason_codes": ",".join(code for code in codes if code != HELD),
                "reasons": "\n".join(text for _code, text in blockers),
                "holder": self._loyalty_holder_of(uuid),
            }
        )
        return {"granted": True, "message": ""}

    def _loyalty_release_others_of(self, card, uuid):
        """End what other orders hold of a card; a manager has decided."""
        own = self._loyalty_holder_of(uuid)
        # Who runs the till may not read the holds of others.
        holds = (
            self.env["loyalty.point.hold"].sudo().search([("card_id", "=", card.id)])
        )
        for holder in set(holds.mapped("holder")) - {own}:
            card.sudo()._release(holder)

    def goodwill_choices(self):
        """Return what a manager may choose to give, as `_loyalty_concession_choices`.

        :return: that dict with `programs`, a list of dicts of `id` and `name`
        """
        self.ensure_one()
        programs = self._loyalty_goodwill_programs()
        return {
            **self._loyalty_concession_choices(),
            "programs": [{"id": one.id, "name": one.name} for one in programs],
        }

    def give_goodwill(self, choice, partner_id):
        """Give a customer a goodwill coupon, for a manager.

        :param choice: as of `allow_refused`, with `program_id`
        :param partner_id: id of the customer on the order
        :return: dict of `granted` (bool), `message` and `code` of the new coupon
        :raise AccessError: when somebody who is no manager gives
        :raise UserError: when there is no customer, or as many as allowed were given
        """
        self.ensure_one()
        partner = self.env["res.partner"].browse(partner_id or []).exists()
        if not partner:
            raise UserError(
                self.env._(
                    "Choose the customer who gets the coupon on the order first."
                )
            )
        program = self._loyalty_goodwill_programs().filtered(
            lambda one: one.id == choice.get("program_id")
        )
        if not program:
            raise UserError(self.env._("Choose the coupon to give."))
        manager, problem = self._loyalty_concession_manager(choice)
        problem = problem or self._loyalty_concession_own(
            manager, self.env["loyalty.card"], partner
        )
        if problem:
            return {"granted": False, "message": problem, "code": False}
        code = program.with_company(self.company_id)._give_goodwill(
            partner,
            manager,
            self._loyalty_concession_reason(choice),
            str(choice.get("note") or "").strip(),
            shop=self.name,
        )
        return {"granted": True, "message": "", "code": code}

    def _loyalty_holder_of(self, uuid):
        """Return under which key an order of a till holds points."""
        return self.env["pos.order"].new({"uuid": str(uuid)})._loyalty_holder()

    def _loyalty_goodwill_programs(self):
        return self._loyalty_programs_among([("goodwill", "=", True)])

    def _loyalty_concession_subject(self, code, program_id):
        """Return the program and the card that were refused; both may be empty."""
        programs, cards = self._get_program_ids(), self.env["loyalty.card"]
        if not code:
            return programs.filtered(lambda one: one.id == program_id), cards
        throttle = self.env["loyalty.throttle"]
        code = cards._normalize_code(code)
        if throttle._locked_until(code):
            return programs.browse(), cards
        card = cards.search([("code", "=", code)], limit=1)
        if not card:
            rules = programs.rule_ids.filtered(lambda rule: rule.code == code)
            return rules.program_id[:1], cards
        return card.program_id & programs, card

    def _loyalty_concession_blockers(self, uuid, program, card, partner_id, minimum):
        """Return what speaks against a use on an order, as list of (code, message)."""
        if not program or not program.strict:
            return []
        partner = self.env["res.partner"].browse(partner_id or []).exists()
        blockers = program._redemption_blockers(
            card, partner, "pos", shop=self, holder=self._loyalty_holder_of(uuid)
        )
        if minimum and not program.is_nominative:
            text = self.env._("The order lacks what %s asks for.", program.name)
            blockers.append(("minimum", text))
        return blockers

    def _loyalty_concession_choices(self):
        """Return what to choose from, and whether a manager is here.

        :return: dict of `own` (whether the one logged in is a manager), `managers` who
            have a PIN and `reasons`, lists of dicts of `id` and `name`
        """
        return {
            "own": self.env.user.has_group(MANAGER),
            "managers": [
                {"id": one.id, "name": one.name} for one in self._loyalty_managers()
            ],
            "reasons": [
                {"id": one.id, "name": one.name}
                for one in self._loyalty_concession_reasons()
            ],
        }

    def _loyalty_concession_reasons(self):
        # The list of reasons is in the back office, its names are shown at the till;
        # it is a short one.
        # pylint: disable-next=no-search-all
        return self.env["loyalty.adjust.reason"].sudo().search([])

    def _loyalty_concession_reason(self, choice):
        """Return the reason that was chosen.

        :raise UserError: when none was
        """
        reason = self._loyalty_concession_reasons().filtered(
            lambda one: one.id == choice.get("reason_id")
        )
        if not reason:
            raise UserError(self.env._("Choose a reason: it is kept."))
        return reason

    def _loyalty_managers(self):
        """Return the managers of the company who have a PIN."""
        # Cashiers see the names of those who can help them.
        managers = self.env.ref(MANAGER).sudo().all_user_ids
        return managers.filtered(
            lambda user: (
                user.active
                and not user.share
                and self.company_id in user.company_ids
                and user._loyalty_pin_hash()
            )
        )

    def _loyalty_concession_manager(self, choice):
        """Return who allows, and what is wrong with the PIN.

        :return: `res.users` record and a sentence or None
        :raise AccessError: for somebody who is no manager
        """
        user = self.env.user
        manager_id = choice.get("manager_id")
        if not manager_id or manager_id == user.id:
            if not user.has_group(MANAGER):
                raise AccessError(
                    self.env._("Only a loyalty manager sets a rule aside.")
                )
            return user, None
        manager = self._loyalty_managers().filtered(lambda one: one.id == manager_id)
        if not manager:
            raise AccessError(
                self.env._("This is no loyalty manager with a PIN. Choose another one.")
            )
        return manager, manager._loyalty_pin_problem(choice.get("pin"))

    def _loyalty_concession_own(self, manager, card, partner):
        """Return a sentence when managers would give something to themselves."""
        people = (card.sudo().partner_id | partner.sudo()).commercial_partner_id
        if manager.sudo().partner_id.commercial_partner_id not in people:
            return None
        return self.env._(
            "%s cannot decide about the own coupon. Ask another loyalty manager.",
            manager.name,
        )

    def _loyalty_conceded_holder(self, card):
        """Return the order of this till for which a manager allowed a card, or None.

        A scan does not name its order; the hold that follows does, and is refused for
        any other.
        """
        # Concessions are the gate's to read.
        concession = (
            self.env["loyalty.concession"]
            .sudo()
            .search(
                [
                    ("card_id", "=", card.id),
                    ("kind", "=", "allow"),
                    ("shop", "=", self.name),
                    ("company_id", "=", self.company_id.id),
                    ("date", ">=", "-1d"),
                ],
                limit=1,
            )
        )
        return concession.holder or None
