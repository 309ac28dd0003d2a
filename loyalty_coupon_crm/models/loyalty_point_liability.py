from odoo import api, fields, models
from odoo.fields import Command

from ..tools import liability


class LoyaltyPointLiability(models.Model):
    """What the points of one program owe in one company at the end of a day.

    Points that were earned by sales, per company of the sale. Opening rows are none of
    them: what an import brings was earned elsewhere, and what it owes is in the books
    since; what an archive leaves is known from the awards that it folded. Rows follow
    each other in time and are never changed: each knows what was allocated and
    recognised up to it.
    """

    _name = "loyalty.point.liability"
    _inherit = [
        "loyalty.point.liability.facts.mixin",
        "loyalty.point.liability.figures.mixin",
    ]
    _description = "Points Liability"
    _order = "date desc, company_id, program_id, id desc"
    _rec_name = "program_id"

    company_id = fields.Many2one(required=True)
    program_id = fields.Many2one(required=True, ondelete="restrict", index=True)
    date_from = fields.Date(string="From", readonly=True)
    date = fields.Date(string="At the End of", required=True, readonly=True)
    earned = fields.Float(
        string="Points Earned",
        readonly=True,
        help="In the period, by sales, less what refunds took back.",
    )
    sales_amount = fields.Monetary(
        string="Sales",
        readonly=True,
        help="Net amount of the purchases that earned points, in the period.",
    )
    redeemed = fields.Float(
        string="Points Redeemed", readonly=True, help="In the period."
    )
    redeemed_total = fields.Float(
        string="Redeemed to Date", readonly=True, aggregator=None
    )
    expected_total = fields.Float(
        string="Expected to Be Redeemed",
        readonly=True,
        aggregator=None,
        help="In total: redeemed to date and expected of the points outstanding.",
    )
    allocated = fields.Monetary(
        string="Deferred",
        readonly=True,
        help="Part of the sales of the period that belongs to the points, by "
        "stand-alone selling prices (IFRS 15). Of a sale that earned points of several "
        "programs each gets its part, and the goods theirs.",
    )
    allocated_total = fields.Monetary(
        string="Deferred to Date", readonly=True, aggregator=None
    )
    recognised = fields.Monetary(
        readonly=True,
        help="Revenue of the period: what is recognised to date less what was before.",
    )
    recognised_total = fields.Monetary(
        string="Recognised to Date",
        readonly=True,
        aggregator=None,
        help="Deferred to date × points redeemed to date ÷ points expected to be "
        "redeemed in total.",
    )
    amount = fields.Monetary(
        string="Contract Liability",
        readonly=True,
        help="Deferred to date less recognised to date.",
    )
    move_id = fields.Many2one(
        "account.move",
        string="Journal Entry",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
        help="The draft that was proposed; deleting it deletes the row.",
    )
    line_ids = fields.One2many(
        "loyalty.point.liability.line", "liability_id", string="Months of Earning"
    )

    _program_date_index = models.Index("(company_id, program_id, date)")

    @api.model
    def _latest(self, company, programs):
        """Return {program: its latest row that counts}; cancelled entries do not."""
        rows = self.search(
            [
                ("company_id", "=", company.id),
                ("program_id", "in", programs.ids),
                "|",
                ("move_id", "=", False),
                ("move_id.state", "!=", "cancel"),
            ],
            order="date, id",
        )
        return {row.program_id: row for row in rows}

    @api.model
    def _prepare(self, company, programs, date):
        """Return the values of the rows of programs at the end of a day.

        :param company: `res.company` record
        :param date: the day, in the company's time zone
        :return: list of dicts, `line_ids` included
        """
        for name in ("move", "allocation"):
            self.env[f"loyalty.point.{name}"].flush_model()
        self.env["loyalty.purchase"].flush_model()
        latest = self._latest(company, programs)
        until = company._loyalty_day_start(fields.Date.add(date, days=1))
        valued = self._valued_programs(company)
        starts = {
            program: company._loyalty_day_start(fields.Date.add(row.date, days=1))
            for program, row in latest.items()
        }
        moments = sorted(set(starts.values()))
        everyone = programs | valued
        sharing = self._read_sharing(everyone)
        facts = {
            program: self._read_facts(company, program, date, until, moments, sharing)
            for program in everyone
        }
        estimates = {
            program: self._estimate(company, program, date, facts[program])
            for program in everyone
        }
        rows = []
        for program in programs:
            since = starts.get(program)
            place = moments.index(since) + 1 if since else 0
            sales = self._read_sales(company, program, since, until, sharing)
            rows.append(
                self._prepare_row(
                    company,
                    program,
                    date,
                    latest.get(program, self),
                    estimates,
                    self._prepare_flows(facts[program], sales, place),
                    self._shared(program, valued | program, facts, sales, place),
                )
            )
        return rows

    @api.model
    def _valued_programs(self, company):
        """Return the programs that may earn points of a value in a company."""
        # Archived ones earned before they were.
        programs = self.env["loyalty.program"].with_context(active_test=False)
        return programs.search(
            [
                ("program_type", "=", "loyalty"),
                ("points_value", ">", 0),
                ("company_id", "in", [False, company.id]),
            ]
        )

    @api.model
    def _estimate(self, company, program, date, facts):
        """Return the `liability.Estimate` of a program at the end of a day."""
        return liability.Estimate(
            liability.cohorts_of(facts, date),
            program.expected_breakage / 100.0,
            self._worth_of_point(company, program, date),
            sum(fact.expiring for fact in facts),
        )

    @api.model
    def _prepare_flows(self, facts, sales, place):
        """Return points earned and redeemed, and the sales that earned, in a period.

        :param place: facts from that place on are of the period
        """
        later = [fact for fact in facts if fact.place >= place]
        return {
            "earned": sum(fact.earned for fact in later),
            "redeemed": sum(fact.redeemed for fact in later),
            "sales_amount": sum(sales.values()),
        }

    @api.model
    def _shared(self, program, valued, facts, sales, place):
        """Return the sales of a period that earned points of several programs.

        :param valued: programs whose points have a value, and this one
        :param facts: {program: list of `liability.Fact`}
        :param sales: {ids of the programs that earned on them: net amount}
        :param place: facts from that place on are of the period
        :return: list of (net amount, {program: points earned}), one per group of
            programs that earned on the same documents
        """
        known = set(valued.ids)
        groups = {}

        def group_of(ids):
            key = known.intersection(ids)
            if program.id not in key or len(key) < 2:
                return None
            return groups.setdefault(frozenset(key), [0.0, {}])

        for ids, amount in sales.items():
            if group := group_of(ids):
                group[0] += amount
        for one in valued:
            for fact in facts[one]:
                group = group_of(fact.programs) if fact.place >= place else None
                if group:
                    group[1][one] = group[1].get(one, 0.0) + fact.earned
        return list(groups.values())

    def _prepare_row(self, company, program, date, before, estimates, flows, shared):
        """Return the values of one row.

        :param before: the row before, may be empty
        :param estimates: {program: `liability.Estimate`} of all programs
        :param flows: as of `_prepare_flows`
        :param shared: as of `_shared`
        """
        start = before.date and fields.Date.add(before.date, days=1)
        until = company._loyalty_day_start(fields.Date.add(date, days=1))
        estimate = estimates[program]
        redeemed_total = before.redeemed_total + flows["redeemed"]
        expected_total = redeemed_total + estimate.coming
        return {
            "company_id": company.id,
            "program_id": program.id,
            "date_from": start,
            "date": date,
            **flows,
            "points_value": estimate.worth,
            "redeemed_total": redeemed_total,
            "outstanding": estimate.open_points,
            "outstanding_all": self._read_balances(company, program, until),
            "expiring": estimate.expiring,
            "breakage_rate": estimate.breakage_rate,
            "expected_use": estimate.expected_use,
            "expected_total": expected_total,
            "fair_amount": company.currency_id.round(estimate.coming * estimate.worth),
            **self._prepare_revenue(
                company,
                before,
                company.currency_id.round(
                    self._allocated(program, before, flows, shared, estimates)
                ),
                redeemed_total,
                expected_total,
            ),
            "line_ids": [
                Command.create(self._prepare_line(month, cohort, estimate.uses[month]))
                for month, cohort in sorted(estimate.cohorts.items())
            ],
        }

    def _allocated(self, program, before, flows, shared, estimates):
        """Return what of the period's sales belongs to its points.

        When refunds took back more than was earned, a part of what was deferred before.

        :param shared: sales on which other programs earned, too, as of `_shared`
        :param estimates: {program: `liability.Estimate`}
        """
        if flows["earned"] < 0:
            earlier = sum(before._chain().mapped("earned"))
            share = min(1.0, -flows["earned"] / earlier) if earlier > 0 else 0.0
            return -before.allocated_total * share
        alone = flows["sales_amount"] - sum(sales for sales, _points in shared)
        points = flows["earned"] - sum(
            earned.get(program, 0.0) for _sales, earned in shared
        )
        price = estimates[program].price
        allocated = liability.allocate(alone, price(points))
        for sales, earned in shared:
            prices = {one: estimates[one].price(earned[one]) for one in earned}
            beside = sum(prices.values()) - prices.get(program, 0.0)
            allocated += liability.allocate(sales, prices.get(program, 0.0), beside)
        return allocated

    def _prepare_revenue(self, company, before, allocated, redeemed, expected):
        """Return what is deferred, what is revenue by now, and what is still owed."""
        deferred = before.allocated_total + allocated
        total = company.currency_id.round(
            liability.recognise(deferred, redeemed, expected)
        )
        return {
            "allocated": allocated,
            "allocated_total": deferred,
            "recognised_total": total,
            "recognised": total - before.recognised_total,
            "amount": deferred - total,
        }

    def _chain(self):
        """Return the rows of the same program and company up to this one."""
        if not self:
            return self
        return self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("program_id", "=", self.program_id.id),
                ("date", "<=", self.date),
                "|",
                ("move_id", "=", False),
                ("move_id.state", "!=", "cancel"),
            ]
        )

    @api.model
    def _prepare_line(self, month, cohort, use):
        return {
            "cohort": month,
            "earned": cohort.earned,
            "used": cohort.used_points,
            "lapsed": cohort.lapsed_points,
            "open_points": cohort.open_points,
            "expected_use": use,
            "breakage_rate": liability.breakage_rate([cohort]) or 0.0,
        }

    @api.model
    def _worth_of_point(self, company, program, date):
        """Return the value of one point in company currency, at the rate of a day."""
        return program.currency_id._convert(
            program.points_value, company.currency_id, company, date, round=False
        )

    def action_open_move(self):
        """Open the journal entry that was proposed."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "views": [(False, "form")],
        }

    def action_open_points(self):
        """Open the movements of the program in the period."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_point_move_action"
        )
        company = self.company_id
        domain = [
            ("program_id", "=", self.program_id.id),
            ("company_id", "in", [company.id, False]),
            (
                "date",
                "<",
                company._loyalty_day_start(fields.Date.add(self.date, days=1)),
            ),
        ]
        if self.date_from:
            domain += [("date", ">=", company._loyalty_day_start(self.date_from))]
        return {**action, "domain": domain, "context": {}}
