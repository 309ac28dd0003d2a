from odoo import api, models
from odoo.tools import SQL


class LoyaltyPurchaseBackfill(models.AbstractModel):
    """The purchases of sales orders that were confirmed before the installation.

    The figures are those of `sale.order._loyalty_purchase_amounts` and
    `_loyalty_purchase_lines`, in one statement per company.
    """

    _name = "loyalty.purchase.backfill"
    _description = "Purchases from before the Installation"

    @api.model
    def _run(self):
        """Write the missing purchases of confirmed sales orders of every company."""
        self.env.flush_all()
        # Companies the current user does not work in have history, too.
        # There are few companies, all of them are meant.
        # pylint: disable-next=no-search-all
        for company in self.env["res.company"].sudo().search([]):
            self.with_company(company)._run_company(company)
        self.env["loyalty.purchase"].invalidate_model()
        self._take_off_credits()

    def _take_off_credits(self):
        """Take the posted credit notes off the purchases, each of them once.

        Points stay: Odoo took none back, and the balance is what the customer knows.
        """
        # Whoever installs may keep the books of no company.
        purchases = self.env["loyalty.purchase"].sudo()
        known = set(
            purchases.search([("order_model", "=", "account.move")]).mapped("order_id")
        )
        notes = purchases.env["account.move"].search(
            [("move_type", "=", "out_refund"), ("state", "=", "posted")],
            order="invoice_date, id",
        )
        for note in notes.filtered(lambda note: note.id not in known):
            start = note.company_id._loyalty_day_start(note.invoice_date)
            for order in note._loyalty_orders():
                if order._name == "sale.order" and order._loyalty_is_confirmed():
                    purchases._record_refund(
                        order, note, date=max(start, order.date_order)
                    )

    def _run_company(self, company):
        """Write the missing purchases of one company's sales orders."""
        self.env.cr.execute(
            SQL(
                """
                WITH todo AS (%(todo)s),
                line AS (%(lines)s),
                total AS (%(totals)s),
                detail AS (%(details)s),
                cost AS (%(costs)s),
                purchase AS (%(purchases)s)
                INSERT INTO loyalty_purchase_line
                       (purchase_id, product_id, categ_id, quantity, amount, cost)
                SELECT purchase.id, detail.product_id, detail.categ_id,
                       detail.quantity, detail.amount, detail.cost
                  FROM purchase
                  JOIN detail ON detail.order_id = purchase.order_id
                """,
                todo=self._todo_sql(company),
                lines=self._line_sql(),
                totals=self._total_sql(),
                details=self._detail_sql(company),
                costs=self._cost_sql(),
                purchases=self._purchase_sql(company),
            )
        )

    def _todo_sql(self, company):
        """Return the confirmed orders without any purchase row."""
        return SQL(
            """
            SELECT id, partner_id, date_order, amount_untaxed, amount_total,
                   COALESCE(NULLIF(currency_rate, 0), 1)::numeric AS rate,
                   %(channel)s AS channel, %(shop)s AS shop
              FROM sale_order
             WHERE state = 'sale'
               AND company_id = %(company)s
               AND NOT EXISTS (
                   SELECT FROM loyalty_purchase known
                    WHERE known.order_model = 'sale.order'
                      AND known.order_id = sale_order.id)
            """,
            channel=self._channel_sql(),
            shop=self._shop_sql(),
            company=company.id,
        )

    def _channel_sql(self):
        if "website_id" not in self.env["sale.order"]._fields:
            return SQL("'sale'")
        return SQL("CASE WHEN website_id IS NULL THEN 'sale' ELSE 'website' END")

    def _shop_sql(self):
        team = SQL(
            "(SELECT %s FROM crm_team team WHERE team.id = sale_order.team_id)",
            self.env["crm.team"]._field_to_sql("team", "name"),
        )
        if "website_id" not in self.env["sale.order"]._fields:
            return team
        return SQL(
            """
            COALESCE((SELECT site.name FROM website site
                       WHERE site.id = sale_order.website_id), %s)
            """,
            team,
        )

    def _line_sql(self):
        """Return the order lines with what a reward makes of them."""
        products = self.env["product.product"]
        return SQL(
            """
            SELECT line.order_id, line.product_id, template.categ_id,
                   line.price_subtotal::numeric, line.price_total::numeric,
                   (line.product_uom_qty * COALESCE(unit.factor, 1)
                    / COALESCE(product_unit.factor, 1))::numeric AS quantity,
                   %(cost)s::numeric AS unit_cost,
                   program.program_type IN ('gift_card', 'ewallet') AS is_payment,
                   COALESCE(reward.reward_type, '') = 'discount' AS is_discount
              FROM todo
              JOIN sale_order_line line ON line.order_id = todo.id
         LEFT JOIN product_product product ON product.id = line.product_id
         LEFT JOIN product_template template
                ON template.id = product.product_tmpl_id
         LEFT JOIN uom_uom unit ON unit.id = line.product_uom_id
         LEFT JOIN uom_uom product_unit ON product_unit.id = template.uom_id
         LEFT JOIN loyalty_reward reward ON reward.id = line.reward_id
         LEFT JOIN loyalty_program program ON program.id = reward.program_id
             WHERE line.display_type IS NULL
            """,
            cost=products._field_to_sql("product", "standard_price"),
        )

    def _total_sql(self):
        """Return what payments and discounts make of each order."""
        return SQL(
            """
            SELECT order_id,
                   COALESCE(SUM(price_subtotal) FILTER (WHERE is_payment), 0)
                       AS payment,
                   COALESCE(SUM(price_total) FILTER (WHERE is_payment), 0)
                       AS payment_total,
                   COALESCE(SUM(price_subtotal) FILTER (
                       WHERE is_discount AND NOT is_payment), 0) AS discount,
                   SUM(price_subtotal) FILTER (
                       WHERE NOT is_discount AND product_id IS NOT NULL) AS gross
              FROM line
          GROUP BY order_id
            """
        )

    def _detail_sql(self, company):
        """Return the product lines, the discount of the order spread over them."""
        return SQL(
            """
            SELECT line.order_id, line.product_id, line.categ_id, line.quantity,
                   ROUND(line.price_subtotal
                         * COALESCE(1 + total.discount / NULLIF(total.gross, 0), 1)
                         / todo.rate, %(digits)s) AS amount,
                   CASE WHEN line.unit_cost != 0 OR line.price_subtotal = 0
                        THEN ROUND(line.quantity * line.unit_cost, %(digits)s)
                   END AS cost
              FROM line
              JOIN todo ON todo.id = line.order_id
              JOIN total ON total.order_id = line.order_id
             WHERE line.product_id IS NOT NULL AND NOT line.is_discount
            """,
            digits=company.currency_id.decimal_places,
        )

    def _cost_sql(self):
        """Return the cost of each order, empty when that of a line is unknown."""
        return SQL(
            """
            SELECT order_id,
                   CASE WHEN BOOL_AND(cost IS NOT NULL) THEN SUM(cost) END AS cost
              FROM detail
          GROUP BY order_id
            """
        )

    def _purchase_sql(self, company):
        """Write the purchases; the public user's belong to nobody."""
        return SQL(
            """
            INSERT INTO loyalty_purchase
                   (partner_id, commercial_partner_id, company_id, date, amount,
                    amount_total, discount_amount, margin, channel, shop,
                    order_model, order_id)
            SELECT partner.id, partner.commercial_partner_id, %(company)s,
                   todo.date_order, money.amount,
                   ROUND((todo.amount_total - COALESCE(total.payment_total, 0))
                         / todo.rate, %(digits)s),
                   ROUND(COALESCE(-total.discount, 0) / todo.rate, %(digits)s),
                   money.amount - cost.cost, todo.channel, todo.shop,
                   'sale.order', todo.id
              FROM todo
         LEFT JOIN total ON total.order_id = todo.id
         LEFT JOIN cost ON cost.order_id = todo.id
        CROSS JOIN LATERAL (
                   SELECT ROUND((todo.amount_untaxed - COALESCE(total.payment, 0))
                                / todo.rate, %(digits)s) AS amount) money
         LEFT JOIN res_partner partner
                ON partner.id = todo.partner_id
               AND NOT EXISTS (
                   SELECT FROM res_users person
                     JOIN res_groups_users_rel rel ON rel.uid = person.id
                    WHERE person.partner_id = partner.id AND rel.gid = %(public)s)
          ORDER BY todo.date_order, todo.id
         RETURNING id, order_id
            """,
            company=company.id,
            digits=company.currency_id.decimal_places,
            public=self.env.ref("base.group_public").id,
        )
