import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .loyalty_campaign_check_mixin import COUPON_TYPES, WALLET_TYPES
from .loyalty_campaign_trigger_mixin import TRIGGER_FIELDS

# What decided who gets what must not change once it was decided.
FROZEN_FIELDS = {
    "arm_choice",
    "budget_coupons",
    "company_id",
    "control_percent",
    "ignore_cap",
    "lag_days",
    "no_control_reason",
    "points",
    "program_id",
    "seed",
    "segment_id",
    "validity_days",
} | TRIGGER_FIELDS
# Days after which a standing campaign writes once more to those who did not look.
FIRST_REMINDER_DAYS = 3
# Written by the buttons and the runner alone, never by a client.
OWN_VALUES = {
    "approval_by_id": False,
    "approved_by_id": False,
    "approved_version": 0,
    "budget_alerted": False,
    "control_count": 0,
    "cursor_purchase_id": 0,
    "horizon_purchase_id": 0,
    "horizon_waits": False,
    "known_segment_row_id": 0,
    "last_occasion": False,
    "launched_at": False,
    "launched_by_id": False,
    "settled_purchase_id": 0,
    "state": "draft",
    "stop_reason": False,
    "treated_count": 0,
    "triggered_at": False,
    "version": 1,
}


class LoyaltyCampaign(models.Model):
    """A planned offer to an audience."""

    _name = "loyalty.campaign"
    _description = "Loyalty Campaign"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "loyalty.campaign.arm.mixin",
        "loyalty.campaign.audience.mixin",
        "loyalty.campaign.best.mixin",
        "loyalty.campaign.claim.mixin",
        "loyalty.campaign.consent.mixin",
        "loyalty.campaign.contact.mixin",
        "loyalty.campaign.day.mixin",
        "loyalty.campaign.event.mixin",
        "loyalty.campaign.failure.mixin",
        "loyalty.campaign.guard.mixin",
        "loyalty.campaign.journey.mixin",
        "loyalty.campaign.purchase.mixin",
        "loyalty.campaign.sentence.mixin",
        "loyalty.campaign.trigger.mixin",
        "loyalty.campaign.check.mixin",
        "loyalty.campaign.preview.mixin",
        "loyalty.campaign.print.mixin",
        "loyalty.campaign.queue.mixin",
        "loyalty.campaign.result.mixin",
        "loyalty.campaign.runner.mixin",
        "loyalty.campaign.wallet.mixin",
        "loyalty.campaign.message.mixin",
    ]
    _order = "priority desc, id desc"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        tracking=True,
    )
    program_id = fields.Many2one(
        "loyalty.program",
        string="Offer",
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
        domain=[("program_type", "in", COUPON_TYPES + WALLET_TYPES)],
        tracking=True,
        help="A coupon or gift card program gives each customer a card of their own; "
        "a loyalty card or eWallet program gives points into the customer's wallet.",
    )
    program_type = fields.Selection(related="program_id.program_type")
    segment_id = fields.Many2one(
        "loyalty.segment",
        string="Audience",
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
        tracking=True,
    )
    points = fields.Float(
        default=1.0,
        tracking=True,
        help="Points put on each card; 1 for a coupon with one use.",
    )
    point_name = fields.Char(related="program_id.portal_point_name")
    segment_kind = fields.Selection(related="segment_id.kind")
    validity_days = fields.Integer(
        string="Valid for",
        compute="_compute_validity_days",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="Days after issue, the last one included; 0 for no end.",
    )
    control_percent = fields.Float(
        string="Control Group",
        default=10.0,
        tracking=True,
        help="Percent of the audience that gets nothing, so that the campaign can be "
        "measured against them.",
    )
    no_control_reason = fields.Char(
        string="Reason",
        tracking=True,
        help="Why nobody is left out. Without a control group nobody will know "
        "whether the campaign paid.",
    )
    budget_coupons = fields.Integer(
        string="Budget",
        tracking=True,
        help="At most so many customers get the offer, drawn at random from the "
        "audience; 0 for everybody.",
    )
    mail_template_id = fields.Many2one(
        "mail.template",
        string="Message",
        domain=[("model", "=", "loyalty.card")],
        ondelete="restrict",
        index="btree_not_null",
        help="E-mail sent after the offer was issued; empty for none.",
    )
    seed = fields.Char(
        readonly=True,
        copy=False,
        required=True,
        default=lambda self: self._new_seed(),
        help="Draws the control group together with the customer.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("approval", "To Approve"),
            ("running", "Running"),
            ("paused", "Stopped"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        group_expand=True,
    )
    planned_at = fields.Datetime(
        string="Planned for",
        compute="_compute_planned_at",
        store=True,
        help="When the campaign gives its offer for the first time, as far as a day is "
        "known; or when it was launched.",
    )
    stop_reason = fields.Char(readonly=True, copy=False)
    launched_at = fields.Datetime(string="Launched on", readonly=True, copy=False)
    launched_by_id = fields.Many2one(
        "res.users", string="Launched by", readonly=True, copy=False
    )
    variant_ids = fields.One2many(
        "loyalty.campaign.variant", "campaign_id", string="Arms", copy=True
    )
    member_ids = fields.One2many(
        "loyalty.campaign.member", "campaign_id", string="Members"
    )
    batch_ids = fields.One2many("loyalty.campaign.batch", "campaign_id", string="Runs")
    treated_count = fields.Integer(string="Treated", readonly=True, copy=False)
    control_count = fields.Integer(string="Control", readonly=True, copy=False)
    member_count = fields.Integer(
        compute="_compute_progress", help="Treated and control."
    )
    issued_count = fields.Integer(string="Issued", compute="_compute_progress")
    skipped_count = fields.Integer(string="Skipped", compute="_compute_progress")
    todo_count = fields.Integer(string="To Issue", compute="_compute_progress")
    progress = fields.Float(
        compute="_compute_progress", help="Percent of the treated customers done."
    )
    redemption_count = fields.Integer(compute="_compute_redemption_count")
    seen_count = fields.Integer(
        string="Looked",
        compute="_compute_seen_count",
        help="Customers who have looked at their coupon, or used it.",
    )

    @api.model
    def _new_seed(self):
        return secrets.token_hex(8)

    @api.depends("program_id")
    def _compute_validity_days(self):
        for campaign in self:
            if campaign.state == "draft":
                program = campaign.program_id
                campaign.validity_days = program and program._issue_validity_days()

    @api.depends("treated_count", "control_count", "batch_ids", "state")
    def _compute_progress(self):
        done = {
            campaign.id: counts
            for campaign, *counts in self.env["loyalty.campaign.batch"]._read_group(
                [("campaign_id", "in", self.ids)],
                ["campaign_id"],
                ["issued_count:sum", "skipped_count:sum", "failed_count:sum"],
            )
        }
        for campaign in self:
            issued, skipped, failed = done.get(campaign.id, [0] * 3)
            treated = campaign.treated_count
            campaign.issued_count = issued
            campaign.skipped_count = skipped
            campaign.failed_count = failed
            campaign.todo_count = max(0, treated - issued - skipped - failed)
            campaign.member_count = treated + campaign.control_count
            campaign.progress = (
                100.0 * (treated - campaign.todo_count) / treated if treated else 0.0
            )

    def _compute_seen_count(self):
        counts = dict(
            self.env["loyalty.card"]._read_group(
                [("campaign_id", "in", self.ids), ("first_seen_at", "!=", False)],
                ["campaign_id"],
                ["__count"],
            )
        )
        for campaign in self:
            campaign.seen_count = counts.get(campaign._origin, 0)

    @api.depends(
        "trigger",
        "start_at",
        "launched_at",
        "trigger_holiday_id.date_ids.date",
        "trigger_days",
        "trigger_side",
    )
    def _compute_planned_at(self):
        for campaign in self:
            moment = campaign.launched_at
            if campaign.trigger in ("date", "recurring"):
                moment = campaign.start_at
            elif campaign.trigger == "holiday":
                moment = campaign._next_holiday_moment()
            campaign.planned_at = moment

    def _compute_redemption_count(self):
        counts = dict(
            self.env["loyalty.redemption"]._read_group(
                [
                    ("campaign_id", "in", self.ids),
                    ("is_live", "=", True),
                ],
                ["campaign_id"],
                ["__count"],
            )
        )
        for campaign in self:
            campaign.redemption_count = counts.get(campaign, 0)

    @api.constrains(
        "points", "validity_days", "control_percent", "budget_coupons", "state"
    )
    def _check_numbers(self):
        for campaign in self:
            if problems := campaign._number_problems():
                raise ValidationError("\n".join(problems))

    @api.constrains("parent_id")
    def _check_parent(self):
        self._check_journey()

    @api.model_create_multi
    def create(self, vals_list):
        """Create campaigns, always as drafts unless the system itself creates them."""
        if not self.env.su:
            # Given here, they are safe from default values in the client's context.
            vals_list = [
                {**vals, **OWN_VALUES, "seed": self._new_seed()} for vals in vals_list
            ]
        return super().create(vals_list)

    def write(self, vals):
        """Write campaigns; what was decided at launch stays as it is.

        :raise UserError: when a launched campaign's offer, audience or numbers change,
            or when its state is written otherwise than by its buttons
        """
        if not self.env.su:
            if (set(OWN_VALUES) | {"seed"}) & set(vals):
                raise UserError(
                    self.env._(
                        "The state of a campaign is changed by its buttons: Launch, "
                        "Stop, Resume, Cancel."
                    )
                )
            launched = self.filtered(
                lambda campaign: campaign.state not in ("draft", "approval")
            )
            if launched and FROZEN_FIELDS & set(vals):
                raise UserError(
                    self.env._(
                        "The campaign %(name)s was launched: its offer, audience and "
                        "numbers stay as they are. Duplicate it to start another one.",
                        name=launched[0].name,
                    )
                )
            self._check_budget_change(vals)
            self._check_archive(vals)
        result = super().write(vals)
        if (FROZEN_FIELDS | {"budget_amount"}) & set(vals):
            self._note_new_version()
        if {"budget_amount", "budget_coupons"} & set(vals):
            # The alert was about the old budget; clients may not write it.
            self.filtered("budget_alerted").sudo().write({"budget_alerted": False})
        return result

    def _check_archive(self, vals):
        """Refuse to archive what is at work: nobody would see that it has ended.

        :raise UserError: when a campaign runs or is stopped
        """
        if vals.get("active", True):
            return
        for campaign in self:
            if campaign.state in ("approval", "running", "paused"):
                raise UserError(
                    self.env._(
                        "The campaign %(name)s has not ended: cancel it before you "
                        "archive it.",
                        name=campaign.name,
                    )
                )

    def _write_own(self, vals):
        """Write what only the buttons and the runner may write.

        :raise AccessError: when the user may not change the campaign
        """
        self.check_access("write")
        # The fields are closed to clients; who may press the button was just checked.
        return self.sudo().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_launched(self):
        if launched := self.filtered("launched_at"):
            raise UserError(
                self.env._(
                    "The campaign %(name)s was launched and cannot be deleted: "
                    "archive it instead.",
                    name=launched[0].name,
                )
            )

    def action_launch(self):
        """Draw the groups and start issuing in the background.

        :raise UserError: with a sentence for everything that speaks against it;
            nothing was changed then
        :raise AccessError: when the user may not change the campaign
        :raise LockError: when somebody else is launching it at this moment
        """
        self.check_access("write")
        self.lock_for_update()
        for campaign in self:
            campaign._refresh_audience()
            if problems := campaign._launch_problems():
                raise UserError("\n".join(problems))
            if campaign._needs_approval():
                campaign._ask_approval()
                continue
            treated, control = campaign._first_members()
            campaign._write_own(
                {
                    "state": "running",
                    "launched_at": fields.Datetime.now(),
                    "launched_by_id": self.env.uid,
                    "treated_count": treated,
                    "control_count": control,
                }
            )
            campaign._start_trigger()
        self._trigger_issue()

    def _first_members(self):
        """Draw the groups of a campaign that gives at once; others draw them later.

        :return: number of (treated, control) members
        :raise UserError: when nobody would get the offer
        """
        if self.trigger != "now":
            return 0, 0
        treated, control = self._assign_members()
        if not treated:
            raise UserError(
                self.env._(
                    "All %(count)s customers of the audience fell into the "
                    "control group: take a larger audience or a smaller group.",
                    count=control,
                )
            )
        return treated, control

    def action_stop(self):
        """Stop issuing after the batch that is being issued."""
        self._expect_state("running")
        self._write_own(
            {
                "state": "paused",
                "stop_reason": self.env._(
                    "Stopped by %(user)s", user=self.env.user.name
                ),
            }
        )

    def action_resume(self):
        """Go on issuing to those who have nothing yet.

        :raise UserError: when the offer cannot be used any more
        """
        self._expect_state("paused")
        for campaign in self:
            if problems := campaign._offer_problems():
                raise UserError("\n".join(problems))
        self._write_own({"state": "running", "stop_reason": False})
        self._trigger_issue()

    def action_cancel(self):
        """Give nothing to those who have nothing yet; what was issued stays valid.

        The runner notes it on the members: it may be at work on some of them.
        """
        self._expect_state("draft", "approval", "running", "paused")
        self._write_own({"state": "cancelled"})
        self._cancel_messages()
        self._trigger_issue()

    def _expect_state(self, *states):
        """Refuse a button that does not fit the state.

        :param states: states in which the button may be pressed
        :raise UserError: when a campaign is in another state
        """
        labels = dict(self._fields["state"]._description_selection(self.env))
        for campaign in self:
            if campaign.state not in states:
                raise UserError(
                    self.env._(
                        "The campaign %(name)s is in the state “%(state)s”, in which "
                        "this button does nothing. Reload the page to see the others.",
                        name=campaign.name,
                        state=labels[campaign.state],
                    )
                )

    def action_refresh_audience(self):
        """Apply the rule of the audience now, so that the preview counts anew."""
        self.check_access("write")
        for campaign in self:
            campaign._refresh_audience()

    def action_view_audience(self):
        """Open the customers that the audience holds now."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "base.action_partner_form"
        )
        return {
            **action,
            "name": self.segment_id.name,
            "domain": [("id", "in", self._audience_ids())],
            "context": {"create": False},
        }

    def action_view_members(self):
        """Open the members, both groups."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_campaign_member_action"
        )
        return {**action, "domain": [("campaign_id", "=", self.id)], "context": {}}

    def action_remind_unseen(self):
        """Open a draft that writes once more to those who did not look at their card.

        :raise UserError: when the campaign wrote no messages
        """
        self.ensure_one()
        self.check_access("write")
        self._expect_state("running", "paused", "done")
        if not self.mail_template_id:
            raise UserError(
                self.env._(
                    "The campaign %(name)s wrote no messages: there is nothing to send "
                    "once more.",
                    name=self.name,
                )
            )
        passed = (fields.Datetime.now() - self.launched_at).days
        draft = self.create(
            {
                "name": self.env._("%(name)s: once more", name=self.name),
                "company_id": self.company_id.id,
                "trigger": "follow",
                "parent_id": self.id,
                "follow_condition": "unseen",
                "is_reminder": True,
                "trigger_days": FIRST_REMINDER_DAYS if self._is_standing() else passed,
                "mail_template_id": self.mail_template_id.id,
                "control_percent": 0,
                "no_control_reason": self.env._("Reminds of an offer in hand"),
            }
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": draft.id,
            "view_mode": "form",
        }

    def action_view_cards(self):
        """Open the cards that the campaign issued or put points on."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Cards"),
            "res_model": "loyalty.card",
            "view_mode": "list,form",
            "domain": [("campaign_member_ids.campaign_id", "=", self.id)],
            "context": {"create": False},
        }

    def action_view_redemptions(self):
        """Open the uses of the coupons that the campaign issued."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_redemption_action"
        )
        return {**action, "domain": [("campaign_id", "=", self.id)], "context": {}}
