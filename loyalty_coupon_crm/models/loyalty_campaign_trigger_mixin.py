import logging

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from .loyalty_customer_metric import STAGES

_logger = logging.getLogger(__name__)

TRIGGERS = [
    ("now", "Once, when launched"),
    ("date", "Once, on a date"),
    ("recurring", "Again and again"),
    ("birthday", "Birthday"),
    ("holiday", "Holiday"),
    ("new_customer", "New customer"),
    ("first_purchase", "First purchase"),
    ("purchase_amount", "Purchase above an amount"),
    ("purchase_product", "Purchase of a product or category"),
    ("nth_purchase", "Nth purchase"),
    ("visits", "Visits within a period"),
    ("streak", "Purchases in consecutive periods"),
    ("browsed", "Product looked at on the website"),
    ("points", "Points reached"),
    ("points_expiring", "Points about to lapse"),
    ("inactive", "No purchase for some time"),
    ("segment_in", "Segment entered"),
    ("segment_out", "Segment left"),
    ("stage_in", "Stage of the life cycle entered"),
    ("stage_out", "Stage of the life cycle left"),
    ("expiring", "Coupon unused before it expires"),
    ("anniversary", "Anniversary of the first purchase"),
    ("survey", "Survey answered"),
    ("claim", "Claimed on its page (QR code)"),
    ("follow", "After another campaign"),
]
# The whole audience gets these at once; of the others, whoever the event concerns.
AUDIENCE_TRIGGERS = ("now", "date", "recurring", "holiday")
ONCE_TRIGGERS = ("now", "date")
PURCHASE_TRIGGERS = (
    "first_purchase",
    "purchase_amount",
    "purchase_product",
    "nth_purchase",
    "visits",
    "streak",
)
# Tills that have lost their connection may tell of the last day for so long.
GRACE_HOURS = 1
UNITS = [
    ("day", "Days"),
    ("week", "Weeks"),
    ("month", "Months"),
    ("quarter", "Quarters"),
    ("year", "Years"),
]
TRIGGER_FIELDS = {
    "cap_count",
    "cap_days",
    "date_end",
    "follow_condition",
    "interval_number",
    "interval_type",
    "is_reminder",
    "parent_id",
    "repeat_nth",
    "start_at",
    "trigger",
    "trigger_amount",
    "trigger_categ_ids",
    "trigger_count",
    "trigger_days",
    "trigger_days_max",
    "trigger_holiday_id",
    "trigger_points",
    "trigger_product_ids",
    "trigger_program_id",
    "trigger_segment_id",
    "trigger_side",
    "trigger_stage",
    "trigger_survey_id",
}


class LoyaltyCampaignTriggerMixin(models.AbstractModel):
    """When a campaign gives its offer: the settings, and the run that looks for events.

    A trigger `x` has a method `_candidates_x`, which returns the query of those whom
    the event concerns. Each has an occasion, which starts with an ISO date or is empty;
    (campaign, customer, occasion) is unique, so that looking twice changes nothing.
    """

    _name = "loyalty.campaign.trigger.mixin"
    _description = "Triggers of Campaigns"

    company_id = fields.Many2one("res.company")
    currency_id = fields.Many2one(related="company_id.currency_id")
    trigger = fields.Selection(
        TRIGGERS,
        string="When",
        required=True,
        default="now",
        tracking=True,
        help="What makes the campaign give its offer.",
    )
    start_at = fields.Datetime(
        string="On", tracking=True, help="First time the offer is given."
    )
    date_end = fields.Date(
        string="Until",
        tracking=True,
        help="Last day on which the campaign gives its offer; empty for no end.",
    )
    interval_number = fields.Integer(string="Every", default=1)
    interval_type = fields.Selection(UNITS, string="Period", default="month")
    trigger_days = fields.Integer(string="Days")
    trigger_days_max = fields.Integer(
        string="Days at Most",
        help="Customers without a purchase for longer are left alone; 0 for no limit.",
    )
    trigger_side = fields.Selection(
        [("before", "before"), ("after", "after")],
        string="Before or After",
        required=True,
        default="before",
    )
    trigger_count = fields.Integer(string="How Often", default=3)
    repeat_nth = fields.Boolean(
        string="Every So Many", help="Not only once: at every so many purchases."
    )
    trigger_amount = fields.Monetary(
        string="Amount",
        help="Untaxed, net of discount, in company currency; reached or passed.",
    )
    trigger_product_ids = fields.Many2many(
        "product.product",
        "loyalty_campaign_product_rel",
        "campaign_id",
        "product_id",
        string="Products",
    )
    trigger_categ_ids = fields.Many2many(
        "product.category",
        "loyalty_campaign_category_rel",
        "campaign_id",
        "categ_id",
        string="Product Categories",
        help="With the categories below them.",
    )
    trigger_program_id = fields.Many2one(
        "loyalty.program",
        string="Of the Program",
        check_company=True,
        ondelete="restrict",
        help="Whose points are counted or lapse, or whose coupons; of the last two "
        "empty for any.",
    )
    trigger_points = fields.Float(string="Points Reached")
    trigger_segment_id = fields.Many2one(
        "loyalty.segment", string="Segment", check_company=True, ondelete="restrict"
    )
    trigger_stage = fields.Selection(
        STAGES,
        string="Stage",
        help="Stage of the customer's life cycle, as the customer figures say it.",
    )
    trigger_holiday_id = fields.Many2one(
        "loyalty.holiday", string="Holiday", check_company=True, ondelete="restrict"
    )
    trigger_survey_id = fields.Many2one(
        "survey.survey",
        string="Survey",
        ondelete="restrict",
        help="Answers count of those whom the survey knows: who logged in, or came by "
        "an invitation.",
    )
    cursor_purchase_id = fields.Integer(
        string="Purchases Seen up to",
        readonly=True,
        copy=False,
        help="Id of the last purchase that the campaign has looked at.",
    )
    horizon_purchase_id = fields.Integer(
        string="Purchases Known up to",
        readonly=True,
        copy=False,
        help="Id up to which no purchase is missing once the transactions of "
        "`horizon_waits` have ended.",
    )
    horizon_waits = fields.Char(readonly=True, copy=False)
    settled_purchase_id = fields.Integer(readonly=True, copy=False)
    last_occasion = fields.Char(
        readonly=True,
        copy=False,
        help="The last day for which the whole audience was drawn.",
    )
    known_segment_row_id = fields.Integer(readonly=True, copy=False)
    known_stage_row_id = fields.Integer(readonly=True, copy=False)
    triggered_at = fields.Datetime(
        string="Last Looked on",
        readonly=True,
        copy=False,
        help="When the campaign last looked for customers to give its offer to.",
    )
    trigger_sentence = fields.Char(
        string="What Will Happen", compute="_compute_trigger_sentence"
    )

    def _takes_whole_audience(self):
        """Tell whether everybody in the audience gets the offer at once."""
        return self.trigger in AUDIENCE_TRIGGERS

    def _is_standing(self):
        """Tell whether the campaign goes on giving after everybody has the offer."""
        self.ensure_one()
        return self.trigger not in ONCE_TRIGGERS

    def _waits_for_event(self):
        """Tell whether more members may come."""
        self.ensure_one()
        if self.trigger == "now":
            return False
        if self.trigger == "date":
            return not self.triggered_at
        return not (self._is_over() or self._journey_is_over())

    def _is_over(self):
        """Tell whether the campaign's last day has passed."""
        self.ensure_one()
        company = self.company_id
        if not self.date_end or self.date_end >= company._loyalty_today():
            return False
        if self.trigger not in PURCHASE_TRIGGERS:
            return True
        # What was bought on the last evening may be told later, or while we were down.
        closed = fields.Datetime.add(self._purchases_until(), hours=GRACE_HOURS)
        return bool(
            self.triggered_at
            and self.triggered_at >= closed
            and self.cursor_purchase_id >= self.settled_purchase_id
        )

    @api.model
    def _moments_ago(self, **period):
        """Return the moment so long ago, a naive datetime in UTC."""
        return fields.Datetime.subtract(fields.Datetime.now(), **period)

    @api.constrains("cap_count", "cap_days", *TRIGGER_FIELDS)
    def _check_trigger(self):
        for campaign in self:
            numbers = (
                campaign.interval_number - 1,
                campaign.trigger_days,
                campaign.trigger_days_max,
                campaign.trigger_count - 1,
                campaign.trigger_amount,
                campaign.trigger_points,
                campaign.cap_count,
                campaign.cap_days,
            )
            if min(numbers) < 0 or max(numbers) > 1_000_000_000:
                raise ValidationError(
                    self.env._(
                        "The campaign %(name)s has a number that makes no sense in "
                        "when it gives its offer: enter positive numbers.",
                        name=campaign.name,
                    )
                )

    def _start_trigger(self):
        """Note at launch from where on events count."""
        last, _holders = self._read_purchase_horizon()
        # Whoever launches need not see every customer's stages; the last id is told.
        stages = self.env["loyalty.stage.change"].sudo()
        stage = stages.search([], order="id desc", limit=1)
        for campaign in self:
            # Rows by hand of people the launcher may not read count as known, too.
            newest = (
                self.env["loyalty.segment.member"]
                .sudo()
                .search(
                    [("segment_id", "=", campaign.trigger_segment_id.id)],
                    order="id desc",
                    limit=1,
                )
            )
            campaign._write_own(
                {
                    "known_segment_row_id": newest.id or 0,
                    "known_stage_row_id": stage.id or 0,
                    "cursor_purchase_id": last,
                    "settled_purchase_id": last,
                    "horizon_purchase_id": last,
                    "horizon_waits": False,
                    "triggered_at": False,
                }
            )

    @api.model
    def _cron_trigger(self):
        """Look for events of all running campaigns, the most urgent campaign first."""
        cron = self.env["ir.cron"]
        campaigns = self.search(
            Domain("state", "=", "running") & Domain("trigger", "!=", "now"),
            # A look that was cut short goes on where it stopped.
            order="priority desc, triggered_at asc nulls first, id",
        )
        campaigns._settle_purchases()
        # Budgets first: what follows may take all the time there is.
        self._cron_guard()
        # A snapshot from here on sees every purchase up to what was just settled.
        cron._commit_progress(remaining=len(campaigns))
        for campaign in campaigns:
            more = True
            while more:
                more = campaign._attempt_trigger()
                if not cron._commit_progress(0 if more else 1):
                    self._trigger_issue()
                    return
        self._cron_guard()
        self._trigger_issue()

    def _attempt_trigger(self):
        """Look for the events of one campaign; an error leaves the others alone.

        :return: whether there is more to look at
        """
        try:
            with self.env.cr.savepoint():
                return self._look_for_events()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            # Somebody else changed the same rows: the next look finds the same events.
            self.invalidate_recordset()
            return False
        except Exception as error:
            _logger.exception("Trigger of campaign %s failed", self.id)
            self.invalidate_recordset()
            self._stop_with_reason(
                self.env._(
                    "The trigger failed: %(error)s Press Resume when the cause is "
                    "gone; nothing is missed.",
                    error=error,
                )
            )
            return False

    def _look_for_events(self):
        """Write the members whom events since the last time concern.

        :return: whether there is more to look at
        """
        self.ensure_one()
        if not self.try_lock_for_update() or self.state != "running":
            return False
        if self._is_over():
            self._finish()
            return False
        due = self._due_day()
        candidates = due is not None and getattr(self, f"_candidates_{self.trigger}")()
        if candidates:
            self._take_candidates(candidates)
        if due and due != self.last_occasion:
            self._write_own({"last_occasion": due})
        more = self.trigger in PURCHASE_TRIGGERS and self._move_cursor()
        if self.trigger != "date" or candidates:
            self._write_own({"triggered_at": fields.Datetime.now()})
        if self._journey_is_over():
            self._finish()
        return more

    def _due_day(self):
        """Return the occasion for which the whole audience is drawn now, as a text.

        Empty for triggers without such a day, None when the day was drawn before: who
        comes into the audience later is not meant.
        """
        self.ensure_one()
        if self.trigger == "date":
            return None if self.triggered_at else ""
        if self.trigger not in ("holiday", "recurring"):
            return ""
        day = getattr(self, f"_{self.trigger}_due")()
        return day if day and day > (self.last_occasion or "") else None

    def _take_candidates(self, candidates):
        """Write candidates as members and count them."""
        if self.trigger in AUDIENCE_TRIGGERS:
            self._refresh_audience()
        before = self.treated_count
        treated, control = self._assign_members(candidates)
        if (treated, control) != (before, self.control_count):
            self._write_own({"treated_count": treated, "control_count": control})
        if self.is_reminder and treated > before:
            self._log_batch(treated - before, 0, 0.0)
            self._trigger_messages()

    def action_backtest(self):
        """Replay the purchases of the last days through the campaign."""
        self.ensure_one()
        trial = self.env["loyalty.campaign.backtest"].create({"campaign_id": self.id})
        return trial.action_replay()

    def action_trigger_now(self):
        """Look for events now, instead of at the next scheduled time."""
        self._expect_state("running")
        self.check_access("write")
        # The cron's user may run crons; who may press the button was just checked.
        self.env.ref("loyalty_coupon_crm.ir_cron_campaign_triggers").sudo()._trigger()
