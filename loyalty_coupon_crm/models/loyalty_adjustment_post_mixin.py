from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class LoyaltyAdjustmentPostMixin(models.AbstractModel):
    """What a points change does to the cards, and what stands in its way."""

    _name = "loyalty.adjustment.post.mixin"
    _description = "Posting of Points Changes"

    move_ids = fields.One2many(
        "loyalty.point.move", "adjustment_id", string="Movements", readonly=True
    )

    def _check_possible(self):
        """Refuse a change that the cards do not allow.

        :raise UserError: with a sentence for each card in the way
        """
        self.ensure_one()
        if not self.card_ids:
            raise UserError(self.env._("Choose the cards first."))
        # The holds and the company of a card need not be the reader's.
        request = self.sudo()
        if self.kind == "transfer":
            request._check_transfer()
        problems = [request._obstacle(card) for card in request.card_ids]
        if any(problems):
            raise UserError("\n".join(filter(None, problems)))

    def _obstacle(self, card):
        """Return why points of a card cannot be changed, or None."""
        taken = self.points if self.kind == "transfer" else -self.points
        if card.voided_at or not card.active:
            return self.env._("%(code)s is void or archived.", code=card.code)
        company = card.company_id or self.company_id
        if card.expiration_date and card.expiration_date < company._loyalty_today():
            return self.env._(
                "%(code)s expired on %(day)s. Extend it first.",
                code=card.code,
                day=format_date(self.env, card.expiration_date),
            )
        held = sum(card._live_holds().mapped("points"))
        if taken > 0 and card.points - held < taken:
            return self.env._(
                "%(code)s has %(points)s points, %(held)s of them held by orders: "
                "%(taken)s cannot be taken.",
                code=card.code,
                points=card.points,
                held=held,
                taken=taken,
            )
        return None

    def _check_transfer(self):
        """Refuse a transfer that the program or the members do not allow.

        :raise UserError: with a sentence
        """
        card, target = self.card_ids[:1], self.target_partner_id
        program = card.program_id
        if len(self.card_ids) > 1:
            raise UserError(self.env._("Points are transferred from one wallet."))
        if not target:
            raise UserError(self.env._("Choose the member who gets the points."))
        if not program.is_nominative or not card.partner_id:
            raise UserError(
                self.env._(
                    "%(code)s is no wallet of a member: its points stay on it.",
                    code=card.code,
                )
            )
        if not program.transferable:
            raise UserError(
                self.env._(
                    "Points of %(program)s are not transferable between members.",
                    program=program.name,
                )
            )
        if target == card.partner_id:
            raise UserError(
                self.env._("%(name)s owns the wallet already.", name=target.name)
            )
        companies = (card.company_id or self.company_id).parent_ids
        if target.company_id and target.company_id not in companies:
            raise UserError(
                self.env._(
                    "%(name)s is a customer of %(company)s, another company than the "
                    "wallet's.",
                    name=target.name,
                    company=target.company_id.name,
                )
            )
        blockers = program._redemption_blockers(card, card.partner_id, "sale")
        if blockers:
            raise UserError("\n".join(message for _code, message in blockers))

    def _post(self, approver=None):
        """Book the change and close the request.

        :param approver: `res.users` who approved it, None below the limit
        """
        self.ensure_one()
        # Who may change points was checked before, the wallet does it for them.
        request = self.sudo()
        origin = {
            "reason": request._reason_text(),
            "user_id": request.requested_by_id.id,
            "approved_by_id": approver.id if approver else False,
            "company_id": request.company_id.id,
            "adjustment_id": request.id,
        }
        if request.kind == "transfer":
            request._post_transfer(origin)
        else:
            request._post_adjustment(origin)
        self._finish(
            "done",
            approved_by_id=origin["approved_by_id"],
            done_at=fields.Datetime.now(),
        )

    def _reason_text(self):
        return ": ".join(filter(None, [self.reason_id.name, self.note]))

    def _post_adjustment(self, origin):
        """Add the points to each card, or take them."""
        for card in self.card_ids:
            key = f"adjustment/{self.id}/{card.id}"
            card._post_move("adjust", self.points, request_key=key, **origin)
        self._write_history([(card, self.points) for card in self.card_ids], origin)

    def _post_transfer(self, origin):
        """Move points into the other member's wallet, each award with its own terms."""
        source = self.card_ids
        target = self._target_wallet()
        key = f"adjustment/{self.id}/{source.id}"
        source._post_move("transfer", -self.points, request_key=key, **origin)
        spend = self.env["loyalty.point.move"].search([("request_key", "=", key)])
        with target._wallet_scope("transfer"):
            for place, row in enumerate(spend._drawn_awards()):
                points = row.pop("points")
                target._post_move(
                    "transfer",
                    points,
                    request_key=f"{key}/{place}",
                    counterpart_id=spend.id,
                    **row,
                    **origin,
                )
        self._write_history([(source, -self.points), (target, self.points)], origin)

    def _target_wallet(self):
        """Return the wallet of the member who gets the points, a new one if need be."""
        program = self.card_ids.program_id
        values = {"program_id": program.id, "partner_id": self.target_partner_id.id}
        domain = [(name, "=", value) for name, value in values.items()]
        cards = self.env["loyalty.card"]
        return cards.search(domain, order="id", limit=1) or cards.create(values)

    @api.model
    def _write_history(self, rows, origin):
        """Write Odoo's own history, which the portal shows.

        :param rows: list of (card, points)
        """
        self.env["loyalty.history"].create(
            [
                {
                    "card_id": card.id,
                    "description": origin["reason"],
                    "issued": max(points, 0.0),
                    "used": max(-points, 0.0),
                }
                for card, points in rows
            ]
        )
