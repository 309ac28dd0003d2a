import re

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.loyalty_coupon_crm.tools.planner import without_jit

from .source import Source

# Aggregates of a column that are the same of sums as of the rows they are sums of.
ADDING = ("sum", "sum_currency")
# Those of a column that rows are added up by.
TELLING = ("array_agg_distinct", "count_distinct")


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
        if self._source() is Source.ADDED_UP:
            return self._query_added_up()
        return self._query_facts()

    @api.model
    def _source(self):
        """Return where to read from, None for looking at few rows of many."""
        source = self.env.context.get("loyalty_report_source")
        return source if isinstance(source, Source) else None

    @api.model
    def _is_whole(self):
        """Return whether all facts are read in one go, not few of many."""
        return self._source() is Source.FACTS

    @api.model
    def _read_from(self, source):
        """Return the report reading from elsewhere."""
        return self.with_context(loyalty_report_source=source)

    def _query_facts(self):
        """Return SQL of one row per fact."""
        return SQL(
            "%s %s %s %s", self._select(), self._from(), self._where(), self._group_by()
        )

    def _query_added_up(self):
        """Hook: return SQL of rows that are sums of facts.

        It has the columns of `_added_up_by` and `_added_up_sums`, and `facts`, the
        number of facts of a row.
        """
        return SQL()

    @api.model
    def _added_up_by(self):
        """Hook: return the fields that facts of one row of sums have in common."""
        return ()

    @api.model
    def _added_up_sums(self):
        """Hook: return the measures that rows of sums know, rates included."""
        return ()

    @api.model
    def _row_columns(self):
        """Hook: return the fields that a page of rows may be filtered by.

        Other filters, and any other order than that of the report, look at all facts.
        """
        return ()

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
    def _search(self, domain, offset=0, limit=None, order=None, **kwargs):
        """Find rows; everything that reads a report comes through here first."""
        without_jit(self.env.cr)
        report = self if self._source() else self._for_rows(domain, order, limit)
        return super(LoyaltyReportMixin, report)._search(
            domain, offset, limit, order, **kwargs
        )

    @api.model
    def _for_rows(self, domain, order, limit):
        """Hook: return the report as it has to read the least for some rows."""
        return self if self._is_page(domain, order) else self._for_facts(domain)

    @api.model
    def _for_facts(self, domain):
        """Hook: return the report reading all facts that a domain may want."""
        return self._read_from(Source.FACTS)

    @api.model
    def _is_page(self, domain, order):
        """Return whether looking at single rows finds those of a domain fast."""
        known = {"id", "company_id", *self._row_columns()}
        ordered = not order or order == self._order
        return ordered and known.issuperset(self._domain_names(domain))

    @api.model
    def _read_group(self, domain, groupby=(), aggregates=(), *args, **kwargs):
        order = kwargs.get("order") or (args[3] if len(args) > 3 else None)
        having = kwargs.get("having") or (args[0] if args else ())
        specs = (*aggregates, *self._domain_specs(having))
        report = self._for_groups(domain, groupby, specs, order)
        return super(LoyaltyReportMixin, report)._read_group(
            domain, groupby, aggregates, *args, **kwargs
        )

    @api.model
    def _read_grouping_sets(self, domain, grouping_sets, aggregates=(), order=None):
        groupby = [spec for groupby in grouping_sets for spec in groupby]
        report = self._for_groups(domain, groupby, aggregates, order)
        return super(LoyaltyReportMixin, report)._read_grouping_sets(
            domain, grouping_sets, aggregates, order
        )

    @api.model
    def _for_groups(self, domain, groupby, aggregates, order):
        """Return the report as it has to read the least for some groups."""
        if self._source():
            return self
        parts = [part.split()[0] for part in (order or "").split(",") if part.strip()]
        specs = {*aggregates, *parts} - {*groupby, "__count"}
        measures = self._measures()
        sums, keys = set(), {re.split("[.:]", spec)[0] for spec in groupby}
        for spec in specs:
            name, _colon, function = spec.partition(":")
            adds = name in measures or function in ADDING
            (sums if adds else keys).add(name if adds else self._told_by(spec))
        keys |= self._domain_names(domain)
        keys |= self._domain_names(self.env["ir.rule"]._compute_domain(self._name))
        added_up = self._is_added_up(keys, sums)
        return self._read_from(Source.ADDED_UP) if added_up else self._for_facts(domain)

    @api.model
    def _told_by(self, spec):
        """Return the field that is enough to know for an aggregate, else the whole."""
        name, _colon, function = spec.partition(":")
        return name if function in ("", *TELLING) else spec

    @api.model
    def _is_added_up(self, keys, sums):
        """Hook: return whether figures added up tell all of these fields.

        :param keys: names of fields to filter or group by
        :param sums: names of measures
        """
        known = self._added_up_by()
        told = keys.issubset(known) and sums.issubset(self._added_up_sums())
        return bool(known) and told

    @api.model
    def _domain_specs(self, domain):
        """Return the left sides of the conditions of a domain."""
        return {part.field_expr for part in Domain(domain or []).iter_conditions()}

    @api.model
    def _domain_names(self, domain):
        """Return the fields that a domain asks for."""
        return {spec.partition(".")[0] for spec in self._domain_specs(domain)}

    def _read_group_select(self, aggregate_spec, query):
        """Compute the measures of `_measures` for the group itself."""
        name = aggregate_spec.partition(":")[0]
        if name == "__count" and self._source() is Source.ADDED_UP:
            facts = SQL.identifier(self._table, "facts")
            return SQL("COALESCE(SUM(%s), 0)::bigint", facts)
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
        """Return SQL of a moment in the time zone of its company.

        Without a company it is that of the main one, as in figures added up.
        """
        return self._day_queries("loyalty.fact.query")._local(moment, company)

    @api.model
    def _live_uses(self, only=None):
        """Return SQL of the uses that count: reversed ones are gone, others are net."""
        return self.env["loyalty.fact.query"]._live_uses(only)

    @api.model
    def _uses_per_document(self, alias):
        """Return SQL of how many live uses a document has, for sharing its amount.

        :param alias: name of the row whose document it is, where few rows are read
        """
        queries = self.env["loyalty.fact.query"]
        only = None if self._is_whole() else queries._same_document(alias)
        return queries._uses_per_document(only)

    @api.model
    def _live_days(self, name, model="loyalty.daily.query", **options):
        """Return SQL of a query of the base for the days that are not added up yet.

        :param name: method of the model
        """
        scope = self.env["loyalty.daily.refresh"]._live_scope()
        return getattr(self._day_queries(model), name)(scope, **options)

    @api.model
    def _day_queries(self, model):
        """Return a model of queries of days.

        Which companies a reader sees is for the rules; days are the same for all.
        """
        main = self.env["loyalty.daily.refresh"]._main_company()
        return self.env[model].sudo().with_company(main)

    @api.model
    def _stored_days(self, table):
        """Return SQL of the table of days that are added up, of none before they are.

        :param table: name of the model
        """
        row = self.env["loyalty.daily.refresh"]._current()
        return SQL(
            "(SELECT * FROM %s WHERE %s)",
            SQL.identifier(self.env[table]._table),
            bool(row.after_days),
        )

    @api.model
    def _touched_customers(self):
        """Return SQL of who did something that is not added up, empty for everybody."""
        queries = self.env["loyalty.customer.query"]
        row = self.env["loyalty.daily.refresh"]._current()
        if not row.done_ids or row.after_days != queries._after_days():
            return None
        return queries._touched_sql(row.done_ids)

    @api.model
    def _by_customers(self, table, columns, name):
        """Return SQL of what customers did: as added up, what changed looked up anew.

        :param table: name of the model of what is added up
        :param name: method of `loyalty.customer.query` that has the same columns
        """
        touched = self._touched_customers()
        live = getattr(self.env["loyalty.customer.query"], name)(touched)
        if not touched:
            return live
        return SQL(
            """
            SELECT %(names)s FROM %(table)s
             WHERE customer_id NOT IN (%(touched)s)
             UNION ALL
            SELECT %(names)s FROM (%(live)s) live
            """,
            names=SQL(", ").join(map(SQL.identifier, columns)),
            table=SQL.identifier(self.env[table]._table),
            touched=touched,
            live=live,
        )

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
