from odoo import fields, models
from odoo.exceptions import UserError


class LoyaltyCampaignLaunchMixin(models.AbstractModel):
    """The states of a campaign, and the buttons that lead from one to the other."""

    _name = "loyalty.campaign.launch.mixin"
    _description = "States of Campaigns"

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
    stop_reason = fields.Char(readonly=True, copy=False)
    launched_at = fields.Datetime(string="Launched on", readonly=True, copy=False)
    launched_by_id = fields.Many2one(
        "res.users", string="Launched by", readonly=True, copy=False
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
            campaign._prepare_mailings()
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
