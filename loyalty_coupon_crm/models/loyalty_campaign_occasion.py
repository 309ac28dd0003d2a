from odoo import api, fields, models
from odoo.tools import SQL

from .loyalty_campaign_plan_mixin import DAILY_TRIGGERS
from .loyalty_campaign_trigger_mixin import AUDIENCE_TRIGGERS


class LoyaltyCampaignOccasion(models.Model):
    """One day on which a campaign gives its offer: read from what is planned."""

    _name = "loyalty.campaign.occasion"
    _description = "Planned Day of a Campaign"
    _auto = False
    _order = "moment, id"
    _rec_name = "campaign_id"
    _depends = {
        "loyalty.campaign": [
            "active",
            "company_id",
            "planned_days",
            "program_id",
            "segment_id",
            "state",
            "trigger",
            "user_id",
        ],
    }

    campaign_id = fields.Many2one("loyalty.campaign", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    program_id = fields.Many2one("loyalty.program", string="Offer", readonly=True)
    segment_id = fields.Many2one("loyalty.segment", string="Audience", readonly=True)
    user_id = fields.Many2one("res.users", string="Responsible", readonly=True)
    state = fields.Selection(
        selection=lambda self: (
            self.env["loyalty.campaign"]
            ._fields["state"]
            ._description_selection(self.env)
        ),
        readonly=True,
    )
    trigger = fields.Selection(
        selection=lambda self: (
            self.env["loyalty.campaign"]
            ._fields["trigger"]
            ._description_selection(self.env)
        ),
        string="When",
        readonly=True,
    )
    trigger_sentence = fields.Char(related="campaign_id.trigger_sentence")
    moment = fields.Datetime(
        string="Given on",
        readonly=True,
        help="When the offer is given; the whole day for birthdays and holidays.",
    )
    is_all_day = fields.Boolean(string="All Day", readonly=True)
    day = fields.Date(
        string="Day of Giving", readonly=True, help="In the company's time zone."
    )
    occasion = fields.Date(
        readonly=True,
        help="The birthday or holiday itself; the offer may come before or after it.",
    )
    customer_count = fields.Integer(
        string="Customers",
        compute="_compute_customer_count",
        help="Customers of that day as far as they are known now, the control group "
        "included.",
    )
    is_counted = fields.Boolean(compute="_compute_customer_count")

    @property
    def _table_query(self):
        # A day has one row per campaign: its id stays the same when others come.
        return SQL(
            """
            SELECT campaign.id::bigint * 10000000
                       + ((planned.item ->> 1)::date - DATE '2000-01-01') AS id,
                   campaign.id AS campaign_id, campaign.company_id,
                   campaign.program_id, campaign.segment_id, campaign.user_id,
                   campaign.state, campaign.trigger,
                   (planned.item ->> 0)::timestamp AS moment,
                   campaign.trigger = ANY(%s) AS is_all_day,
                   (planned.item ->> 1)::date AS day,
                   (planned.item ->> 2)::date AS occasion
              FROM loyalty_campaign campaign
             CROSS JOIN LATERAL jsonb_array_elements(campaign.planned_days)
                             AS planned (item)
             WHERE campaign.active
            """,
            ["holiday", *DAILY_TRIGGERS],
        )

    @api.depends("campaign_id", "occasion")
    def _compute_customer_count(self):
        for campaign, rows in self.grouped("campaign_id").items():
            known = campaign.trigger in (*AUDIENCE_TRIGGERS, *DAILY_TRIGGERS)
            found = campaign._count_planned(rows.mapped("occasion")) if known else {}
            for row in rows:
                row.is_counted = known
                row.customer_count = found.get(row.occasion, 0)

    def action_open_campaign(self):
        """Open the campaign of the day."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "loyalty.campaign",
            "res_id": self.campaign_id.id,
            "view_mode": "form",
        }
