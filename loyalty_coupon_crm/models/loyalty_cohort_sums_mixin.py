from odoo import api, fields, models
from odoo.tools import SQL


class LoyaltyCohortSumsMixin(models.AbstractModel):
    """What the customers of a cohort bought in one month, added up.

    When rows that are added up change, what they come to is taken away before and added
    again after, as rows of their own; then those of one cohort and month become one.
    """

    _name = "loyalty.cohort.sums.mixin"
    _inherit = "loyalty.bought.month.mixin"
    _description = "Sums of a Cohort"

    # Columns that tell rows apart, those that are sums, and which of these are people.
    _sums_by = ()
    _sums_of = ()
    _sums_people = ("customer_count",)

    customer_count = fields.Integer(
        string="Customers Who Bought",
        help="Customers of the cohort with a purchase in the month.",
    )

    @api.model
    def _kept_sql(self, which, sign):
        """Hook: return SQL of what rows come to: `_sums_by` and `_sums_of`.

        :param which: SQL condition on the rows that are added up, as `kept`
        :param sign: 1, or -1 for taking them away
        """
        raise NotImplementedError

    @api.model
    def _names(self, columns):
        return SQL(", ").join(map(SQL.identifier, columns))

    @api.model
    def _add(self, which, sign):
        """Add what rows come to, or take it away, as rows of their own.

        :param which: SQL condition on the rows that are added up, as `kept`
        :param sign: 1 or -1
        """
        self.env.cr.execute(
            SQL(
                "INSERT INTO %s (%s) %s",
                SQL.identifier(self._table),
                self._names((*self._sums_by, *self._sums_of)),
                self._kept_sql(which, sign),
            )
        )
        self.invalidate_model()

    @api.model
    def _merge(self):
        """Make one row again of those a cohort has for the same month."""
        self.env.cr.execute(
            SQL(
                """
                WITH changed AS (
                    SELECT %(keys)s FROM %(table)s
                     GROUP BY %(keys)s HAVING COUNT(*) > 1
                ), gone AS (
                    DELETE FROM %(table)s
                     WHERE (%(keys)s) IN (SELECT %(keys)s FROM changed)
                    RETURNING *
                )
                INSERT INTO %(table)s (%(keys)s, %(sums)s)
                SELECT %(keys)s, %(totals)s FROM gone
                 GROUP BY %(keys)s
                HAVING %(anybody)s
                """,
                table=SQL.identifier(self._table),
                keys=self._names(self._sums_by),
                sums=self._names(self._sums_of),
                totals=SQL(", ").join(
                    SQL("SUM(%s)", SQL.identifier(name)) for name in self._sums_of
                ),
                anybody=SQL(" OR ").join(
                    SQL("SUM(%s) > 0", SQL.identifier(name))
                    for name in self._sums_people
                ),
            )
        )
        self.invalidate_model()
