from datetime import date
from io import BytesIO
from shutil import which
from unittest import skipUnless

from lxml import html
from PyPDF2 import PdfFileReader

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, HttpCase, freeze_time, tagged

from .common import LoyaltyCrmCommon

REPORT = "loyalty_coupon_crm.report_point_statement"


@tagged("post_install", "-at_install", "loyalty_pages")
class TestPointStatement(LoyaltyCrmCommon, HttpCase):
    """What a customer's points did within a period, to the row."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.tz = "Asia/Shanghai"
        cls.company.name = "苏州测试百货商店"
        cls.program = cls._create_points_program(name="会员积分 Club")
        cls.card = cls._create_card(cls.program, cls.partner, 0)
        # The last one is already 1 March in Shanghai.
        cls.rows = [
            ("2026-01-10 04:00:00", "earn", 100, None),
            ("2026-02-01 04:00:00", "spend", -30, None),
            ("2026-02-28 15:59:59", "adjust", 5, "Apology 道歉"),
            ("2026-02-28 16:00:00", "earn", 7, None),
        ]
        for at, kind, points, reason in cls.rows:
            with freeze_time(at):
                cls.card._post_move(kind, points, reason=reason)

    def _statement(self, start, end, **values):
        return self.env["loyalty.point.statement"].create(
            {
                "partner_id": self.partner.id,
                "date_from": start,
                "date_to": end,
                **values,
            }
        )

    def test_balance_on_any_day(self):
        for day, balance in (
            (date(2026, 1, 9), 0),
            (date(2026, 1, 10), 100),
            (date(2026, 2, 1), 70),
            (date(2026, 2, 28), 75),
            (date(2026, 3, 1), 82),
        ):
            self.assertEqual(self.card._balance_on(day), {self.card.id: balance}, day)

    def test_period(self):
        line = self._statement("2026-02-01", "2026-02-28").line_ids
        self.assertEqual(line.card_id, self.card)
        self.assertEqual(
            (line.opening, line.added, line.taken, line.closing), (100, 5, -30, 75)
        )

    def test_rows_have_the_balance_after(self):
        section = self._statement("2026-02-01", "2026-02-28")._card_sections()[0]
        self.assertEqual([row["balance"] for row in section["rows"]], [70, 75])
        self.assertEqual(section["rows"][-1]["move"].reason, "Apology 道歉")

    def test_statement_names_the_document(self):
        order = self._create_order()
        order._update_programs_and_rewards()
        order.action_confirm()
        today = self.company._loyalty_today()
        section = self._statement(today, today)._card_sections()[0]
        self.assertEqual(section["rows"][-1]["document"], order.name)

    def test_only_the_chosen_cards(self):
        other = self._create_card(self._create_points_program(), self.partner, 3)
        both = self._statement("2026-01-01", "2026-12-31")
        self.assertEqual(both.line_ids.card_id, self.card | other)
        one = self._statement(
            "2026-01-01", "2026-12-31", card_ids=[Command.set(other.ids)]
        )
        self.assertEqual(one.line_ids.card_id, other)

    def test_opens_from_contact_and_card(self):
        for record in (self.partner, self.card):
            form = Form(
                self.env["loyalty.point.statement"].with_context(
                    active_model=record._name, active_ids=record.ids
                )
            )
            form.date_from = "2026-02-01"
            form.date_to = "2026-02-28"
            statement = form.save()
            self.assertEqual(statement.partner_id, self.partner)
            self.assertEqual(statement.line_ids.closing, 75)

    def test_days_in_the_wrong_order(self):
        with self.assertRaises(UserError):
            self._statement("2026-03-01", "2026-02-01").action_print()

    def test_nothing_to_print(self):
        stranger = self.other_partner
        statement = self._statement("2026-01-01", "2026-02-01", partner_id=stranger.id)
        self.assertFalse(statement.line_ids)
        with self.assertRaises(UserError):
            statement.action_print()

    def test_paper_says_everything(self):
        self.program.write({"pending_days": 3, "expire_after": 30})
        self.card._post_move("earn", 9)
        statement = self._statement("2026-02-01", "2026-02-28")
        content, _kind = self.env["ir.actions.report"]._render_qweb_html(
            REPORT, statement.ids
        )
        text = " ".join(html.fromstring(content).text_content().split())
        for part in (
            "苏州测试百货商店",
            "会员积分 Club",
            "Li Wei",
            "Opening balance",
            "Apology 道歉",
            "-\ufeff30.00",
            "75.00",
            "cannot be spent yet",
            "can be spent until",
        ):
            self.assertIn(part, text)
        # 23:59:59 in the shop, where the reader may be elsewhere.
        self.assertIn("11:59:59 PM", text)

    @skipUnless(which("wkhtmltopdf"), "wkhtmltopdf is not installed")
    def test_pdf(self):
        statement = self._statement("2026-01-01", "2026-12-31")
        reports = self.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        content, kind = reports._render_qweb_pdf(REPORT, statement.ids)
        self.assertEqual(kind, "pdf")
        self.assertEqual(len(PdfFileReader(BytesIO(content)).pages), 1)

    def test_lowest_roles(self):
        for group in ("salesperson", "auditor"):
            user = self._create_user(
                f"loyalty_statement_{group}",
                f"loyalty_coupon_crm.group_loyalty_{group}",
            )
            statement = self._statement("2026-02-01", "2026-02-28").sudo(False)
            own = statement.with_user(user).create(
                {
                    "partner_id": self.partner.id,
                    "date_from": "2026-02-01",
                    "date_to": "2026-02-28",
                }
            )
            self.assertEqual(own.line_ids.closing, 75)
            self.assertTrue(own._card_sections()[0]["rows"])
