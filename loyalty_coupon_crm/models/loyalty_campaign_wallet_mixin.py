from odoo import models
from odoo.tools import SQL

from ..tools.arrays import as_array


class LoyaltyCampaignWalletMixin(models.AbstractModel):
    """Puts the points of a campaign into wallets, existing ones or new ones."""

    _name = "loyalty.campaign.wallet.mixin"
    _description = "Awards of Campaigns"

    def _award_to_wallets(self, member_ids, partner_ids, new_codes, values):
        """Put points on the card each member has in the program, or on a new one.

        Odoo's own history gets a row too: the portal shows it to the customer. (For a
        coupon it would say what the statement of the card says already.)

        :return: number of members written
        """
        program = values["offer"]
        wallets = self._find_wallets(program, partner_ids)
        terms = program._award_terms(
            self.company_id._loyalty_today(values["now"]), earned=False
        )
        self.env.cr.execute(
            SQL(
                """
                WITH todo AS (
                    SELECT * FROM unnest(%(members)s::int[], %(partners)s::int[],
                                         %(codes)s::varchar[], %(wallets)s::int[])
                               AS todo (member_id, partner_id, code, card_id)
                ), created AS (
                    INSERT INTO loyalty_card
                           (program_id, company_id, partner_id, points, code, active,
                            is_member_wallet, issued_at, issued_by_id,
                            create_uid, create_date, write_uid, write_date)
                    SELECT %(program)s, %(card_company)s, partner_id, %(points)s, code,
                           TRUE, %(strict)s, %(now)s, %(user)s,
                           %(user)s, %(now)s, %(user)s, %(now)s
                      FROM todo WHERE card_id IS NULL
                 RETURNING id, partner_id, points, code, expiration_date
                ), topped AS (
                    UPDATE loyalty_card card
                       SET points = ROUND(
                               (COALESCE(card.points, 0) + %(points)s)::numeric, 2),
                           issued_at = COALESCE(card.issued_at, %(now)s),
                           issued_by_id = COALESCE(card.issued_by_id, %(user)s),
                           write_uid = %(user)s, write_date = %(now)s
                      FROM todo WHERE card.id = todo.card_id
                 RETURNING card.id, card.partner_id, card.points, todo.member_id,
                           card.expiration_date
                ), card AS (
                    SELECT created.id, created.partner_id, created.points,
                           todo.member_id, created.expiration_date
                      FROM created JOIN todo USING (code)
                     UNION ALL
                    SELECT * FROM topped
                ), award AS (
                    INSERT INTO loyalty_point_move
                           (card_id, partner_id, program_id, company_id, date, kind,
                            points, balance_after, remaining, expiration_date,
                            inactive_days, reason, user_id, request_key)
                    SELECT id, partner_id, %(program)s, %(company)s, %(now)s, 'issue',
                           %(points)s, points,
                           GREATEST(0, LEAST(%(points)s, points)),
                           COALESCE(%(last_day)s, expiration_date), %(inactive)s,
                           %(reason)s, %(user)s, 'campaign/' || member_id
                      FROM card
                 RETURNING id, card_id, points, remaining
                ), history AS (
                    INSERT INTO loyalty_history
                           (card_id, description, issued, used,
                            create_uid, create_date, write_uid, write_date)
                    SELECT id, %(reason)s, %(points)s, 0,
                           %(user)s, %(now)s, %(user)s, %(now)s
                      FROM card
                )
                UPDATE loyalty_campaign_member member
                   SET state = 'issued', card_id = card.id, issued_at = %(now)s,
                       message_state = %(message)s, message_at = %(message_at)s
                  FROM card
                  JOIN award ON award.card_id = card.id
                 WHERE member.id = card.member_id
                   AND member.id BETWEEN %(first)s AND %(last)s
             RETURNING award.id, award.remaining < award.points
                """,
                **{
                    **values,
                    "last_day": values["last_day"] or terms["expiration_date"] or None,
                },
                strict=program.strict,
                inactive=terms["inactive_days"],
                members=as_array(member_ids),
                partners=as_array(partner_ids),
                codes=as_array(new_codes),
                wallets=[wallets.get(partner_id) for partner_id in partner_ids],
                first=min(member_ids),
                last=max(member_ids),
            )
        )
        written = self.env.cr.fetchall()
        paying = [move_id for move_id, pays in written if pays]
        if paying:
            self.env["loyalty.point.move"].browse(paying)._pay_debts()
        return len(written)

    def _offered_programs(self):
        """Return the programs that the campaigns and their arms offer, as the system.

        What an offer is and until when it holds decides, whoever may read programs.
        """
        campaigns = self.sudo()
        return campaigns.program_id | campaigns.variant_ids.program_id

    def _wallet_cost_query(self):
        """Return the query of what points given paid for, None when none are given.

        Of a use, as much as the points drawn from the campaign's awards are of all
        points used there.

        :return: query of `member_id`, `order_model`, `order_id`, `date`, `discount`,
            `goods`
        """
        self.ensure_one()
        if not self._offered_programs().filtered("is_nominative"):
            return None
        return SQL(
            """
            SELECT member.id AS member_id, drawn.order_model, drawn.order_id, used.date,
                   (used.discount * drawn.points / used.points)::float8 AS discount,
                   (used.goods * drawn.points / used.points)::float8 AS goods
              FROM loyalty_campaign_member member
              JOIN loyalty_point_move award
                ON award.request_key = 'campaign/' || member.id
              JOIN loyalty_card card
                ON card.id = award.card_id AND card.campaign_member_id IS NULL
        CROSS JOIN LATERAL (
                   SELECT spend.order_model, spend.order_id, SUM(part.points) AS points
                     FROM loyalty_point_allocation part
                     JOIN loyalty_point_move spend ON spend.id = part.spend_id
                    WHERE part.award_id = award.id
                 GROUP BY 1, 2) drawn
        CROSS JOIN LATERAL (
                   SELECT SUM(use.points) AS points, MIN(use.date) AS date,
                          SUM(use.discount_amount) AS discount,
                          SUM(use.goods_cost) AS goods
                     FROM loyalty_redemption use
                    WHERE use.card_id = award.card_id
                      AND use.order_model = drawn.order_model
                      AND use.order_id = drawn.order_id) used
             WHERE member.campaign_id = %s
               AND member.state = 'issued'
               AND used.points > 0
            """,
            self.id,
        )

    def _read_wallet_costs(self):
        """Return (discounts, goods) that were paid with points given, of all time."""
        query = self._wallet_cost_query()
        if not query:
            return (0.0, 0.0)
        self.env["loyalty.redemption"].flush_model()
        [[given, goods]] = self.env.execute_query(
            SQL("SELECT SUM(discount), SUM(goods) FROM (%s) cost", query)
        )
        return (given or 0.0, goods or 0.0)

    def _find_wallets(self, program, partner_ids):
        """Return {partner id: id of the card Odoo finds first} for the program."""
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT partner_id, MIN(id) FROM loyalty_card
                     WHERE program_id = %s AND partner_id = ANY(%s) AND active
                     GROUP BY partner_id
                    """,
                    program.id,
                    partner_ids,
                )
            )
        )
