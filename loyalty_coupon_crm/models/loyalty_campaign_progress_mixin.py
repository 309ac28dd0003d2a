from datetime import timedelta

import babel.dates

from odoo import api, fields, models
from odoo.tools import babel_locale_parse, formatLang, get_lang

# The speed is that of the last batches, none of them older than this.
PACE_BATCHES = 10
PACE_MINUTES = 10


class LoyaltyCampaignProgressMixin(models.AbstractModel):
    """How far a campaign is: who was drawn, has the offer, looked at it, used it."""

    _name = "loyalty.campaign.progress.mixin"
    _description = "Progress of Campaigns"

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
    pace = fields.Char(
        compute="_compute_pace",
        help="Customers done in a second, by the last batches, and how long the rest "
        "takes at that speed.",
    )
    redemption_count = fields.Integer(compute="_compute_redemption_count")
    seen_count = fields.Integer(
        string="Looked",
        compute="_compute_seen_count",
        help="Customers who have looked at their coupon, or used it.",
    )

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

    @api.depends("state", "todo_count")
    def _compute_pace(self):
        for campaign in self:
            campaign.pace = ""
            speed = campaign.state == "running" and campaign._issue_speed()
            if speed and campaign.todo_count:
                campaign.pace = self.env._(
                    "%(speed)s a second, %(time)s left",
                    speed=formatLang(self.env, speed, digits=0 if speed >= 10 else 1),
                    time=babel.dates.format_timedelta(
                        timedelta(seconds=campaign.todo_count / speed),
                        locale=babel_locale_parse(get_lang(self.env).code),
                    ),
                )

    def _issue_speed(self):
        """Return how many members the last batches did in a second, 0.0 for unknown.

        By the clock, so that two runners at once count twice.
        """
        self.ensure_one()
        batches = self.env["loyalty.campaign.batch"].search(
            [
                ("campaign_id", "=", self._origin.id),
                ("date", ">", self._moments_ago(minutes=PACE_MINUTES)),
                ("seconds", ">", 0),
            ],
            order="id desc",
            limit=PACE_BATCHES,
        )
        if not batches:
            return 0.0
        done = sum(
            batch.issued_count + batch.skipped_count + batch.failed_count
            for batch in batches
        )
        # A batch is noted when it has ended.
        starts = [batch.date - timedelta(seconds=batch.seconds) for batch in batches]
        span = (max(batches.mapped("date")) - min(starts)).total_seconds()
        return done / span

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
