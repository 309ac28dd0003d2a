import base64

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged, users

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestSegmentAdd(LoyaltyCrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.country_id = cls.env.ref("base.cn")
        cls.segment = cls.env["loyalty.segment"].create(
            {"name": "List", "kind": "static"}
        )
        cls.partner.ref = "C-7"
        cls.other_partner.phone = "+86 138 0000 0000"
        cls._create_user("add_marketing", "loyalty_coupon_crm.group_loyalty_marketing")

    def _wizard(self, text=False, **values):
        return self.env["loyalty.segment.add"].create(
            {"segment_id": self.segment.id, "text": text, **values}
        )

    def _members(self):
        rows = self.segment.member_ids.filtered(lambda row: not row.date_to)
        return rows.filtered(lambda row: not row.is_excluded).partner_id

    @users("add_marketing")
    def test_paste_and_report_line_by_line(self):
        wizard = self._wizard(
            "LI.WEI@example.com\nnobody@example.com\n138 0000 0000, C-7\n\nxyz"
        )
        wizard.action_check()
        self.assertEqual((wizard.found_count, wizard.problem_count), (2, 3))
        self.assertEqual(
            [line.split(":")[0] for line in wizard.report.splitlines()],
            ["Line 2, nobody@example.com", "Line 3, C-7", "Line 5, xyz"],
        )
        self.assertFalse(self._members())
        wizard.action_apply()
        self.assertEqual(self._members(), self.partner | self.other_partner)

    def test_ids_and_ambiguous_entries(self):
        self.env["res.partner"].create({"name": "Twin", "email": "li.wei@example.com"})
        wizard = self._wizard(f"{self.other_partner.id}\nli.wei@example.com")
        wizard.action_apply()
        self.assertEqual(self._members(), self.other_partner)
        self.assertIn("2 customers", wizard.report)

    def test_file_with_and_without_header(self):
        for content in ("email;name\nli.wei@example.com;x\n", "li.wei@example.com"):
            wizard = self._wizard(data=base64.b64encode(content.encode()))
            wizard.action_check()
            self.assertEqual((wizard.found_count, wizard.problem_count), (1, 0))

    def test_nobody_found_or_unreadable(self):
        with self.assertRaisesRegex(UserError, "Nobody was found"):
            self._wizard("nobody").action_apply()
        with self.assertRaisesRegex(UserError, "Nobody was found"):
            self._wizard("").action_apply()
        with self.assertRaisesRegex(UserError, "cannot be read"):
            self._wizard(data=base64.b64encode(b"a\0b")).action_apply()

    def test_exclude(self):
        self.segment._add_members(self.partner)
        self._wizard("C-7", action="exclude").action_apply()
        self.assertFalse(self._members())

    def test_customers_of_other_companies_are_unknown(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.partner.company_id = other
        wizard = self._wizard(f"C-7\n{self.partner.id}", partner_ids=[Command.clear()])
        wizard.action_check()
        self.assertEqual((wizard.found_count, wizard.problem_count), (0, 2))
