from odoo import api, fields, models
from odoo.tools import SQL, sql

# So many months before and after the month of the first use are told.
AROUND_MONTHS = 12
KEYS = ("company_id", "program_id", "cohort_month", "month")
SUMS = ("member_count", "customer_count", "purchase_count", "amount")


class LoyaltyUseCohort(models.Model):
    """What customers who first used a program in the same month bought in one month.

    The sums of the first uses of `loyalty.first.use`, each with the months of its
    customer in `loyalty.customer.month`: whoever changes rows of either takes away what
    they come to before, and adds it again after. That is `loyalty.daily.refresh`.
    """

    _name = "loyalty.use.cohort"
    _inherit = "loyalty.cohort.sums.mixin"
    _description = "Month around the First Use"
    _log_access = False
    _rec_name = "cohort_month"
    _order = "cohort_month desc, program_id, month, id"
    _sums_by = KEYS
    _sums_of = SUMS
    _sums_people = ("member_count", "customer_count")

    program_id = fields.Many2one(
        "loyalty.program", required=True, ondelete="cascade", index=True
    )
    cohort_month = fields.Date(
        string="Cohort",
        required=True,
        help="Month of the first use of the program, in the company's time zone.",
    )
    member_count = fields.Integer(
        string="First Users",
        help="Customers of the cohort, in the month of their first use.",
    )

    def init(self):
        """Add up what a database knew of before it had this table."""
        models_ = ("loyalty.first.use", "loyalty.customer.month")
        tables = [self.env[name]._table for name in models_]
        known = len(sql.existing_tables(self.env.cr, tables)) == len(tables)
        if known and not self.search_count([], limit=1):
            self._add(SQL("TRUE"), 1)
            self._merge()

    @api.model
    def _parts_sql(self, uses, months, sign=1):
        """Return SQL of rows whose sums are the cohorts: `KEYS` and `SUMS`.

        :param uses: SQL with the company, program, customer and day of first uses
        :param months: SQL of a query or name of a table, as `loyalty.customer.month`
        :param sign: 1, or -1 for taking them away
        """
        return SQL(
            """
            SELECT %(keys)s, %(sign)s * SUM(member_count)::integer AS member_count,
                   %(sign)s * SUM(customer_count)::integer AS customer_count,
                   %(sign)s * SUM(purchase_count)::integer AS purchase_count,
                   %(sign)s * SUM(amount) AS amount
              FROM (WITH member AS MATERIALIZED (
                        SELECT company_id, program_id, customer_id,
                               DATE_TRUNC('month', day)::date AS cohort_month
                          FROM (%(uses)s) first_use)
                    SELECT company_id, program_id, cohort_month, cohort_month AS month,
                           1 AS member_count, 0 AS customer_count, 0 AS purchase_count,
                           0 AS amount
                      FROM member
                     UNION ALL
                    SELECT member.company_id, member.program_id, member.cohort_month,
                           bought.month, 0, 1, bought.purchase_count, bought.amount
                      FROM member
                      JOIN (%(months)s) bought
                        ON bought.company_id = member.company_id
                       AND bought.customer_id = member.customer_id
                       AND bought.month
                           BETWEEN member.cohort_month - %(span)s
                               AND member.cohort_month + %(span)s) part
             GROUP BY %(keys)s
            """,
            keys=self._names(KEYS),
            sign=sign,
            uses=uses,
            months=months,
            span=SQL("%s * INTERVAL '1 month'", AROUND_MONTHS),
        )

    @api.model
    def _kept_sql(self, which, sign):
        """Return SQL of what rows come to that are added up, as `_parts_sql`.

        :param which: SQL condition on rows of `loyalty.first.use`, as `kept`
        """
        return self._parts_sql(
            SQL("SELECT * FROM loyalty_first_use kept WHERE %s", which),
            SQL("SELECT * FROM loyalty_customer_month"),
            sign,
        )

    @api.model
    def _replace_after(self, removed, customers, replace):
        """Have first uses and months of customers written anew, and add them up.

        :param removed: SQL condition on the rows of the customers, as `kept`
        :param customers: SQL as of `loyalty.customer.query`, None for everybody
        :param replace: function without arguments that writes them
        """
        if customers:
            self._add(self.env["loyalty.first.use"]._gone(removed, customers), -1)
        else:
            self.env.cr.execute("DELETE FROM loyalty_use_cohort")
        replace()
        self._add(removed, 1)
        if customers:
            self._merge()
