from collections import defaultdict
from collections.abc import Set

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.planner import without_jit

# Ids of rows of several tables must differ: id x this + place of the table.
TABLES = 16
# Of these there are few in their table: the latest are not found by going back in time.
RARE = {"refund", "undo", "lapse", "points", "answer", "undelivered"}


class _Rows(dict):
    """Which rows are read: ids by number of the table, None for all of it.

    Kept in the context of an environment. A client's comes as JSON: it holds none.
    """


class LoyaltyCustomerEventPageMixin(models.AbstractModel):
    """Finds rows of the timeline in the tables that they are read from.

    Rows of known ids are looked up, and the latest of all customers are found table by
    table, by the index on its date.
    """

    _name = "loyalty.customer.event.page.mixin"
    _description = "Page of the Customer Timeline"

    @api.model
    def _parts(self):
        """Hook: return the tables that rows are read from."""
        return []

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, **kwargs):
        """Find rows: those of known ids, and pages of the latest, table by table."""
        without_jit(self.env.cr)
        domain = Domain(domain).optimize_full(self)
        report = self
        if not self._chosen_rows():
            if limit and order == self._order and self._is_page(domain):
                return self._find_page(domain, offset or 0, limit, **kwargs)
            report = self._read_ids(domain)
        return super(LoyaltyCustomerEventPageMixin, report)._search(
            domain, offset, limit, order, **kwargs
        )

    @api.model
    def _is_page(self, domain):
        """Return whether going back in time finds the rows of a domain soon."""
        return all(
            part.field_expr in ("date", "company_id")
            or (part.field_expr, part.operator) == ("kind", "in")
            and not set(part.value) <= RARE
            for part in domain.iter_conditions()
        )

    @api.model
    def _read_ids(self, domain):
        """Return the timeline, of the ids of a domain alone when it names them."""
        if {"|", "!"}.intersection(part for part in domain if isinstance(part, str)):
            return self
        named = [
            part.value
            for part in domain.iter_conditions()
            if (part.field_expr, part.operator) == ("id", "in")
            and isinstance(part.value, Set)
        ]
        places = len(self._parts())
        rows = defaultdict(list)
        for id_ in named[0] if named else ():
            if id_ and id_ % TABLES < places:
                rows[id_ % TABLES].append(id_ // TABLES)
        return self._reading(rows) if rows else self

    @api.model
    def _chosen_rows(self):
        """Return which rows to read, None for all of them."""
        rows = self.env.context.get("loyalty_event_rows")
        return rows if isinstance(rows, _Rows) else None

    @api.model
    def _reading(self, rows):
        """Return the timeline of some rows, given as in `_Rows`."""
        return self.with_context(loyalty_event_rows=_Rows(rows))

    @api.model
    def _find_page(self, domain, offset, limit, **kwargs):
        """Return the query of a page of the latest rows."""
        parts = []
        for place in range(len(self._parts())):
            part = self._reading({place: None})
            query = part._search(domain, 0, offset + limit, self._order, **kwargs)
            if not query.is_empty():
                names = [SQL.identifier(self._table, name) for name in ("id", "date")]
                parts.append(SQL("(%s)", query.select(*names)))
        ids = []
        if parts:
            found = SQL(
                "SELECT id FROM (%s) found ORDER BY date DESC, id DESC"
                " LIMIT %s OFFSET %s",
                SQL(" UNION ALL ").join(parts),
                limit,
                offset,
            )
            ids = [id_ for [id_] in self.env.execute_query(found)]
        report = self._read_ids(Domain("id", "in", ids).optimize_full(self))
        page = report.browse(ids)._as_query(ordered=False)
        page.order = self._order_to_sql(self._order, page)
        return page
