from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools import campaign_statistics as figures
from .loyalty_campaign_outcome_mixin import NO_COST


def _percent(value, total=1):
    """Return a share in percent; None when it is unknown or of nothing."""
    return None if value is None or not total else 100 * value / total


class LoyaltyCampaignResultMixin(models.AbstractModel):
    """Did the campaign pay? By its control group, as assigned, one window per occasion.

    Formulas: `tools/campaign_statistics.py`; what is compared:
    `loyalty.campaign.outcome.mixin`. What nobody knows stays empty.
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
        string="Cost per Message",
        help="What one e-mail, text message, message in the outbox, call or printed "
        "coupon costs, for the profit.",
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
                "|",
                ("state", "in", ("running", "paused")),
                ("launched_at", ">", self._moments_ago(days=400)),
                ("result_ids.open_count", ">", 0),
            ]
        )
        cron._commit_progress(remaining=len(campaigns))
        for campaign in campaigns:
            campaign._refresh_results()
            # Whoever stopped here would begin with the same campaigns again.
            cron._commit_progress(1)
        self.env["res.company"]._loyalty_each_night(
            lambda company: company._loyalty_refresh_holdout()
        )

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
        discount, goods, messages = costs or NO_COST
        values = {
            "campaign_id": self.id,
            "company_id": self.company_id.id,
            **self._prepare_counts(first, second),
            "open_count": treated["open"] + control.get("open", 0),
            "margin_rate": _percent(treated["known_margin"], treated["known_gross"]),
            "discount_amount": discount,
            "goods_cost": goods,
            "channel_cost": messages,
            "computed_at": fields.Datetime.now(),
        }
        # Against nobody, everything bought would look as if it had been brought.
        if second.count:
            values.update(self._prepare_lift(first, second))
        else:
            values["attributed_sales"] = first.count * first.mean
        values.update(self._prepare_profit(treated, control, discount, goods, messages))
        return values

    @api.model
    def _prepare_counts(self, treated, control):
        """Return the values of a result that say who is compared with whom.

        :param treated: `figures.Group` of the arm
        :param control: `figures.Group` of the control group
        """
        return {
            "has_control": bool(control.count),
            "treated_count": treated.count,
            "control_count": control.count,
            "treated_buyers": treated.buyers,
            "control_buyers": control.buyers,
            "conversion_rate": _percent(treated.buyers, treated.count),
            "control_conversion_rate": _percent(control.buyers, control.count),
            "amount_treated": treated.mean,
        }

    @api.model
    def _prepare_lift(self, treated, control):
        """Return the values of a result that only a control group tells.

        :param treated: `figures.Group` of the arm
        :param control: `figures.Group` of the control group
        """
        binary = figures.binary_lift(treated, control)
        amount = figures.amount_lift(*figures.cuped(treated, control))
        return {
            "lift": 100 * binary.value,
            "lift_low": _percent(binary.low),
            "lift_high": _percent(binary.high),
            "lift_relative": _percent(binary.relative),
            "p_value": binary.p_value,
            "is_conclusive": binary.is_conclusive,
            "amount_control": control.mean,
            "amount_lift": amount.value,
            "amount_low": amount.low,
            "amount_high": amount.high,
            "amount_p_value": amount.p_value,
            "is_amount_conclusive": amount.is_conclusive,
            "incremental_customers": treated.count * binary.value,
            "incremental_sales": treated.count * (treated.mean - control.mean),
        }

    def _prepare_profit(self, treated, control, *costs):
        """Return profit and ROI, or without a control group what is attributed.

        :param treated: figures of the arm
        :param control: figures of the control group
        :param costs: discount, goods and messages
        """
        has_control = bool(control.get("count"))
        rate = None
        if treated["known_gross"]:
            rate = treated["known_margin"] / treated["known_gross"]
        lift = treated["gross_mean"] - control.get("gross_mean", 0)
        found = figures.profit(treated["count"], lift, rate, *costs)
        if not has_control:
            return {"attributed_profit": found.profit}
        return {"profit": found.profit, "roi": _percent(found.roi)}

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
