from odoo import api, models
from odoo.tools import SQL

WALLET_TYPES = ("loyalty", "ewallet", "gift_card")


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
        """Return SQL that gives each row the value of its company.

        :param column: SQL of the company's id; rows without one count as the current
            company's
        :param value: function of a `res.company` record
        """
        # Which day it is elsewhere is no secret, the rows are guarded by rules;
        # companies are few.
        # pylint: disable-next=no-search-all
        companies = self.env["res.company"].sudo().search([])
        values = {company.id: value(company) for company in companies}
        default = values[self.env.company.id]
        others = {key: val for key, val in values.items() if val != default}
        if not others:
            return SQL("%s", default)
        cases = SQL(" ").join(
            SQL("WHEN %s THEN %s", key, val) for key, val in others.items()
        )
        return SQL("CASE %s %s ELSE %s END", column, cases, default)

    @api.model
    def _local(self, moment, company):
        """Return SQL of a moment in the time zone of its company.

        :param moment: SQL of a timestamp in UTC
        :param company: SQL of the company's id
        """
        zone = self._by_company(company, lambda record: record._loyalty_timezone())
        return SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)", moment, zone)

    @api.model
    def _live_uses(self):
        """Return SQL of the uses that count: reversed ones are gone, others are net.

        A use is gone when none of its points is left; one that took no points, when
        none of its discount and its goods is. It has the columns of
        `loyalty.redemption`.
        """
        return SQL(
            """
            SELECT use.id, use.card_id, use.program_id, use.campaign_id,
                   use.partner_id, use.company_id, use.channel, use.shop, use.user_id,
                   use.order_model, use.order_id, use.date,
                   COALESCE(use.points, 0) + COALESCE(back.points, 0) AS points,
                   COALESCE(use.discount_amount, 0)
                       + COALESCE(back.discount_amount, 0) AS discount_amount,
                   COALESCE(use.goods_cost, 0)
                       + COALESCE(back.goods_cost, 0) AS goods_cost,
                   COALESCE(use.order_amount, 0)
                       + COALESCE(back.order_amount, 0) AS order_amount
              FROM loyalty_redemption use
              LEFT JOIN (SELECT reversal_of_id, SUM(points) AS points,
                                SUM(discount_amount) AS discount_amount,
                                SUM(goods_cost) AS goods_cost,
                                SUM(order_amount) AS order_amount
                           FROM loyalty_redemption
                          WHERE reversal_of_id IS NOT NULL
                          GROUP BY reversal_of_id) back
                ON back.reversal_of_id = use.id
             WHERE use.reversal_of_id IS NULL
               AND (back.reversal_of_id IS NULL
                 OR ABS(COALESCE(use.points, 0) + COALESCE(back.points, 0)) >= 0.005
                 OR COALESCE(use.points, 0) = 0
                AND ABS(COALESCE(use.discount_amount, 0)
                        + COALESCE(back.discount_amount, 0))
                  + ABS(COALESCE(use.goods_cost, 0)
                        + COALESCE(back.goods_cost, 0)) >= 0.005)
            """
        )

    @api.model
    def _uses_per_document(self):
        """Return SQL of how many live uses a document has, for sharing its amount."""
        return SQL(
            """
            SELECT live.order_model, live.order_id, COUNT(*) AS uses
              FROM (%s) live
             WHERE live.order_model IS NOT NULL
             GROUP BY live.order_model, live.order_id
            """,
            self._live_uses(),
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
