from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, mute_logger

from ..tools import codes


class LoyaltyCardPrintedMixin(models.AbstractModel):
    """Coupons whose codes somebody else printed: written in one statement, or not."""

    _name = "loyalty.card.printed.mixin"
    _description = "Coupons printed elsewhere"

    @api.model
    def _printed_code_problems(self, entries):
        """Return which codes cannot become coupons, and why.

        :param entries: list of (line, code as it was given)
        :return: list of (line, code, why)
        """
        taken = self._taken_codes(
            [self._normalize_code(code) for _line, code in entries]
        )
        seen, problems = {}, []
        for line, code in entries:
            stored = self._normalize_code(code)
            problem = self._printed_code_problem(code, stored)
            if not problem and stored in seen:
                problem = self.env._("it is on line %s already", seen[stored])
            elif not problem and stored in taken:
                problem = self.env._("a coupon or promotion has this code already")
            seen.setdefault(stored, line)
            if problem:
                problems.append((line, code[: codes.LONGEST], problem))
        return problems

    @api.model
    def _printed_code_problem(self, code, stored):
        """Return what is wrong with a code by itself, empty when nothing is.

        :param stored: the code as it would be stored
        """
        if len(code) > codes.LONGEST:
            return self.env._("it is longer than %s characters", codes.LONGEST)
        if not stored or stored != code.strip() and not codes.has_valid_check(code):
            return self.env._("it has characters that nobody can type")
        if codes.is_ours(code) and not codes.has_valid_check(code):
            return self.env._("its check character is wrong: a typing error")
        return ""

    @api.model
    def _taken_codes(self, wanted):
        """Return those of the codes that exist, in any company, archived ones too."""
        self.env["loyalty.card"].flush_model(["code"])
        self.env["loyalty.rule"].flush_model(["code"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT code FROM loyalty_card WHERE code = ANY(%(codes)s)
                 UNION
                SELECT code FROM loyalty_rule WHERE code = ANY(%(codes)s)
                """,
                codes=wanted,
            )
        )
        return {code for [code] in rows}

    @api.model
    def _issue_printed(self, program, printed, points, last_day, reason):
        """Issue one coupon for each code, with its movement and Odoo's history.

        :param program: `loyalty.program` record whose cards are no wallets
        :param printed: list of codes, as they are stored
        :param points: points on each coupon
        :param last_day: last day of validity, or False
        :param reason: why they are issued, for the movement
        :return: the new cards
        :raise UserError: when a code was taken meanwhile: then nothing is issued
        """
        self.env["loyalty.card"].check_access("create")
        program.check_access("read")
        program._check_coupons_left(len(printed))
        self.env.flush_all()
        try:
            with self.env.cr.savepoint(flush=False), mute_logger("odoo.sql_db"):
                rows = self.env.execute_query(
                    self._printed_sql(program, printed, points, last_day, reason)
                )
        except UniqueViolation as error:
            raise UserError(
                self.env._(
                    "One of these codes was given to another coupon at this moment. "
                    "Nothing was imported: check the list again."
                )
            ) from error
        self.env["loyalty.point.move"].invalidate_model()
        self.env["loyalty.history"].invalidate_model()
        program.invalidate_recordset()
        return self.browse([card_id for [card_id] in rows])

    @api.model
    def _printed_sql(self, program, printed, points, last_day, reason):
        """Return the statement of `_issue_printed`."""
        company = program.company_id or self.env.company
        return SQL(
            """
            WITH card AS (
                INSERT INTO loyalty_card
                       (program_id, company_id, points, code, expiration_date, active,
                        issued_at, issued_by_id,
                        create_uid, create_date, write_uid, write_date)
                SELECT %(program)s, %(card_company)s, %(points)s, code, %(last_day)s,
                       TRUE, %(now)s, %(user)s, %(user)s, %(now)s, %(user)s, %(now)s
                  FROM unnest(%(codes)s) AS printed (code)
             RETURNING id
            ), award AS (
                INSERT INTO loyalty_point_move
                       (card_id, program_id, company_id, date, kind, points,
                        balance_after, remaining, expiration_date, reason, user_id)
                SELECT id, %(program)s, %(company)s, %(now)s, 'issue', %(points)s,
                       %(points)s, %(points)s, %(last_day)s, %(reason)s, %(user)s
                  FROM card
            ), history AS (
                INSERT INTO loyalty_history
                       (card_id, description, issued,
                        create_uid, create_date, write_uid, write_date)
                SELECT id, %(reason)s, %(points)s, %(user)s, %(now)s, %(user)s, %(now)s
                  FROM card
            )
            SELECT id FROM card ORDER BY id
            """,
            program=program.id,
            card_company=program.company_id.id or None,
            company=company.id,
            points=points,
            codes=printed,
            last_day=last_day or None,
            reason=reason,
            now=fields.Datetime.now(),
            user=self.env.uid,
        )
