from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..tools import campaign_statistics as figures
from ..tools.planner import without_jit

# Window of an offer without end.
DEFAULT_DAYS = 30

# What only a control group tells.
COMPARED = (
    "lift",
    "lift_low",
    "lift_high",
    "lift_relative",
    "amount_lift",
    "amount_low",
    "amount_high",
    "incremental_customers",
    "incremental_sales",
    "profit",
    "roi",
)

# Discounts, goods and messages.
NO_COST = (0.0,) * 3


class LoyaltyCampaignResultMixin(models.AbstractModel):
    """Did the campaign pay? By its control group, as assigned, one window per occasion.

    Formulas: `tools/campaign_statistics.py`. A window runs from the assignment for as
    long as the offer is valid (30 days when it has no end) and `lag_days` more, and
    for as long as issuing lagged behind. All contacts of one commercial partner are one
    customer. What is compared is what was drawn: a customer in a year of occasions,
    with all windows together, so that a purchase in two of them counts once and regular
    customers do not look like many.
    """

    _name = "loyalty.campaign.result.mixin"
    _description = "Results of Campaigns"

    company_id = fields.Many2one("res.company")
    currency_id = fields.Many2one(related="company_id.currency_id")
    lag_days = fields.Integer(
        string="Days after the Offer",
        default=7,
        help="Purchases count for so many days after the offer's end.",
    )
    message_cost = fields.Monetary(
        string="Cost per Message", help="What one message costs, for the profit."
    )
    result_ids = fields.One2many(
        "loyalty.campaign.result", "campaign_id", string="Results"
    )
    result_verdict = fields.Char(
        string="Result", compute="_compute_result_verdict", help="Of all arms together."
    )

    @api.depends("result_ids.verdict")
    def _compute_result_verdict(self):
        for campaign in self:
            overall = campaign.result_ids.filtered(lambda row: not row.variant_id)
            campaign.result_verdict = overall[:1].verdict

    def action_refresh_results(self):
        """Compute the results now."""
        self.check_access("read")
        self._refresh_results()

    def action_view_results(self):
        """Compute the results and open them."""
        self.ensure_one()
        self.action_refresh_results()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_campaign_result_action"
        )
        return {**action, "domain": [("campaign_id", "=", self.id)], "context": {}}

    @api.constrains("lag_days")
    def _check_lag_days(self):
        for campaign in self:
            if not 0 <= campaign.lag_days <= 365:
                raise ValidationError(
                    self.env._(
                        "%(days)s days after the offer are not possible: enter 0 to "
                        "365.",
                        days=campaign.lag_days,
                    )
                )

    @api.model
    def _cron_refresh_results(self):
        """Compute the results of the campaigns whose windows may still be open."""
        cron = self.env["ir.cron"]
        campaigns = self.search(
            [
                ("launched_at", "!=", False),
                "|",
                ("state", "in", ("running", "paused")),
                ("launched_at", ">", self._moments_ago(days=400)),
            ]
        )
        cron._commit_progress(remaining=len(campaigns))
        for campaign in campaigns:
            campaign._refresh_results()
            # Whoever stopped here would begin with the same campaigns again.
            cron._commit_progress(1)

    def _window_days(self):
        """Return how many days one window has."""
        self.ensure_one()
        validity = self.validity_days or DEFAULT_DAYS
        return validity + self.lag_days + self._issue_delay_days()

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

    def _refresh_results(self):
        """Replace the results by those of now, one row per arm and one of all."""
        # Who may read a campaign may see what it brought; only this method writes it.
        results = self.env["loyalty.campaign.result"].sudo()
        for campaign in self:
            rows = campaign._read_outcomes()
            costs = campaign._read_costs()
            old = results.search([("campaign_id", "=", campaign.id)])
            values = campaign._prepare_results(rows, costs)
            old.unlink()
            results.create(values)
        self.invalidate_recordset(["result_ids"])

    def _outcome_query(self):
        """Return the query of what each customer bought, per year of occasions.

        Columns: arm, variant_id, last (the latest assignment), after (net purchases in
        the windows), gross, known_gross, known_margin, bought, before (net purchases in
        as many days before the first window).
        """
        days = timedelta(days=self._window_days())
        return SQL(
            """
            WITH unit AS (
                SELECT contact.commercial_partner_id AS customer_id,
                       LEFT(member.occasion, 4) AS year, member.arm, member.variant_id,
                       MIN(member.assigned_at) AS start,
                       MAX(member.assigned_at) AS last,
                       RANGE_AGG(TSRANGE(member.assigned_at,
                                         member.assigned_at + %(days)s)) AS windows
                  FROM loyalty_campaign_member member
                  JOIN res_partner contact ON contact.id = member.partner_id
                 WHERE member.campaign_id = %(campaign)s
                   AND member.arm IN ('treated', 'control')
              GROUP BY 1, 2, 3, 4
            ), back AS (
                SELECT reversal_of_id, SUM(amount) AS amount,
                       SUM(discount_amount) AS discount, SUM(margin) AS margin
                  FROM loyalty_purchase
                 WHERE company_id = %(company)s AND reversal_of_id IS NOT NULL
              GROUP BY 1
            ), bought AS (
                SELECT row.commercial_partner_id AS customer_id, row.date,
                       row.amount + COALESCE(back.amount, 0) AS amount,
                       COALESCE(row.discount_amount, 0) + COALESCE(back.discount, 0)
                           AS discount,
                       row.margin + COALESCE(back.margin, 0) AS margin
                  FROM loyalty_purchase row
             LEFT JOIN back ON back.reversal_of_id = row.id
                 WHERE row.company_id = %(company)s
                   AND row.reversal_of_id IS NULL
                   AND row.date >= (SELECT MIN(start) FROM unit) - %(days)s
            )
            SELECT unit.arm, unit.variant_id, unit.last,
                   COALESCE(SUM(amount) FILTER (WHERE %(inside)s), 0) AS after,
                   COALESCE(SUM(amount + discount) FILTER (WHERE %(inside)s), 0)
                       AS gross,
                   SUM(amount + discount) FILTER (
                       WHERE %(inside)s AND margin IS NOT NULL) AS known_gross,
                   SUM(margin + discount) FILTER (WHERE %(inside)s) AS known_margin,
                   COALESCE(BOOL_OR(amount > 0) FILTER (WHERE %(inside)s), FALSE)
                       AS bought,
                   COALESCE(SUM(amount) FILTER (WHERE bought.date < unit.start), 0)
                       AS before
              FROM unit
         LEFT JOIN bought ON bought.customer_id = unit.customer_id
                         AND bought.date >= unit.start - %(days)s
                         AND bought.date < unit.last + %(days)s
          GROUP BY unit.customer_id, unit.year, unit.arm, unit.variant_id, unit.start,
                   unit.last
            """,
            campaign=self.id,
            company=self.company_id.id,
            days=days,
            inside=SQL("bought.date <@ unit.windows"),
        )

    def _read_outcomes(self):
        """Return {(arm, variant id or None for all): dict of figures}."""
        without_jit(self.env.cr)
        for model in ("loyalty.campaign.member", "loyalty.purchase"):
            self.env[model].flush_model()
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
                       COUNT(*) FILTER (WHERE last > %(closed)s)
                  FROM (%(outcomes)s) outcome
              GROUP BY GROUPING SETS ((arm), (arm, variant_id))
                """,
                outcomes=self._outcome_query(),
                closed=self._moments_ago(days=self._window_days()),
            )
        )
        found = {}
        for arm, is_total, variant_id, *values in rows:
            if is_total or variant_id:
                key = (arm, None if is_total else variant_id)
                values = (value or 0 for value in values)
                found[key] = dict(zip(names, values, strict=True))
        return found

    def _read_costs(self):
        """Return {variant id or None for all: (discount, goods, messages)} in money."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT member.variant_id, SUM(use.discount_amount)::float8,
                       SUM(use.goods_cost)::float8
                  FROM loyalty_redemption use
                  JOIN loyalty_card card ON card.id = use.card_id
                  JOIN loyalty_campaign_member member
                    ON member.id = card.campaign_member_id
                 WHERE member.campaign_id = %s
              GROUP BY 1
                """,
                self.id,
            )
        )
        # Only the number of members is told, not who they are.
        sent = dict(
            self.env["loyalty.campaign.member"]
            .sudo()
            ._read_group(
                [
                    ("campaign_id", "=", self.id),
                    ("message_state", "in", ("queued", "sms", "sent", "bounced")),
                ],
                ["variant_id"],
                ["__count"],
            )
        )
        costs = {variant: (given or 0, goods or 0, 0) for variant, given, goods in rows}
        for variant, (given, goods) in self._read_wallet_costs().items():
            known = costs.get(variant, NO_COST)
            costs[variant] = (known[0] + given, known[1] + goods, 0)
        for variant, count in sent.items():
            given, goods, _messages = costs.get(variant.id or None, NO_COST)
            costs[variant.id or None] = (given, goods, count * self.message_cost)
        total = tuple(sum(column) for column in zip(*costs.values(), strict=True))
        return {**costs, "total": total or NO_COST}

    def _prepare_results(self, rows, costs):
        """Return the values of the results of one campaign."""
        empty = dict.fromkeys(next(iter(rows.values()), {"count": 0}), 0)
        control = rows.get(("control", None), empty)
        treated = rows.get(("treated", None))
        if not treated:
            return []
        counts = [treated["count"], control["count"]]
        shares = [100 - self.control_percent, self.control_percent]
        p_ratio = figures.sample_ratio_p(counts, shares)
        values = [self._prepare_result(treated, control, costs["total"])]
        for variant in self.variant_ids:
            if row := rows.get(("treated", variant.id)):
                against = control
                if self._chooses_best():
                    # Arms are of different customers: each has a control group.
                    against = rows.get(("control", variant.id), empty)
                result = self._prepare_result(row, against, costs.get(variant.id))
                values.append({**result, "variant_id": variant.id})
        return [{**vals, "ratio_p_value": p_ratio} for vals in values]

    def _prepare_result(self, treated, control, costs):
        """Return the values of one result.

        :param treated: figures of the arm
        :param control: figures of the control group
        :param costs: tuple of discount, goods and messages
        """
        first, second = (
            figures.Group(
                **{name: row.get(name, 0) for name in figures.Group.__match_args__}
            )
            for row in (treated, control)
        )
        binary = figures.binary_lift(first, second)
        amount = figures.amount_lift(*figures.cuped(first, second))
        rate = (
            treated["known_gross"] and treated["known_margin"] / treated["known_gross"]
        )
        gross_lift = treated["gross_mean"] - control.get("gross_mean", 0)
        discount, goods, messages = costs or NO_COST
        profit = figures.profit(
            first.count, gross_lift, rate, discount, goods, messages
        )
        # Against nobody, everything bought would look as if it had been brought.
        nothing = {} if second.count else dict.fromkeys(COMPARED, 0.0)
        return {
            "campaign_id": self.id,
            "company_id": self.company_id.id,
            "has_control": bool(second.count),
            "treated_count": first.count,
            "control_count": second.count,
            "treated_buyers": first.buyers,
            "control_buyers": second.buyers,
            "open_count": treated["open"] + control.get("open", 0),
            "lift": 100 * binary.value,
            "lift_low": 100 * (binary.low or 0),
            "lift_high": 100 * (binary.high or 0),
            "lift_relative": 100 * (binary.relative or 0),
            "p_value": 1.0 if binary.p_value is None else binary.p_value,
            "is_conclusive": bool(second.count) and binary.is_conclusive,
            "amount_treated": first.mean,
            "amount_control": second.mean,
            "amount_lift": amount.value,
            "amount_low": amount.low or 0,
            "amount_high": amount.high or 0,
            "amount_p_value": 1.0 if amount.p_value is None else amount.p_value,
            "is_amount_conclusive": bool(second.count) and amount.is_conclusive,
            "incremental_customers": first.count * binary.value,
            "incremental_sales": first.count * (first.mean - second.mean),
            "margin_rate": 100 * rate,
            "discount_amount": discount,
            "goods_cost": goods,
            "channel_cost": messages,
            "profit": profit.profit,
            "roi": 100 * (profit.roi or 0),
            "computed_at": fields.Datetime.now(),
            **nothing,
        }

    def action_roll_out(self):
        """Open a draft that gives the winning arm's offer to everybody.

        :raise UserError: while nobody knows the winner
        """
        self.ensure_one()
        if self._chooses_best():
            raise UserError(
                self.env._(
                    "Each customer got the offer that is best for them: the arms went "
                    "to different customers, and none of them is best for all."
                )
            )
        self._refresh_results()
        winner = self._winning_result()
        if not winner:
            raise UserError(
                self.env._(
                    "Not conclusive yet: no arm is known to be better than the control "
                    "group and the other arms. Wait for more customers, or for the end "
                    "of the windows."
                )
            )
        variant = winner.variant_id
        program, points = self._offer_of(variant)
        ways = self._ways_of(variant)
        draft = self.copy(
            {
                "name": self.env._("%(name)s: winner for all", name=self.name),
                "variant_ids": False,
                "program_id": program.id,
                "points": points,
                "mail_template_id": ways.mail.id,
                "sms_template_id": ways.text.id,
                "call_user_id": ways.caller.id,
            }
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": draft.id,
            "view_mode": "form",
        }

    def _winning_result(self):
        """Return the result that is known to be better than all others, if any."""
        arms = self.result_ids.filtered("variant_id")
        candidates = arms or self.result_ids
        good = candidates.filtered(
            lambda row: row.is_conclusive and row.lift > 0 and not row.open_count
        )
        best = good.sorted("lift")[-1:]
        for other in arms - best if best else arms:
            pair = (
                figures.Group(count=row.treated_count, buyers=row.treated_buyers)
                for row in (best, other)
            )
            if not figures.binary_lift(*pair).is_conclusive:
                return best.browse()
        return best
