from odoo import api, fields, models

GOALS = [
    ("welcome", "Welcome new customers"),
    ("second", "Bring them back for a second purchase"),
    ("birthday", "Birthday"),
    ("win_back", "Win back after 60 days"),
    ("category", "Thank lovers of a category"),
    ("big_spender", "Thank for a large purchase"),
    ("unused", "Remind of unused coupons"),
    ("member_day", "Member day every month"),
    ("double_11", "Double 11"),
]


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
    mail_template_id = fields.Many2one(
        "mail.template",
        string="Message",
        domain=[("model", "=", "loyalty.card")],
        default=lambda self: self.env.ref(
            "loyalty_coupon_crm.mail_template_coupon", raise_if_not_found=False
        ),
    )
    categ_id = fields.Many2one("product.category", string="Category")
    amount = fields.Monetary(string="From Amount", default=500)
    currency_id = fields.Many2one(related="company_id.currency_id")
    trigger_sentence = fields.Char(
        string="What Will Happen", compute="_compute_trigger_sentence"
    )

    @api.depends("goal", "program_id", "segment_id", "categ_id", "amount", "company_id")
    def _compute_trigger_sentence(self):
        for start in self:
            draft = self.env["loyalty.campaign"].new(start._prepare_campaign())
            start.trigger_sentence = draft.trigger_sentence

    def _goal_values(self):
        """Return {goal: values of its campaign}."""
        today = self.company_id._loyalty_today()
        next_month = fields.Date.add(fields.Date.start_of(today, "month"), months=1)
        double_11 = self.env.ref(
            "loyalty_coupon_crm.loyalty_holiday_double_11", raise_if_not_found=False
        )
        return {
            "welcome": {"trigger": "new_customer"},
            "second": {"trigger": "first_purchase"},
            "birthday": {"trigger": "birthday", "trigger_days": 7},
            "win_back": {
                "trigger": "inactive",
                "trigger_days": 60,
                "trigger_days_max": 365,
            },
            "category": {
                "trigger": "purchase_product",
                "trigger_categ_ids": self.categ_id.ids,
                "cap_count": 1,
                "cap_days": 90,
            },
            "big_spender": {
                "trigger": "purchase_amount",
                "trigger_amount": self.amount,
                "cap_count": 1,
                "cap_days": 30,
            },
            "unused": {"trigger": "expiring", "trigger_days": 7, "is_reminder": True},
            "member_day": {
                "trigger": "recurring",
                "start_at": self.company_id._loyalty_day_start(next_month),
                "interval_type": "month",
            },
            "double_11": {
                "trigger": "holiday",
                "trigger_days": 7,
                "trigger_holiday_id": double_11.id if double_11 else False,
            },
        }

    def _prepare_campaign(self):
        """Return the values of the draft."""
        goals = dict(self._fields["goal"]._description_selection(self.env))
        return {
            "name": goals.get(self.goal, ""),
            "company_id": self.company_id.id,
            "program_id": self.program_id.id,
            "segment_id": self.segment_id.id,
            "mail_template_id": self.mail_template_id.id,
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
