from odoo import fields, models


class LoyaltyCampaignMember(models.Model):
    """One customer on one occasion of a campaign, the control group included."""

    _name = "loyalty.campaign.member"
    _description = "Campaign Member"
    _log_access = False
    _rec_name = "partner_id"

    campaign_id = fields.Many2one(
        "loyalty.campaign", required=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", required=True)
    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null", ondelete="set null"
    )
    occasion = fields.Char(
        required=True, help="The occasion, empty text for a single issue."
    )
    variant_id = fields.Many2one(
        "loyalty.campaign.variant", string="Arm", index="btree_not_null"
    )
    arm = fields.Selection(
        [("treated", "Treated"), ("control", "Control"), ("holdout", "Holdout")],
        string="Group",
        required=True,
    )
    state = fields.Selection(
        [
            ("todo", "To issue"),
            ("issued", "Issued"),
            ("skipped", "Skipped"),
            ("failed", "Failed"),
        ],
        required=True,
        default="todo",
    )
    card_id = fields.Many2one("loyalty.card", index="btree_not_null")
    assigned_at = fields.Datetime(string="Assigned on", required=True)
    issued_at = fields.Datetime(string="Issued on")
    reason = fields.Char()

    _occasion_unique = models.Constraint(
        "UNIQUE(campaign_id, partner_id, occasion)",
        "The customer already takes part in this campaign on this occasion.",
    )
    _todo_index = models.Index("(campaign_id, id) WHERE state = 'todo'")
