import pytz

from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    def _loyalty_timezone(self):
        """Return the time zone that decides which day it is for the company.

        The company partner's zone, then the setting `loyalty.timezone`, then UTC.

        :return: name of the time zone
        """
        self.ensure_one()
        setting = self.env["ir.config_parameter"].sudo().get_param("loyalty.timezone")
        for name in (self.partner_id.tz, setting):
            if name in pytz.all_timezones_set:
                return name
        return "UTC"

    def _loyalty_today(self, at=None):
        """Return the company's day of a moment.

        :param at: naive datetime in UTC, now by default
        :return: a date
        """
        moment = pytz.utc.localize(at or fields.Datetime.now())
        return moment.astimezone(pytz.timezone(self._loyalty_timezone())).date()
