from odoo import fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

# An offer without end is watched for so long.
DEFAULT_DAYS = 30
CONDITIONS = [
    ("unused", "did not use it"),
    ("unseen", "did not look at it"),
    ("used", "used it"),
    ("any", "got it"),
]


class LoyaltyCampaignJourneyMixin(models.AbstractModel):
    """Campaigns that follow another one: remind, improve the offer, say thanks."""

    _name = "loyalty.campaign.journey.mixin"
    _description = "Journeys of Campaigns"

    parent_id = fields.Many2one(
        "loyalty.campaign",
        string="Follows",
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
        tracking=True,
        help="Campaign whose customers get this one next.",
    )
    child_ids = fields.One2many("loyalty.campaign", "parent_id", string="Followed by")
    follow_condition = fields.Selection(
        CONDITIONS, string="If the Customer", required=True, default="unused"
    )
    is_reminder = fields.Boolean(
        string="Remind Only",
        help="Write about the coupon the customer has, instead of giving a new one.",
    )

    def _check_journey(self):
        """Refuse a journey that comes back to where it was.

        :raise ValidationError: when a campaign follows itself
        """
        if self._has_cycle():
            raise ValidationError(
                self.env._(
                    "A campaign cannot follow itself, not even by way of others: "
                    "choose another one to follow."
                )
            )

    def _journey_is_over(self):
        """Tell whether the campaign it follows will bring nobody any more."""
        self.ensure_one()
        parent = self.parent_id
        if self.trigger != "follow" or parent.state not in ("done", "cancelled"):
            return False
        if not self.triggered_at:
            return False
        days = self.trigger_days + 1
        if self.follow_condition == "used":
            days += parent.validity_days or DEFAULT_DAYS
        waiting = self.env["loyalty.campaign.member"].search_count(
            [
                ("campaign_id", "=", parent.id),
                # Not by the clock: nobody looked while the campaign was stopped.
                (
                    "issued_at",
                    ">",
                    fields.Datetime.subtract(self.triggered_at, days=days),
                ),
            ],
            limit=1,
        )
        return not waiting

    def _candidates_follow(self):
        """Customers who got the other campaign so many days ago, and what they did."""
        self.env["loyalty.campaign.member"].flush_model()
        self.env["loyalty.card"]._flush_for_state()
        used = SQL(
            """
            EXISTS (SELECT FROM loyalty_redemption use
                     WHERE use.card_id = member.card_id AND use.date >= member.issued_at
                       AND %s)
            """,
            self.env["loyalty.redemption"]._live_sql("use"),
        )
        self.env["loyalty.redemption"].flush_model()
        conditions = {
            "unused": SQL("AND NOT %s", used),
            "unseen": SQL(
                "AND card.first_seen_at IS NULL AND member.opened_at IS NULL"
                " AND NOT %s",
                used,
            ),
            "used": SQL("AND %s", used),
            "any": SQL(),
        }
        return SQL(
            """
            SELECT member.partner_id,
                   member.issued_at::date || '/' || member.id AS occasion,
                   %(card)s AS card_id
              FROM loyalty_campaign_member member
              JOIN loyalty_card card ON card.id = member.card_id
             WHERE member.campaign_id = %(parent)s
               AND member.state = 'issued'
               AND member.issued_at <= %(until)s
               AND member.issued_at > %(since)s
               %(open)s
               %(condition)s
            """,
            card=SQL("member.card_id") if self.is_reminder else SQL("NULL::integer"),
            parent=self.parent_id.id,
            until=self._moments_ago(days=self.trigger_days),
            since=fields.Datetime.subtract(
                self.launched_at, days=self.trigger_days + 1
            ),
            open=SQL(
                "AND %s IN ('issued', 'seen')",
                self.env["loyalty.card"]._state_sql("card"),
            )
            if self.is_reminder
            else SQL(),
            condition=conditions[self.follow_condition],
        )
