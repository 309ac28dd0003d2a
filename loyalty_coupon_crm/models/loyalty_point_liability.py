from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import SQL

from ..tools import liability

EXPIRING_DAYS = 90
# What a draw on an award means for it; all else takes the points away as if they had
# not been earned: refunds of the purchase, adjustments, transfers.
USED = ("spend",)
LAPSED = ("expire", "void")


class LoyaltyPointLiability(models.Model):
    """What the points of one program owe in one company at the end of a day.

    Points that were earned by sales, per company of the sale. Rows follow each other in
    time and are never changed: each knows what was allocated and recognised up to it.
    """

    _name = "loyalty.point.liability"
    _description = "Points Liability"
    _order = "date desc, company_id, program_id, id desc"
    _rec_name = "program_id"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    program_id = fields.Many2one(
        "loyalty.program",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    date_from = fields.Date(string="From", readonly=True)
    date = fields.Date(string="At the End of", required=True, readonly=True)
    points_value = fields.Float(
        string="Value of a Point",
        digits=(16, 4),
        readonly=True,
        aggregator=None,
        help="In company currency, at the rate of the day.",
    )
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
    outstanding = fields.Float(readonly=True, help="Points earned that are still open.")
    outstanding_all = fields.Float(
        string="Balance of All Cards",
        readonly=True,
        help="Positive balances, points that were given free included.",
    )
    expiring = fields.Float(
        string="Expiring in 90 Days", readonly=True, help="Of the points outstanding."
    )
    breakage_rate = fields.Float(
        readonly=True,
        aggregator=None,
        help="Points that lapsed ÷ points that cannot be open any more.",
    )
    expected_use = fields.Float(
        readonly=True,
        aggregator=None,
        help="Share of the points outstanding that is expected to be spent: by the "
        "redemption curve of months of which nothing is open any more.",
    )
    expected_total = fields.Float(
        string="Expected to Be Redeemed",
        readonly=True,
        aggregator=None,
        help="In total: redeemed to date and expected of the points outstanding.",
    )
    fair_amount = fields.Monetary(
        string="Value Outstanding",
        readonly=True,
        help="Points outstanding × expected use × value of a point.",
    )
    allocated = fields.Monetary(
        string="Deferred",
        readonly=True,
        help="Part of the sales of the period that belongs to the points, by "
        "stand-alone selling prices (IFRS 15).",
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
        return [
            self._prepare_row(company, program, date, latest.get(program, self))
            for program in programs
        ]

    def _prepare_row(self, company, program, date, before):
        """Return the values of one row.

        :param before: the row before, may be empty
        """
        start = before.date and fields.Date.add(before.date, days=1)
        since = company._loyalty_day_start(start) if start else None
        until = company._loyalty_day_start(fields.Date.add(date, days=1))
        cohorts = self._read_cohorts(company, program, date, until)
        curve = liability.redemption_curve(cohorts.values())
        breakage = program.expected_breakage / 100.0
        uses = {
            month: liability.future_use(cohort, curve, breakage)
            for month, cohort in cohorts.items()
        }
        flows = self._read_flows(company, program, since, until)
        open_points = sum(cohort.open_points for cohort in cohorts.values())
        coming = sum(cohorts[month].open_points * use for month, use in uses.items())
        worth = self._worth_of_point(company, program, date)
        redeemed_total = before.redeemed_total + flows["redeemed"]
        use = curve.use if curve else 1.0 - breakage
        return {
            "company_id": company.id,
            "program_id": program.id,
            "date_from": start,
            "date": date,
            **flows,
            "points_value": worth,
            "redeemed_total": redeemed_total,
            "outstanding": open_points,
            "outstanding_all": self._read_balances(company, program, until),
            "expiring": self._read_expiring(company, program, date, until),
            "breakage_rate": liability.breakage_rate(cohorts.values()) or 0.0,
            "expected_use": coming / open_points if open_points else 0.0,
            "expected_total": redeemed_total + coming,
            "fair_amount": company.currency_id.round(coming * worth),
            **self._prepare_revenue(
                company,
                before,
                self._allocated(company, before, flows, use, worth),
                redeemed_total,
                redeemed_total + coming,
            ),
            "line_ids": [
                Command.create(self._prepare_line(month, cohort, uses[month]))
                for month, cohort in sorted(cohorts.items())
            ],
        }

    def _allocated(self, company, before, flows, use, worth):
        """Return what of the period's sales belongs to its points.

        When refunds took back more than was earned, a part of what was deferred before.

        :param use: share of points expected to be spent
        :param worth: money per point
        """
        currency = company.currency_id
        if flows["earned"] < 0:
            earlier = sum(before._chain().mapped("earned"))
            share = min(1.0, -flows["earned"] / earlier) if earlier > 0 else 0.0
            return -currency.round(before.allocated_total * share)
        return currency.round(
            liability.allocate(flows["sales_amount"], flows["earned"], worth, use)
        )

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

    @api.model
    def _awards_sql(self, company, program, until):
        """Return SQL of the awards that sales of a company have earned."""
        return SQL(
            """
            SELECT award.id, award.points, award.expiration_date, award.date,
                   DATE_TRUNC('month', award.date AT TIME ZONE 'UTC'
                                       AT TIME ZONE %(zone)s)::date AS cohort
              FROM loyalty_point_move award
             WHERE award.program_id = %(program)s
               AND award.kind = 'earn' AND award.points > 0
               AND award.date < %(until)s
               AND COALESCE(award.company_id, %(owner)s) = %(company)s
            """,
            zone=company._loyalty_timezone(),
            program=program.id,
            until=until,
            owner=program.company_id.id or None,
            company=company.id,
        )

    @api.model
    def _draws_sql(self, company, program, until):
        """Return SQL of what was drawn from those awards: `meaning`, `date`, `points`.

        What a reversal gives back to an award counts against what it reverses.
        """
        return SQL(
            """
            SELECT award.id AS award_id, award.cohort, spend.date, drawn.points,
                   COALESCE(origin.kind, spend.kind) AS meaning
              FROM (%(awards)s) award
              JOIN loyalty_point_allocation drawn ON drawn.award_id = award.id
              JOIN loyalty_point_move spend ON spend.id = drawn.spend_id
         LEFT JOIN loyalty_point_move origin
                ON origin.id = spend.reversal_of_id AND spend.kind = 'reverse'
             WHERE spend.date < %(until)s
            """,
            awards=self._awards_sql(company, program, until),
            until=until,
        )

    @api.model
    def _read_cohorts(self, company, program, date, until):
        """Return {month: `liability.Cohort`} of a program at the end of a day."""
        cohorts = {}
        rows = self.env.execute_query(
            SQL(
                "SELECT cohort, SUM(points) FROM (%s) award GROUP BY cohort",
                self._awards_sql(company, program, until),
            )
        )
        for month, points in rows:
            age = (date.year - month.year) * 12 + date.month - month.month
            cohorts[month] = liability.Cohort(age, points)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT cohort, meaning,
                       (EXTRACT(YEAR FROM local) * 12 + EXTRACT(MONTH FROM local)
                        - EXTRACT(YEAR FROM cohort) * 12
                        - EXTRACT(MONTH FROM cohort))::int AS age, SUM(points)
                  FROM (%s) draw, LATERAL (
                       SELECT draw.date AT TIME ZONE 'UTC' AT TIME ZONE %s AS local) day
              GROUP BY 1, 2, 3
                """,
                self._draws_sql(company, program, until),
                company._loyalty_timezone(),
            )
        )
        for month, meaning, age, points in rows:
            cohort = cohorts[month]
            if meaning in USED:
                cohort.used[age] = cohort.used.get(age, 0.0) + points
            elif meaning in LAPSED:
                cohort.lapsed[age] = cohort.lapsed.get(age, 0.0) + points
            else:
                cohort.earned -= points
        return cohorts

    @api.model
    def _read_flows(self, company, program, since, until):
        """Return points earned and redeemed, and the sales that earned, in a period.

        :param since: moment in UTC, None for the beginning
        """
        later = SQL("date >= %s", since) if since else SQL("TRUE")
        [[earned, redeemed, taken, sales]] = self.env.execute_query(
            SQL(
                """
                SELECT (SELECT SUM(points) FROM (%(awards)s) award WHERE %(later)s),
                       SUM(points) FILTER (WHERE meaning IN %(used)s),
                       SUM(points) FILTER (WHERE meaning NOT IN %(gone)s),
                       (%(sales)s)
                  FROM (%(draws)s) draw WHERE %(later)s
                """,
                awards=self._awards_sql(company, program, until),
                draws=self._draws_sql(company, program, until),
                later=later,
                used=USED,
                gone=USED + LAPSED,
                sales=self._sales_sql(company, program, since, until),
            )
        )
        return {
            "earned": (earned or 0.0) - (taken or 0.0),
            "redeemed": redeemed or 0.0,
            "sales_amount": float(sales or 0.0),
        }

    @api.model
    def _sales_sql(self, company, program, since, until):
        """Return SQL of the net amount of a period's purchases that earned points.

        Refunds and edits of such purchases belong to them.
        """
        return SQL(
            """
            SELECT SUM(row.amount) FROM loyalty_purchase row
         LEFT JOIN loyalty_purchase origin ON origin.id = row.reversal_of_id
             WHERE row.company_id = %(company)s
               AND row.date < %(until)s AND %(later)s
               AND EXISTS (
                   SELECT FROM loyalty_point_move award
                    WHERE award.program_id = %(program)s
                      AND award.kind = 'earn'
                      AND award.order_model = COALESCE(origin.order_model,
                                                       row.order_model)
                      AND award.order_id = COALESCE(origin.order_id, row.order_id))
            """,
            company=company.id,
            program=program.id,
            until=until,
            later=SQL("row.date >= %s", since) if since else SQL("TRUE"),
        )

    @api.model
    def _read_balances(self, company, program, until):
        """Return the sum of the positive balances at a moment."""
        [[points]] = self.env.execute_query(
            SQL(
                """
                SELECT SUM(balance) FROM (
                    SELECT SUM(points) AS balance FROM loyalty_point_move
                     WHERE program_id = %s AND date < %s
                       AND COALESCE(company_id, %s) = %s
                  GROUP BY card_id) card WHERE balance > 0
                """,
                program.id,
                until,
                program.company_id.id or None,
                company.id,
            )
        )
        return points or 0.0

    @api.model
    def _read_expiring(self, company, program, date, until):
        """Return the open points whose last day comes within 90 days."""
        [[points]] = self.env.execute_query(
            SQL(
                """
                SELECT SUM(award.points - COALESCE(gone.points, 0))
                  FROM (%(awards)s) award
             LEFT JOIN (SELECT award_id, SUM(points) AS points FROM (%(draws)s) draw
                         GROUP BY award_id) gone ON gone.award_id = award.id
                 WHERE award.expiration_date >= %(date)s
                   AND award.expiration_date <= %(last)s
                """,
                awards=self._awards_sql(company, program, until),
                draws=self._draws_sql(company, program, until),
                date=date,
                last=date + relativedelta(days=EXPIRING_DAYS),
            )
        )
        return points or 0.0

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
