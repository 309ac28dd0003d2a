import io
import json
from datetime import datetime

from openpyxl import load_workbook

from odoo import http
from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from .common import LoyaltyReportCommon

NAMES = ["issue_date", "issued_count", "customer_count", "redemption_rate"]
NAMES += ["closed_redemption_rate", "discount_amount"]


@tagged("post_install", "-at_install", "loyalty_pages")
class TestReportExport(LoyaltyReportCommon, HttpCase):
    def _export(self, groupby, domain, ids=False):
        """Return the rows of the workbook that a list of the funnel exports."""
        fields = self.env["loyalty.funnel.report"]._fields
        data = {
            "model": "loyalty.funnel.report",
            "fields": [
                {"name": name, "label": name, "type": fields[name].type}
                for name in NAMES
            ],
            "ids": ids,
            "domain": domain,
            "groupby": groupby,
            "context": {"allowed_company_ids": self.shop_company.ids},
            "import_compat": False,
        }
        response = self.url_open(
            "/web/export/xlsx",
            data={
                "data": json.dumps(data),
                "csrf_token": http.Request.csrf_token(self),
            },
        )
        response.raise_for_status()
        sheet = load_workbook(io.BytesIO(response.content)).active
        return [list(row) for row in sheet.iter_rows(min_row=2, values_only=True)]

    def test_heads_of_groups_are_right(self):
        """One customer with three coupons, one of them used, one void, one open."""
        program = self._create_coupon_program(company_id=self.shop_company.id)
        january, march = datetime(2026, 1, 5), datetime(2026, 3, 5)
        owner = {"partner_id": self.customers[0].id}
        used, void = self._create_coupons(program, [january] * 2, **owner)
        self._create_coupons(program, [march], **owner)
        used._post_move("spend", -1)
        used.used_at = january
        self._use(used, january)
        void.voided_at = january
        user = self._create_user(
            "exporter",
            "loyalty_coupon_crm.group_loyalty_auditor,base.group_allow_export",
        )
        user.write(
            {
                "company_ids": [Command.set(self.shop_company.ids)],
                "company_id": self.shop_company.id,
            }
        )
        self.env.flush_all()
        self.authenticate("exporter", "exporter")
        rows = self._export(
            ["program_id", "issue_date:month"], [("program_id", "=", program.id)]
        )
        heads = [row for row in rows if isinstance(row[0], str)]
        self.assertEqual(
            [
                [head[0].strip(), *head[1:3], head[3] and round(head[3], 6), *head[4:]]
                for head in heads
            ],
            [
                ["Coupon (3)", "3", "1", 33.333333, 50, 10],
                ["January 2026 (2)", "2", "1", 50, 50, 10],
                ["March 2026 (1)", "1", "1", 0, None, 0],
            ],
        )
        details = [row for row in rows if not isinstance(row[0], str)]
        self.assertEqual(len(details), 3)
        self.assertEqual({row[3] for row in details}, {None})
