import logging
from ast import literal_eval
from contextlib import contextmanager

from psycopg2 import DataError, ProgrammingError

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, mute_logger

_logger = logging.getLogger(__name__)

# SerializationFailure and its like are retried by Odoo, they say nothing of the rule.
RULE_ERRORS = (
    ValueError,
    TypeError,
    KeyError,
    UserError,
    DataError,
    ProgrammingError,
)


class LoyaltySegment(models.Model):
    """A named audience: a rule on customers, people added and excluded by hand."""

    _name = "loyalty.segment"
    _inherit = "loyalty.segment.like.mixin"
    _description = "Customer Segment"
    _order = "name, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)
    kind = fields.Selection(
        [("dynamic", "Rule"), ("static", "Fixed list")],
        required=True,
        default="dynamic",
        help="A rule is applied again every night; a fixed list changes only by hand.",
    )
    domain = fields.Char(
        string="Rule",
        default="[]",
        help="Customers that belong. A company stands for all its contacts.",
    )
    member_ids = fields.One2many("loyalty.segment.member", "segment_id", string="Rows")
    member_count = fields.Integer(string="Members", compute="_compute_member_count")
    match_count = fields.Integer(
        string="Customers Matching",
        compute="_compute_match_count",
        help="Customers the rule finds now, before anybody is added or excluded.",
    )
    refreshed_at = fields.Datetime(string="Refreshed on", readonly=True, copy=False)

    @api.depends("member_ids.date_to", "member_ids.is_excluded")
    def _compute_member_count(self):
        counts = dict(
            self.env["loyalty.segment.member"]._read_group(
                Domain("segment_id", "in", self.ids) & self._member_domain(),
                ["segment_id"],
                ["__count"],
            )
        )
        for segment in self:
            segment.member_count = counts.get(segment._origin, 0)

    @api.depends("domain", "kind", "company_id")
    def _compute_match_count(self):
        for segment in self:
            try:
                # As who looks: a rule being typed may ask for what he may not read.
                segment.match_count = segment._count_customers(sudo=self.env.su)
            except UserError:
                # The rule is being typed; saving it says what is wrong.
                segment.match_count = 0

    @api.constrains("domain", "kind", "company_id")
    def _check_rule(self):
        """Refuse a rule that cannot be applied or reads what its author may not."""
        for segment in self.filtered(lambda segment: segment.kind == "dynamic"):
            if not segment.company_id:
                raise ValidationError(
                    self.env._(
                        "The figures of customers differ by company. Choose the "
                        "company of the segment %(name)s, or make it a fixed list.",
                        name=segment.name,
                    )
                )
            # Odoo checks constraints as superuser; the rule is tried as its author.
            segment.sudo(False)._count_customers(sudo=False)

    def write(self, vals):
        """Write segments; a changed rule has to be applied again."""
        if not {"domain", "kind", "company_id"}.isdisjoint(vals):
            vals = {**vals, "refreshed_at": False}
        return super().write(vals)

    @api.model
    def _member_domain(self):
        """Return the domain of today's members on `loyalty.segment.member`."""
        return Domain("date_to", "=", False) & Domain("is_excluded", "=", False)

    def _parse_rule(self):
        """Return the rule as a domain on `res.partner`.

        :raise ValidationError: when it is no domain
        """
        self.ensure_one()
        try:
            return Domain(literal_eval(self.domain or "[]"))
        except (ValueError, SyntaxError, TypeError) as error:
            raise ValidationError(
                self.env._(
                    "The rule of the segment %(name)s cannot be read: %(rule)s",
                    name=self.name,
                    rule=self.domain,
                )
            ) from error

    def _customer_domain(self):
        """Return the domain of the customers whom the rule finds.

        Customers of the company or of all, one per commercial partner: whoever makes
        an offer to a company and to each of its contacts makes it many times over.
        """
        domain = self._parse_rule()
        if domain.is_true():
            return Domain.FALSE
        company = self.company_id or self.env.company
        return (
            domain
            & Domain("company_id", "in", [False, company.id])
            & Domain.custom(
                to_sql=lambda model, alias, query: SQL(
                    "%s = %s",
                    SQL.identifier(alias, "id"),
                    SQL.identifier(alias, "commercial_partner_id"),
                )
            )
        )

    def _partners(self, sudo=True):
        """Return the model in which the rule is evaluated, in the segment's company."""
        partners = self.env["res.partner"].with_company(
            self.company_id or self.env.company
        )
        # Membership must not depend on who refreshes it.
        return partners.sudo() if sudo else partners

    def _count_customers(self, sudo=True):
        """Return how many customers the rule finds now.

        :param sudo: False to count what the current user may see
        :raise ValidationError: when the rule cannot be applied
        :raise AccessError: when the user may not read what the rule asks for
        """
        self.ensure_one()
        if self.kind != "dynamic":
            return 0
        domain = self._customer_domain()
        with self._explain_failure():
            return self._partners(sudo).search_count(domain)

    @contextmanager
    def _explain_failure(self):
        """Turn what Odoo or the database say about a wrong rule into a sentence."""
        try:
            with self.env.cr.savepoint(flush=False), mute_logger("odoo.sql_db"):
                yield
        except AccessError:
            raise
        except RULE_ERRORS as error:
            raise ValidationError(
                self.env._(
                    "The rule of the segment %(name)s cannot be applied: %(reason)s",
                    name=self.name,
                    reason=str(error).strip(),
                )
            ) from error

    def action_refresh(self):
        """Apply the rules now.

        :raise UserError: when a rule is empty
        """
        self.check_access("write")
        self.refresh()

    @api.private
    def refresh(self):
        """Write who joined and who left since the last time, as dated rows.

        People added or excluded by hand stay as they are.

        :raise UserError: when a rule is empty
        """
        for segment in self.filtered(lambda segment: segment.kind == "dynamic"):
            if segment._parse_rule().is_true():
                raise UserError(
                    self.env._(
                        "The segment %(name)s has no rule and would take in every "
                        "contact. Add at least one condition.",
                        name=segment.name,
                    )
                )
            with segment._explain_failure():
                segment._refresh_members()
        # The date is ours to write, also for those who may only look.
        self.sudo().write({"refreshed_at": fields.Datetime.now()})
        self.invalidate_recordset(["member_ids", "member_count"])

    def _refresh_members(self):
        """Close and open rows of one segment in one statement."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL("SELECT id FROM loyalty_segment WHERE id = %s FOR UPDATE", self.id)
        )
        company = self.company_id or self.env.company
        found = self._partners()._search(self._customer_domain())
        self.env.cr.execute(
            SQL(
                """
                WITH match AS (%(match)s),
                gone AS (
                    UPDATE loyalty_segment_member
                       SET date_to = %(today)s
                     WHERE segment_id = %(segment)s
                       AND date_to IS NULL
                       AND is_manual IS NOT TRUE
                       AND is_excluded IS NOT TRUE
                       AND NOT EXISTS (SELECT FROM match
                                        WHERE match.id = partner_id))
                INSERT INTO loyalty_segment_member
                       (segment_id, partner_id, company_id, date_from, is_manual,
                        is_excluded)
                SELECT %(segment)s, match.id, %(company)s, %(today)s, FALSE, FALSE
                  FROM match
                 WHERE NOT EXISTS (
                       SELECT FROM loyalty_segment_member known
                        WHERE known.segment_id = %(segment)s
                          AND known.partner_id = match.id
                          AND known.date_to IS NULL)
                """,
                match=found.select(),
                segment=self.id,
                company=self.company_id.id or None,
                today=company._loyalty_today(),
            )
        )
        self.env["loyalty.segment.member"].invalidate_model()

    @api.model
    def _cron_refresh_segments(self):
        """Apply every rule; one that fails is left as it was and named in the log."""
        cron = self.env["ir.cron"]
        segments = self.search([("kind", "=", "dynamic"), ("domain", "!=", "[]")])
        cron._commit_progress(remaining=len(segments))
        for segment in segments:
            try:
                segment.refresh()
            except UserError as error:
                _logger.warning("Segment %s was not refreshed: %s", segment.id, error)
            # Whoever stopped here would begin with the same segments again.
            cron._commit_progress(1)

    def _add_members(self, partners):
        """Add people by hand; they stay until they are removed by hand.

        :param partners: `res.partner` records, also some who are members already
        """
        self._put_by_hand(partners, {"is_manual": True})

    def _exclude_members(self, partners):
        """Keep people out of the segment, whatever the rule says.

        :param partners: `res.partner` records
        """
        self._put_by_hand(partners, {"is_manual": False, "is_excluded": True})

    def _put_by_hand(self, partners, flags):
        """Close the open rows of people and write new ones with `flags`."""
        self.ensure_one()
        self.check_access("write")
        # Rows are a dated history: only these methods write them.
        members = self.env["loyalty.segment.member"].sudo()
        today = (self.company_id or self.env.company)._loyalty_today()
        rows = members.search(
            [
                ("segment_id", "=", self.id),
                ("partner_id", "in", partners.ids),
                ("date_to", "=", False),
            ]
        )
        same = rows.filtered(
            lambda row: all(row[name] == value for name, value in flags.items())
        )
        (rows - same).write({"date_to": today})
        members.flush_model()
        members.create(
            [
                {
                    "segment_id": self.id,
                    "partner_id": partner.id,
                    "date_from": today,
                    **flags,
                }
                for partner in partners - same.partner_id
            ]
        )

    def action_open_members(self):
        """Open who is in the segment today."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Members of %(name)s", name=self.name),
            "res_model": "loyalty.segment.member",
            "view_mode": "list",
            "domain": [("segment_id", "=", self.id)],
            "context": {"search_default_current": 1, "default_segment_id": self.id},
        }
