from odoo import api, models
from odoo.tools import SQL

from odoo.addons.loyalty_coupon_crm.tools.planner import without_jit


class LoyaltyReportMixin(models.AbstractModel):
    """What our read-only SQL reports share.

    A report is one row per fact, so that every grouping of it is right: distinct
    customers, medians and rates are computed for the group by `_measures`, never
    averaged from rows.
    """

    _name = "loyalty.report.mixin"
    _description = "Loyalty Report"

    @property
    def _table_query(self):
        return SQL(
            "%s %s %s %s", self._select(), self._from(), self._where(), self._group_by()
        )

    def _select(self):
        """Hook: return the SELECT clause of the report, as `SQL`."""
        return SQL("SELECT")

    def _from(self):
        """Hook: return the FROM clause of the report, as `SQL`."""
        return SQL()

    def _where(self):
        """Hook: return the WHERE clause of the report, as `SQL`."""
        return SQL()

    def _group_by(self):
        """Hook: return the GROUP BY clause of the report, as `SQL`."""
        return SQL()

    @api.model
    def _measures(self):
        """Hook: return how a measure of a group is computed from its rows.

        :return: dict of field name to a pair: an SQL expression with aggregates, and a
            dict that names the columns of the report its placeholders stand for
        """
        return {}

    @api.model
    def _search(self, domain, *args, **kwargs):
        """Find rows; everything that reads a report comes through here first."""
        without_jit(self.env.cr)
        return super()._search(domain, *args, **kwargs)

    def _read_group_select(self, aggregate_spec, query):
        """Compute the measures of `_measures` for the group itself."""
        name = aggregate_spec.partition(":")[0]
        measure = self._measures().get(name)
        if not measure:
            return super()._read_group_select(aggregate_spec, query)
        # Reading the own column checks that the user may read the field.
        self._field_to_sql(self._table, name, query)
        expression, columns = measure
        return SQL(
            expression,
            **{
                alias: self._field_to_sql(self._table, column, query)
                for alias, column in columns.items()
            },
        )

    @api.model
    def _ratio(self, numerator, denominator, factor=1):
        """Return a measure: sum of one column over the sum of another, or empty.

        :param factor: 100 for a rate in percent
        """
        return (
            f"SUM(%(above)s) * {factor}.0 / NULLIF(SUM(%(below)s), 0)",
            {"above": numerator, "below": denominator},
        )

    @api.model
    def _distinct(self, column, condition=None):
        """Return a measure: how many different values a column has.

        :param condition: column of 0 and 1 that says which rows count
        """
        if not condition:
            return "COUNT(DISTINCT %(column)s)", {"column": column}
        return (
            "COUNT(DISTINCT %(column)s) FILTER (WHERE %(condition)s > 0)",
            {"column": column, "condition": condition},
        )

    @api.model
    def _by_company(self, column, value):
        """Return SQL that gives each row the value of its company."""
        return self.env["loyalty.fact.query"]._by_company(column, value)

    @api.model
    def _local(self, moment, company):
        """Return SQL of a moment in the time zone of its company."""
        return self.env["loyalty.fact.query"]._local(moment, company)

    @api.model
    def _live_uses(self):
        """Return SQL of the uses that count: reversed ones are gone, others are net."""
        return self.env["loyalty.fact.query"]._live_uses()

    @api.model
    def _uses_per_document(self):
        """Return SQL of how many live uses a document has, for sharing its amount."""
        return self.env["loyalty.fact.query"]._uses_per_document()

    @api.model
    def _live_days(self, name):
        """Return SQL of a query of the base for the days that are not added up yet.

        :param name: method of `loyalty.daily.query`
        """
        refresh = self.env["loyalty.daily.refresh"]
        # Which companies a reader sees is for the rules; days are the same for all.
        queries = self.env["loyalty.daily.query"].sudo()
        queries = queries.with_company(refresh._main_company())
        return getattr(queries, name)(refresh._live_scope())

    @api.model
    def _open_action(self, records, name):
        """Return the action that shows the rows behind a figure.

        :param records: the rows, of one model
        :param name: title of the screen
        """
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": records._name,
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", records.ids)],
            "target": "current",
            "context": {"create": False, "active_test": False},
        }
