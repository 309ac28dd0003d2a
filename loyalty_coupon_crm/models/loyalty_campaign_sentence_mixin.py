from odoo import api, models
from odoo.tools import format_amount, format_date, format_datetime

from ..tools import occasions
from .loyalty_campaign_trigger_mixin import TRIGGER_FIELDS


class LoyaltyCampaignSentenceMixin(models.AbstractModel):
    """Says in a plain sentence what a campaign will do, and what is missing for it."""

    _name = "loyalty.campaign.sentence.mixin"
    _description = "Sentences of Campaigns"

    @api.depends(
        *TRIGGER_FIELDS,
        "company_id",
        "parent_id.name",
        "program_id.name",
        "segment_id.name",
        "trigger_holiday_id.name",
        "trigger_program_id.name",
        "trigger_segment_id.name",
        "trigger_survey_id.title",
    )
    def _compute_trigger_sentence(self):
        for campaign in self:
            campaign.trigger_sentence = " ".join(
                part
                for part in (
                    campaign._describe_trigger(),
                    campaign._describe_whom(),
                    campaign._describe_caps(),
                    campaign._describe_end(),
                )
                if part
            )

    def _describe_offer(self):
        if self.is_reminder:
            return self.env._("a reminder of the coupon in hand")
        return self.env._(
            "the offer %(offer)s",
            offer=self.program_id.name or self.env._("(none yet)"),
        )

    def _describe_trigger(self):
        """Return the sentence about the event."""
        describe = getattr(self, f"_describe_{self.trigger}", None)
        return describe() if describe else ""

    def _describe_now(self):
        return self.env._(
            "When launched, %(offer)s goes to the audience %(audience)s, once.",
            offer=self._describe_offer(),
            audience=self.segment_id.name or self.env._("(none yet)"),
        )

    def _describe_date(self):
        return self.env._(
            "On %(moment)s, %(offer)s goes to the audience %(audience)s, once.",
            moment=self._format_start(),
            offer=self._describe_offer(),
            audience=self.segment_id.name or self.env._("(none yet)"),
        )

    def _describe_recurring(self):
        units = dict(self._fields["interval_type"]._description_selection(self.env))
        return self.env._(
            "From %(moment)s on, every %(number)s %(unit)s, %(offer)s goes to the "
            "audience %(audience)s.",
            moment=self._format_start(),
            number=self.interval_number,
            unit=(units.get(self.interval_type) or "").lower(),
            offer=self._describe_offer(),
            audience=self.segment_id.name or self.env._("(none yet)"),
        )

    def _format_start(self):
        if not self.start_at:
            return self.env._("(no date yet)")
        zone = (self.company_id or self.env.company)._loyalty_timezone()
        return format_datetime(self.env, self.start_at, tz=zone, dt_format="short")

    def _describe_side(self, what):
        """Return "7 days before <what>"."""
        if not self.trigger_days:
            return self.env._("On %(what)s", what=what)
        if self.trigger_side == "before":
            return self.env._(
                "%(days)s days before %(what)s", days=self.trigger_days, what=what
            )
        return self.env._(
            "%(days)s days after %(what)s", days=self.trigger_days, what=what
        )

    def _describe_birthday(self):
        sentence = self.env._(
            "%(when)s, in the customer's time zone, the customer gets %(offer)s.",
            when=self._describe_side(self.env._("the birthday")),
            offer=self._describe_offer(),
        )
        if not occasions.has_lunar():
            sentence += " " + self.env._(
                "Lunar birthdays are left out: the Python package lunardate is missing."
            )
        return sentence

    def _describe_holiday(self):
        today = (self.company_id or self.env.company)._loyalty_today()
        coming = [day for day in sorted(self._holiday_days()) if day >= today]
        return self.env._(
            "%(when)s (next: %(day)s), %(offer)s goes to the audience %(audience)s.",
            when=self._describe_side(
                self.trigger_holiday_id.name or self.env._("the holiday")
            ),
            day=format_date(self.env, coming[0])
            if coming
            else self.env._("no date known"),
            offer=self._describe_offer(),
            audience=self.segment_id.name or self.env._("(none yet)"),
        )

    def _describe_event(self, event):
        """Return "<event> gets <offer>"."""
        return self.env._(
            "A customer %(event)s gets %(offer)s.",
            event=event,
            offer=self._describe_offer(),
        )

    def _describe_new_customer(self):
        return self._describe_event(self.env._("who is entered as a new contact"))

    def _describe_first_purchase(self):
        return self._describe_event(
            self.env._("who buys for the first time, minutes after the purchase,")
        )

    def _describe_purchase_amount(self):
        amount = format_amount(self.env, self.trigger_amount, self.currency_id)
        return self._describe_event(
            self.env._("who buys for %(amount)s or more, untaxed,", amount=amount)
        )

    def _describe_purchase_product(self):
        return self._describe_event(
            self.env._(
                "who buys %(names)s",
                names=self._trigger_product_names() or self.env._("(none yet)"),
            )
        )

    def _trigger_product_names(self):
        products = self.trigger_product_ids.mapped("display_name")
        # Who reads a campaign need not read the catalogue; names alone are told.
        return ", ".join(
            products + self.trigger_categ_ids.sudo().mapped("display_name")
        )

    def _describe_nth_purchase(self):
        if self.repeat_nth:
            return self._describe_event(
                self.env._("at every %(count)s purchases", count=self.trigger_count)
            )
        return self._describe_event(
            self.env._("at purchase number %(count)s", count=self.trigger_count)
        )

    def _describe_visits(self):
        return self._describe_event(
            self.env._(
                "who buys on %(count)s days within one calendar %(unit)s",
                count=self.trigger_count,
                unit=self._unit_name(),
            )
        )

    def _describe_streak(self):
        return self._describe_event(
            self.env._(
                "who buys in each of %(count)s calendar periods (%(unit)s) in a row",
                count=self.trigger_count,
                unit=self._unit_name(),
            )
        )

    def _unit_name(self):
        return {
            "day": self.env._("day"),
            "week": self.env._("week"),
            "month": self.env._("month"),
            "quarter": self.env._("quarter"),
            "year": self.env._("year"),
        }.get(self.interval_type, "")

    def _describe_points(self):
        return self._describe_event(
            self.env._(
                "who reaches %(points)s points of %(program)s, once,",
                points=f"{self.trigger_points:g}",
                program=self.trigger_program_id.name or self.env._("(none yet)"),
            )
        )

    def _describe_points_expiring(self):
        return self._describe_event(
            self.env._(
                "whose points of %(program)s lapse within %(days)s days",
                program=self.trigger_program_id.name or self.env._("any program"),
                days=self.trigger_days,
            )
        )

    def _describe_survey(self):
        # Who reads a campaign need not be let into the surveys; the title is told.
        return self._describe_event(
            self.env._(
                "who answers the survey %(survey)s, once,",
                survey=self.trigger_survey_id.sudo().title or self.env._("(none yet)"),
            )
        )

    def _describe_claim(self):
        return self._describe_event(
            self.env._("who scans the QR code and leaves an address, once,")
        )

    def _describe_inactive(self):
        return self._describe_event(
            self.env._(
                "who has bought nothing for %(days)s days, once per silence,",
                days=self.trigger_days,
            )
        )

    def _describe_segment_in(self):
        return self._describe_event(
            self.env._(
                "who comes into the segment %(segment)s",
                segment=self.trigger_segment_id.name or self.env._("(none yet)"),
            )
        )

    def _describe_segment_out(self):
        return self._describe_event(
            self.env._(
                "who leaves the segment %(segment)s",
                segment=self.trigger_segment_id.name or self.env._("(none yet)"),
            )
        )

    def _stage_name(self):
        stages = dict(self._fields["trigger_stage"]._description_selection(self.env))
        return stages.get(self.trigger_stage) or self.env._("(none yet)")

    def _describe_stage_in(self):
        return self._describe_event(
            self.env._("who enters the stage %(stage)s", stage=self._stage_name())
        )

    def _describe_stage_out(self):
        return self._describe_event(
            self.env._("who leaves the stage %(stage)s", stage=self._stage_name())
        )

    def _describe_expiring(self):
        return self._describe_event(
            self.env._(
                "whose coupon of %(program)s lapses within %(days)s days and is unused",
                program=self.trigger_program_id.name or self.env._("any program"),
                days=self.trigger_days,
            )
        )

    def _describe_anniversary(self):
        return self.env._(
            "%(when)s, each year, the customer gets %(offer)s.",
            when=self._describe_side(self.env._("the day of the first purchase")),
            offer=self._describe_offer(),
        )

    def _describe_follow(self):
        conditions = dict(
            self._fields["follow_condition"]._description_selection(self.env)
        )
        return self.env._(
            "%(days)s days after the campaign %(parent)s gave its offer, a customer "
            "who %(condition)s gets %(offer)s.",
            days=self.trigger_days,
            parent=self.parent_id.name or self.env._("(none yet)"),
            condition=conditions.get(self.follow_condition),
            offer=self._describe_offer(),
        )

    def _describe_whom(self):
        if self._takes_whole_audience():
            return ""
        if self.segment_id:
            return self.env._(
                "Only customers of the audience %(audience)s.",
                audience=self.segment_id.name,
            )
        return ""

    def _describe_caps(self):
        if not self.cap_count:
            return ""
        if not self.cap_days:
            return self.env._(
                "At most %(count)s times per customer.", count=self.cap_count
            )
        return self.env._(
            "At most %(count)s times per customer in %(days)s days.",
            count=self.cap_count,
            days=self.cap_days,
        )

    def _describe_end(self):
        if not self.date_end:
            return ""
        return self.env._(
            "The last day is %(day)s.", day=format_date(self.env, self.date_end)
        )

    def _trigger_problems(self):
        """Return a sentence for every setting of the trigger that is missing."""
        today = self.company_id._loyalty_today()
        # The days of a holiday of another company are checked, whoever launches.
        checks = {
            "date": (self.start_at, self.env._("Say when the offer is given.")),
            "recurring": (self.start_at, self.env._("Say when it is given first.")),
            "holiday": (
                any(day >= today for day in self._holiday_days()),
                self.env._("Choose a holiday with a date to come."),
            ),
            "purchase_amount": (
                self.trigger_amount,
                self.env._("Say from which amount on."),
            ),
            "purchase_product": (
                self.trigger_product_ids or self.trigger_categ_ids,
                self.env._("Choose products or categories."),
            ),
            "browsed": (
                self._knows_visits() and self.trigger_days,
                self._visit_problem(),
            ),
            "points": (
                self.trigger_program_id and self.trigger_points,
                self.env._("Choose a points program and a number of points."),
            ),
            "inactive": (
                self.trigger_days,
                self.env._("Say for how many days the customer bought nothing."),
            ),
            "points_expiring": (
                self.trigger_days,
                self.env._("Say how many days before the points lapse."),
            ),
            "survey": (self.trigger_survey_id, self.env._("Choose a survey.")),
            "segment_in": (self.trigger_segment_id, self.env._("Choose a segment.")),
            "segment_out": (self.trigger_segment_id, self.env._("Choose a segment.")),
            "stage_in": (self.trigger_stage, self.env._("Choose a stage.")),
            "stage_out": (self.trigger_stage, self.env._("Choose a stage.")),
            "follow": (self.parent_id, self.env._("Choose the campaign it follows.")),
        }
        fine, sentence = checks.get(self.trigger, (True, ""))
        problems = [] if fine else [sentence]
        if self.trigger == "claim":
            problems += self._claim_problems()
        if self.date_end and self.date_end < today:
            problems.append(self.env._("The last day of the campaign has passed."))
        return problems
