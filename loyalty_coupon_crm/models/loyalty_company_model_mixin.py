import math
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import purchase_model

FEWEST_REPEAT_BUYERS = 500
FIT_EVERY_DAYS = 7
# Minutes after which whoever found the figures in work comes again.
COME_AGAIN = 1
LONGEST_HOLDOUT_WEEKS = 26
SHORTEST_HOLDOUT_WEEKS = 4
# Shares of customers by value: the best fifth, the next three tenths, the rest.
TOP_SHARE, MIDDLE_SHARE = 0.2, 0.5


class LoyaltyCompanyModelMixin(models.AbstractModel):
    """The purchase model of a company: fitted weekly, applied nightly.

    Definitions and sources are in `tools/purchase_model.py`.
    """

    _name = "loyalty.company.model.mixin"
    _description = "Purchase Model of a Company"

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="company_id.currency_id")
    fitted_on = fields.Date(
        string="Model of", help="The day on which the purchase model was fitted."
    )
    repeat_buyer_count = fields.Integer(
        string="Repeat Buyers", help="Customers with purchases on two or more days."
    )
    # Without a number of decimals: a parameter near zero must not become zero.
    model_r = fields.Float(string="r", aggregator=None)
    model_alpha = fields.Float(string="α", aggregator=None)
    model_a = fields.Float(string="a", aggregator=None)
    model_b = fields.Float(string="b", aggregator=None)
    model_p = fields.Float(string="p", aggregator=None)
    model_q = fields.Float(string="q", aggregator=None)
    model_gamma = fields.Float(string="γ", aggregator=None)
    log_likelihood = fields.Float(digits=(16, 2), aggregator=None)
    margin_rate = fields.Float(
        aggregator=None,
        help="Margin ÷ net amount of the customers' purchases with known cost, at the "
        "last full refresh.",
    )
    holdout_weeks = fields.Integer(
        aggregator=None,
        help="The last weeks were hidden from the model and forecast by it.",
    )
    holdout_customer_count = fields.Integer(
        string="Customers of the Check", aggregator=None
    )
    holdout_actual = fields.Monetary(string="Sales in the Check", aggregator=None)
    holdout_forecast = fields.Monetary(string="Sales Forecast", aggregator=None)
    holdout_error = fields.Monetary(
        string="Error of the Model",
        aggregator=None,
        help="Root mean square of forecast less actual sales per customer.",
    )
    holdout_naive_error = fields.Monetary(
        string="Error of the Naive Forecast",
        aggregator=None,
        help="The same, of the forecast that each customer buys in the next period "
        "what they bought in the last.",
    )
    holdout_gain = fields.Float(
        string="Better by",
        aggregator=None,
        help="1 − error of the model ÷ error of the naive forecast; below zero the "
        "naive forecast was better.",
    )
    model_text = fields.Text(string="Prediction", compute="_compute_model_text")

    @api.depends("fitted_on", "repeat_buyer_count", "holdout_gain")
    def _compute_model_text(self):
        for metric in self:
            metric.model_text = metric._model_text()

    def _model_text(self):
        """Return in words what the model rests on, or why there is none."""
        self.ensure_one()
        if not purchase_model.available():
            return self.env._(
                "Not available: the server lacks the Python packages numpy and scipy. "
                "Probability, expected purchases and lifetime value stay empty."
            )
        if not self.fitted_on and self.repeat_buyer_count >= FEWEST_REPEAT_BUYERS:
            return self.env._(
                "No model fits the purchases of the %(count)s repeat buyers: "
                "probability, expected purchases and lifetime value stay empty.",
                count=self.repeat_buyer_count,
            )
        if not self.fitted_on:
            return self.env._(
                "Not enough data: the model needs %(needed)s customers with purchases "
                "on two or more days, there are %(count)s.",
                needed=FEWEST_REPEAT_BUYERS,
                count=self.repeat_buyer_count,
            )
        text = self.env._(
            "Fitted on %(day)s to %(count)s repeat buyers.",
            day=fields.Date.to_string(self.fitted_on),
            count=self.repeat_buyer_count,
        )
        if not self.model_q:
            return self.env._(
                "%(text)s The amounts they spend fit no model: lifetime value stays "
                "empty.",
                text=text,
            )
        if not self.holdout_weeks:
            return text
        return text + " " + self._holdout_text()

    def _holdout_text(self):
        values = {
            "weeks": self.holdout_weeks,
            "model": self.currency_id.format(self.holdout_error),
            "naive": self.currency_id.format(self.holdout_naive_error),
            "gain": round(abs(self.holdout_gain) * 100, 1),
        }
        if self.holdout_gain < 0:
            return self.env._(
                "Check on the last %(weeks)s weeks: error %(model)s per customer, that "
                "of the naive forecast (next period = last period) %(naive)s: the "
                "model is %(gain)s %% worse, do not rely on it.",
                **values,
            )
        return self.env._(
            "Check on the last %(weeks)s weeks: error %(model)s per customer, that of "
            "the naive forecast (next period = last period) %(naive)s: the model is "
            "%(gain)s %% better.",
            **values,
        )

    @api.model
    def _cron_predict(self):
        """Fit the models that are due and compute what they say of each customer."""
        self.env["res.company"]._loyalty_each_night(self._predict)

    @api.model
    def _predict(self, company):
        """Fit the model of a company when it is due, and apply it to its customers.

        :param company: `res.company` record
        """
        if not purchase_model.available():
            return
        if not self._take_turn():
            # Another transaction computes figures: the model comes after it.
            self.env.ref("loyalty_coupon_crm.ir_cron_loyalty_predict")._trigger(
                fields.Datetime.add(fields.Datetime.now(), minutes=COME_AGAIN)
            )
            return
        self._ensure(company)
        metric = self.search([("company_id", "=", company.id)])
        today = company._loyalty_today()
        histories = self._histories(company, today, 0)
        metric.repeat_buyer_count = sum(1 for row in histories if row["x"] > 0)
        if metric.repeat_buyer_count < FEWEST_REPEAT_BUYERS:
            metric.write({"fitted_on": False, "holdout_weeks": 0})
        elif not metric.fitted_on or (today - metric.fitted_on).days >= FIT_EVERY_DAYS:
            metric._fit(histories, today)
        metric._apply_model(histories)

    @api.model
    def _histories(self, company, until, weeks):
        """Return the purchases of each customer up to a day, and of `weeks` around it.

        What was refunded after that day was not known: only `later` deducts it.

        :param until: the last day that counts as known
        :return: dicts with `partner_id`, `x`, `recency`, `age` (weeks), `mean`; `later`
            and `earlier` are net amounts of the `weeks` after and before `until`
        """
        self.env.flush_all()
        metrics = self.env["loyalty.customer.metric"]
        span = timedelta(weeks=weeks)
        self.env.cr.execute(
            SQL(
                """
                WITH zone AS (%(zone)s),
                fact AS (
                    SELECT row.* FROM loyalty_purchase row
                      JOIN zone ON zone.company_id = row.company_id
                     WHERE row.date < %(night)s),
                basket AS (%(basket)s), day AS (%(day)s),
                known AS (
                    SELECT partner_id, COUNT(*) - 1 AS x,
                           (MAX(day) - MIN(day)) / 7.0 AS recency,
                           (%(until)s - MIN(day)) / 7.0 AS age,
                           COALESCE(AVG(amount) FILTER (WHERE gap IS NOT NULL), 0)
                               AS mean,
                           COALESCE(SUM(amount) FILTER (WHERE day > %(before)s), 0)
                               AS earlier
                      FROM day GROUP BY partner_id),
                after AS (
                    SELECT partner_id, SUM(amount) AS amount
                      FROM (%(sold)s) sold
                     WHERE is_counted
                       AND date::date > %(until)s AND date::date <= %(after)s
                  GROUP BY partner_id)
                SELECT known.*, COALESCE(after.amount, 0) AS later
                  FROM known LEFT JOIN after USING (partner_id)
              ORDER BY partner_id
                """,
                zone=metrics._zone_sql(company),
                basket=metrics._basket_sql(SQL("fact")),
                day=metrics._day_sql(),
                sold=metrics._basket_sql(SQL("loyalty_purchase")),
                night=company._loyalty_day_start(until + timedelta(days=1)),
                until=SQL("%s::date", until),
                after=SQL("%s::date", until + span),
                before=SQL("%s::date", until - span),
            )
        )
        return self.env.cr.dictfetchall()

    def _fit(self, histories, today):
        """Find the parameters and check them against the naive forecast."""
        self.ensure_one()
        found = self._parameters(histories)
        if not found:
            self.write({"fitted_on": False, "holdout_weeks": 0})
            return
        purchases, spend = found
        amounts = {"model_p": 0.0, "model_q": 0.0, "model_gamma": 0.0}
        if spend:
            amounts = {
                "model_p": spend.p,
                "model_q": spend.q,
                "model_gamma": spend.gamma,
            }
        self.write(
            {
                "fitted_on": today,
                "model_r": purchases.r,
                "model_alpha": purchases.alpha,
                "model_a": purchases.a,
                "model_b": purchases.b,
                **amounts,
                "log_likelihood": purchases.log_likelihood,
                **self._holdout_vals(histories, today),
            }
        )

    @api.model
    def _parameters(self, histories):
        """Return the fitted parameters of purchases and spend, or None.

        Those of spend are None when the amounts fit no model.
        """
        buyers = [row for row in histories if row["x"] > 0 and row["mean"] > 0]
        if not buyers:
            return None
        purchases = purchase_model.fit_purchases(*self._series(histories)[:3])
        series = self._series(buyers)
        spend = purchase_model.fit_spend(series[0], series[3])
        return purchases and (purchases, spend)

    @api.model
    def _series(self, histories):
        """Return x, recency, age and mean as lists of numbers."""
        return [
            [float(row[name]) for row in histories]
            for name in ("x", "recency", "age", "mean")
        ]

    def _holdout_vals(self, histories, today):
        """Return how well the last weeks are forecast by what was known before.

        Same customers, same weeks; the naive forecast is that the next period is like
        the last one.
        """
        longest = max(float(row["age"]) for row in histories)
        weeks = min(LONGEST_HOLDOUT_WEEKS, math.floor(longest / 3))
        nothing = {"holdout_weeks": 0, "holdout_customer_count": 0, "holdout_gain": 0}
        if weeks < SHORTEST_HOLDOUT_WEEKS:
            return nothing
        until = today - timedelta(weeks=weeks)
        known = self._histories(self.company_id, until, weeks)
        found = known and self._parameters(known)
        if not found or not found[1]:
            return nothing
        purchases, spend = found
        x, recency, age, mean = self._series(known)
        forecast = purchase_model.expected_purchases(
            purchases, x, recency, age, weeks
        ) * purchase_model.expected_spend(spend, x, mean)
        actual = [float(row["later"]) for row in known]
        naive = [float(row["earlier"]) for row in known]
        error = purchase_model.root_mean_square(forecast, actual)
        naive_error = purchase_model.root_mean_square(naive, actual)
        return {
            "holdout_weeks": weeks,
            "holdout_customer_count": len(known),
            "holdout_actual": sum(actual),
            "holdout_forecast": float(forecast.sum()),
            "holdout_error": error,
            "holdout_naive_error": naive_error,
            "holdout_gain": 1 - error / naive_error if naive_error else 0.0,
        }

    def _apply_model(self, histories):
        """Write what the model says of each customer; nothing without a model."""
        self.ensure_one()
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE loyalty_customer_metric SET p_alive = NULL, churn_band = NULL,"
                " expected_purchases = NULL, clv = NULL, clv_band = NULL"
                " WHERE company_id = %s AND (p_alive IS NOT NULL"
                " OR expected_purchases IS NOT NULL OR clv_band IS NOT NULL)",
                self.company_id.id,
            )
        )
        if self.fitted_on and histories:
            self._write_predictions(histories)
        self.env["loyalty.customer.metric"].invalidate_model()

    def _write_predictions(self, histories):
        params = [self.model_r, self.model_alpha, self.model_a, self.model_b]
        spend = [self.model_p, self.model_q, self.model_gamma]
        series = self._series(histories)
        alive = purchase_model.p_alive(params, *series[:3])
        year = purchase_model.WEEKS_IN_MONTH * purchase_model.MONTHS
        expected = purchase_model.expected_purchases(params, *series[:3], year)
        values = [None] * len(histories)
        # The cost of nothing being known, a value of zero would be a lie.
        if self.margin_rate and self.model_q:
            values = purchase_model.lifetime_value(
                params,
                spend,
                series,
                self.margin_rate,
                self.company_id.loyalty_yearly_discount,
            ).tolist()
        self.env.cr.execute(
            SQL(
                """
                UPDATE loyalty_customer_metric metric
                   SET p_alive = found.alive, expected_purchases = found.expected,
                       clv = ROUND(found.value::numeric, 2),
                       churn_band = %(churn)s,
                       clv_band = CASE WHEN found.value IS NULL THEN NULL
                                       WHEN found.place < %(top)s THEN 'top'
                                       WHEN found.place < %(middle)s THEN 'middle'
                                       ELSE 'base' END
                  FROM (SELECT *, PERCENT_RANK() OVER (ORDER BY value DESC) AS place
                          FROM UNNEST(%(partners)s::int[], %(alive)s::float[],
                                      %(expected)s::float[], %(values)s::float[])
                               AS row(partner_id, alive, expected, value)) found
                 WHERE metric.company_id = %(company)s
                   AND metric.partner_id = found.partner_id
                """,
                churn=self.env["loyalty.customer.metric"]._churn_sql(
                    SQL("found.alive"), SQL("metric.purchase_days")
                ),
                top=TOP_SHARE,
                middle=MIDDLE_SHARE,
                partners=[row["partner_id"] for row in histories],
                alive=alive.tolist(),
                expected=expected.tolist(),
                values=values,
                company=self.company_id.id,
            )
        )
