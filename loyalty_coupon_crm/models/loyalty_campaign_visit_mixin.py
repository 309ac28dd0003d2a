from datetime import datetime

from odoo import fields, models
from odoo.tools import SQL

from .loyalty_campaign_day_mixin import CATCH_UP_DAYS


class LoyaltyCampaignVisitMixin(models.AbstractModel):
    """Products looked at on the website trigger campaigns, where Odoo notes them.

    Odoo's eCommerce notes which product pages were looked at, and by whom when the
    visitor is signed in. It is not needed otherwise, so its tables are asked by name.
    """

    _name = "loyalty.campaign.visit.mixin"
    _description = "Visit Triggers of Campaigns"

    def _knows_visits(self):
        """Tell whether looking at a product is noted in this database."""
        tracks = self.env.get("website.track")
        return tracks is not None and "product_id" in tracks._fields

    def _candidates_browsed(self):
        """Customers who looked at a product so many days ago, and neither came back
        to look nor bought anything since; once per visit."""
        if not self._knows_visits():
            return None
        since = fields.Datetime.subtract(
            fields.Datetime.now(), days=self.trigger_days + CATCH_UP_DAYS
        )
        return self._visit_query(
            max(since, self.launched_at),
            SQL("after IS NULL"),
            datetime.max,
        )

    def _replay_browsed(self):
        """Customers who on a day since the launch had looked so many days ago."""
        if not self._knows_visits():
            return None
        return self._visit_query(
            self.launched_at, SQL("after IS NULL OR after > due"), SQL("due")
        )

    def _visit_query(self, since, alone, until):
        """Return the query of visits after which nothing came.

        :param since: moment of the first visit that counts, naive datetime in UTC
        :param alone: condition that no other visit came, `after` is the next one's
            moment and `due` that of the offer
        :param until: up to when a purchase counts, in UTC
        """
        for name in ("website.track", "website.visitor", "loyalty.purchase"):
            self.env[name].flush_model()
        return SQL(
            """
            SELECT partner_id,
                   (moment AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date::text
                       AS occasion,
                   NULL::integer AS card_id, due AS moment
              FROM (SELECT visitor.partner_id, visitor.customer_id,
                           row.visit_datetime AS moment,
                           row.visit_datetime + %(days)s * INTERVAL '1 day' AS due,
                           LEAD(row.visit_datetime) OVER (
                               PARTITION BY visitor.customer_id
                               ORDER BY row.visit_datetime, row.id) AS after
                      FROM website_track row
                      JOIN (SELECT known.id, known.partner_id,
                                   person.commercial_partner_id AS customer_id
                              FROM website_visitor known
                              JOIN website site ON site.id = known.website_id
                                               AND site.company_id = %(company)s
                              JOIN res_partner person ON person.id = known.partner_id
                           ) visitor ON visitor.id = row.visitor_id
                     WHERE row.visit_datetime >= %(since)s
                       AND %(products)s) visit
             WHERE due <= %(now)s
               AND (%(alone)s)
               AND NOT EXISTS (
                   SELECT FROM loyalty_purchase bought
                    WHERE bought.commercial_partner_id = visit.customer_id
                      AND bought.company_id = %(company)s
                      AND bought.date >= visit.moment
                      AND bought.date < %(until)s
                      AND bought.reversal_of_id IS NULL
                      AND bought.amount > 0)
            """,
            zone=self.company_id._loyalty_timezone(),
            days=self.trigger_days,
            company=self.company_id.id,
            since=since,
            products=self._visited_condition(),
            now=fields.Datetime.now(),
            alone=alone,
            until=until,
        )

    def _visited_condition(self):
        """Return the condition that the product of a visit, a `row`, is meant."""
        if not (self.trigger_product_ids or self.trigger_categ_ids):
            return SQL("row.product_id IS NOT NULL")
        return SQL(
            """
            row.product_id IN (
                SELECT product.id
                  FROM product_product product
                  JOIN product_template template
                    ON template.id = product.product_tmpl_id
                 WHERE product.id = ANY(%s) OR template.categ_id = ANY(%s))
            """,
            self.trigger_product_ids.ids,
            self._trigger_category_ids(),
        )

    def _describe_browsed(self):
        return self._describe_event(
            self.env._(
                "who looked at %(names)s on the website, and neither came back nor "
                "bought anything for %(days)s days,",
                names=self._trigger_product_names() or self.env._("any product"),
                days=self.trigger_days,
            )
        )

    def _visit_problem(self):
        """Return what to do so that visits can trigger the campaign."""
        if self._knows_visits():
            return self.env._("Say for how many days the customer did not come back.")
        return self.env._(
            "Who looked at a product is known where Odoo's eCommerce is installed: "
            "choose something else that makes the campaign give its offer."
        )
