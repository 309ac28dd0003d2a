from odoo import api, fields, models

GOALS = [
    ("welcome", "Welcome new customers"),
    ("second", "Bring them back for a second purchase"),
    ("birthday", "Birthday"),
    ("win_back", "Win back after 60 days"),
    ("category", "Thank lovers of a category"),
    ("big_spender", "Thank for a large purchase"),
    ("unused", "Remind of unused coupons"),
    ("expiring_points", "Remind of points about to lapse"),
    ("member_day", "Member day every month"),
    ("double_11", "Double 11"),
    ("claim", "Win new customers with a QR code"),
    ("survey", "Thank for an answered survey"),
]
# Days that the event of a goal is away from the offer.
GOAL_DAYS = {
    "birthday": 7,
    "double_11": 7,
    "expiring_points": 14,
    "unused": 7,
    "win_back": 60,
}
REMINDERS = ("unused", "expiring_points")


class LoyaltyCampaignStart(models.TransientModel):
    """Ready-made campaigns: a goal, an offer and an audience make a draft."""

    _name = "loyalty.campaign.start"
    _description = "New Campaign from a Goal"
    _check_company_auto = True

    goal = fields.Selection(GOALS, required=True, default="welcome")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    program_id = fields.Many2one(
        "loyalty.program",
        string="Offer",
        check_company=True,
        domain=[("program_type", "in", ("coupons", "gift_card", "loyalty", "ewallet"))],
    )
    segment_id = fields.Many2one(
        "loyalty.segment",
        string="Audience",
        check_company=True,
        help="Empty for all customers, where the goal allows it.",
    )
    points = fields.Float(default=1.0, help="Points put on each card.")
    validity_days = fields.Integer(
        string="Valid for",
        compute="_compute_validity_days",
        store=True,
        readonly=False,
        help="Days after issue, the last one included; 0 for no end.",
    )
    trigger_days = fields.Integer(
        string="Days", compute="_compute_by_goal", store=True, readonly=False
    )
    start_at = fields.Datetime(
        string="First Time", compute="_compute_by_goal", store=True, readonly=False
    )
    date_end = fields.Date(string="Until", help="Last day; empty for no end.")
    survey_id = fields.Many2one("survey.survey")
    mail_template_id = fields.Many2one(
        "mail.template",
        string="E-mail",
        domain=[("model", "=", "loyalty.card")],
        compute="_compute_by_goal",
        store=True,
        readonly=False,
    )
    sms_template_id = fields.Many2one(
        "sms.template",
        string="Text Message",
        domain=[("model", "=", "loyalty.card")],
    )
    text_gateway = fields.Selection(
        selection=lambda self: self.env["loyalty.campaign"]._select_text_gateway(),
        string="Text Messages by",
        default="sms",
        required=True,
    )
    call_user_id = fields.Many2one(
        "res.users", string="Call List for", domain=[("share", "=", False)]
    )
    control_percent = fields.Float(
        string="Control Group", compute="_compute_by_goal", store=True, readonly=False
    )
    no_control_reason = fields.Char(
        string="Reason", compute="_compute_by_goal", store=True, readonly=False
    )
    budget_coupons = fields.Integer(
        string="Customers at Most", help="0 for no limit; drawn at random."
    )
    budget_amount = fields.Monetary(
        string="Budget in Money", help="0 for no limit; the campaign stops there."
    )
    cap_count = fields.Integer(
        string="At Most per Customer",
        compute="_compute_by_goal",
        store=True,
        readonly=False,
    )
    cap_days = fields.Integer(
        string="Within Days", compute="_compute_by_goal", store=True, readonly=False
    )
    audience_count = fields.Integer(
        string="Customers in the Audience", compute="_compute_preview"
    )
    preview_treated = fields.Integer(string="Get the Offer", compute="_compute_preview")
    preview_control = fields.Integer(
        string="Control Customers", compute="_compute_preview"
    )
    cost_max = fields.Monetary(string="Cost at Most", compute="_compute_preview")
    cost_expected = fields.Monetary(string="Expected Cost", compute="_compute_preview")
    cost_is_open = fields.Boolean(compute="_compute_preview")
    problems = fields.Text(string="Still Missing", compute="_compute_preview")
    categ_id = fields.Many2one("product.category", string="Category")
    amount = fields.Monetary(string="From Amount", default=500)
    currency_id = fields.Many2one(related="company_id.currency_id")
    trigger_sentence = fields.Char(
        string="What Will Happen", compute="_compute_trigger_sentence"
    )

    @api.depends("goal", "company_id")
    def _compute_by_goal(self):
        caps = {"category": (1, 90), "big_spender": (1, 30)}
        for start in self:
            goal = start.goal
            today = start.company_id._loyalty_today()
            month = fields.Date.add(fields.Date.start_of(today, "month"), months=1)
            is_claim = goal == "claim"
            start.trigger_days = GOAL_DAYS.get(goal, 0)
            start.start_at = (
                start.company_id._loyalty_day_start(month)
                if goal == "member_day"
                else False
            )
            start.mail_template_id = start._template_of_goal()
            start.control_percent = 0.0 if is_claim else 10.0
            start.no_control_reason = (
                self.env._("Whoever claims the offer gets it") if is_claim else False
            )
            start.cap_count, start.cap_days = caps.get(goal, (0, 0))

    def _template_of_goal(self):
        """Return our e-mail that suits the goal, if it is still there."""
        name = "expiry" if self.goal == "expiring_points" else "coupon"
        return self.env.ref(
            f"loyalty_coupon_crm.mail_template_{name}", raise_if_not_found=False
        )

    @api.depends("program_id")
    def _compute_validity_days(self):
        for start in self:
            program = start.program_id
            start.validity_days = program and program._issue_validity_days()

    @api.depends(
        "amount",
        "categ_id",
        "company_id",
        "date_end",
        "goal",
        "program_id",
        "segment_id",
        "start_at",
        "survey_id",
        "trigger_days",
        "cap_count",
        "cap_days",
    )
    def _compute_trigger_sentence(self):
        for start in self:
            start.trigger_sentence = start._draft().trigger_sentence

    @api.depends(
        "budget_coupons",
        "call_user_id",
        "control_percent",
        "mail_template_id",
        "no_control_reason",
        "points",
        "sms_template_id",
        "trigger_sentence",
        "validity_days",
    )
    def _compute_preview(self):
        for start in self:
            draft = start._draft()
            start.audience_count = draft.audience_count
            start.preview_treated = draft.preview_treated
            start.preview_control = draft.preview_control
            start.cost_max = draft.cost_max
            start.cost_expected = draft.cost_expected
            start.cost_is_open = draft.cost_is_open
            start.problems = "\n".join(draft._launch_problems())

    def _draft(self):
        """Return the campaign as it would be, not saved."""
        campaigns = self.env["loyalty.campaign"]
        defaults = campaigns.default_get(list(campaigns._fields))
        return campaigns.new({**defaults, **self._prepare_campaign()})

    def _goal_values(self):
        """Return {goal: values of its campaign}."""
        double_11 = self.env.ref(
            "loyalty_coupon_crm.loyalty_holiday_double_11", raise_if_not_found=False
        )
        return {
            "welcome": {"trigger": "new_customer"},
            "second": {"trigger": "first_purchase"},
            "birthday": {"trigger": "birthday"},
            "win_back": {"trigger": "inactive", "trigger_days_max": 365},
            "category": {
                "trigger": "purchase_product",
                "trigger_categ_ids": self.categ_id.ids,
            },
            "big_spender": {
                "trigger": "purchase_amount",
                "trigger_amount": self.amount,
            },
            "unused": {"trigger": "expiring"},
            "expiring_points": {"trigger": "points_expiring"},
            "member_day": {"trigger": "recurring", "interval_type": "month"},
            "double_11": {
                "trigger": "holiday",
                "trigger_holiday_id": double_11.id if double_11 else False,
            },
            "claim": {"trigger": "claim"},
            "survey": {"trigger": "survey", "trigger_survey_id": self.survey_id.id},
        }

    def _prepare_campaign(self):
        """Return the values of the draft."""
        goals = dict(self._fields["goal"]._description_selection(self.env))
        return {
            "name": goals.get(self.goal, ""),
            "company_id": self.company_id.id,
            "is_reminder": self.goal in REMINDERS,
            "program_id": self.goal not in REMINDERS and self.program_id.id,
            "points": self.points,
            "validity_days": self.validity_days,
            "segment_id": self.segment_id.id,
            "trigger_days": self.trigger_days,
            "start_at": self.start_at,
            "date_end": self.date_end,
            "mail_template_id": self.mail_template_id.id,
            "sms_template_id": self.sms_template_id.id,
            "text_gateway": self.text_gateway,
            "call_user_id": self.call_user_id.id,
            "control_percent": self.control_percent,
            "no_control_reason": self.no_control_reason,
            "budget_coupons": self.budget_coupons,
            "budget_amount": self.budget_amount,
            "cap_count": self.cap_count,
            "cap_days": self.cap_days,
            **self._goal_values().get(self.goal, {}),
        }

    def action_create(self):
        """Create the draft and open it, to be checked and launched."""
        self.ensure_one()
        campaign = self.env["loyalty.campaign"].create(self._prepare_campaign())
        return {
            "type": "ir.actions.act_window",
            "res_model": "loyalty.campaign",
            "res_id": campaign.id,
            "view_mode": "form",
        }
