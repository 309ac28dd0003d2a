from odoo import api, models
from odoo.tools import SQL

from .pos_order_line import PAID_STATES


class LoyaltyPosBackfill(models.AbstractModel):
    """The history of the tills from before the installation, written in SQL.

    May run again: an order that has rows gets no second ones. The discount of an
    order is spread over all its products, a free product over all of them too, as
    history does not say which line it belongs to.
    """

    _name = "loyalty.pos.backfill"
    _description = "Back-fill of Point of Sale History"

    @api.model
    def _run(self):
        """Write purchases, redemptions and their reversals of paid POS orders."""
        self.env.flush_all()
        self._fill_purchases(refunds=False)
        self._fill_purchases(refunds=True)
        self._fill_lines()
        self._fill_redemptions()
        self._fill_reversals()
        self.env.invalidate_all()

    def _settled_sql(self, line):
        """Return the id of the sales order that a line settles.

        :param line: alias of the line in the query
        """
        # `pos_sale` brings the field, it need not be installed.
        if "sale_order_origin_id" not in self.env["pos.order.line"]._fields:
            return SQL("NULL::integer")
        return SQL.identifier(line, "sale_order_origin_id")

    def _lines_sql(self):
        """Return the query of all lines of paid orders that are no payments.

        Amounts are in company currency. `returned_id` is the order whose goods a line
        takes back, `settled_id` the sales order that was settled there; lines that
        settle a sales order themselves are left out.
        """
        return SQL(
            """
            SELECT line.id, line.order_id, line.product_id, line.qty, line.coupon_id,
                   origin.order_id AS returned_id, %(settled_before)s AS settled_id,
                   COALESCE(line.reward_id, origin.reward_id) AS reward_id,
                   reward.reward_type, line.points_cost,
                   program.program_type IN ('gift_card', 'ewallet') AS payment,
                   (SIGN(line.qty * line.price_unit) * ABS(line.price_subtotal)
                    / rate.value)::numeric AS amount,
                   (SIGN(line.qty * line.price_unit) * ABS(line.price_subtotal_incl)
                    / rate.value)::numeric AS amount_total,
                   CASE WHEN line.is_total_cost_computed
                         AND (line.total_cost != 0 OR line.price_subtotal = 0)
                        THEN (line.total_cost / rate.value)::numeric END AS cost,
                   currency.decimal_places AS digits
              FROM pos_order_line line
              JOIN pos_order doc ON doc.id = line.order_id
              JOIN res_company company ON company.id = doc.company_id
              JOIN res_currency currency ON currency.id = company.currency_id
        CROSS JOIN LATERAL (SELECT COALESCE(NULLIF(doc.currency_rate, 0), 1) AS value
                   ) rate
         LEFT JOIN pos_order_line origin ON origin.id = line.refunded_orderline_id
         LEFT JOIN loyalty_reward reward
                ON reward.id = COALESCE(line.reward_id, origin.reward_id)
         LEFT JOIN loyalty_program program ON program.id = reward.program_id
             WHERE doc.state IN %(states)s
               AND (origin.id IS NOT NULL OR %(settled)s IS NULL)
            """,
            states=PAID_STATES,
            settled=self._settled_sql("line"),
            settled_before=self._settled_sql("origin"),
        )

    def _fill_purchases(self, refunds):
        """Write one purchase per order for what it sold, or for what it took back.

        :param refunds: take the lines that give goods back
        """
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_purchase
                       (partner_id, commercial_partner_id, company_id, date, amount,
                        amount_total, discount_amount, margin, channel, shop,
                        order_model, order_id, reversal_of_id)
                SELECT partner.id, partner.commercial_partner_id, doc.company_id,
                       doc.date_order, total.amount, total.amount_total,
                       total.discount, total.amount - total.cost, 'pos', config.name,
                       'pos.order', doc.id, original.id
                  FROM (SELECT line.order_id, line.returned_id,
                               MIN(line.settled_id) AS settled_id,
                               ROUND(SUM(line.amount), line.digits) AS amount,
                               ROUND(SUM(line.amount_total), line.digits)
                                   AS amount_total,
                               ROUND(-COALESCE(SUM(line.amount) FILTER (
                                   WHERE line.reward_type = 'discount'), 0),
                                   line.digits) AS discount,
                               CASE WHEN bool_and(line.cost IS NOT NULL)
                                         FILTER (WHERE line.reward_id IS NULL)
                                    THEN ROUND(SUM(line.cost) FILTER (
                                        WHERE line.reward_id IS NULL), line.digits)
                               END AS cost
                          FROM (%(lines)s) line
                         WHERE line.payment IS NOT TRUE
                           AND (line.returned_id IS NOT NULL) = %(refunds)s
                      GROUP BY line.order_id, line.returned_id, line.digits) total
                  JOIN pos_order doc ON doc.id = total.order_id
                  JOIN pos_session session ON session.id = doc.session_id
                  JOIN pos_config config ON config.id = session.config_id
             LEFT JOIN res_partner partner
                    ON partner.id = doc.partner_id
                   AND NOT EXISTS (
                       SELECT FROM res_users person
                         JOIN res_groups_users_rel rel ON rel.uid = person.id
                        WHERE person.partner_id = partner.id AND rel.gid = %(public)s)
             LEFT JOIN LATERAL (
                       SELECT row.id FROM loyalty_purchase row
                        WHERE row.reversal_of_id IS NULL
                          AND ((row.order_model = 'pos.order'
                                AND row.order_id = total.returned_id)
                            OR (row.order_model = 'sale.order'
                                AND row.order_id = total.settled_id))
                     ORDER BY row.id LIMIT 1) original ON TRUE
                 WHERE NOT EXISTS (
                       SELECT FROM loyalty_purchase row
                        WHERE row.order_model = 'pos.order' AND row.order_id = doc.id
                          AND (row.reversal_of_id IS NOT NULL OR NOT %(refunds)s))
              ORDER BY doc.date_order, doc.id
                """,
                lines=self._lines_sql(),
                refunds=refunds,
                public=self.env.ref("base.group_public").id,
            )
        )

    def _fill_lines(self):
        """Write the lines of POS purchases that have none."""
        self.env.cr.execute(
            SQL(
                """
                WITH line AS (%(lines)s), factor AS (
                    SELECT order_id, returned_id,
                           SUM(amount) / NULLIF(SUM(amount)
                               FILTER (WHERE reward_id IS NULL), 0) AS value
                      FROM line WHERE payment IS NOT TRUE
                  GROUP BY order_id, returned_id
                )
                INSERT INTO loyalty_purchase_line
                       (purchase_id, product_id, categ_id, quantity, amount, cost)
                SELECT purchase.id, line.product_id, template.categ_id, line.qty,
                       ROUND(line.amount * COALESCE(factor.value, 1), line.digits),
                       ROUND(line.cost, line.digits)
                  FROM line
                  JOIN factor ON factor.order_id = line.order_id
                   AND factor.returned_id IS NOT DISTINCT FROM line.returned_id
                  JOIN loyalty_purchase purchase
                    ON purchase.order_model = 'pos.order'
                   AND purchase.order_id = line.order_id
             LEFT JOIN loyalty_purchase original
                    ON original.id = purchase.reversal_of_id
                  JOIN product_product product ON product.id = line.product_id
                  JOIN product_template template
                    ON template.id = product.product_tmpl_id
                 WHERE line.reward_id IS NULL
                   AND (line.returned_id IS NULL) = (original.id IS NULL)
                   AND NOT EXISTS (SELECT FROM loyalty_purchase_line done
                                    WHERE done.purchase_id = purchase.id)
                """,
                lines=self._lines_sql(),
            )
        )

    def _fill_redemptions(self):
        """Write one redemption per card used on an order."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_redemption
                       (card_id, program_id, campaign_id, partner_id, company_id,
                        channel, shop, user_id, order_model, order_id, date, points,
                        discount_amount, goods_cost, order_amount)
                SELECT card.id, card.program_id, card.campaign_id,
                       COALESCE(card.partner_id, doc.partner_id), doc.company_id, 'pos',
                       config.name, doc.user_id, 'pos.order', doc.id, doc.date_order,
                       used.points, used.discount, 0,
                       (SELECT SUM(row.amount) FROM loyalty_purchase row
                         WHERE row.order_model = 'pos.order' AND row.order_id = doc.id
                           AND row.reversal_of_id IS NULL)
                  FROM (SELECT line.order_id, line.coupon_id,
                               SUM(line.points_cost) AS points,
                               ROUND(-COALESCE(SUM(line.amount) FILTER (
                                   WHERE line.reward_type = 'discount'
                                     AND line.payment IS NOT TRUE), 0),
                                   line.digits) AS discount
                          FROM (%(lines)s) line
                         WHERE line.coupon_id IS NOT NULL
                           AND line.reward_id IS NOT NULL
                           AND line.returned_id IS NULL
                      GROUP BY line.order_id, line.coupon_id, line.digits) used
                  JOIN pos_order doc ON doc.id = used.order_id
                  JOIN pos_session session ON session.id = doc.session_id
                  JOIN pos_config config ON config.id = session.config_id
                  JOIN loyalty_card card ON card.id = used.coupon_id
                 WHERE NOT EXISTS (
                       SELECT FROM loyalty_redemption done
                        WHERE done.order_model = 'pos.order'
                          AND done.order_id = doc.id AND done.card_id = card.id)
              ORDER BY doc.date_order, doc.id
                """,
                lines=self._lines_sql(),
            )
        )
        self.env.cr.execute(
            SQL(
                """
                UPDATE loyalty_card card SET used_at = used.date
                  FROM (SELECT card_id, MAX(date) AS date FROM loyalty_redemption
                         WHERE order_model = 'pos.order' AND reversal_of_id IS NULL
                      GROUP BY card_id) used
                 WHERE used.card_id = card.id AND card.used_at IS NULL
                """
            )
        )

    def _fill_reversals(self):
        """Reverse redemptions whose reward lines were refunded, by quantity.

        Programs that are not strict gave nothing back: their uses stay.
        """
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_redemption
                       (card_id, program_id, campaign_id, partner_id, company_id,
                        channel, shop, user_id, order_model, order_id, date, points,
                        discount_amount, goods_cost, order_amount, reversal_of_id)
                SELECT use.card_id, use.program_id, use.campaign_id, use.partner_id,
                       use.company_id, 'pos', config.name, doc.user_id, 'pos.order',
                       doc.id, doc.date_order, -use.points * back.share,
                       -use.discount_amount * back.share, 0,
                       -use.order_amount * back.share, use.id
                  FROM (SELECT line.order_id, origin.order_id AS returned_id,
                               origin.coupon_id,
                               LEAST(1, -SUM(line.qty) / NULLIF(SUM(origin.qty), 0))
                               AS share
                          FROM pos_order_line line
                          JOIN pos_order_line origin
                            ON origin.id = line.refunded_orderline_id
                         WHERE origin.reward_id IS NOT NULL
                           AND origin.coupon_id IS NOT NULL
                      GROUP BY line.order_id, origin.order_id, origin.coupon_id) back
                  JOIN loyalty_redemption use
                    ON use.order_model = 'pos.order' AND use.order_id = back.returned_id
                   AND use.card_id = back.coupon_id AND use.reversal_of_id IS NULL
                  JOIN loyalty_program program
                    ON program.id = use.program_id AND program.strict
                  JOIN pos_order doc ON doc.id = back.order_id
                  JOIN pos_session session ON session.id = doc.session_id
                  JOIN pos_config config ON config.id = session.config_id
                 WHERE doc.state IN %(states)s AND back.share > 0
                   AND NOT EXISTS (SELECT FROM loyalty_redemption done
                                    WHERE done.reversal_of_id = use.id
                                      AND done.order_model = 'pos.order'
                                      AND done.order_id = doc.id)
                """,
                states=PAID_STATES,
            )
        )
