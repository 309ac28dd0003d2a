from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL, format_date


class LoyaltyCardMember(models.Model):
    """One who earns to and spends from the wallet of a company or household."""

    _name = "loyalty.card.member"
    _description = "Member of a Pooled Wallet"
    _rec_name = "partner_id"
    _order = "card_id, id"

    card_id = fields.Many2one(
        "loyalty.card",
        string="Wallet",
        required=True,
        index=True,
        ondelete="cascade",
    )
    partner_id = fields.Many2one(
        "res.partner", string="Member", required=True, index=True, ondelete="cascade"
    )
    owner_id = fields.Many2one(related="card_id.partner_id", string="Owner")
    program_id = fields.Many2one(related="card_id.program_id", store=True, index=True)
    company_id = fields.Many2one(related="card_id.company_id", store=True, index=True)
    spend_limit = fields.Float(
        string="Limit",
        help="Points that the member may spend from the wallet; 0 for no limit.",
    )
    limit_period = fields.Selection(
        [("day", "a Day"), ("month", "a Month"), ("total", "in Total")],
        required=True,
        default="month",
    )
    spent_points = fields.Float(
        string="Spent",
        compute="_compute_spent_points",
        help="Points that the member spent from the wallet in the period.",
    )
    active = fields.Boolean(default=True)

    _card_partner_unique = models.UniqueIndex(
        "(card_id, partner_id) WHERE active", "This is a member of the wallet already."
    )

    @api.depends("card_id", "partner_id", "limit_period")
    def _compute_spent_points(self):
        for member in self:
            member.spent_points = member._spent() if member.ids else 0.0

    @api.constrains("spend_limit")
    def _check_spend_limit(self):
        for member in self:
            # Also false for what is not a number.
            if not 0 <= member.spend_limit < 1e12:
                raise ValidationError(
                    self.env._(
                        "A limit of %s points is none: give a number, or 0 for no "
                        "limit.",
                        member.spend_limit,
                    )
                )

    @api.constrains("card_id", "partner_id", "active")
    def _check_member(self):
        for member in self.filtered("active"):
            problem = member._member_problem()
            if problem:
                raise ValidationError(problem)

    def _member_problem(self):
        """Return why somebody cannot be a member of the wallet, or None."""
        card, partner = self.card_id, self.partner_id
        if not card.program_id.is_nominative or not card.partner_id:
            return self.env._("%s is no wallet of a customer.", card.code)
        if partner == card.partner_id:
            return self.env._("%s owns the wallet.", partner.display_name)
        if card.company_id and partner.company_id - card.company_id:
            return self.env._(
                "%(name)s is a customer of %(company)s, another company than the "
                "wallet's.",
                name=partner.display_name,
                company=partner.company_id.name,
            )
        other = self.search(
            [
                ("id", "!=", self.id),
                ("partner_id", "=", partner.id),
                ("program_id", "=", card.program_id.id),
                ("card_id.active", "=", True),
            ],
            limit=1,
        )
        if other:
            return self.env._(
                "%(name)s is a member of the wallet of %(owner)s in %(program)s "
                "already.",
                name=partner.display_name,
                owner=other.owner_id.display_name,
                program=card.program_id.name,
            )
        return None

    @api.model
    def _wallets_of(self, partner, company=None):
        """Return the open wallets of others that a customer is a member of.

        :param partner: the customer of a document
        :param company: wallets of this company (and shared ones), of all by default
        """
        # Most customers share no wallet, and every change of a cart asks.
        if not partner.id or not self._is_member(partner):
            return self.env["loyalty.card"]
        domain = [
            ("partner_id", "=", partner.id),
            ("card_id.active", "=", True),
            ("card_id.voided_at", "=", False),
            ("card_id.program_id.active", "=", True),
        ]
        if company:
            # Whose the parent companies are is not for every salesperson to read.
            companies = company.sudo().parent_ids.ids
            domain.append(("company_id", "in", [False, *companies]))
        # Who is a member is looked up for customers and cashiers as well.
        cards = self.sudo().search(domain).card_id
        return cards.with_env(self.env)

    @api.model
    def _is_member(self, partner):
        """Return whether a customer is a member of some wallet."""
        self.flush_model(["active", "partner_id"])
        rows = self.env.execute_query(
            SQL(
                "SELECT 1 FROM loyalty_card_member WHERE partner_id = %s AND active "
                "LIMIT 1",
                partner.id,
            )
        )
        return bool(rows)

    def _spent(self, at=None, document=None):
        """Return the points the member spent from the wallet in the period.

        :param at: moment in the period, naive datetime in UTC, now by default
        :param document: an order whose own uses do not count
        """
        self.ensure_one()
        domain = [
            ("card_id", "=", self.card_id.id),
            ("used_by_id", "=", self.partner_id.id),
        ]
        start = self._period_start(at)
        if start:
            domain.append(("date", ">=", start))
        # The uses of a wallet are counted for whoever asks for the limit.
        uses = self.env["loyalty.redemption"].sudo().search(domain)
        if document:
            uses = uses.filtered(lambda use: not use._is_on(document))
        return sum(uses.mapped("points"))

    def _left(self, at=None, document=None):
        """Return the points the member may still spend in the period.

        :return: points, infinity without a limit
        """
        self.ensure_one()
        if not self.spend_limit:
            return float("inf")
        return max(self.spend_limit - self._spent(at, document), 0.0)

    def _period_start(self, at=None):
        """Return when the period of a moment began, naive in UTC; None in total."""
        if self.limit_period == "total":
            return None
        company = self.card_id.company_id or self.env.company
        day = company._loyalty_today(at)
        if self.limit_period == "month":
            day = day.replace(day=1)
        return company._loyalty_day_start(day)

    def _limit_message(self, left):
        """Return that the member spends too much, in words.

        :param left: points the member may still spend
        """
        company = self.card_id.company_id or self.env.company
        values = {
            "name": self.partner_id.display_name,
            "limit": self.spend_limit,
            "left": left,
            "code": self.card_id.code,
            "day": format_date(self.env, company._loyalty_today()),
        }
        if self.limit_period == "day":
            return self.env._(
                "%(name)s may spend %(limit)s points a day from the wallet %(code)s; "
                "%(left)s are left on %(day)s.",
                **values,
            )
        if self.limit_period == "month":
            return self.env._(
                "%(name)s may spend %(limit)s points a month from the wallet "
                "%(code)s; %(left)s are left this month.",
                **values,
            )
        return self.env._(
            "%(name)s may spend %(limit)s points from the wallet %(code)s; %(left)s "
            "are left.",
            **values,
        )
