from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL


class LoyaltyGateConcessionMixin(models.AbstractModel):
    """What a manager allows on one order, and what a manager may give as goodwill."""

    _name = "loyalty.gate.concession.mixin"
    _description = "The Gate: Concessions"

    goodwill = fields.Boolean(
        help="Loyalty managers may give coupons of this program to customers at the "
        "till, with a reason."
    )

    @api.constrains("goodwill", "program_type")
    def _check_goodwill(self):
        for program in self:
            if program.goodwill and program.program_type != "coupons":
                raise ValidationError(
                    self.env._(
                        "%s issues no coupons: only coupons are given as goodwill.",
                        program.name,
                    )
                )

    @api.model
    def _gate_blockers(self, use):
        """Leave out what a manager has allowed for this order and card."""
        blockers = super()._gate_blockers(use)
        if not blockers or not use.holder:
            return blockers
        if use.facts.granted is None:
            concessions = self.env["loyalty.concession"]
            use.facts.granted = concessions._granted(use.holder)
        granted = use.facts.granted.get((use.program.id, use.card.id), ())
        return [found for found in blockers if found[0] not in granted]

    def _give_goodwill(self, partner, manager, reason, note, **values):
        """Give a customer a coupon of the program, in the name of a manager.

        Runs in a transaction of its own: of two tills that give at once, the second
        counts what the first one gave.

        :param partner: the customer
        :param manager: `res.users` record, whose right was checked
        :param reason: `loyalty.adjust.reason` record
        :param note: text, may be empty
        :param values: further values of the `loyalty.concession`
        :return: code of the new card, which this transaction may not see yet
        :raise UserError: when the manager has given as many as allowed
        """
        self.ensure_one()
        with self.env["loyalty.card"]._hold_cursor() as cursor:
            cursor.execute(
                SQL(
                    "SELECT pg_advisory_xact_lock(hashtext(%s))",
                    f"loyalty.goodwill/{manager.id}",
                )
            )
            # Cashiers create no cards; a manager has allowed this one.
            own = self.with_env(self.env(cr=cursor, su=True))
            own._check_goodwill_left(manager.with_env(own.env))
            card = own._create_goodwill(partner, manager, reason, note)
            own.env["loyalty.concession"].create(
                {
                    **values,
                    "kind": "goodwill",
                    "card_id": card.id,
                    "program_id": self.id,
                    "partner_id": partner.id,
                    "company_id": self.env.company.id,
                    "user_id": self.env.uid,
                    "manager_id": manager.id,
                    "reason_id": reason.id,
                    "note": note,
                }
            )
            code = card.code
        self.env["loyalty.card"].invalidate_model()
        return code

    def _check_goodwill_left(self, manager):
        """Refuse a manager who has given as many coupons today as allowed.

        :raise UserError: in words
        """
        company = self.env.company
        given = self.env["loyalty.concession"].search_count(
            [
                ("kind", "=", "goodwill"),
                ("manager_id", "=", manager.id),
                ("company_id", "=", company.id),
                ("date", ">=", company._loyalty_day_start()),
            ]
        )
        if given >= company.loyalty_goodwill_limit:
            raise UserError(
                self.env._(
                    "%(manager)s has given %(given)s goodwill coupons today, as many "
                    "as allowed. Ask another loyalty manager.",
                    manager=manager.name,
                    given=given,
                )
            )

    def _create_goodwill(self, partner, manager, reason, note):
        """Return a new coupon of the program, issued in the name of a manager."""
        self._check_coupons_left(1)
        cards = self.env["loyalty.card"].with_user(manager).sudo()
        card = cards.create(
            {
                "program_id": self.id,
                "partner_id": partner.id,
                "expiration_date": self._issue_last_day(),
            }
        )
        # Enough for one use, whatever a use costs.
        points = min(self.reward_ids.mapped("required_points"), default=1.0) or 1.0
        text = ", ".join(filter(None, (reason.name, note)))
        card._post_move("issue", points, reason=text)
        return card
