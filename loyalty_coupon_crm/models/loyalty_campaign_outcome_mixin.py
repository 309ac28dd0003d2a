from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.planner import without_jit
from .loyalty_campaign_trigger_mixin import ONCE_TRIGGERS

# Window of an offer without end.
DEFAULT_DAYS = 30
# Discounts, goods and messages.
NO_COST = (0.0,) * 3
# Messages that were paid for, or will be.
TOLD_STATES = ("queued", "sms", "sent", "bounced", "outbox", "call", "printed")


class LoyaltyCampaignOutcomeMixin(models.AbstractModel):
    """What the members of a campaign bought in its windows, and what that cost.

    A window runs from the assignment to the end of the offer and `lag_days` more, one
    per occasion. All contacts of one commercial partner are one customer. What is
    compared is what was drawn: a customer in a year of occasions, with all windows
    together, so that a purchase in two of them counts once and regular customers do not
    look like many.
    """

    _name = "loyalty.campaign.outcome.mixin"
    _description = "Outcomes of Campaigns"

    def _issue_delay_days(self):
        """Return how many days at most passed from assignment to issue."""
        self.env["loyalty.campaign.member"].flush_model()
        [[delay]] = self.env.execute_query(
            SQL(
                """
                SELECT MAX(issued_at - assigned_at) FROM loyalty_campaign_member
                 WHERE campaign_id = %s AND state = 'issued'
                """,
                self.id,
            )
        )
        return max(0, delay.days) if delay else 0

    def _last_offer_day(self):
        """Return the last day of the programs the campaign offers; False for no end."""
        days = self._offered_programs().mapped("date_to")
        return bool(days) and all(days) and max(days)

    def _window_end_sql(self):
        """Return SQL of when the window of a row of `loyalty_campaign_member` ends.

        An offer lapses by its validity (from issue, which may lag behind) or with its
        program, whatever comes first; one without end is watched for 30 days. That of a
        campaign that gives its offer once lasts until the last day of the campaign.
        """
        self.ensure_one()

        def end_of(day):
            return self.company_id._loyalty_day_start(day + timedelta(days=1))

        days = (self.validity_days or DEFAULT_DAYS) + self._issue_delay_days()
        end = SQL("member.assigned_at + %s", timedelta(days=days))
        if last_day := self._last_offer_day():
            closes = SQL("%s::timestamp", end_of(last_day))
            end = SQL("LEAST(%s, %s)", end, closes) if self.validity_days else closes
        if self.date_end and self.trigger in ONCE_TRIGGERS:
            end = SQL("GREATEST(%s, %s::timestamp)", end, end_of(self.date_end))
        return SQL(
            "GREATEST(member.assigned_at, %s) + %s",
            end,
            timedelta(days=self.lag_days),
        )

    def _window_query(self):
        """Return the query of the windows, one row per member that was compared.

        Of windows of one customer that overlap, the later begins where the earlier
        ends: whatever happened lies in one of them. Columns: customer_id, year (of the
        occasion), arm, variant_id, starts, ends, reach (as many days before the first
        window as it is long, else where the row starts).
        """
        return SQL(
            """
            SELECT customer_id, year, arm, variant_id, ends,
                   GREATEST(assigned_at, covered) AS starts,
                   CASE WHEN covered IS NULL THEN assigned_at - (ends - assigned_at)
                        ELSE GREATEST(assigned_at, covered) END AS reach
              FROM (SELECT *, MAX(ends) OVER (
                               PARTITION BY customer_id, year, arm, variant_id
                               ORDER BY assigned_at, id
                               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                           ) AS covered
                      FROM (SELECT member.id, member.arm, member.variant_id,
                                   contact.commercial_partner_id AS customer_id,
                                   LEFT(member.occasion, 4) AS year,
                                   member.assigned_at, %(ends)s AS ends
                              FROM loyalty_campaign_member member
                              JOIN res_partner contact
                                ON contact.id = member.partner_id
                             WHERE member.campaign_id = %(campaign)s
                               AND member.arm IN ('treated', 'control')
                           ) drawn
                   ) row
            """,
            campaign=self.id,
            ends=self._window_end_sql(),
        )

    def _outcome_query(self):
        """Return the query of what each customer bought, per year of occasions.

        Columns: arm, variant_id, ends (of the last window), after (net purchases in the
        windows), gross, known_gross, known_margin (less the cost of goods that were
        sold: those given free on the campaign's coupons are a cost of the campaign),
        bought, before (net purchases in as many days before the first window).
        """
        queries = self.env["loyalty.fact.query"]
        return SQL(
            """
            WITH span AS MATERIALIZED (%(windows)s),
            chosen AS MATERIALIZED (%(chosen)s),
            document AS (%(documents)s),
            free AS (
                SELECT order_model, order_id, SUM(goods)::numeric AS goods
                  FROM (%(costs)s) cost GROUP BY 1, 2
            )
            SELECT span.arm, span.variant_id, MAX(span.ends) AS ends,
                   COALESCE(SUM(amount) FILTER (WHERE %(inside)s), 0) AS after,
                   COALESCE(SUM(amount + discount_amount) FILTER (WHERE %(inside)s), 0)
                       AS gross,
                   SUM(amount + discount_amount) FILTER (
                       WHERE %(inside)s AND margin IS NOT NULL) AS known_gross,
                   SUM(margin + discount_amount + COALESCE(free.goods, 0)) FILTER (
                       WHERE %(inside)s) AS known_margin,
                   COALESCE(BOOL_OR(is_counted) FILTER (WHERE %(inside)s), FALSE)
                       AS bought,
                   COALESCE(SUM(amount) FILTER (WHERE document.date < span.starts), 0)
                       AS before
              FROM span
         LEFT JOIN document ON document.customer_id = span.customer_id
                           AND document.date >= span.reach
                           AND document.date < span.ends
         LEFT JOIN free ON free.order_model = document.order_model
                       AND free.order_id = document.order_id
          GROUP BY span.customer_id, span.year, span.arm, span.variant_id
            """,
            windows=self._window_query(),
            chosen=queries._rows_of_span(self.company_id),
            documents=queries._documents("chosen"),
            costs=self._cost_query(),
            inside=SQL("document.date >= span.starts"),
        )

    def _flush_outcomes(self):
        """Write what the queries read, and have them planned only."""
        without_jit(self.env.cr)
        for name in ("campaign.member", "purchase", "redemption", "card", "point.move"):
            self.env[f"loyalty.{name}"].flush_model()

    def _read_outcomes(self):
        """Return {(arm, variant id or None for all): dict of figures}."""
        self._flush_outcomes()
        names = (
            "count",
            "buyers",
            "mean",
            "variance",
            "before_mean",
            "before_variance",
            "covariance",
            "gross_mean",
            "known_gross",
            "known_margin",
            "open",
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT arm, GROUPING(variant_id) = 1 AS is_total, variant_id,
                       COUNT(*), COUNT(*) FILTER (WHERE bought), AVG(after)::float8,
                       VAR_SAMP(after)::float8, AVG(before)::float8,
                       VAR_SAMP(before)::float8, COVAR_SAMP(after, before),
                       AVG(gross)::float8, SUM(known_gross)::float8,
                       SUM(known_margin)::float8,
                       COUNT(*) FILTER (WHERE ends > %(now)s)
                  FROM (%(outcomes)s) outcome
              GROUP BY GROUPING SETS ((arm), (arm, variant_id))
                """,
                outcomes=self._outcome_query(),
                now=fields.Datetime.now(),
            )
        )
        found = {}
        for arm, is_total, variant_id, *values in rows:
            if is_total or variant_id:
                key = (arm, None if is_total else variant_id)
                values = (value or 0 for value in values)
                found[key] = dict(zip(names, values, strict=True))
        return found

    def _cost_query(self):
        """Return the query of what uses of the campaign's offer gave.

        Columns: member_id, order_model, order_id, date, discount, goods. A row that
        takes back a use belongs to the document and the day of that use.
        """
        self.ensure_one()
        coupons = SQL(
            """
            SELECT member.id AS member_id, use.order_model, use.order_id, use.date,
                   row.discount_amount::float8 AS discount,
                   row.goods_cost::float8 AS goods
              FROM loyalty_campaign_member member
              JOIN loyalty_card card ON card.campaign_member_id = member.id
              JOIN loyalty_redemption row ON row.card_id = card.id
              JOIN loyalty_redemption use
                ON use.id = COALESCE(row.reversal_of_id, row.id)
             WHERE member.campaign_id = %s
            """,
            self.id,
        )
        wallets = self._wallet_cost_query()
        return SQL("%s UNION ALL %s", coupons, wallets) if wallets else coupons

    def _read_costs(self):
        """Return {variant id or None: (discount, goods, messages)} of the windows.

        In money; the key "total" has the sums of all.
        """
        self._flush_outcomes()
        rows = self.env.execute_query(
            SQL(
                """
                WITH span AS MATERIALIZED (%(windows)s),
                given AS MATERIALIZED (
                    SELECT contact.commercial_partner_id AS customer_id,
                           LEFT(member.occasion, 4) AS year, member.arm,
                           member.variant_id, cost.*
                      FROM (%(costs)s) cost
                      JOIN loyalty_campaign_member member ON member.id = cost.member_id
                      JOIN res_partner contact ON contact.id = member.partner_id
                )
                SELECT given.variant_id, SUM(discount), SUM(goods)
                  FROM given
                  JOIN span ON span.customer_id = given.customer_id
                           AND span.year = given.year
                           AND span.arm = given.arm
                           AND span.variant_id IS NOT DISTINCT FROM given.variant_id
                           AND given.date >= span.starts AND given.date < span.ends
              GROUP BY 1
                """,
                windows=self._window_query(),
                costs=self._cost_query(),
            )
        )
        costs = {variant: (given or 0, goods or 0, 0) for variant, given, goods in rows}
        for variant, count in self._read_told().items():
            given, goods, _messages = costs.get(variant, NO_COST)
            costs[variant] = (given, goods, count * self.message_cost)
        total = tuple(sum(column) for column in zip(*costs.values(), strict=True))
        return {**costs, "total": total or NO_COST}

    def _read_told(self):
        """Return {variant id or None: how many messages, calls and sheets went out}."""
        # Only the number of messages is told, not to whom they went.
        members = self.env["loyalty.campaign.member"].sudo()
        unsent = (
            self.env["loyalty.outbox"]
            .sudo()
            ._search(
                [
                    ("campaign_id", "=", self.id),
                    ("member_id", "!=", False),
                    ("state", "in", ("failed", "cancelled")),
                ]
            )
        )
        domain = Domain("campaign_id", "=", self.id)
        domain &= Domain("message_state", "in", TOLD_STATES)
        domain &= Domain("message_state", "!=", "outbox") | Domain(
            "id", "not in", unsent.subselect("member_id")
        )
        counts = members._read_group(domain, ["variant_id"], ["__count"])
        return {variant.id or None: count for variant, count in counts}
