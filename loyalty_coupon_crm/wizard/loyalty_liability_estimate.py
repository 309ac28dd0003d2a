from odoo import api, fields, models


class LoyaltyLiabilityEstimate(models.TransientModel):
    """What the points of one program owe today, as its next proposal would say it.

    Nothing is proposed by looking: the rows are of who looked, and are thrown away.
    """

    _name = "loyalty.liability.estimate"
    _inherit = "loyalty.point.liability.figures.mixin"
    _description = "Points Liability Today"
    _rec_name = "program_id"
    _order = "company_id, program_id, id"

    date_from = fields.Date(
        string="Since",
        readonly=True,
        help="The day after the last proposal; empty when there was none.",
    )
    date = fields.Date(
        string="As of", readonly=True, help="Today, in the company's time zone."
    )
    earned = fields.Float(
        string="Points Earned",
        readonly=True,
        help="Since the last proposal, by sales, less what refunds took back.",
    )
    redeemed = fields.Float(
        string="Points Redeemed", readonly=True, help="Since the last proposal."
    )
    allocated = fields.Monetary(
        string="Deferred",
        readonly=True,
        help="Part of the sales since the last proposal that belongs to the points "
        "(IFRS 15).",
    )
    recognised = fields.Monetary(
        readonly=True, help="Revenue of the points redeemed since the last proposal."
    )
    amount = fields.Monetary(
        string="Contract Liability",
        readonly=True,
        help="Deferred to date less recognised to date: what the books would say after "
        "a proposal of today.",
    )

    @api.model
    def action_open(self):
        """Compute the liability of all programs of the user's companies, and show it.

        :raise AccessError: for who may not read it
        """
        self.browse().check_access("read")
        # Managers and auditors get sums, not the wallets and purchases behind them.
        rows = self.sudo().create(
            [
                {name: vals[name] for name in vals if name in self._fields}
                for company in self.env.companies
                for vals in self._prepare(company.sudo())
            ]
        )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_liability_estimate_action"
        )
        return {**action, "domain": [("id", "in", rows.ids)]}

    @api.model
    def _prepare(self, company):
        """Return the values of the rows of a company, those of its proposal of today.

        :param company: `res.company` record, with the rights to read facts
        """
        liabilities = company.env["loyalty.point.liability"]
        return liabilities._prepare(
            company, liabilities._valued_programs(company), company._loyalty_today()
        )
