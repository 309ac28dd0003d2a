import logging

import pytz

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import ormcache

from ..tools.rfm import read_thresholds

_logger = logging.getLogger(__name__)

RFM_THRESHOLDS = (
    "loyalty_rfm_recency",
    "loyalty_rfm_frequency",
    "loyalty_rfm_amount",
)
ADJUST_LIMITS = ("manager", "marketing", "salesperson")


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = [
        "loyalty.company.holdout.mixin",
        "loyalty.company.pass.mixin",
        "res.company",
    ]

    loyalty_adjust_limit_salesperson = fields.Float(
        string="Limit of Salespeople",
        help="Points that a salesperson may add to, take from or transfer off one card "
        "within a day; above it a manager approves. 0: may not.",
    )
    loyalty_adjust_limit_marketing = fields.Float(
        string="Limit of Marketing",
        help="Points that marketing may add to, take from or transfer off one card "
        "within a day; above it a manager approves. 0: may not.",
    )
    loyalty_adjust_limit_manager = fields.Float(
        string="Limit of Managers",
        default=10000,
        help="Points that a manager may add to, take from or transfer off one card "
        "within a day; above it another manager approves. 0: may not.",
    )

    loyalty_consent_required = fields.Boolean(
        string="Consent Beforehand",
        help="Campaigns write only to customers who said yes to e-mail or text "
        "messages. Otherwise they write to all who did not say no.",
    )
    loyalty_goodwill_limit = fields.Integer(
        string="Goodwill Coupons",
        default=20,
        help="Goodwill coupons that one loyalty manager may give within a day, at all "
        "tills of the company. 0: none.",
    )

    loyalty_retention_years = fields.Integer(
        string="Keep Points Movements",
        help="Years after which movements of points are folded into opening rows of "
        "their card and moved to a file; 0 keeps all.",
    )

    loyalty_rfm_months = fields.Integer(
        string="RFM Window",
        default=24,
        help="Months of purchases that recency, frequency and amount scores look at.",
    )
    loyalty_rfm_recency = fields.Char(
        string="Days since Purchase",
        default="30,60,120,240",
        help="With fewer than 500 buyers: at most so many days for the scores 5, 4, 3 "
        "and 2.",
    )
    loyalty_rfm_frequency = fields.Char(
        string="Purchases",
        default="2,3,5,10",
        help="With fewer than 500 buyers: at least so many for the scores 2 to 5.",
    )
    loyalty_rfm_amount = fields.Char(
        string="Net Amount",
        default="100,300,1000,3000",
        help="With fewer than 500 buyers: at least so much, in company currency, for "
        "the scores 2 to 5.",
    )
    loyalty_lost_days = fields.Integer(
        string="Lost after",
        default=365,
        help="Days without a purchase after which a customer is lost.",
    )
    loyalty_lost_probability = fields.Float(
        string="Lost below",
        default=0.1,
        help="Probability of being alive below which a customer is lost.",
    )
    loyalty_dormant_factor = fields.Float(
        string="Dormant from",
        default=2.0,
        help="So many median gaps without a purchase, and longer than nine tenths of "
        "the gaps, make a customer dormant.",
    )

    loyalty_yearly_discount = fields.Float(
        string="Yearly Discount Rate",
        default=0.1,
        help="By how much money of next year is worth less, in the lifetime value.",
    )

    _loyalty_rfm_months_positive = models.Constraint(
        "CHECK(loyalty_rfm_months > 0)",
        "The RFM window has at least one month.",
    )

    loyalty_holdout_percent = fields.Float(
        string="Holdout of All Campaigns",
        help="Percent of all customers that get no campaign at all during a calendar "
        "year, so that all campaigns together can be measured.",
    )
    loyalty_cap_count = fields.Integer(
        string="Offers per Customer",
        help="Offers that one customer gets from all campaigns together within the "
        "days beside it; 0 for no limit.",
    )
    loyalty_cap_days = fields.Integer(string="Days of the Cap", default=30)
    loyalty_quiet_from = fields.Float(
        string="Quiet from",
        default=21.0,
        help="From this hour on no message is sent, by the customer's time zone.",
    )
    loyalty_quiet_to = fields.Float(
        string="Quiet until",
        default=8.0,
        help="Messages that waited are sent from this hour on; the same hour as the "
        "start for no quiet hours.",
    )
    loyalty_approval_cost = fields.Monetary(
        string="Approval above",
        help="Campaigns that may cost more are approved by a second person; 0 for "
        "none.",
    )

    _loyalty_campaign_numbers = models.Constraint(
        "CHECK(loyalty_holdout_percent >= 0 AND loyalty_holdout_percent < 100"
        " AND loyalty_cap_count >= 0 AND loyalty_cap_days >= 0"
        " AND loyalty_approval_cost >= 0"
        " AND loyalty_quiet_from >= 0 AND loyalty_quiet_from < 24"
        " AND loyalty_quiet_to >= 0 AND loyalty_quiet_to < 24)",
        "Limits of campaigns are zero or more, shares below 100 percent, hours below "
        "24.",
    )
    _loyalty_retention_years_positive = models.Constraint(
        "CHECK(loyalty_retention_years >= 0)",
        "Points movements are kept for zero (all of them) or more years.",
    )

    @api.constrains(
        "loyalty_rfm_recency", "loyalty_rfm_frequency", "loyalty_rfm_amount"
    )
    def _check_loyalty_rfm(self):
        for company in self:
            for name in RFM_THRESHOLDS:
                try:
                    read_thresholds(company[name])
                except ValueError as error:
                    raise ValidationError(
                        self.env._(
                            "The thresholds of the scores are four rising numbers with "
                            "commas between, for example 30,60,120,240. You typed: "
                            "%(text)s",
                            text=company[name],
                        )
                    ) from error

    def _loyalty_rfm_thresholds(self):
        """Return the thresholds of recency (days), frequency and amount scores."""
        self.ensure_one()
        return [read_thresholds(self[name]) for name in RFM_THRESHOLDS]

    def _loyalty_adjust_limit(self, user):
        """Return how many points a person may change on a card within a day.

        :param user: `res.users` record; the highest of their groups counts
        :return: points, 0 for somebody who may not change any
        """
        self.ensure_one()
        for name in ADJUST_LIMITS:
            if user.has_group(f"loyalty_coupon_crm.group_loyalty_{name}"):
                return self[f"loyalty_adjust_limit_{name}"]
        return 0.0

    def _loyalty_timezone(self):
        """Return the time zone that decides which day it is for the company.

        The company partner's zone, then the setting `loyalty.timezone`, then UTC.

        :return: name of the time zone
        """
        self.ensure_one()
        zones = self._loyalty_timezones()
        # A company that is being written on a form counts as the one in the database.
        return zones.get(self._origin.id) or self._loyalty_zone(self)

    @api.model
    @ormcache()
    def _loyalty_timezones(self):
        """Return {company id: name of its time zone}, archived companies included."""
        # Which day it is for a company depends on its partner, who may be out of reach.
        # pylint: disable-next=no-search-all
        companies = self.sudo().with_context(active_test=False).search([])
        return {company.id: self._loyalty_zone(company) for company in companies}

    @api.model
    def _loyalty_all(self):
        """Return every company, without a query: reports ask on every screen."""
        # Which companies there are is no secret, their rows are guarded by rules.
        return self.sudo().browse(sorted(self._loyalty_timezones()))

    @api.model
    def _loyalty_zone(self, company):
        setting = self.env["ir.config_parameter"].sudo().get_param("loyalty.timezone")
        for name in (company.partner_id.tz, setting):
            if name in pytz.all_timezones_set:
                return name
        return "UTC"

    @api.model_create_multi
    def create(self, vals_list):
        """Create companies; each has a time zone from then on."""
        companies = super().create(vals_list)
        self.env.registry.clear_cache()
        return companies

    def cache_invalidation_fields(self):
        """Return the fields that the time zone hangs on, too."""
        return super().cache_invalidation_fields() | {"partner_id"}

    @api.model
    def _loyalty_each_night(self, work):
        """Do the work of a scheduled action for every company, one after the other.

        A company whose work fails keeps what it had, and the log says why; the others
        get theirs.

        :param work: function that takes a company
        """
        # Companies are few, and all of them are meant, whoever runs the action.
        # pylint: disable-next=no-search-all
        companies = self.sudo().search([])
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(companies))
        for company in companies:
            try:
                with self.env.cr.savepoint():
                    work(company)
            except Exception:
                _logger.exception("Nightly work of company %s failed", company.id)
            # Whoever stopped here would begin with the same companies again.
            cron._commit_progress(1)

    def _loyalty_today(self, at=None):
        """Return the company's day of a moment.

        :param at: naive datetime in UTC, now by default
        :return: a date
        """
        return self._loyalty_local(at or fields.Datetime.now()).date()

    def _loyalty_local(self, at):
        """Return a moment on the company's clock, as naive datetime.

        :param at: naive datetime in UTC
        """
        zone = pytz.timezone(self._loyalty_timezone())
        return pytz.utc.localize(at).astimezone(zone).replace(tzinfo=None)

    def _loyalty_day_start(self, day=None):
        """Return when a day of the company begins, a naive datetime in UTC.

        :param day: a date, the company's today by default
        """
        zone = pytz.timezone(self._loyalty_timezone())
        midnight = fields.Datetime.to_datetime(day or self._loyalty_today())
        return zone.localize(midnight).astimezone(pytz.utc).replace(tzinfo=None)
