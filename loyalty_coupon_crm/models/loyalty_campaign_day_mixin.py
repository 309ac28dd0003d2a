from datetime import datetime, timedelta

import pytz

from odoo import fields, models
from odoo.tools import SQL

from ..tools import occasions

# After a stop, occasions that are longer gone are let pass: a birthday coupon that
# comes two weeks late is worse than none.
CATCH_UP_DAYS = 7
COUPON_CARDS = ("coupons", "gift_card", "next_order_coupons")


class LoyaltyCampaignDayMixin(models.AbstractModel):
    """Days that trigger campaigns: dates, birthdays, holidays, silence, expiry."""

    _name = "loyalty.campaign.day.mixin"
    _description = "Day Triggers of Campaigns"

    def _company_days(self, shift=0):
        """Return the company's days that may be due now.

        :param shift: days from the day of giving to the day of the occasion
        """
        return self._days_in(self.company_id._loyalty_timezone(), shift)

    def _days_in(self, zone, shift=0):
        """Return the days of occasions that are due now in a time zone.

        Of those since the launch, the last ones up to today.
        """
        zone = pytz.timezone(zone)
        today, launched = (
            pytz.utc.localize(moment).astimezone(zone).date()
            for moment in (fields.Datetime.now(), self.launched_at)
        )
        first = max(launched, today - timedelta(days=CATCH_UP_DAYS))
        return [
            first + timedelta(days=number + shift)
            for number in range((today - first).days + 1)
        ]

    def _shift(self):
        """Return the days from the day of giving to the day of the occasion."""
        return self.trigger_days * (1 if self.trigger_side == "before" else -1)

    def _zones(self):
        """Return {time zone of customers: zone to reckon in}."""
        own = self.company_id._loyalty_timezone()
        rows = self.env.execute_query(
            SQL("SELECT DISTINCT tz FROM res_partner WHERE tz IS NOT NULL")
        )
        zones = {
            zone: zone if zone in pytz.all_timezones_set else own for [zone] in rows
        }
        return {**zones, "": own}

    def _values_query(self, rows, names):
        """Return rows of texts as a query, None without any."""
        if not rows:
            return None
        columns = [list(column) for column in zip(*rows, strict=True)]
        return SQL(
            "SELECT * FROM unnest(%s) AS due (%s)",
            SQL(", ").join(SQL("%s::varchar[]", column) for column in columns),
            SQL(", ").join(map(SQL.identifier, names)),
        )

    def _candidates_date(self):
        """Everybody in the audience, when the moment has come."""
        if fields.Datetime.now() < self.start_at:
            return None
        return self._segment_query()

    def _candidates_recurring(self):
        """Everybody in the audience, at the last time that has come."""
        due = self._recurring_due()
        return self._segment_query(due) if due else None

    def _recurring_due(self):
        """Return the last day whose time has come, as a text; empty without."""
        zone = pytz.timezone(self.company_id._loyalty_timezone())
        start = pytz.utc.localize(self.start_at).astimezone(zone)
        days = self._company_days()
        now = fields.Datetime.now()
        due = [
            day
            for day in occasions.recurring_days(
                start.date(),
                self.interval_number,
                self.interval_type,
                max(days[0], start.date()),
                days[-1],
            )
            if self._moment(day, start.time(), zone) <= now
        ]
        return str(due[-1]) if due else ""

    def _moment(self, day, time, zone):
        """Return the moment of a local time, a naive datetime in UTC.

        A time that the clock skips is an hour later, one that comes twice, the second.
        """
        local = zone.localize(datetime.combine(day, time.replace(tzinfo=None)))
        return local.astimezone(pytz.utc).replace(tzinfo=None)

    def _holiday_days(self):
        """Return the days of the holiday, past ones, too, in no order."""
        # A holiday of another company may be out of reach, its days are no secret.
        return self.trigger_holiday_id.sudo().date_ids.mapped("date")

    def _next_holiday_moment(self):
        """Return the start of the next day of giving for the holiday, False if none."""
        dates = self._holiday_days()
        shift = timedelta(days=self._shift())
        company = self.company_id or self.env.company
        first = company._loyalty_today(self.launched_at or None)
        due = sorted(day - shift for day in dates if day - shift >= first)
        return company._loyalty_day_start(due[0]) if due else False

    def _candidates_holiday(self):
        """Everybody in the audience, so many days before or after the holiday."""
        due = self._holiday_due()
        return self._segment_query(due) if due else None

    def _holiday_due(self):
        """Return the last date of the holiday that is due, as a text; empty without."""
        days = self._company_days(self._shift())
        due = sorted(set(days) & set(self._holiday_days()))
        return str(due[-1]) if due else ""

    def _candidates_birthday(self, days=None):
        """Customers whose birthday is so many days away, where they live.

        :param days: dates of birthdays, instead of those that are due now
        """
        rows = [
            (zone, key, str(day))
            for zone, reckoned in self._zones().items()
            for day in days or self._days_in(reckoned, self._shift())
            for key in occasions.birthday_keys(day)
        ]
        self.env["res.partner"].flush_model(["loyalty_birthday_key", "tz"])
        return SQL(
            """
            SELECT born.id AS partner_id, due.day AS occasion,
                   NULL::integer AS card_id
              FROM res_partner born
              JOIN (%s) due ON due.key = born.loyalty_birthday_key
                           AND due.zone = COALESCE(born.tz, '')
             WHERE TRUE %s
            """,
            self._values_query(rows, ("zone", "key", "day")),
            self._own_customer_condition("born"),
        )

    def _candidates_anniversary(self, days=None):
        """Customers whose first purchase is a whole number of years away.

        :param days: dates of anniversaries, instead of those that are due now
        """
        rows = [
            (key, str(day))
            for day in days or self._company_days(self._shift())
            for key in occasions.birthday_keys(day)
        ]
        self.env["loyalty.customer.metric"].flush_model()
        return SQL(
            """
            SELECT metric.partner_id, due.day AS occasion, NULL::integer AS card_id
              FROM loyalty_customer_metric metric
              JOIN (%s) due ON due.key = TO_CHAR(metric.first_date, 'MM-DD')
                           AND due.day > metric.first_date::text
             WHERE metric.company_id = %s
            """,
            self._values_query(rows, ("key", "day")),
            self.company_id.id,
        )

    def _candidates_inactive(self):
        """Customers who bought last so many days ago; once per silence."""
        self.env["loyalty.customer.metric"].flush_model()
        self.env["loyalty.purchase"].flush_model()
        today = self.company_id._loyalty_today()
        oldest = SQL()
        if self.trigger_days_max:
            oldest = SQL(
                "AND metric.last_date >= %s",
                today - timedelta(days=self.trigger_days_max),
            )
        return SQL(
            """
            SELECT metric.partner_id, metric.last_date::text AS occasion,
                   NULL::integer AS card_id
              FROM loyalty_customer_metric metric
             WHERE metric.company_id = %(company)s
               AND metric.last_date <= %(day)s
               AND NOT EXISTS (
                   SELECT FROM loyalty_purchase recent
                    WHERE recent.company_id = %(company)s
                      AND recent.commercial_partner_id = metric.partner_id
                      AND recent.date >= %(since)s
                      AND recent.reversal_of_id IS NULL)
               %(oldest)s
            """,
            company=self.company_id.id,
            day=today - timedelta(days=self.trigger_days),
            since=self.company_id._loyalty_day_start(
                today - timedelta(days=self.trigger_days - 1)
            ),
            oldest=oldest,
        )

    def _candidates_segment_in(self):
        """Customers who came into the segment since the launch."""
        return self._segment_change_query(
            SQL("row.date_from"),
            SQL(
                """
                row.date_to IS NULL
                AND NOT EXISTS (SELECT FROM loyalty_segment_member stayed
                                 WHERE stayed.segment_id = row.segment_id
                                   AND stayed.partner_id = row.partner_id
                                   AND stayed.id < row.id
                                   AND stayed.is_excluded IS NOT TRUE
                                   AND stayed.date_to >= row.date_from)
                """
            ),
        )

    def _candidates_segment_out(self):
        """Customers who left the segment since the launch and are not back.

        Not those whom somebody excluded by hand, who are not to get anything.
        """
        return self._segment_change_query(
            SQL("row.date_to"),
            SQL(
                """
                NOT EXISTS (SELECT FROM loyalty_segment_member back
                             WHERE back.segment_id = row.segment_id
                               AND back.partner_id = row.partner_id
                               AND back.date_to IS NULL)
                """
            ),
        )

    def _segment_change_query(self, day, condition):
        """Return who changed on a day since the launch.

        Rows carry days, not hours. Who came on the day of the launch counts when the
        row is younger than the launch; who left on it may have left before.

        :param day: SQL of the day of the change
        :param condition: SQL on `row`, a `loyalty_segment_member`
        """
        segment = self.trigger_segment_id
        self.env["loyalty.segment.member"].flush_model()
        first_day = self.company_id._loyalty_today(self.launched_at)
        entering = self.trigger == "segment_in"
        return SQL(
            """
            SELECT row.partner_id, %(day)s::text AS occasion, NULL::integer AS card_id
              FROM loyalty_segment_member row
             WHERE row.segment_id = %(segment)s
               AND row.is_excluded IS NOT TRUE
               AND %(day)s %(since)s %(first)s
               AND row.id > %(known)s
               AND %(condition)s
            """,
            day=day,
            segment=segment.id,
            first=first_day,
            since=SQL(">=") if entering else SQL(">"),
            known=self.known_segment_row_id if entering else 0,
            condition=condition,
        )

    def _candidates_expiring(self):
        """Customers whose coupon lapses in so many days, unused, whoever gave it.

        Of coupons without a campaign, those of the company's own programs, and of
        programs that companies share those of the company's customers.
        """
        self.env["loyalty.card"]._flush_for_state()
        today = self.company_id._loyalty_today()
        program = SQL()
        if self.trigger_program_id:
            program = SQL("AND card.program_id = %s", self.trigger_program_id.id)
        return SQL(
            """
            SELECT card.partner_id, card.expiration_date || '/' || card.id AS occasion,
                   %(card)s AS card_id
              FROM loyalty_card card
              JOIN loyalty_program program ON program.id = card.program_id
                                          AND program.program_type = ANY(%(types)s)
              JOIN res_partner holder ON holder.id = card.partner_id
             WHERE card.active
               AND (card.campaign_id IN (
                        SELECT id FROM loyalty_campaign WHERE company_id = %(company)s)
                    OR card.campaign_id IS NULL
                       AND (card.company_id = %(company)s
                            OR card.company_id IS NULL %(customers)s))
               AND card.campaign_id IS DISTINCT FROM %(own)s
               AND card.partner_id IS NOT NULL
               AND card.voided_at IS NULL
               AND card.expiration_date BETWEEN %(today)s AND %(last)s
               AND %(state)s IN ('issued', 'seen')
               %(program)s
            """,
            card=SQL("card.id") if self.is_reminder else SQL("NULL::integer"),
            types=list(COUPON_CARDS),
            company=self.company_id.id,
            customers=self._own_customer_condition("holder"),
            own=self._origin.id or 0,
            today=today,
            last=today + timedelta(days=self.trigger_days),
            state=self.env["loyalty.card"]._state_sql("card"),
            program=program,
        )
