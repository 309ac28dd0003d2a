from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.replay import Cap, keep_allowed
from .loyalty_campaign_journey_mixin import DEFAULT_DAYS
from .loyalty_campaign_trigger_mixin import PURCHASE_TRIGGERS

# What customers did on past days is known of these.
REPLAYED_TRIGGERS = (
    *PURCHASE_TRIGGERS,
    "anniversary",
    "birthday",
    "browsed",
    "inactive",
    "new_customer",
    "segment_in",
    "segment_out",
    "stage_in",
    "stage_out",
    "survey",
)


class Offer(NamedTuple):
    """An offer that a campaign would have given, or kept back from a control group."""

    moment: object
    draw: int
    partner_id: int
    customer: int
    occasion: str
    arm: str

    @property
    def is_treated(self):
        """Tell whether the customer would have got it."""
        return self.arm == "treated"


class LoyaltyCampaignReplayMixin(models.AbstractModel):
    """Goes through the last days as if a campaign that is planned had run then.

    Who is in the audience, who consents and what was taken back are those of today. A
    trigger whose query tells of today only has a method `_replay_x` beside it; the
    queries of both tell the moment of the event as `moment`.
    """

    _name = "loyalty.campaign.replay.mixin"
    _description = "Replays of Campaigns"

    is_replayed = fields.Boolean(
        compute="_compute_is_replayed",
        help="Whether a back-test can tell whom the campaign would have reached.",
    )

    @api.depends("trigger")
    def _compute_is_replayed(self):
        for campaign in self:
            campaign.is_replayed = campaign.trigger in REPLAYED_TRIGGERS

    def _replay(self, since):
        """Return the `Offer`s that the campaign would have given, in their order.

        The campaign's cap and budget of coupons, and the cap across campaigns, hold as
        they would have held on each day.

        :param since: naive datetime in UTC
        """
        self.ensure_one()
        if self.trigger not in REPLAYED_TRIGGERS:
            return []
        offers = sorted(self._replayed_offers(since))
        shared = Cap(0, 0)
        if self._has_company_cap():
            company = self.company_id
            shared = Cap(company.loyalty_cap_count, company.loyalty_cap_days)
        return keep_allowed(
            offers,
            Cap(self.cap_count, self.cap_days),
            shared,
            self._given_by_others(offers, since, shared) if shared.count else {},
            self.budget_coupons,
        )

    def _replayed_offers(self, since):
        """Return what the campaign would have given without caps and budget."""
        last, _holders = self._read_purchase_horizon()
        trial = self.new(origin=self)
        trial.update(
            {
                "budget_coupons": 0,
                "cap_count": 0,
                "cursor_purchase_id": 0,
                "ignore_cap": True,
                "known_segment_row_id": 0,
                "known_stage_row_id": 0,
                "launched_at": since,
                "settled_purchase_id": last,
                "triggered_at": False,
            }
        )
        self._flush_audience()
        replay = getattr(trial, f"_replay_{self.trigger}", None)
        candidates = (replay or getattr(trial, f"_candidates_{self.trigger}"))()
        if not candidates:
            return []
        rows = self.env.execute_query(
            SQL(
                """
                WITH found AS MATERIALIZED (
                    SELECT partner_id, occasion, card_id, MIN(moment) AS moment
                      FROM (%(candidates)s) candidate
                     GROUP BY partner_id, occasion, card_id)
                SELECT found.moment, %(draw)s AS draw, groups.partner_id,
                       groups.customer_id, groups.occasion, groups.arm
                  FROM (%(groups)s) groups
                  JOIN found USING (partner_id, occasion)
                """,
                candidates=candidates,
                draw=self._score_sql("draw", year=SQL("LEFT(groups.occasion, 4)")),
                groups=trial._groups_query(
                    SQL("SELECT partner_id, occasion, card_id FROM found")
                ),
            )
        )
        return [Offer(*row) for row in rows]

    def _count_anyway(self, offers):
        """Return how many treated customers bought again without the offer.

        Within the validity of the offer, from the moment on at which it would have been
        given.

        :param offers: `Offer`s of a replay
        """
        treated = [offer for offer in offers if offer.is_treated]
        self.env["loyalty.purchase"].flush_model()
        [[count]] = self.env.execute_query(
            SQL(
                """
                SELECT COUNT(DISTINCT offer.customer)
                  FROM unnest(%(customers)s::integer[], %(moments)s::timestamp[])
                       AS offer (customer, moment)
                 WHERE EXISTS (
                       SELECT FROM loyalty_purchase later
                        WHERE later.commercial_partner_id = offer.customer
                          AND later.company_id = %(company)s
                          AND later.date > offer.moment
                          AND later.date < offer.moment + %(days)s * INTERVAL '1 day'
                          AND later.reversal_of_id IS NULL
                          AND later.amount > 0)
                """,
                customers=[offer.customer for offer in treated],
                moments=[offer.moment for offer in treated],
                company=self.company_id.id,
                days=self.validity_days or DEFAULT_DAYS,
            )
        )
        return count

    def _given_by_others(self, offers, since, cap):
        """Return {customer: moments} of the offers of other campaigns."""
        conditions = [SQL("TRUE")]
        if cap.days:
            oldest = since - timedelta(days=cap.days)
            conditions.append(SQL("member.assigned_at > %s", oldest))
        rows = self.env.execute_query(
            SQL(
                """
                SELECT contact.commercial_partner_id, ARRAY_AGG(member.assigned_at)
                  FROM loyalty_campaign_member member
                  JOIN res_partner contact ON contact.id = member.partner_id
                 WHERE contact.commercial_partner_id = ANY(%s)
                   AND member.company_id = %s
                   AND member.campaign_id != %s
                   AND member.arm = 'treated'
                   AND member.state IN ('todo', 'issued')
                   AND %s
                 GROUP BY 1
                """,
                list({offer.customer for offer in offers}),
                self.company_id.id,
                self._origin.id,
                SQL(" AND ").join(conditions),
            )
        )
        return dict(rows)

    def _replay_days(self):
        """Return the days since the launch on which the offer would be given."""
        company = self.company_id
        first, today = (
            company._loyalty_today(self.launched_at),
            company._loyalty_today(),
        )
        return [
            first + timedelta(days=number) for number in range((today - first).days + 1)
        ]

    def _replay_occasions(self, candidates):
        """Return the query of candidates on all days, each with its moment.

        :param candidates: method that takes the days of occasions
        """
        shift = timedelta(days=self._shift())
        return SQL(
            """
            SELECT due.*, (due.occasion::date - %s)::timestamp
                          AT TIME ZONE %s AT TIME ZONE 'UTC' AS moment
              FROM (%s) due
            """,
            self._shift(),
            self.company_id._loyalty_timezone(),
            candidates([day + shift for day in self._replay_days()]),
        )

    def _replay_birthday(self):
        """Customers who had their birthday since the launch."""
        return self._replay_occasions(self._candidates_birthday)

    def _replay_anniversary(self):
        """Customers whose first purchase was whole years ago on a day since then."""
        return self._replay_occasions(self._candidates_anniversary)

    def _replay_new_customer(self):
        """Contacts created since the launch."""
        return SQL(
            """
            SELECT fresh.*, partner.create_date AS moment
              FROM (%s) fresh
              JOIN res_partner partner ON partner.id = fresh.partner_id
            """,
            self._candidates_new_customer(),
        )

    def _replay_survey(self):
        """Customers who answered the survey since the launch."""
        return SQL(
            """
            SELECT found.*, answer.end_datetime AS moment
              FROM (%s) found
              JOIN survey_user_input answer ON answer.partner_id = found.partner_id
                                           AND answer.survey_id = %s
                                           AND answer.state = 'done'
                                           AND answer.end_datetime >= %s
            """,
            self._candidates_survey(),
            self.trigger_survey_id.id,
            self.launched_at,
        )

    def _replay_segment_in(self):
        """Customers who came into the segment, whether they stayed or not."""
        return self._replay_segment(
            SQL("row.date_from"),
            SQL("near.id < row.id AND near.date_to >= row.date_from"),
        )

    def _replay_segment_out(self):
        """Customers who left the segment, whether they came back or not."""
        return self._replay_segment(
            SQL("row.date_to"),
            SQL(
                "near.id > row.id AND near.date_from <= row.date_to"
                " AND COALESCE(near.date_to, 'infinity') > row.date_to"
            ),
        )

    def _replay_segment(self, day, stayed):
        """Return who changed on a day since the launch.

        :param day: SQL of the day of the change
        :param stayed: condition on a `near` row of the customer that nothing changed
        """
        self.env["loyalty.segment.member"].flush_model()
        return SQL(
            """
            SELECT row.partner_id, %(day)s::text AS occasion,
                   NULL::integer AS card_id, %(day)s::timestamp AS moment
              FROM loyalty_segment_member row
             WHERE row.segment_id = %(segment)s
               AND row.is_excluded IS NOT TRUE
               AND %(day)s >= %(first)s
               AND NOT EXISTS (SELECT FROM loyalty_segment_member near
                                WHERE near.segment_id = row.segment_id
                                  AND near.partner_id = row.partner_id
                                  AND near.is_excluded IS NOT TRUE
                                  AND %(stayed)s)
            """,
            day=day,
            segment=self.trigger_segment_id.id,
            first=self.company_id._loyalty_today(self.launched_at),
            stayed=stayed,
        )

    def _replay_stage_in(self):
        """Customers who came into the stage, whether they stayed or not."""
        return self._replay_stage(self._entered_condition())

    def _replay_stage_out(self):
        """Customers who left the stage, whether they came back or not."""
        return self._replay_stage(SQL("row.stage_from = %s", self.trigger_stage))

    def _replay_stage(self, change):
        """Return who passed from one stage to another since the launch."""
        return SQL(
            """
            SELECT passed.*, passed.occasion::timestamp AS moment FROM (%s) passed
            """,
            self._stage_change_query(change, SQL("FALSE")),
        )

    def _replay_inactive(self):
        """Customers who had bought nothing for so many days, on each day since launch.

        From the purchases themselves: figures are those of today.
        """
        self.env["loyalty.purchase"].flush_model()
        oldest = SQL()
        if self.trigger_days_max:
            oldest = SQL("AND day >= due - %s::integer", self.trigger_days_max)
        return SQL(
            """
            WITH bought AS (
                SELECT DISTINCT row.commercial_partner_id AS customer_id,
                       (row.date AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date AS day
                  FROM loyalty_purchase row
                 WHERE row.company_id = %(company)s
                   AND row.reversal_of_id IS NULL
                   AND row.amount > 0
                   AND %(live)s
            ), silence AS (
                SELECT customer_id, day,
                       LEAD(day) OVER (PARTITION BY customer_id ORDER BY day) AS after,
                       GREATEST(day + %(days)s::integer, %(first)s::date) AS due
                  FROM bought
            )
            SELECT customer_id AS partner_id, day::text AS occasion,
                   NULL::integer AS card_id,
                   due::timestamp AT TIME ZONE %(zone)s AT TIME ZONE 'UTC' AS moment
              FROM silence
             WHERE due <= %(today)s
               AND (after IS NULL OR after >= due)
               %(oldest)s
            """,
            zone=self.company_id._loyalty_timezone(),
            company=self.company_id.id,
            live=self._live_sql("row"),
            days=self.trigger_days,
            first=self.company_id._loyalty_today(self.launched_at),
            today=self.company_id._loyalty_today(),
            oldest=oldest,
        )
