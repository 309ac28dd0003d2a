from odoo import models
from odoo.exceptions import AccessError, UserError

MANAGER = "loyalty_coupon_crm.group_loyalty_manager"


class LoyaltyAdjustmentApprovalMixin(models.AbstractModel):
    """Who may change points alone, and who approves what is above a limit."""

    _name = "loyalty.adjustment.approval.mixin"
    _description = "Approval of Points Changes"

    def _is_above(self, limit):
        """Return whether somebody else has to approve: too much, or an own card."""
        self.ensure_one()
        if self._concerns(self.env.user):
            return True
        done = self._changed_today()
        return any(
            abs(self.points) + done.get(card.id, 0.0) > limit
            for card in self.card_ids._origin
        )

    def _concerns(self, user):
        """Return whether the request moves points of a person's own."""
        # Whose card it is may be out of reach of who looks.
        owners = self.sudo().card_ids.partner_id | self.sudo().target_partner_id
        return user.partner_id in owners | owners.commercial_partner_id

    def _changed_today(self):
        """Return {card id: points the user changed on it today without approval}."""
        company = self.company_id or self.env.company
        done = {}
        requests = self.search(
            [
                ("requested_by_id", "=", self.env.uid),
                ("card_ids", "in", self.card_ids._origin.ids),
                ("state", "=", "done"),
                ("approved_by_id", "=", False),
                ("done_at", ">=", company._loyalty_day_start()),
            ]
        )
        for request in requests:
            for card in request.card_ids:
                done[card.id] = done.get(card.id, 0.0) + abs(request.points)
        return done

    def _check_may_ask(self, cards):
        """Refuse somebody whose limit is zero.

        :param cards: `loyalty.card` records whose points are to change
        :return: self
        :raise AccessError: in words
        """
        company = self.company_id or self.env.company
        # The limits are settings, whoever asks for the own one.
        if company.sudo()._loyalty_adjust_limit(self.env.user) <= 0:
            raise AccessError(
                self.env._(
                    "You may not change points. Ask a loyalty manager, and give the "
                    "code %(codes)s and the reason.",
                    codes=", ".join(cards.mapped("code")),
                )
            )
        return self

    def _approvers(self):
        """Return the managers who may approve the request."""
        self.ensure_one()
        # Who the managers are is not for everybody to read.
        managers = self.env.ref(MANAGER).sudo().all_user_ids
        return managers.filtered(
            lambda user: (
                user.active
                and not user.share
                and user != self.requested_by_id
                and self.company_id in user.company_ids
                and not self._concerns(user)
            )
        )

    def _ask_approvers(self):
        """Send the request to the managers, each with an activity.

        :raise UserError: when nobody may approve it
        """
        approvers = self._approvers()
        if not approvers:
            raise UserError(
                self.env._(
                    "%(points)s points are above your limit of %(limit)s a day and "
                    "card, or it is your own card, and there is no other loyalty "
                    "manager to approve it.",
                    points=self.points,
                    limit=self.limit,
                )
            )
        # The flow writes the state, nobody else; the rights were checked before.
        request = self.sudo()
        request.state = "approve"
        for user in approvers:
            request.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=user.id,
                summary=self.env._(
                    "%(points)s points for %(count)s cards: approve or refuse",
                    points=self.points,
                    count=self.card_count,
                ),
            )

    def _finish(self, state, **values):
        """Close the request and tell the one who asked."""
        # The flow writes the state, nobody else; the rights were checked before.
        request = self.sudo()
        asked = request.state == "approve"
        request.write({"state": state, **values})
        request.activity_ids.unlink()
        if asked and request.requested_by_id != self.env.user:
            request.message_post(
                body=self.env._("Done.") if state == "done" else self.env._("Refused."),
                partner_ids=request.requested_by_id.partner_id.ids,
                author_id=self.env.user.partner_id.id,
            )
