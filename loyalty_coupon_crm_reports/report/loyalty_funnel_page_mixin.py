from datetime import date

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .source import Source

# What a page of rows is put in order by.
PAGE_KEYS = ("id", "issued_at")


class LoyaltyFunnelPageMixin(models.AbstractModel):
    """Finds a page of the funnel by the index on the moment of issue."""

    _name = "loyalty.funnel.page.mixin"
    _inherit = ["loyalty.report.mixin"]
    _description = "Page of the Coupon Funnel"

    def _columns(self):
        """Hook: return {column: SQL} of a coupon."""
        raise NotImplementedError

    def _query_coupons(self):
        """Hook: return SQL of the coupons that were issued."""
        raise NotImplementedError

    def _query_not_issued(self, columns):
        """Hook: return SQL of the members who have no coupon.

        :param columns: names of the columns it is to have
        """
        raise NotImplementedError

    def _query_facts(self):
        if self._source() in (Source.FOUND, Source.ISSUED, Source.OFFERED):
            return self._query_found()
        members = self._query_not_issued(self._columns())
        return SQL("%s UNION ALL %s", super()._query_facts(), members)

    @api.model
    def _row_columns(self):
        keys = ("program_id", "campaign_id", "variant_id", "card_id")
        return (*keys, "issued_at", "issue_date")

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, **kwargs):
        """Find rows; a page of the latest is found by when they were issued."""
        if not limit or self._source() or not self._is_page(domain, order):
            return super()._search(domain, offset, limit, order, **kwargs)
        near = Domain(domain).optimize_full(self).map_conditions(self._near_moment)
        if order:
            return self._find_page(near, offset or 0, limit, **kwargs)
        # Who asks for no order counts.
        found = self._read_from(Source.FOUND)
        return found._search(near, offset, limit, **kwargs)

    @api.model
    def _find_page(self, domain, offset, limit, **kwargs):
        """Return the query of a page: the latest coupons and those who got none."""
        order = self._order
        parts = []
        for source in (Source.ISSUED, Source.OFFERED):
            report = self._read_from(source)
            part = report._search(domain, 0, offset + limit, order, **kwargs)
            if not part.is_empty():
                names = [SQL.identifier(self._table, name) for name in PAGE_KEYS]
                parts.append(SQL("(%s)", part.select(*names)))
        ids = []
        if parts:
            found = SQL(
                "SELECT id FROM (%s) found ORDER BY issued_at DESC, id DESC"
                " LIMIT %s OFFSET %s",
                SQL(" UNION ALL ").join(parts),
                limit,
                offset,
            )
            ids = [id_ for [id_] in self.env.execute_query(found)]
        page = self.browse(ids)._as_query(ordered=False)
        page.order = self._order_to_sql(order, page)
        return page

    @api.model
    def _near_moment(self, condition):
        """Return a condition on the day, with what it means for the moment in UTC.

        There is an index on the moment, and days of companies begin at any hour.
        """
        day = condition.value
        if condition.field_expr != "issue_date" or not isinstance(day, date):
            return condition
        if condition.operator in (">", ">="):
            first = fields.Datetime.to_datetime(fields.Date.subtract(day, days=1))
            return condition & Domain("issued_at", ">=", first)
        if condition.operator in ("<", "<="):
            end = fields.Datetime.to_datetime(fields.Date.add(day, days=2))
            return condition & Domain("issued_at", "<", end)
        return condition

    def _query_found(self):
        """Return SQL of what rows are found by: nothing of the uses of coupons."""
        columns = self._columns()
        names = ("id", "company_id", *self._row_columns())
        coupons = SQL(
            "SELECT %s FROM (%s) coupon",
            self._column_list({name: columns[name] for name in names}),
            self._query_coupons(),
        )
        members = self._query_not_issued(names)
        if self._source() is Source.ISSUED:
            return coupons
        if self._source() is Source.OFFERED:
            return members
        return SQL("%s UNION ALL %s", coupons, members)
