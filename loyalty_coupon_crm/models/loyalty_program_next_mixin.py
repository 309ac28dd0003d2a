from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL, format_amount
from odoo.tools.i18n import format_list

from ..tools import next_offer
from ..tools.campaign_statistics import SRM_LIMIT
from .loyalty_campaign_check_mixin import WALLET_TYPES

# What staff can hand out or point at; the others are paid for, or come by themselves.
NEXT_TYPES = ("coupons", "promo_code", "promotion", "buy_x_get_y")
# A shop with more live programs than that ranks the first of its list.
MOST_PROGRAMS = 100
OFFERS_SHOWN = 3


class LoyaltyProgramNextMixin(models.AbstractModel):
    """The offers that are expected to earn most from a customer, with the reason.

    The formula is in `tools/next_offer.py`, the figures are those of the customer, and
    what an offer brought is read from the results of past campaigns.
    """

    _name = "loyalty.program.next.mixin"
    _description = "Next Best Offer"

    @api.model
    def _next_offers(self, partners, company, channel, programs=None):
        """Return the best live offers of each customer that the gate lets through.

        None for who refused offers that are chosen by what was bought.

        :param partners: `res.partner` records, contacts or companies
        :param company: whose figures count
        :param channel: a value of `loyalty.purchase.channel`
        :param programs: those to choose from, all live ones of the channel by default
        :return: {partner: list of dicts with `program`, `profit` (company currency,
            over 30 days) and `text`, the reason in words}, the best first
        """
        # Whoever may see the customer may be told of the offers, not edit them.
        programs = self.sudo()._next_live(company, channel, programs)
        offers = programs._next_terms(company)
        average = self._next_company(company)
        customers = partners.sudo().commercial_partner_id
        known = self._next_customers(customers, company)
        spent = self._next_spent(customers, company) if offers else {}
        # Who sees the customer need not read what they decided.
        held = (
            self.env["loyalty.consent"].sudo()._last(partners, ["profiling"], company)
        )
        found = {}
        for partner in partners:
            if held.get((partner.id, "profiling")) is False:
                found[partner] = []
                continue
            customer = partner.sudo().commercial_partner_id.id
            tastes = self._next_tastes(programs, spent.get(customer))
            ranked = next_offer.rank(
                known.get(customer, next_offer.Customer()),
                {program.id: offer for program, offer in offers.items()},
                average,
                tastes,
            )
            found[partner] = self._next_allowed(partner, company, channel, ranked)
            for row in found[partner]:
                offer = offers[row["program"]]
                row["text"] = row["program"]._next_text(row["estimate"], offer)
        return found

    @api.model
    def _next_live(self, company, channel, programs=None):
        """Return the programs that a customer of a company could use today."""
        today = company._loyalty_today()
        domain = Domain("program_type", "in", NEXT_TYPES)
        domain &= Domain("company_id", "in", [False, *company.sudo().parent_ids.ids])
        domain &= Domain("date_from", "=", False) | Domain("date_from", "<=", today)
        domain &= Domain("date_to", "=", False) | Domain("date_to", ">=", today)
        if programs is not None:
            domain &= Domain("id", "in", programs.ids)
        elif channel == "sale":
            domain &= Domain("sale_ok", "=", True)
        return self.search(domain, limit=MOST_PROGRAMS).filtered("reward_ids")

    @api.model
    def _next_allowed(self, partner, company, channel, ranked):
        """Return the first ranked offers that the gate lets through.

        :param ranked: pairs of program id and estimate
        """
        programs = self.sudo().browse([key for key, _estimate in ranked])
        asked = [(program, self.env["loyalty.card"]) for program in programs]
        uses = self.with_company(company)._gate_uses(asked, partner, channel)
        rows = []
        for program, (_key, estimate), use in zip(programs, ranked, uses, strict=True):
            if len(rows) < OFFERS_SHOWN and not self._gate_blockers(use):
                rows.append(
                    {
                        "program": program,
                        "profit": estimate.profit,
                        "estimate": estimate,
                    }
                )
        return rows

    def _next_terms(self, company, points=None):
        """Return {program: `next_offer.Offer`}: what each gives and what it brought.

        :param company: whose currency and past campaigns count
        :param points: dict of program to the points of its card; one reward by default
        """
        arms = self._next_past(company)
        pooled = next_offer.pooled_lift(arms.values())
        shares = self._next_company_shares(company)
        offers = {}
        for program in self:
            offer = program._next_term(company, (points or {}).get(program), shares)
            offers[program] = next_offer.with_past(offer, arms.get(program.id), pooled)
        return offers

    def _next_term(self, company, points, shares):
        """Return what one program gives, as `next_offer.Offer`, in company currency."""
        self.ensure_one()

        def money(amount):
            return self.currency_id._convert(
                amount, company.currency_id, company, company._loyalty_today()
            )

        categories = self._next_categories()
        # An offer on all products has no categories, and is to everybody's taste.
        taste_all = sum(shares.get(key, 0.0) for key in categories.ids) or None
        if self.program_type in (*WALLET_TYPES, "gift_card"):
            return next_offer.Offer(fixed=money((points or 0.0) * self._point_worth()))
        reward = self.reward_ids.sorted("required_points")[:1]
        values = {
            "minimum": money(min(self.rule_ids.mapped("minimum_amount"), default=0.0)),
            "taste_all": taste_all if categories else None,
        }
        if reward.reward_type == "product":
            product = (reward.reward_product_id or reward.reward_product_ids)[:1]
            # Staff need not see costs to be told what pays.
            cost = product.with_company(company).standard_price
            return next_offer.Offer(
                **values, goods_cost=cost * (reward.reward_product_qty or 1)
            )
        if reward.reward_type != "discount":
            return next_offer.Offer(**values)
        if reward.discount_mode == "percent":
            parts = {"order": 1.0, "cheapest": next_offer.CHEAPEST_SHARE}
            part = parts.get(reward.discount_applicability)
            return next_offer.Offer(
                **values,
                percent=reward.discount,
                part=part if part or categories else 1.0,
                most=money(reward.discount_max_amount),
            )
        uses = reward.required_points if reward.discount_mode == "per_point" else 1.0
        return next_offer.Offer(**values, fixed=money(reward.discount * uses))

    def _next_categories(self):
        """Return the product categories that an offer is about; none for all goods."""
        self.ensure_one()
        rewards = self.reward_ids.filtered(
            lambda reward: (
                reward.discount_applicability == "specific"
                or reward.reward_type == "product"
            )
        )
        chosen = (
            rewards.discount_product_category_id
            | rewards.discount_product_ids.categ_id
            | rewards.reward_product_id.categ_id
        )
        if not chosen:
            rules = self.rule_ids
            chosen = rules.product_category_id | rules.product_ids.categ_id
        if not chosen:
            return chosen
        return chosen.search([("id", "child_of", chosen.ids)])

    @api.model
    def _next_past(self, company):
        """Return {program id: (treated customers, additional buyers)} of the past.

        Of campaigns with a control group whose windows are over, and whose split looks
        as planned; of a campaign with arms, each arm of its own.
        """
        self.env["loyalty.campaign.result"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(arm.program_id, campaign.program_id),
                       SUM(result.treated_count)::float,
                       SUM(result.treated_count * result.lift / 100)::float
                  FROM loyalty_campaign_result result
                  JOIN loyalty_campaign campaign ON campaign.id = result.campaign_id
             LEFT JOIN loyalty_campaign_variant arm ON arm.id = result.variant_id
                 WHERE result.company_id = %s
                   AND result.has_control
                   AND COALESCE(result.ratio_p_value, 1) >= %s
                   AND COALESCE(result.open_count, 0) = 0
                   AND (result.variant_id IS NOT NULL OR NOT EXISTS (
                       SELECT FROM loyalty_campaign_variant other
                        WHERE other.campaign_id = campaign.id))
              GROUP BY 1
                """,
                company.id,
                SRM_LIMIT,
            )
        )
        return {program: (count, brought) for program, count, brought in rows}

    @api.model
    def _next_company(self, company):
        """Return the averages of a company as `next_offer.Company`."""
        self.env["loyalty.company.metric"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT gap_median, average_basket::float, margin_rate::float,
                       coupon_share
                  FROM loyalty_company_metric WHERE company_id = %s
                """,
                company.id,
            )
        )
        return next_offer.Company(*(rows[0] if rows else ()))

    @api.model
    def _next_company_shares(self, company):
        """Return {category id: share of the sales to all customers}."""
        # What all customers buy is no secret to whoever may see one of them.
        row = (
            self.env["loyalty.company.metric"]
            .sudo()
            .search([("company_id", "=", company.id)], limit=1)
        )
        return {int(key): value for key, value in (row.category_shares or {}).items()}

    @api.model
    def _next_customers(self, customers, company):
        """Return {commercial partner id: `next_offer.Customer`}."""
        self.env["loyalty.customer.metric"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT partner_id, purchase_count, gap_median, recency_days, p_alive,
                       purchase_days, average_basket::float, margin_rate::float,
                       coupon_share
                  FROM loyalty_customer_metric
                 WHERE company_id = %s AND partner_id = ANY(%s)
                """,
                company.id,
                customers.ids,
            )
        )
        return {row[0]: next_offer.Customer(*row[1:]) for row in rows}

    @api.model
    def _next_spent(self, customers, company):
        """Return {commercial partner id: {category id: net amount above zero}}."""
        self.env["loyalty.purchase"].flush_model()
        self.env["loyalty.purchase.line"].flush_model()
        rows = self.env.execute_query(
            self._next_spent_sql(
                company, SQL("SELECT UNNEST(%s::int[])", customers.ids)
            )
        )
        spent = {}
        for customer, category, amount in rows:
            spent.setdefault(customer, {})[category] = float(amount)
        return spent

    @api.model
    def _next_spent_sql(self, company, customers):
        """Return SQL of what customers spent on each category.

        :param customers: SQL of one column of ids of commercial partners
        """
        return SQL(
            """
            SELECT row.commercial_partner_id AS customer_id, line.categ_id,
                   SUM(line.amount) AS amount
              FROM loyalty_purchase row
              JOIN loyalty_purchase_line line ON line.purchase_id = row.id
             WHERE row.company_id = %s
               AND row.commercial_partner_id IN (%s)
               AND line.categ_id IS NOT NULL
          GROUP BY 1, 2 HAVING SUM(line.amount) > 0
            """,
            company.id,
            customers,
        )

    @api.model
    def _next_tastes(self, programs, spent):
        """Return {program id: share of the customer's spend in its categories}."""
        total = sum((spent or {}).values())
        if not total:
            return {}
        return {
            program.id: sum(
                spent.get(key, 0.0) for key in program._next_categories().ids
            )
            / total
            for program in programs
        }

    def _next_text(self, estimate, offer):
        """Return in words why the program is offered to a customer.

        :param estimate: `next_offer.Estimate`
        :param offer: its `next_offer.Offer`
        """
        self.ensure_one()
        words = {
            "taste": self.env._(
                "spends %(times)s times as much as others on what it is for",
                times=round(estimate.taste, 1),
            ),
            "no_taste": self.env._("spends little on what it is for"),
            "coupons": self.env._("often buys with coupons"),
            "no_coupons": self.env._("seldom uses coupons"),
            "anyway": self.env._("would probably buy without it, too"),
            "silent": self.env._("will hardly buy within a month without an offer"),
            "measured": self.env._(
                "it brought %(points)s additional buyers per 100 customers in past "
                "campaigns",
                points=round(100 * offer.brought / (offer.measured or 1), 1),
            ),
            "minimum": self.env._("its minimum is above the usual basket"),
        }
        said = [words[code] for code in next_offer.reasons(estimate, offer)]
        if not said:
            said = [self.env._("an average customer for this offer")]
        return format_list(self.env, said)

    def _next_sentence(self, row, company, with_profit=True):
        """Return one offer as a line of text.

        :param row: dict as of `_next_offers`
        :param with_profit: name the money that is expected
        """
        values = {"offer": self.name, "reason": row["text"]}
        if not with_profit:
            return self.env._("%(offer)s: %(reason)s.", **values)
        values["profit"] = format_amount(self.env, row["profit"], company.currency_id)
        if row["profit"] <= 0:
            return self.env._(
                "%(offer)s does not pay (%(profit)s expected): %(reason)s.", **values
            )
        return self.env._("%(offer)s, %(profit)s expected: %(reason)s.", **values)
