import logging

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.dashboard_periods import last_full_month

_logger = logging.getLogger(__name__)


class ResCompany(models.Model):
    _inherit = "res.company"

    loyalty_monthly_mail = fields.Boolean(
        string="Mail the Monthly Report",
        default=True,
        help="At the beginning of each month the figures of the last one are mailed.",
    )
    loyalty_monthly_user_ids = fields.Many2many(
        "res.users",
        "loyalty_monthly_user_rel",
        string="Recipients",
        help="Who gets the monthly report; empty for every loyalty manager of the "
        "company. Somebody who may not read the reports gets none.",
    )
    loyalty_monthly_sent = fields.Date(
        string="Last Month Mailed",
        default=lambda self: last_full_month(fields.Date.context_today(self)),
        help="First day of the last month whose report was mailed.",
    )

    def _loyalty_monthly_recipients(self):
        """Return the users who get the monthly report of the company.

        Chosen ones, else all managers; of those only who may read the reports, belongs
        to the company and has an address.
        """
        self.ensure_one()
        users = self.loyalty_monthly_user_ids
        if not users:
            group = self.env.ref("loyalty_coupon_crm.group_loyalty_manager")
            users = group.all_user_ids
        report = self.env["loyalty.daily.report"]
        return users.filtered(
            lambda user: (
                user.active
                and user.email
                and not user.share
                and user._is_internal()
                and self in user.company_ids
                and report.with_user(user).has_access("read")
            )
        )

    @api.model
    def _cron_mail_monthly_reports(self):
        """Mail the report of the last full month, company by company, once each."""
        self._loyalty_each_night(lambda company: company._mail_monthly_report())

    def _mail_monthly_report(self):
        """Mail the report of the last full month, unless it was mailed before.

        :raise UserError: when it could be written for none of the recipients, so that
            the next night tries again
        """
        self.ensure_one()
        month = last_full_month(self._loyalty_today())
        sent = self.loyalty_monthly_sent
        if not self.loyalty_monthly_mail or (sent and sent >= month):
            return
        self.loyalty_monthly_sent = month
        users = self._loyalty_monthly_recipients()
        told = [user for user in users if self._try_monthly_report(user, month)]
        if users and not told:
            raise UserError(
                self.env._(
                    "The monthly report of %(company)s could not be written: the log "
                    "says why. It is tried again every night.",
                    company=self.name,
                )
            )

    def _try_monthly_report(self, user, month):
        """Mail the report to one recipient, whatever becomes of the others' reports.

        :return: whether that was possible
        """
        try:
            with self.env.cr.savepoint():
                self.env["loyalty.monthly.report"]._mail_to(user, self, month)
        except Exception:
            _logger.exception(
                "Monthly report of company %s failed for user %s", self.id, user.id
            )
            return False
        return True
