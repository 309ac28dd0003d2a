import base64
import csv
import io
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from datetime import date, datetime
from pathlib import Path

from odoo.exceptions import AccessError
from odoo.tests import tagged, users

from ..cli.loyalty_import import LoyaltyImport
from .common import LoyaltyCrmCommon

HEADER = "external_ref,customer_ref,program,points,award_date,expiry_date"
LINE = "A1,C1,Club,100,2026-03-01,2099-12-31"


@tagged("post_install", "-at_install", "loyalty_plain")
class TestOpeningImport(LoyaltyCrmCommon):
    """Balances of another system become awards with their dates, once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_points_program(name="Club", strict=True)
        cls.partner.ref = "C1"
        cls.other_partner.ref = "C2"
        cls._create_user("opening_sales", "sales_team.group_sale_salesman")
        cls._create_user(
            "opening_marketing", "loyalty_coupon_crm.group_loyalty_marketing"
        )

    def _imported(self, *lines, header=HEADER, **values):
        job = self.env["loyalty.import"].create(
            {
                "name": "balances.csv",
                "kind": "opening",
                "data": base64.b64encode("\n".join([header, *lines]).encode()),
                **values,
            }
        )
        job.action_import()
        return job

    def _card(self, partner=None):
        return self.env["loyalty.card"].search(
            [
                ("program_id", "=", self.program.id),
                ("partner_id", "=", (partner or self.partner).id),
            ]
        )

    def _assert_ledger(self):
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def test_awards_with_their_dates(self):
        job = self._imported(LINE, "A2,C1,Club,50.5,2026-01-05 08:00:00,2098-06-30")
        self.assertEqual(job.state, "done", job.message)
        self.assertEqual((job.line_count, job.done_count), (2, 2))
        card = self._card()
        self.assertEqual(card.points, 150.5)
        self.assertTrue(card.issued_at)
        rows = card.move_ids.sorted("id")
        self.assertEqual(set(rows.mapped("kind")), {"opening"})
        self.assertEqual(rows.mapped("points"), [50.5, 100])
        self.assertEqual(rows.mapped("remaining"), [50.5, 100])
        self.assertEqual(rows.mapped("balance_after"), [50.5, 150.5])
        self.assertEqual(rows[0].date, datetime(2026, 1, 5, 8))
        self.assertEqual(rows[0].expiration_date, date(2098, 6, 30))
        self.assertIn("A1", rows[1].reason)
        self.assertEqual(rows.company_id, self.company)
        self._assert_ledger()

    def test_the_first_to_lapse_is_spent_first(self):
        self._imported(LINE, "A2,C1,Club,50,2026-01-05,2098-06-30")
        card = self._card()
        card._post_move("spend", -60)
        open_awards = card.move_ids.filtered(lambda move: move.points > 0).sorted("id")
        self.assertEqual(open_awards.mapped("remaining"), [0, 90])

    def test_without_a_last_day_the_program_counts(self):
        self.program.expire_after = 36500
        self._imported("A1,C1,Club,100,2026-03-01,")
        self.assertEqual(self._card().move_ids.expiration_date, date(2126, 2, 5))

    def test_into_the_wallet_that_is_there(self):
        card = self._create_card(self.program, self.partner, 10)
        self._imported(LINE)
        self.assertEqual(self._card(), card)
        self.assertEqual(card.points, 110)
        self._assert_ledger()

    def test_importing_again_changes_nothing(self):
        self._imported(LINE)
        job = self._imported(LINE, "A2,C2,Club,5,2026-03-01,")
        self.assertEqual((job.done_count, job.known_count), (1, 1))
        self.assertEqual(self._card().points, 100)
        self.assertEqual(self._card(self.other_partner).points, 5)

    def test_dry_run(self):
        job = self.env["loyalty.import"].create(
            {
                "name": "balances.csv",
                "kind": "opening",
                "data": base64.b64encode(f"{HEADER}\n{LINE}".encode()),
            }
        )
        job.action_check()
        self.assertEqual((job.state, job.line_count), ("checked", 1))
        self.assertFalse(self._card())

    def test_one_error_and_nothing_is_imported(self):
        job = self._imported(
            LINE,
            "A2,C9,Club,1,2026-03-01,",
            "A3,C1,Pub,1,2026-03-01,",
            "A4,C1,Club,0,2026-03-01,",
            "A5,C1,Club,-5,2026-03-01,",
            "A6,C1,Club,1,2026-03-01,2026-03-02",
            "A7,C1,Club,1,2026-03-01,2020-01-01",
            "A1,C1,Club,1,2026-03-01,",
            "A8,C1,Club,0.001,2026-03-01,",
        )
        self.assertEqual(job.state, "failed")
        content = base64.b64decode(job.error_data).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(content)))
        self.assertEqual(
            [(int(row["line"]), row["column"]) for row in rows],
            [
                (3, "customer_ref"),
                (4, "program"),
                (5, "points"),
                (6, "points"),
                (7, "expiry_date"),
                (8, "expiry_date"),
                (9, "external_ref"),
                (10, "points"),
            ],
        )
        self.assertTrue(all(row["reason"] for row in rows))
        self.assertFalse(self._card())

    def test_what_cannot_be_parsed(self):
        job = self._imported(
            "A1,C1,Club,many,2026-03-01,",
            "A2,C1,Club,1,2999-03-01,",
            "A3,C1,Club,1,soon,",
            "A4,C1,Club,1,2026-03-01,later",
            ",C1,Club,1,2026-03-01,",
        )
        self.assertEqual(job.error_count, 5)

    def test_programs_of_other_kinds_and_companies(self):
        self._create_coupon_program(name="Coupons")
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self._create_points_program(name="Theirs", company_id=company.id)
        job = self._imported(
            "A1,C1,Coupons,1,2026-03-01,", "A2,C1,Theirs,1,2026-03-01,"
        )
        self.assertEqual(job.error_count, 2)
        self._create_points_program(name="Club")
        job = self._imported(LINE)
        self.assertIn("Several", job.message)

    def test_unknown_customers_are_created_when_asked(self):
        job = self._imported(
            "A1,N1,Club,7,2026-03-01,,Zhao Min",
            "A2,N1,Club,8,2026-03-02,,Zhao Min",
            header=f"{HEADER},customer_name",
            create_customers=True,
        )
        self.assertEqual((job.state, job.customer_count), ("done", 1), job.message)
        partner = self.env["res.partner"].search([("ref", "=", "N1")])
        self.assertEqual(partner.name, "Zhao Min")
        self.assertEqual(self._card(partner).points, 15)

    @users("opening_marketing")
    def test_marketing_imports(self):
        job = self._imported(LINE)
        self.assertEqual(job.state, "done", job.message)
        move = self._card().sudo().move_ids
        self.assertEqual(move.user_id, self.env.user)

    @users("opening_sales")
    def test_salesperson_does_not(self):
        with self.assertRaises(AccessError):
            self._imported(LINE)

    def test_command_line(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "balances.csv"
            path.write_text(f"{HEADER}\n{LINE}\n", encoding="utf-8")
            command = LoyaltyImport()
            options, _rest = command._arguments().parse_known_args(
                ["opening", str(path), "--company", self.company.name, "--dry-run"]
            )
            output = io.StringIO()
            with redirect_stdout(output), redirect_stderr(io.StringIO()):
                status = command._import(self.env, options)
        self.assertEqual(status, 0)
        self.assertIn("lines 1", output.getvalue())
        self.assertFalse(self._card())
