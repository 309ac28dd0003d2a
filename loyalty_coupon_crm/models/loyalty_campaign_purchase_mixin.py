from datetime import datetime, timedelta

from odoo import api, models
from odoo.tools import SQL


class LoyaltyCampaignPurchaseMixin(models.AbstractModel):
    """Purchases that trigger campaigns, read after the checkout from where it wrote."""

    _name = "loyalty.campaign.purchase.mixin"
    _inherit = "loyalty.campaign.cursor.mixin"
    _description = "Purchase Triggers of Campaigns"

    def _purchase_rows(self, start, end):
        """Return the query of the purchases that the campaign looks at.

        Without those that were taken back, and without corrections that make a purchase
        smaller. History that was imported lies before the launch, and what was bought
        after the campaign's last day is not its own.

        :param start: id after which to read
        :param end: last id to read
        """
        return SQL(
            """
            SELECT found.*,
                   (first.date AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date
                       AS first_day
              FROM (SELECT row.id, row.partner_id,
                           row.commercial_partner_id AS customer_id,
                           row.date, row.order_model, row.order_id, row.amount,
                           (row.date AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date
                               AS day,
                           COALESCE((
                               SELECT MIN(same.id)
                                 FROM loyalty_purchase same
                                WHERE same.order_model = row.order_model
                                  AND same.order_id = row.order_id
                                  AND same.reversal_of_id IS NULL), row.id) AS first_id
                      FROM loyalty_purchase row
                     WHERE row.id > %(start)s AND row.id <= %(end)s
                       AND row.company_id = %(company)s
                       AND row.date >= %(since)s
                       AND row.date < %(until)s
                       AND row.reversal_of_id IS NULL
                       AND row.amount > 0
                       AND row.partner_id IS NOT NULL
                       AND %(live)s) found
              JOIN loyalty_purchase first ON first.id = found.first_id
            """,
            zone=self.company_id._loyalty_timezone(),
            live=self._live_sql("row"),
            until=self._purchases_until(),
            start=start,
            end=end,
            company=self.company_id.id,
            since=self._purchases_since(),
        )

    def _purchases_since(self):
        """Return from when on purchases count, a naive datetime in UTC."""
        return self.launched_at

    def _purchases_until(self):
        """Return up to when purchases count, the moment left out; in UTC."""
        if not self.date_end:
            return datetime.max
        return self.company_id._loyalty_day_start(self.date_end + timedelta(days=1))

    @api.model
    def _back_sql(self, alias):
        """Return SQL of what was taken back of a row, zero or below.

        :param alias: name of a row of `loyalty_purchase`
        """
        return SQL(
            """
            COALESCE((SELECT SUM(back.amount) FROM loyalty_purchase back
                       WHERE back.reversal_of_id = %s), 0)
            """,
            SQL.identifier(alias, "id"),
        )

    @api.model
    def _left_sql(self, alias):
        """Return SQL of the amount left of a row's document, additions and all.

        :param alias: name of a row of `loyalty_purchase`
        """
        return SQL(
            """
            (SELECT SUM(part.amount + COALESCE((
                        SELECT SUM(back.amount)
                          FROM loyalty_purchase back
                         WHERE back.reversal_of_id = part.id
                           AND (part.order_id IS NULL
                                OR (back.order_model, back.order_id)
                                   IS DISTINCT FROM (part.order_model, part.order_id))
                    ), 0))
               FROM loyalty_purchase part
              WHERE part.id = %(id)s
                 OR (part.order_model = %(model)s AND part.order_id = %(order)s))
            """,
            id=SQL.identifier(alias, "id"),
            model=SQL.identifier(alias, "order_model"),
            order=SQL.identifier(alias, "order_id"),
        )

    @api.model
    def _live_sql(self, alias):
        """Return the condition that something is left of a row and of its document.

        An order that was edited and then refunded in full leaves rows behind that are
        above zero.

        :param alias: name of a row of `loyalty_purchase`
        """
        return SQL(
            "(%s + %s > 0 AND (%s IS NULL OR %s > 0))",
            SQL.identifier(alias, "amount"),
            self._back_sql(alias),
            SQL.identifier(alias, "order_id"),
            self._left_sql(alias),
        )

    def _purchase_query(self, condition=None, occasion=None, first_only=True):
        """Return the candidates of a purchase trigger.

        :param condition: SQL on `event`, a row of `_purchase_rows`
        :param occasion: SQL of the occasion, by default the first day of the purchase
            and the purchase, which stay the same whenever it grows
        :param first_only: whether additions to a confirmed order are left out
        """
        self.env["loyalty.purchase"].flush_model()
        conditions = [condition] if condition else []
        if first_only:
            conditions.append(
                SQL(
                    """
                    NOT EXISTS (
                        SELECT FROM loyalty_purchase before
                         WHERE before.order_model = event.order_model
                           AND before.order_id = event.order_id
                           AND before.id < event.id
                           AND before.reversal_of_id IS NULL
                           AND before.amount > 0
                           AND before.amount + %s > 0)
                    """,
                    self._back_sql("before"),
                )
            )
        return SQL(
            """
            SELECT event.partner_id, %(occasion)s AS occasion,
                   NULL::integer AS card_id, event.date AS moment
              FROM (%(rows)s) event
             WHERE %(condition)s
            """,
            occasion=occasion or SQL("event.first_day || '/' || event.first_id"),
            rows=self._event_rows(),
            condition=SQL(" AND ").join(conditions) if conditions else SQL("TRUE"),
        )

    def _event_rows(self):
        """Return the purchases of the chunk that is looked at now."""
        return self._purchase_rows(self.cursor_purchase_id, self._chunk_end())

    def _earlier_query(self, columns, condition=None):
        """Return a query of the earlier purchases of an event's customer.

        Earlier is what was written before: a till that was offline tells late, and
        whoever comes third is the third. History is earlier whenever it was imported.
        A trial of the past goes by date; at the same moment, by id. Taken back ones
        do not count.
        """
        earlier = SQL("(old.date, old.id) < (event.date, event.id)")
        if self.id:
            earlier = SQL(
                "(old.id < event.id OR old.date < %s)", self._purchases_since()
            )
        return SQL(
            """
            SELECT %(columns)s
              FROM loyalty_purchase old
             WHERE old.company_id = %(company)s
               AND old.commercial_partner_id = event.customer_id
               AND %(earlier)s
               AND old.reversal_of_id IS NULL
               AND old.amount > 0
               AND %(live)s
               %(condition)s
            """,
            columns=columns,
            earlier=earlier,
            live=self._live_sql("old"),
            company=self.company_id.id,
            condition=condition or SQL(),
        )

    def _candidates_first_purchase(self):
        """Customers whose purchase is their first; once in a lifetime."""
        return self._purchase_query(
            SQL("NOT EXISTS (%s)", self._earlier_query(SQL())), SQL("''::varchar")
        )

    def _candidates_purchase_amount(self):
        """Customers whose purchase, additions and refunds counted, is large enough."""
        return self._purchase_query(
            SQL("%s >= %s", self._left_sql("event"), self.trigger_amount),
            first_only=False,
        )

    def _candidates_purchase_product(self):
        """Customers who bought one of the products or categories."""
        self.env["loyalty.purchase.line"].flush_model()
        return self._purchase_query(
            SQL(
                """
                EXISTS (SELECT FROM loyalty_purchase_line line
                         WHERE line.purchase_id = event.id
                           AND line.quantity > 0
                           AND (line.product_id = ANY(%s) OR line.categ_id = ANY(%s)))
                """,
                self.trigger_product_ids.ids,
                self._trigger_category_ids(),
            ),
            first_only=False,
        )

    def _trigger_category_ids(self):
        """Return the ids of the categories that are meant, with those below them."""
        if not self.trigger_categ_ids:
            return []
        # Categories are the same for everybody; marketing may lack Odoo's stock rights.
        categories = self.env["product.category"].sudo()
        return categories.search([("id", "child_of", self.trigger_categ_ids.ids)]).ids

    def _candidates_nth_purchase(self):
        """Customers at their Nth purchase, or at every Nth."""
        count = SQL(
            "1 + (%s)",
            self._earlier_query(
                SQL(
                    """
                    COUNT(DISTINCT (old.order_model,
                                    COALESCE(NULLIF(old.order_id, 0), old.id)))
                    """
                )
            ),
        )
        if self.repeat_nth:
            return self._purchase_query(
                SQL("(%s) %% %s = 0", count, self.trigger_count)
            )
        return self._purchase_query(
            SQL("(%s) = %s", count, self.trigger_count), SQL("''::varchar")
        )

    def _period_sql(self, moment):
        """Return SQL of the first day of the calendar period of a date."""
        return SQL("DATE_TRUNC(%s, %s::timestamp)::date", self.interval_type, moment)

    def _candidates_visits(self):
        """Customers with so many days of purchase within a calendar period."""
        zone = self.company_id._loyalty_timezone()
        old_day = SQL("(old.date AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", zone)
        period = self._period_sql(SQL("event.day"))
        earlier_days = self._earlier_query(
            SQL("COUNT(DISTINCT %s)", old_day),
            SQL(
                "AND %s >= %s AND %s != event.day AND %s = %s",
                old_day,
                period,
                old_day,
                self._period_sql(old_day),
                period,
            ),
        )
        return self._purchase_query(
            SQL("1 + (%s) >= %s", earlier_days, self.trigger_count),
            SQL("%s::text", period),
        )

    def _candidates_streak(self):
        """Customers who bought in so many calendar periods in a row.

        The count starts anew after each time it was reached. A till that tells late may
        close a gap: what lies before and after the gap was counted on its own.
        """
        period = self._period_sql(SQL("event.day"))
        before, after = self._run_sql(period, "<"), self._run_sql(period, ">")
        first_in_period = SQL(
            "NOT EXISTS (%s)",
            self._earlier_query(
                SQL(), SQL("AND %s = %s", self._old_period_sql(), period)
            ),
        )
        return self._purchase_query(
            SQL(
                """
                %(first)s
                AND (%(before)s + 1 + %(after)s) / %(count)s
                    > %(before)s / %(count)s + %(after)s / %(count)s
                """,
                first=first_in_period,
                before=before,
                after=after,
                count=self.trigger_count,
            ),
            SQL("%s::text", period),
        )

    def _old_period_sql(self):
        """Return SQL of the calendar period of an earlier purchase, `old`."""
        zone = self.company_id._loyalty_timezone()
        return self._period_sql(
            SQL("(old.date AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", zone)
        )

    def _run_sql(self, period, side):
        """Return SQL of how many periods next to a period were bought in, unbroken.

        :param period: SQL of the first day of the event's period
        :param side: `<` for those before it, `>` for those after it that are known
        """
        step = {"quarter": "3 months"}.get(
            self.interval_type, f"1 {self.interval_type}"
        )
        ahead = side == ">"
        return SQL(
            """
            (SELECT COUNT(*)
               FROM (SELECT period, ROW_NUMBER() OVER (ORDER BY period %(order)s)
                                AS place
                       FROM (%(periods)s) known) numbered
              WHERE period = (%(period)s %(sign)s place * %(step)s::interval)::date)
            """,
            order=SQL("ASC") if ahead else SQL("DESC"),
            sign=SQL("+") if ahead else SQL("-"),
            periods=self._earlier_query(
                SQL("DISTINCT %s AS period", self._old_period_sql()),
                SQL("AND %s %s %s", self._old_period_sql(), SQL(side), period),
            ),
            period=period,
            step=step,
        )
