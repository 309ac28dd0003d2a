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
    "known_stage_row_id": 0,
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
        "loyalty.campaign.goods.mixin",
        "loyalty.campaign.guard.mixin",
        "loyalty.campaign.journey.mixin",
        "loyalty.campaign.launch.mixin",
        "loyalty.campaign.mailing.mixin",
        "loyalty.campaign.purchase.mixin",
        "loyalty.campaign.sentence.mixin",
        "loyalty.campaign.trigger.mixin",
        "loyalty.campaign.check.mixin",
        "loyalty.campaign.outcome.mixin",
        "loyalty.campaign.plan.mixin",
        "loyalty.campaign.preview.mixin",
        "loyalty.campaign.print.mixin",
        "loyalty.campaign.progress.mixin",
        "loyalty.campaign.queue.mixin",
        "loyalty.campaign.replay.mixin",
        "loyalty.campaign.result.mixin",
        "loyalty.campaign.runner.mixin",
        "loyalty.campaign.visit.mixin",
        "loyalty.campaign.wallet.mixin",
        "loyalty.campaign.window.mixin",
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
    planned_at = fields.Datetime(
        string="Planned for",
        compute="_compute_planned_at",
        store=True,
        help="When the campaign gives its offer for the first time, as far as a day is "
        "known; or when it was launched.",
    )
    variant_ids = fields.One2many(
        "loyalty.campaign.variant", "campaign_id", string="Arms", copy=True
    )
    member_ids = fields.One2many(
        "loyalty.campaign.member", "campaign_id", string="Members"
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
