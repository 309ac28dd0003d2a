import math

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import format_amount

PRIORITIES = [("0", "Normal"), ("1", "High"), ("2", "Very high")]


class LoyaltyCampaignGuardMixin(models.AbstractModel):
    """What keeps a campaign from costing or bothering more than was meant."""

    _name = "loyalty.campaign.guard.mixin"
    _description = "Guards of Campaigns"

    company_id = fields.Many2one("res.company")
    currency_id = fields.Many2one(related="company_id.currency_id")
    priority = fields.Selection(
        PRIORITIES,
        default="0",
        help="Of several campaigns that want the same customer, the one with the "
        "highest priority chooses first.",
    )
    cap_count = fields.Integer(
        string="At Most per Customer",
        tracking=True,
        help="Offers that one customer gets from this campaign; 0 for no limit.",
    )
    cap_days = fields.Integer(
        string="Within Days", tracking=True, help="0 counts all offers ever given."
    )
    ignore_cap = fields.Boolean(
        string="Regardless of Other Campaigns",
        tracking=True,
        help="The cap across campaigns does not hold for this one, for example for "
        "messages customers have a right to.",
    )
    budget_amount = fields.Monetary(
        string="Budget in Money",
        tracking=True,
        help="The campaign stops giving when the discounts and free goods of its "
        "coupons reach this amount; 0 for no limit.",
    )
    budget_alert_percent = fields.Float(
        string="Alert at",
        default=80.0,
        help="Percent of a budget at which the responsible person is told.",
    )
    budget_alerted = fields.Boolean(readonly=True, copy=False)
    spent_amount = fields.Monetary(
        string="Spent",
        compute="_compute_spent_amount",
        help="Discounts and cost of free goods given on the campaign's coupons.",
    )
    version = fields.Integer(
        readonly=True,
        default=1,
        copy=False,
        help="Counts the changes of what was planned; an approval holds for one "
        "version.",
    )
    approval_by_id = fields.Many2one(
        "res.users", string="Approval Asked by", readonly=True, copy=False
    )
    approved_by_id = fields.Many2one(
        "res.users", string="Approved by", readonly=True, copy=False
    )
    approved_version = fields.Integer(readonly=True, copy=False)

    def _compute_spent_amount(self):
        rows = self.env["loyalty.redemption"]._read_group(
            [("campaign_id", "in", self.ids)],
            ["campaign_id"],
            ["discount_amount:sum", "goods_cost:sum"],
        )
        spent = {campaign.id: given + goods for campaign, given, goods in rows}
        for campaign in self:
            origin = campaign._origin
            wallets = origin._read_wallet_costs() if origin else ()
            campaign.spent_amount = spent.get(origin.id, 0.0) + sum(wallets)

    @api.constrains("budget_amount", "budget_alert_percent")
    def _check_budget(self):
        for campaign in self:
            if not (
                math.isfinite(campaign.budget_amount)
                and campaign.budget_amount >= 0
                and 0 <= campaign.budget_alert_percent <= 100
            ):
                raise ValidationError(
                    self.env._(
                        "A budget of %(amount)s with an alert at %(percent)s %% is "
                        "not possible: enter 0 or more, and at most 100 %%.",
                        amount=campaign.budget_amount,
                        percent=campaign.budget_alert_percent,
                    )
                )

    def _check_budget_change(self, vals):
        """Refuse to raise the budget of a launched campaign without a manager.

        :param vals: what is to be written
        :raise UserError: when somebody else raises what was approved
        """
        if "budget_amount" not in vals or self.env.user.has_group(
            "loyalty_coupon_crm.group_loyalty_manager"
        ):
            return
        new = vals["budget_amount"] or math.inf
        for campaign in self:
            if (
                campaign.launched_at
                and campaign.company_id.loyalty_approval_cost
                and new > (campaign.budget_amount or math.inf)
            ):
                raise UserError(
                    self.env._(
                        "The campaign %(name)s was launched: only a manager raises its "
                        "budget.",
                        name=campaign.name,
                    )
                )

    def _note_new_version(self):
        """Count a change of what was planned; an approval asked for is asked anew."""
        for campaign in self.filtered(lambda one: one.state in ("draft", "approval")):
            # Nobody writes version and state by hand; a changed plan does.
            campaign.sudo().write({"version": campaign.version + 1, "state": "draft"})

    def _cost_for_approval(self):
        """Return what the campaign may cost, in company currency; infinite if open.

        A budget in money limits nothing here: coupons that were issued before it is
        reached are used after it. Who is in the audience on a later day is not known.
        """
        self.ensure_one()
        highest, _typical = self._cost_per_card()
        if highest is None:
            return math.inf
        if self.trigger == "now":
            return self.cost_max
        return self.budget_coupons * highest if self.budget_coupons else math.inf

    def _needs_approval(self):
        """Tell whether a second person has to approve this version first."""
        self.ensure_one()
        limit = self.company_id.loyalty_approval_cost
        return bool(
            limit
            and not self.is_reminder
            and self.approved_version != self.version
            and self._cost_for_approval() > limit
        )

    def _ask_approval(self):
        """Wait for a manager to approve what is planned."""
        self.ensure_one()
        self._write_own({"state": "approval", "approval_by_id": self.env.uid})
        self.message_post(
            body=self.env._(
                "This campaign may cost more than %(limit)s: a manager has to "
                "approve version %(version)s.",
                limit=format_amount(
                    self.env,
                    self.company_id.loyalty_approval_cost,
                    self.company_id.currency_id,
                ),
                version=self.version,
            )
        )

    def action_approve(self):
        """Approve the version as it is, and launch it.

        :raise UserError: when the same person asked, or who asks is no manager
        """
        self._expect_state("approval")
        self.check_access("write")
        if not self.env.user.has_group("loyalty_coupon_crm.group_loyalty_manager"):
            raise UserError(self.env._("Only a manager approves campaigns."))
        for campaign in self:
            if campaign.approval_by_id == self.env.user:
                raise UserError(
                    self.env._(
                        "You asked for the approval of %(name)s: another manager has "
                        "to give it.",
                        name=campaign.name,
                    )
                )
            campaign._write_own(
                {
                    "approved_by_id": self.env.uid,
                    "approved_version": campaign.version,
                    "state": "draft",
                }
            )
        self.action_launch()

    def action_refuse(self):
        """Send a campaign back to be planned anew."""
        self._expect_state("approval")
        self._write_own({"state": "draft"})

    def _cron_guard(self):
        """Stop the running campaigns that reached a budget; warn before."""
        campaigns = self.search([("state", "=", "running")])
        for campaign in campaigns:
            try:
                with self.env.cr.savepoint():
                    campaign._guard_budget()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                # Somebody else changes the campaign: the next look guards it.
                self.env.invalidate_all(flush=False)

    def _guard_budget(self):
        """Stop the campaign at its budget, and tell its responsible person before."""
        self.ensure_one()
        used = 0.0
        if self.budget_amount:
            used = 100.0 * self.spent_amount / self.budget_amount
        if self.budget_coupons and self._is_standing():
            used = max(used, 100.0 * self.treated_count / self.budget_coupons)
        if (
            used >= 100.0
            and not self.todo_count
            or (self.budget_amount and self.spent_amount >= self.budget_amount)
        ):
            self._stop_with_reason(
                self.env._(
                    "The budget is used up: %(count)s customers have the offer, "
                    "%(amount)s were spent.",
                    count=self.treated_count,
                    amount=format_amount(
                        self.env, self.spent_amount, self.company_id.currency_id
                    ),
                )
            )
        elif used >= self.budget_alert_percent > 0 and not self.budget_alerted:
            self._write_own({"budget_alerted": True})
            self.activity_schedule(
                "mail.mail_activity_data_warning",
                user_id=(self.user_id or self.env.user).id,
                summary=self.env._(
                    "%(percent)s %% of the budget is used", percent=int(used)
                ),
            )
