from odoo import api, models
from odoo.tools import SQL

# A clock is set back or forth by two hours at most around a local midnight.
CLOCK_CHANGE = "2 hours"


class LoyaltyDailyScope(models.AbstractModel):
    """SQL that finds the facts of some days.

    Which days is said by a scope, a dict with

    - `before`, `since`: function of a `res.company` record that returns a date; days
      before it, or from it on;
    - `days`: list of (company id or 0, date), none for all of them;
    - `spans`: list of (first, end): moments in UTC, with None for open ends, that hold
      the facts of these days, for looking them up by their date.
    """

    _name = "loyalty.daily.scope"
    _inherit = "loyalty.fact.query"
    _description = "Days of Daily Figures"

    @api.model
    def _day(self, moment, company):
        """Return SQL of the day of a moment for its company."""
        return SQL("%s::date", self._local(moment, company))

    @api.model
    def _is_near(self, moment, scope):
        """Return a condition with constants, so that an index on the moment serves."""
        if scope.get("spans") is None:
            return SQL("TRUE")
        parts = [SQL("FALSE")]
        for first, end in scope["spans"]:
            change = SQL("INTERVAL %s", CLOCK_CHANGE)
            parts.append(
                SQL(
                    "(%s AND %s)",
                    SQL("%s >= %s::timestamp - %s", moment, first, change)
                    if first
                    else SQL("TRUE"),
                    SQL("%s < %s::timestamp + %s", moment, end, change)
                    if end
                    else SQL("TRUE"),
                )
            )
        return SQL("(%s)", SQL(" OR ").join(parts))

    @api.model
    def _is_in(self, day, company, scope):
        """Return the condition that a day of a company belongs to the scope."""
        parts = [SQL("TRUE")]
        if scope.get("before"):
            parts.append(
                SQL("%s < %s::date", day, self._by_company(company, scope["before"]))
            )
        if scope.get("since"):
            parts.append(
                SQL("%s >= %s::date", day, self._by_company(company, scope["since"]))
            )
        if scope.get("days") is not None:
            parts.append(
                SQL(
                    "(COALESCE(%s, 0), %s) IN (SELECT * FROM"
                    " UNNEST(%s::integer[], %s::date[]))",
                    company,
                    day,
                    [company_id for company_id, _day in scope["days"]],
                    [day for _company_id, day in scope["days"]],
                )
            )
        return SQL("(%s)", SQL(" AND ").join(parts))

    @api.model
    def _near_ids(self, table, scope):
        """Return SQL of the ids of facts near a scope, empty SQL for all of them."""
        if scope.get("spans") is None:
            return SQL()
        return SQL(
            "SELECT id FROM %s WHERE %s",
            SQL.identifier(table),
            self._is_near(SQL("date"), scope),
        )
