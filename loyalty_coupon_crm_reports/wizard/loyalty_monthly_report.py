from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import float_compare, formatLang
from odoo.tools.misc import babel_locale_parse, get_lang

from ..tools.dashboard_periods import day_name, last_full_month, month_end

REPORT = "loyalty_coupon_crm_reports.report_monthly"


class LoyaltyMonthlyReport(models.TransientModel):
    """The figures of the dashboard for a month, on paper, on the screen or by mail."""

    _name = "loyalty.monthly.report"
    _description = "Monthly Report"
    _rec_name = "month"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    month = fields.Date(
        required=True,
        default=lambda self: last_full_month(self.env.company._loyalty_today()),
        help="Any day of the month.",
    )

    def action_print(self):
        """Print the report as PDF."""
        return self.env.ref(REPORT).report_action(self)

    def action_show(self):
        """Show the report as a page."""
        return self.env.ref(f"{REPORT}_html").report_action(self)

    def _month_name(self):
        """Return the month in the words of the language, e.g. May 2026."""
        self.ensure_one()
        locale = babel_locale_parse(get_lang(self.env).code)
        return day_name(self.month, "yMMMM", locale)

    def _get_data(self):
        """Return what the dashboard says of the month, of this company only."""
        self.ensure_one()
        first = self.month.replace(day=1)
        dashboard = self.env["loyalty.dashboard"].with_context(
            allowed_company_ids=self.company_id.ids
        )
        return dashboard.get_figures(
            fields.Date.to_string(first), fields.Date.to_string(month_end(first))
        )

    def _format(self, value, unit="count"):
        """Return a value in words of the language.

        :param unit: as of the figures of the dashboard
        """
        if value is None:
            return "–"
        if unit == "money":
            return self._round(value, currency_obj=self.company_id.currency_id)
        if unit == "percent":
            return f"{self._round(value, digits=1)} %"
        return self._round(value, digits=2 if unit == "points" and value % 1 else 0)

    def _round(self, value, **options):
        """Return a number in the language, halves rounded up as on the dashboard."""
        return formatLang(self.env, value, rounding_method="HALF-UP", **options)

    def _format_change(self, figure):
        """Return the change against the month before, empty when there is none."""
        change = figure["change"]
        if change is None:
            return ""
        text = self._round(abs(change), digits=1)
        seen = float_compare(change, 0.0, precision_digits=1)
        sign = "+" if seen > 0 else "−" if seen < 0 else "±"
        if figure["unit"] == "percent":
            return self.env._("%(number)s percentage points", number=f"{sign}{text}")
        return f"{sign}{text} %"

    def _bars(self, data):
        """Return the sales of each day as (label, amount, share of the best day)."""
        time = data["charts"]["time"]
        amounts = time["series"]["amount"]
        most = max([*amounts, 0.0]) or 1.0
        return [
            (label, amount, max(amount, 0.0) * 100.0 / most)
            for label, amount in zip(time["labels"], amounts, strict=True)
        ]

    @api.model
    def _mail_to(self, user, company, month):
        """Put the report into the mail queue, in the language and rights of a user.

        :param user: `res.users` record of a recipient
        :param company: `res.company` record
        :param month: first day of the month
        :return: the `mail.mail`
        """
        # What the recipient may not read is not in the report either.
        model = self.with_user(user).with_context(
            lang=user.lang, tz=user.tz, allowed_company_ids=company.ids
        )
        report = model.create({"company_id": company.id, "month": month})
        title = report.env._(
            "Coupons and loyalty of %(company)s in %(month)s",
            company=company.name,
            month=report._month_name(),
        )
        content, _type = report.env["ir.actions.report"]._render_qweb_pdf(
            REPORT, report.ids
        )
        # Writing mail is not a right of whoever gets it.
        mails = self.env["mail.mail"].sudo()
        return mails.create(
            {
                "subject": title,
                "author_id": company.partner_id.id,
                "email_from": company.email_formatted or user.email_formatted,
                "email_to": user.email_formatted,
                "body_html": report._mail_body(),
                "auto_delete": True,
                "attachment_ids": [
                    Command.create(
                        {
                            "name": f"{title}.pdf",
                            "raw": content,
                            "mimetype": "application/pdf",
                        }
                    )
                ],
            }
        )

    def _mail_body(self):
        """Return the body of the mail: the figures, and where there are more."""
        self.ensure_one()
        return self.env["ir.qweb"]._render(
            "loyalty_coupon_crm_reports.report_monthly_mail",
            {
                "o": self,
                "data": self._get_data(),
                "url": f"{self.get_base_url()}/odoo/loyalty-dashboard",
            },
        )
