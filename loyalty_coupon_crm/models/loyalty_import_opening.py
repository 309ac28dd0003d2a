from odoo import api, models
from odoo.tools import SQL, float_round

from ..tools.import_reader import OPENING_COLUMNS


class LoyaltyImportOpening(models.AbstractModel):
    """Points that customers had in another system: one row per award.

    An award that was imported before is left alone, so a file may be imported again.
    Customers are found, and created when asked, as for purchases.
    """

    _name = "loyalty.import.opening"
    _inherit = "loyalty.import.purchase"
    _description = "Import of Opening Balances"

    @api.model
    def _columns(self):
        return OPENING_COLUMNS

    @api.model
    def _check(self, company, create_customers=False, create_products=False):
        self.env.flush_all()
        self._match_customers(company)
        self._match_programs(company)
        return (
            self._check_matches("customer", create_customers)
            + self._check_programs()
            + self._check_values(company)
        )

    def _match_programs(self, company):
        """Find each wallet program of the company by its name, in any language."""
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMP TABLE loyalty_import_program AS
                SELECT file.program AS ref, file.line,
                       COUNT(program.id) AS found, MIN(program.id) AS record_id
                  FROM (SELECT program, MIN(line) AS line
                          FROM loyalty_import_line
                         WHERE program IS NOT NULL GROUP BY program) file
             LEFT JOIN loyalty_program program
                    ON program.active
                   AND COALESCE(program.company_id, %(company)s) = %(company)s
                   AND %(nominative)s
                   AND EXISTS (SELECT FROM jsonb_each_text(program.name) AS word
                                WHERE word.value = file.program)
              GROUP BY file.program, file.line
                """,
                company=company.id,
                nominative=self.env["loyalty.program"]._nominative_sql(),
            )
        )

    def _check_programs(self):
        """Return the names that are not one program."""
        return self._problems(
            SQL(
                """
                SELECT line, 'program', CASE found WHEN 0 THEN 'unknown_program'
                                                   ELSE 'several_programs' END, ref
                  FROM loyalty_import_program
                 WHERE found != 1
              ORDER BY line
                """
            )
        )

    def _check_values(self, company):
        """Return the references, points and days that cannot be."""
        return self._problems(
            SQL(
                """
                SELECT * FROM (
                    SELECT MAX(line) AS line, 'external_ref', 'double_ref', external_ref
                      FROM loyalty_import_line
                     GROUP BY external_ref HAVING COUNT(*) > 1
                     UNION ALL
                    SELECT line, 'points', 'no_points', points::text
                      FROM loyalty_import_line WHERE ROUND(points, 2) <= 0
                     UNION ALL
                    SELECT line, 'expiry_date', 'lapsed_award', expiry_date::text
                      FROM loyalty_import_line WHERE expiry_date < %(today)s
                     UNION ALL
                    SELECT line, 'expiry_date', 'early_expiry', expiry_date::text
                      FROM loyalty_import_line
                     WHERE expiry_date >= %(today)s AND expiry_date < award_date::date
                ) problem ORDER BY line
                """,
                today=company._loyalty_today(),
            )
        )

    @api.model
    def _prepare(self, company):
        customers = self.env["loyalty.import.record"]._create_customers(company)
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMP TABLE loyalty_import_basket AS
                SELECT line.*, program.record_id AS program_id,
                       customer.record_id AS partner_id,
                       ROW_NUMBER() OVER (
                           ORDER BY program.record_id, customer.record_id,
                                    line.award_date, line.line) AS place
                  FROM loyalty_import_line line
                  JOIN loyalty_import_program program ON program.ref = line.program
                  JOIN loyalty_import_customer customer
                    ON customer.ref = line.customer_ref
                 WHERE NOT EXISTS (
                       SELECT FROM loyalty_point_move known
                        WHERE known.request_key = %s || line.external_ref)
                """,
                self._request_key(company, ""),
            )
        )
        [(total, read)] = self.env.execute_query(
            SQL(
                """
                SELECT (SELECT COUNT(*) FROM loyalty_import_basket),
                       (SELECT COUNT(*) FROM loyalty_import_line)
                """
            )
        )
        return {
            "total": total,
            "known": read - total,
            "customers": customers,
            "products": 0,
        }

    @api.model
    def _request_key(self, company, external_ref):
        """Return what names the award in the ledger."""
        return f"import/opening/{company.id}/{external_ref}"

    @api.model
    def _write_batch(self, company, start, size):
        awards = self.env.execute_query_dict(
            SQL(
                """
                SELECT * FROM loyalty_import_basket
                 WHERE place > %s AND place <= %s
              ORDER BY place
                """,
                start,
                start + size,
            )
        )
        wallets = self._wallets(awards)
        totals = {}
        with self.env["loyalty.card"]._wallet_scope("opening") as scope:
            for award in awards:
                card = wallets[award["program_id"], award["partner_id"]]
                points = float_round(float(award["points"]), precision_digits=2)
                totals[card] = totals.get(card, 0.0) + points
                scope.plan(
                    card.id, "opening", points, **self._award_values(award, company)
                )
            for card, points in totals.items():
                card.points += points
        return len(awards)

    def _wallets(self, awards):
        """Return {(program id, partner id): wallet}, new ones where there are none."""
        # Wallets are written by the system for whoever may import; nobody is mailed.
        cards = self.env["loyalty.card"].sudo().with_context(loyalty_no_mail=True)
        keys = {(award["program_id"], award["partner_id"]) for award in awards}
        found = {}
        domain = [
            ("program_id", "in", [program for program, _partner in keys]),
            ("partner_id", "in", [partner for _program, partner in keys]),
        ]
        for card in cards.search(domain, order="id desc"):
            found[card.program_id.id, card.partner_id.id] = card
        missing = sorted(keys - found.keys())
        created = cards.create(
            [
                {"program_id": program, "partner_id": partner}
                for program, partner in missing
            ]
        )
        return {**found, **dict(zip(missing, created, strict=True))}

    def _award_values(self, award, company):
        """Return the values of the movement of one award.

        Without a last day the terms of the program count from the day of the award.
        """
        expiry = award["expiry_date"]
        terms = {"expiration_date": expiry}
        if not expiry:
            day = company._loyalty_today(award["award_date"])
            program = self.env["loyalty.program"].browse(award["program_id"])
            # Who imports need not read every program; the check found this one.
            terms = program.sudo()._award_terms(day, earned=False)
        return {
            **terms,
            "available_date": False,
            "date": award["award_date"],
            "company_id": company.id,
            "user_id": self.env.uid,
            "reason": self.env._("Opening balance %s", award["external_ref"]),
            "request_key": self._request_key(company, award["external_ref"]),
        }
