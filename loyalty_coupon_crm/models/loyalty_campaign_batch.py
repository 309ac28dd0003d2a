from odoo import fields, models


class LoyaltyCampaignBatch(models.Model):
    """One batch that the runner issued: the log and the counters of a campaign.

    Each runner adds rows of its own, so that two of them never wait for each other.
    """

    _name = "loyalty.campaign.batch"
    _description = "Campaign Run"
    _order = "id desc"
    _log_access = False
    _rec_name = "date"

    campaign_id = fields.Many2one(
        "loyalty.campaign", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one("res.company", required=True)
    date = fields.Datetime(required=True)
    issued_count = fields.Integer(string="Issued")
    skipped_count = fields.Integer(string="Skipped")
    failed_count = fields.Integer(
        string="Failed", help="Below zero when members are to be tried again."
    )
    seconds = fields.Float(aggregator="sum")
