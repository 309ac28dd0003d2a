import math

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import float_round

from .loyalty_adjustment_approval_mixin import MANAGER

MOST_POINTS = 1e9
# Written by the flow alone, whatever a client or its context says.
FLOW_FIELDS = ("state", "requested_by_id", "approved_by_id", "done_at")


class LoyaltyAdjustment(models.Model):
    """A request to change points by hand; above a limit somebody else approves it."""

    _name = "loyalty.adjustment"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "loyalty.adjustment.approval.mixin",
        "loyalty.adjustment.post.mixin",
    ]
    _description = "Points Change"
    _order = "id desc"
    _mail_post_access = "read"

    kind = fields.Selection(
        [("adjust", "Adjustment"), ("transfer", "Transfer")],
        required=True,
        default="adjust",
    )
    card_ids = fields.Many2many(
        "loyalty.card",
        string="Cards",
        required=True,
        context={"active_test": False},
        default=lambda self: self._default_card_ids(),
    )
    card_count = fields.Integer(string="Number of Cards", compute="_compute_card_count")
    target_partner_id = fields.Many2one(
        "res.partner",
        string="To",
        index="btree_not_null",
        help="Member who gets the points, into the wallet of the same program.",
    )
    points = fields.Float(
        required=True,
        tracking=True,
        help="Points for each card: positive to add, negative to take. Of a transfer: "
        "how many the other member gets.",
    )
    reason_id = fields.Many2one(
        "loyalty.adjust.reason", required=True, ondelete="restrict", tracking=True
    )
    note = fields.Char(help="Kept in the points statement, after the reason.")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("approve", "To Approve"),
            ("done", "Done"),
            ("refused", "Refused"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    requested_by_id = fields.Many2one(
        "res.users",
        string="Requested by",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        default=lambda self: self.env.user,
    )
    approved_by_id = fields.Many2one(
        "res.users", string="Approved by", readonly=True, copy=False
    )
    done_at = fields.Datetime(string="Done on", readonly=True, copy=False)
    limit = fields.Float(
        compute="_compute_needs_approval",
        help="Points you may change on one card within a day without approval.",
    )
    needs_approval = fields.Boolean(compute="_compute_needs_approval")
    may_approve = fields.Boolean(compute="_compute_may_approve")

    @api.model
    def _default_card_ids(self):
        if self.env.context.get("active_model") != "loyalty.card":
            return False
        return self.env.context.get("active_ids")

    @api.depends("kind")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for request in self:
            label = labels.get(request.kind, "")
            request.display_name = f"{label} {request.id or ''}".strip()

    @api.depends("card_ids")
    def _compute_card_count(self):
        for request in self:
            request.card_count = len(request.card_ids)

    @api.depends("card_ids", "points", "company_id")
    @api.depends_context("uid")
    def _compute_needs_approval(self):
        for request in self:
            company = request.company_id or self.env.company
            # The limits are settings, whoever asks for the own one.
            request.limit = company.sudo()._loyalty_adjust_limit(self.env.user)
            request.needs_approval = request._is_above(request.limit)

    @api.depends("state", "requested_by_id", "card_ids.partner_id", "target_partner_id")
    @api.depends_context("uid")
    def _compute_may_approve(self):
        user = self.env.user
        manager = user.has_group(MANAGER)
        for request in self:
            request.may_approve = (
                manager
                and request.state == "approve"
                and request.requested_by_id != user
                and not request._concerns(user)
            )

    @api.constrains("points", "kind")
    def _check_points(self):
        for request in self:
            points = request.points
            if not math.isfinite(points) or abs(points) > MOST_POINTS:
                raise ValidationError(
                    self.env._("%(points)s is no number of points.", points=points)
                )
            if not float_round(points, precision_digits=2):
                raise ValidationError(
                    self.env._("Give the number of points, at least 0.01.")
                )
            if request.kind == "transfer" and points < 0:
                raise ValidationError(
                    self.env._(
                        "A transfer of %(points)s points is none. Give a positive "
                        "number, or transfer from the other member.",
                        points=points,
                    )
                )

    @api.constrains("card_ids", "company_id")
    def _check_card_companies(self):
        for request in self:
            # The cards may be of a company that is out of reach: that is the problem.
            allowed = request.company_id.sudo().parent_ids
            for company in request.card_ids.sudo().company_id - allowed:
                raise ValidationError(
                    self.env._(
                        "A card belongs to %(card)s, the request to %(request)s. "
                        "Switch to that company first.",
                        card=company.name,
                        request=request.company_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Create requests of the current user, as drafts."""
        fixed = {
            "state": "draft",
            "requested_by_id": self.env.uid,
            "approved_by_id": False,
            "done_at": False,
        }
        return super().create([{**vals, **fixed} for vals in vals_list])

    def write(self, vals):
        """Write requests; who asked, who approved and the state follow the flow.

        :raise AccessError: when a client writes them, or changes a request of others
        :raise UserError: when a client changes a request that is no draft
        """
        if not self.env.su:
            self._check_editable(vals)
        return super().write(vals)

    def _check_editable(self, names):
        edited = {name for name in names if not name.startswith(("activity_", "mess"))}
        if not edited.isdisjoint(FLOW_FIELDS):
            raise AccessError(
                self.env._("Use the buttons Confirm, Approve and Refuse.")
            )
        for request in self if edited else ():
            if request.requested_by_id != self.env.user:
                raise AccessError(
                    self.env._(
                        "%(request)s was made by %(user)s, who alone changes it.",
                        request=request.display_name,
                        user=request.requested_by_id.name,
                    )
                )
            if request.state != "draft":
                raise UserError(
                    self.env._(
                        "%(request)s is no draft any more. Make a new one.",
                        request=request.display_name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent(self):
        for request in self:
            if request.state != "draft":
                raise UserError(
                    self.env._(
                        "%(request)s is kept: only drafts are deleted.",
                        request=request.display_name,
                    )
                )

    def action_submit(self):
        """Change the points, or ask a manager when they are above the limit.

        :raise AccessError: for somebody without a limit
        :raise UserError: when the points cannot be changed
        """
        waiting = self.browse()
        for request in self:
            request._check_state("draft")
            request._check_editable(("points",))
            request._check_may_ask(request.card_ids)
            request._check_possible()
            if request.needs_approval:
                request._ask_approvers()
                waiting |= request
            else:
                request._post()
        return waiting._submitted_action()

    def action_approve(self):
        """Change the points somebody asked for.

        :raise AccessError: for the one who asked, whose card it is, or no manager
        """
        for request in self:
            request._check_state("approve")
            if not request.may_approve:
                raise AccessError(
                    self.env._(
                        "%(request)s is approved by a loyalty manager who neither "
                        "asked for it nor owns one of the cards.",
                        request=request.display_name,
                    )
                )
            request._check_possible()
            request._post(approver=self.env.user)

    def action_refuse(self):
        """Refuse what somebody asked for; who asked may take it back alike.

        :raise AccessError: for others than managers and the one who asked
        """
        for request in self:
            request._check_state("approve")
            asked = request.requested_by_id == self.env.user
            if not asked and not self.env.user.has_group(MANAGER):
                raise AccessError(
                    self.env._("Only a loyalty manager refuses points changes.")
                )
            request._finish("refused")

    def _check_state(self, state):
        self.ensure_one()
        self.check_access("read")
        if self.state != state:
            labels = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "%(request)s has the state %(state)s.",
                    request=self.display_name,
                    state=labels[self.state],
                )
            )

    def _submitted_action(self):
        """Return what the window does after requests were submitted."""
        close = {"type": "ir.actions.act_window_close"}
        if not self:
            return close
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "message": self.env._(
                    "Above your limit: a loyalty manager was asked to approve it."
                ),
                "next": close,
            },
        }
