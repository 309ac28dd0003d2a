from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.day_spans import days_between, merge_days
from ..tools.planner import without_jit
from .loyalty_fact_query import WALLET_TYPES

# Any number that nothing else locks.
DAILY_LOCK = 710_040_002
FACTS = (
    "loyalty_purchase",
    "loyalty_redemption",
    "loyalty_point_move",
    "loyalty_refusal",
)
# Above so many days or customers everything is computed, which reads in order.
MOST_DAYS = 90
MOST_CUSTOMERS = 50_000
DAILY_MODELS = (
    "loyalty.daily.figure",
    "loyalty.daily.customer",
    "loyalty.daily.coupon",
    "loyalty.daily.use",
)
CUSTOMER_MODELS = ("loyalty.customer.month", "loyalty.first.use")


class LoyaltyDailyRefresh(models.Model):
    """Up to where the daily figures have come: one row, for all companies.

    Every quarter of an hour the days are computed anew that facts arrived for, or that
    ended; every night all of them. Which facts are new is known by their ids: those
    above the last ones that were written when no older transaction was open.
    """

    _name = "loyalty.daily.refresh"
    _description = "Refresh of Daily Figures"
    _log_access = False
    _rec_name = "refreshed_at"

    refreshed_at = fields.Datetime(
        string="Computed on",
        help="Days that were over then, company by company, are in the figures.",
    )
    done_ids = fields.Json(
        help="Of each kind of fact, the last one that is in the figures for sure."
    )
    seen_ids = fields.Json(help="Of each kind of fact, the last one that was seen.")
    seen_until = fields.Char(
        string="Seen before Transaction",
        help="When all transactions before are over, what was seen is in the figures.",
    )
    zones = fields.Json(help="Time zones of the companies that the days are of.")
    after_days = fields.Integer(help="How many days around a first use were looked at.")

    @api.model
    def _current(self):
        """Return the row, empty when nothing was ever computed."""
        # Up to which day figures are added up is no secret.
        return self.sudo().search([], limit=1)

    @api.model
    def _main_company(self):
        """Return the company whose time zone counts for facts of no company."""
        return self.env["res.company"]._loyalty_all()[:1]

    @api.model
    def _live_scope(self):
        """Return the scope of the days that are not added up yet: usually today."""
        row = self._current()
        companies = self.env["res.company"]._loyalty_all()
        if not row.after_days:
            return {"spans": None}
        since = {
            company.id: company._loyalty_today(at=row.refreshed_at)
            for company in companies
        }
        first = min(
            company._loyalty_day_start(since[company.id]) for company in companies
        )
        return {"since": lambda company: since[company.id], "spans": [(first, None)]}

    @api.model
    def _cron_refresh_days(self):
        """Compute the days anew that facts arrived for; not while somebody does."""
        if self._take_turn():
            self._refresh()

    @api.model
    def _cron_refresh_all(self):
        """Compute all days: whatever changed without a new fact is right again."""
        if self._take_turn():
            self._refresh(everything=True)

    @api.model
    def _take_turn(self):
        """Return whether it is our turn to write, until the end of the transaction."""
        [[taken]] = self.env.execute_query(
            SQL("SELECT pg_try_advisory_xact_lock(%s)", DAILY_LOCK)
        )
        return taken

    @api.model
    def _refresh(self, everything=False):
        """Compute daily figures from the facts; twice is as good as once.

        :param everything: all days, not only those that facts arrived for
        """
        self.env.flush_all()
        without_jit(self.env.cr)
        # Figures are of all companies, whoever computes them.
        row = self._current().with_company(self._main_company())
        now = fields.Datetime.now()
        companies = row.env["res.company"]._loyalty_all()
        zones = {str(company.id): company._loyalty_timezone() for company in companies}
        queries = row.env["loyalty.customer.query"]
        after_days = queries._after_days()
        days = customers = None
        known = row.done_ids and (row.zones, row.after_days) == (zones, after_days)
        if known and not everything:
            days = row._touched_days(companies, now)
            touched = queries._touched_sql(row.done_ids)
            customers = [id_ for [id_] in self.env.execute_query(touched)]
        row._replace_days(companies, now, days)
        row._replace_customers(customers)
        vals = {
            "refreshed_at": now,
            "zones": zones,
            "after_days": after_days,
            **row._cursor_vals(),
        }
        if row:
            row.write(vals)
        else:
            row.create(vals)
        row.flush_model()

    @api.model
    def _replace_days(self, companies, now, days):
        """Compute the figures of days anew, of all days when `days` is None."""
        if days is not None and not days:
            return
        today = {company.id: company._loyalty_today(at=now) for company in companies}
        scope = {"before": lambda company: today[company.id]}
        removed = SQL("TRUE")
        if days and len({day for _company, day in days}) <= MOST_DAYS:
            spans = merge_days(day for _company, day in days)
            scope |= {"days": days, "spans": self._moments(companies, spans)}
            ids, dates = zip(*days, strict=True)
            # The first part is there for the index.
            removed = SQL(
                "(kept.company_id = ANY(%(ids)s) OR kept.company_id IS NULL)"
                " AND kept.day = ANY(%(dates)s)"
                " AND (COALESCE(kept.company_id, 0), kept.day) IN (SELECT * FROM"
                " UNNEST(%(ids)s::integer[], %(dates)s::date[]))",
                ids=list(ids),
                dates=list(dates),
            )
        for model in DAILY_MODELS:
            self.env[model]._replace(scope, removed)

    @api.model
    def _replace_customers(self, customers):
        """Compute what customers did over time anew.

        :param customers: list of ids, None for everybody
        """
        if customers is not None and not customers:
            return
        scope, removed = None, SQL("TRUE")
        if customers is not None and len(customers) <= MOST_CUSTOMERS:
            scope = self.env["loyalty.customer.query"]._ids_sql(customers)
            removed = SQL("kept.customer_id = ANY(%s)", customers)

        def replace():
            for model in CUSTOMER_MODELS:
                self.env[model]._replace(removed, scope)

        self.env["loyalty.use.cohort"]._replace_after(removed, scope, replace)

    @api.model
    def _forget_customers(self, customers):
        """Take customers out of what is added up of customers, before they change.

        :param customers: `res.partner` records that become one
        """
        removed = SQL("kept.customer_id = ANY(%s)", customers.ids)
        self.env["loyalty.use.cohort"]._add(removed, -1)
        self.env["loyalty.cohort.month"]._add(removed, -1)
        for model in CUSTOMER_MODELS:
            table = SQL.identifier(self.env[model]._table)
            self.env.cr.execute(SQL("DELETE FROM %s kept WHERE %s", table, removed))
            self.env[model].invalidate_model()

    @api.model
    def _relearn_customers(self, contacts):
        """Compute anew what customers did whose rows were handed from one to another.

        :param contacts: `res.partner` records
        """
        self.env.flush_all()
        # Whoever merges contacts need not have a role in loyalty, nor every company.
        row = self._current().with_company(self._main_company())
        if row.done_ids:
            row._replace_customers(contacts.commercial_partner_id.ids)

    @api.model
    def _moments(self, companies, spans):
        """Return when spans of days begin and end anywhere, in UTC."""
        return [
            (
                min(company._loyalty_day_start(first) for company in companies),
                max(
                    company._loyalty_day_start(fields.Date.add(last, days=1))
                    for company in companies
                ),
            )
            for first, last in spans
        ]

    def _touched_days(self, companies, now):
        """Return the days that facts arrived for, and those that ended since.

        :return: sorted list of (company id or 0, date)
        """
        self.ensure_one()
        query = self.env["loyalty.daily.query"]
        company = SQL("touched.company_id")
        day = query._day(SQL("touched.date"), company)
        today = {one.id: one._loyalty_today(at=now) for one in companies}
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT COALESCE(%s, 0), %s FROM (%s) touched WHERE %s < %s",
                company,
                day,
                self._touched_sql(),
                day,
                query._by_company(company, lambda one: today[one.id]),
            )
        )
        days = set(rows)
        main = self._main_company()
        for one in companies:
            since = one._loyalty_today(at=self.refreshed_at)
            ended = days_between(since, today[one.id])[:-1]
            days.update((one.id, past) for past in ended)
            if one == main:
                days.update((0, past) for past in ended)
        return sorted(days)

    def _touched_sql(self):
        """Return SQL of company and moment of everything that new facts change."""
        new = {
            table: SQL(
                "SELECT * FROM %s WHERE id > %s",
                SQL.identifier(table),
                (self.done_ids or {}).get(table, 0),
            )
            for table in FACTS
        }
        return SQL(
            """
            WITH purchase AS MATERIALIZED (
                SELECT COALESCE(origin.id, row.id) AS id,
                       COALESCE(origin.company_id, row.company_id) AS company_id,
                       COALESCE(origin.date, row.date) AS date,
                       COALESCE(origin.order_model, row.order_model) AS order_model,
                       COALESCE(origin.order_id, row.order_id) AS order_id
                  FROM (%(loyalty_purchase)s) row
                  LEFT JOIN loyalty_purchase origin ON origin.id = row.reversal_of_id
            ), used AS MATERIALIZED (
                SELECT row.company_id, row.date, origin.date AS origin_date,
                       row.card_id, row.order_model, row.order_id,
                       origin.order_model AS origin_model, origin.order_id AS origin_id
                  FROM (%(loyalty_redemption)s) row
                  LEFT JOIN loyalty_redemption origin ON origin.id = row.reversal_of_id
            ), document AS (
                SELECT order_model, order_id FROM purchase WHERE order_id > 0
                 UNION
                SELECT order_model, order_id FROM used WHERE order_id > 0
            ), moved AS MATERIALIZED (%(loyalty_point_move)s
            ), beside AS (
                SELECT same.card_id, same.company_id, same.date
                  FROM (SELECT order_model, order_id FROM used
                         UNION
                        SELECT origin_model, origin_id FROM used) shared
                  JOIN loyalty_redemption same ON same.order_model = shared.order_model
                                              AND same.order_id = shared.order_id
                 WHERE shared.order_id > 0
            ), changed AS (
                SELECT card_id FROM moved
                 UNION
                SELECT card_id FROM used
                 UNION
                SELECT card_id FROM beside
            ), card AS (
                SELECT card.id, card.issued_at,
                       COALESCE(card.company_id, campaign.company_id) AS company_id
                  FROM loyalty_card card
                  JOIN loyalty_program program
                    ON program.id = card.program_id
                   AND program.program_type NOT IN %(wallets)s
                  LEFT JOIN loyalty_campaign campaign ON campaign.id = card.campaign_id
                 WHERE card.id IN (SELECT card_id FROM changed)
            )
            SELECT company_id, date FROM purchase
             UNION ALL
            SELECT company_id, date FROM (%(loyalty_purchase)s) fresh
             UNION ALL
            SELECT same.company_id, same.date
              FROM document
              JOIN loyalty_purchase same ON same.order_model = document.order_model
                                        AND same.order_id = document.order_id
             UNION ALL
            SELECT same.company_id, same.date
              FROM document
              JOIN loyalty_purchase same ON same.id = document.order_id
             WHERE document.order_model = 'loyalty.purchase'
             UNION ALL
            SELECT company_id, date FROM used
             UNION ALL
            SELECT company_id, origin_date FROM used WHERE origin_date IS NOT NULL
             UNION ALL
            SELECT company_id, date FROM beside
             UNION ALL
            SELECT company_id, date FROM moved
             UNION ALL
            -- Where points were below zero, later movements raise a balance otherwise.
            SELECT later.company_id, later.date
              FROM moved
             CROSS JOIN LATERAL (
                   SELECT next.company_id, next.date FROM loyalty_point_move next
                    WHERE next.card_id = moved.card_id AND next.date > moved.date
                   OFFSET 0) later
             WHERE EXISTS (SELECT FROM loyalty_point_move below
                            WHERE below.card_id = moved.card_id
                              AND below.balance_after < 0)
             UNION ALL
            SELECT company_id, issued_at FROM card WHERE issued_at IS NOT NULL
             UNION ALL
            -- A coupon that was taken back does not know any more when it was issued.
            SELECT card.company_id, given.date
              FROM card
              JOIN loyalty_point_move given ON given.card_id = card.id
             WHERE card.issued_at IS NULL
             UNION ALL
            SELECT company_id, date FROM (%(loyalty_refusal)s) refusal
            """,
            **new,
            wallets=WALLET_TYPES,
        )

    def _cursor_vals(self):
        """Return which facts are in the figures for sure, and which were seen.

        A transaction that was open when facts were seen may still write some with
        smaller ids. So what was seen counts as done once all of those are over.
        """
        oldest, following, others = self._read_snapshot()
        last = SQL(", ").join(
            SQL("(SELECT MAX(id) FROM %s)", SQL.identifier(table)) for table in FACTS
        )
        [ids] = self.env.execute_query(SQL("SELECT %s", last))
        seen = {table: id_ or 0 for table, id_ in zip(FACTS, ids, strict=True)}
        vals = {"seen_ids": seen, "seen_until": str(following)}
        if not others:
            return {**vals, "done_ids": seen}
        if not self.seen_until:
            return vals
        if oldest < int(self.seen_until) <= following:
            # Somebody is still at it: what was seen first is waited for.
            return {}
        return {**vals, "done_ids": self.seen_ids}

    @api.model
    def _read_snapshot(self):
        """Return what else was going on in our database when our transaction looked.

        A number of a transaction that is over by now may be of any database: it counts.

        :return: tuple of the oldest transaction that was open, the first one that had
            not begun, and how many others were open
        """
        [row] = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(MIN(open.xid::text::bigint),
                                pg_snapshot_xmax(pg_current_snapshot())::text::bigint),
                       pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
                       COUNT(*)
                  FROM pg_snapshot_xip(pg_current_snapshot()) AS open (xid)
                 WHERE open.xid IS DISTINCT FROM pg_current_xact_id_if_assigned()
                   AND NOT EXISTS (
                       SELECT FROM pg_locks held
                         JOIN pg_stat_activity session ON session.pid = held.pid
                        WHERE held.locktype = 'transactionid'
                          AND held.mode = 'ExclusiveLock'
                          AND held.granted
                          AND session.datname != current_database()
                          AND held.transactionid::text::bigint
                              = open.xid::text::bigint %% 4294967296)
                """
            )
        )
        return row
