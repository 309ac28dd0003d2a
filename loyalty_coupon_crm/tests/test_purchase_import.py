import base64
import csv
import io
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged, users

from ..cli.loyalty_import import LoyaltyImport
from .common import LoyaltyCrmCommon

HEADER = "external_ref,date,customer_ref,product_ref,quantity,amount,discount,cost"
LINE = "B1,2026-03-01 10:00:00,C1,P1,2,20,1,8"


@tagged("post_install", "-at_install", "loyalty_plain")
class TestPurchaseImport(LoyaltyCrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.imports = cls.env["loyalty.import"]
        cls.purchases = cls.env["loyalty.purchase"]
        cls.partner.ref = "C1"
        cls.product.default_code = "P1"
        cls.gift.barcode = "P2"
        cls._create_user("import_seller", "sales_team.group_sale_salesman")
        cls._create_user(
            "import_marketing", "loyalty_coupon_crm.group_loyalty_marketing"
        )

    def _job(self, *lines, header=HEADER, **values):
        content = values.pop("content", None)
        if content is None:
            content = "\n".join([header, *lines]).encode()
        values = {"name": "file.csv", "data": base64.b64encode(content), **values}
        return self.imports.create(values)

    def _imported(self, *lines, **values):
        job = self._job(*lines, **values)
        job.action_import()
        return job

    def _refs(self):
        domain = [("external_ref", "!=", False)]
        return self.purchases.search(domain, order="id").mapped("external_ref")

    def _errors(self, job):
        content = base64.b64decode(job.error_data).decode("utf-8-sig")
        return [
            (int(row["line"]), row["column"], row["value"], row["reason"])
            for row in csv.DictReader(io.StringIO(content))
        ]

    def _assert_refused(self, job, *expected):
        self.assertEqual(job.state, "failed")
        self.assertEqual(
            [(line, column) for line, column, _value, _reason in self._errors(job)],
            list(expected),
        )
        self.assertEqual(self._refs(), [])

    def test_lines_of_a_basket_are_one_purchase(self):
        job = self._imported(
            LINE,
            "B2,2026-03-02,C1,P2,,5,,",
            "B1,2026-03-01 10:00:00,C1,P2,1,10,0,4",
        )
        self.assertEqual(job.state, "done", job.message)
        self.assertEqual((job.line_count, job.done_count, job.known_count), (3, 2, 0))
        self.assertEqual(job.progress, 100)
        row = self.purchases.search([("external_ref", "=", "B1")])
        self.assertEqual(row.partner_id, self.partner)
        self.assertEqual(row.commercial_partner_id, self.partner)
        self.assertEqual(row.date, datetime(2026, 3, 1, 10))
        self.assertEqual(
            (row.amount, row.amount_total, row.discount_amount, row.margin),
            (30, 30, 1, 18),
        )
        self.assertEqual(row.channel, "import")
        self.assertEqual((row.order_model, row.order_id), (row._name, row.id))
        self.assertEqual(row.line_ids.product_id, self.product | self.gift)
        self.assertEqual(row.line_ids.categ_id, self.category)
        other = self.purchases.search([("external_ref", "=", "B2")])
        self.assertEqual(other.line_ids.quantity, 1)
        self.env.cr.execute(
            "SELECT margin FROM loyalty_purchase WHERE id = %s", (other.id,)
        )
        self.assertEqual(self.env.cr.fetchone(), (None,))

    def test_importing_again_changes_nothing(self):
        self._imported(LINE)
        job = self._imported(LINE, "B3,2026-03-03,C1,P1,1,7,,")
        self.assertEqual((job.done_count, job.known_count), (1, 1))
        self.assertEqual(self._refs(), ["B1", "B3"])

    def test_same_reference_in_two_companies(self):
        self._imported(LINE)
        other = self.env["res.company"].create({"name": "Elsewhere"})
        job = self._imported(LINE, company_id=other.id)
        self.assertEqual(job.done_count, 1)
        self.assertEqual(self._refs(), ["B1", "B1"])

    def test_times_are_those_of_the_company(self):
        self.company.partner_id.tz = "Asia/Shanghai"
        self._imported(LINE.replace("10:00:00", "23:59:00"))
        row = self.purchases.search([("external_ref", "=", "B1")])
        self.assertEqual(row.date, datetime(2026, 3, 1, 15, 59))

    def test_refund_names_its_purchase(self):
        header = f"{HEADER},refund_of"
        self._imported("R1,2026-03-05,C1,P1,-1,-10,,-4,B1", f"{LINE},", header=header)
        self.assertEqual(self._refs(), ["B1", "R1"])
        self._imported("R2,2026-03-06,C1,P1,-1,-10,,-4,B1", header=header)
        sale = self.purchases.search([("external_ref", "=", "B1")])
        self.assertEqual(sale.reversal_ids.mapped("external_ref"), ["R2", "R1"])
        self.env["loyalty.customer.metric"]._refresh()
        self.assertEqual(self.partner.loyalty_amount, 0)
        self.assertEqual(self.partner.loyalty_purchase_count, 0)

    def test_one_error_and_nothing_is_imported(self):
        job = self._imported(
            LINE,
            "B2,yesterday,C1,P1,1,7,,",
            "B3,2026-03-03,C1,P1,one,7,,",
            ",2026-03-03,C1,P1,1,nan,,",
        )
        self._assert_refused(
            job, (3, "date"), (4, "quantity"), (5, "external_ref"), (5, "amount")
        )
        self.assertIn("Line 3, date", job.message)
        self.assertIn("Nothing was imported", job.message)

    def test_unknown_and_ambiguous_references(self):
        self.other_partner.ref = "twin"
        self.env["res.partner"].create({"name": "Twin", "ref": "twin"})
        job = self._imported(
            "B1,2026-03-01,nobody,P1,1,1,,",
            "B2,2026-03-01,twin,P1,1,1,,",
            "B3,2026-03-01,C1,nothing,1,1,,",
        )
        self._assert_refused(
            job, (2, "customer_ref"), (3, "customer_ref"), (4, "product_ref")
        )

    def test_customer_of_another_company_is_unknown(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.other_partner.write({"ref": "theirs", "company_id": other.id})
        job = self._imported(LINE.replace("C1", "theirs"))
        self._assert_refused(job, (2, "customer_ref"))

    def test_lines_of_a_basket_that_disagree(self):
        self.other_partner.ref = "C2"
        job = self._imported(
            LINE, LINE.replace("03-01", "03-02"), LINE.replace("C1", "C2")
        )
        self._assert_refused(job, (4, "date"), (4, "customer_ref"))

    def test_refund_of_nothing(self):
        job = self._imported(f"{LINE},B0", header=f"{HEADER},refund_of")
        self._assert_refused(job, (2, "refund_of"))

    def test_files_that_are_wrong_as_a_whole(self):
        cases = {
            b"": (1, ""),
            HEADER.encode(): (1, ""),
            b"external_ref,date\nB1,2026-03-01": (1, "amount"),
            f"{HEADER},colour\n{LINE},red".encode(): (1, "colour"),
            f"{HEADER},Amount\n{LINE},3".encode(): (1, "Amount"),
            f"{HEADER}\n{LINE}\n顾客".encode("gb18030"): (3, ""),
            b"PK\x03\x04\0\0\0\0": (1, ""),
            b"PAR1 but not quite": (1, ""),
        }
        for content, problem in cases.items():
            with self.subTest(content=content[:40]):
                job = self._job(content=content or b"\n")
                job.action_import()
                self._assert_refused(job, problem)

    def test_chinese_file_with_its_encoding(self):
        self.partner.ref = "顾客"
        content = f"{HEADER}\n{LINE}".replace("C1", "顾客").encode("gb18030")
        job = self._job(content=content, encoding="gb18030")
        job.action_import()
        self.assertEqual(job.state, "done", job.message)

    def test_error_file_holds_no_formula(self):
        job = self._imported(LINE.replace("P1", "=cmd()"))
        self.assertEqual(self._errors(job)[0][2], "'=cmd()")

    def test_dry_run_imports_nothing(self):
        job = self._job(LINE)
        job.action_check()
        self.assertEqual((job.state, job.line_count, job.done_count), ("checked", 1, 0))
        self.assertEqual(self._refs(), [])
        job = self._job(LINE.replace("C1", "C9"), create_customers=True)
        job.action_check()
        self.assertEqual(job.state, "checked")
        self.assertFalse(self.env["res.partner"].search([("ref", "=", "C9")]))

    def test_missing_customers_and_products_are_created_when_asked(self):
        self.category.name = "Import drinks"
        tax = self.env["account.tax"].create({"name": "Import tax", "amount": 6})
        self.company.account_sale_tax_id = tax
        job = self._imported(
            "B1,2026-03-01,N1,Q1,1,1,,,New customer,New tea,Import drinks",
            "B2,2026-03-01,N2,Q2,1,1,,,,,Brand new category",
            "B3,2026-03-01,C1,P1,1,1,,,,,",
            header=f"{HEADER},customer_name,product_name,product_category",
            create_customers=True,
            create_products=True,
        )
        self.assertEqual(job.state, "done", job.message)
        self.assertEqual((job.customer_count, job.product_count), (2, 2))
        partners = self.env["res.partner"].search([("ref", "in", ["N1", "N2"])])
        self.assertEqual(partners.sorted("ref").mapped("name"), ["New customer", "N2"])
        self.assertEqual(partners.commercial_partner_id, partners)
        self.assertEqual(
            partners.mapped("display_name"), partners.mapped("complete_name")
        )
        products = self.env["product.product"].search(
            [("default_code", "in", ["Q1", "Q2"])], order="default_code"
        )
        self.assertEqual(products.mapped("name"), ["New tea", "Q2"])
        self.assertEqual(products[0].categ_id, self.category)
        self.assertEqual(products[1].categ_id.name, "Brand new category")
        for product in products:
            self.assertIn(tax, product.taxes_id)
        self.assertEqual(products[0].product_tmpl_id.product_variant_ids, products[0])
        self.assertFalse(self.env["product.product"].search([("name", "=", "Import")]))
        # They are what Odoo would have made: they sell.
        order = self._create_order(partner=partners[0], product=products[0])
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        partners[0].write({"name": "Renamed", "email": "n1@example.com"})
        self.assertEqual(partners[0].complete_name, "Renamed")

    def test_parquet(self):
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError:
            self.skipTest("pyarrow is an optional library and not installed")
        stream = io.BytesIO()
        table = pyarrow.table(
            {
                "external_ref": [31, 31],
                "date": [datetime(2026, 3, 1, 9)] * 2,
                "customer_ref": ["C1", "C1"],
                "amount": [1.5, 2.25],
            }
        )
        parquet.write_table(table, stream)
        job = self._job(content=stream.getvalue(), name="file.parquet")
        job.action_import()
        self.assertEqual(job.state, "done", job.message)
        row = self.purchases.search([("external_ref", "=", "31")])
        self.assertEqual(row.amount, 3.75)

    def test_large_file_runs_in_the_background_and_goes_on_where_it_stopped(self):
        lines = [f"L{n},2026-03-01,C1,P1,1,1,," for n in range(5)]
        self.patch(type(self.imports), "_write_batches", self._small_batches())
        module = "odoo.addons.loyalty_coupon_crm.models.loyalty_import"
        with patch(f"{module}.DIRECT_LINES", 3):
            job = self._imported(*lines)
        self.assertEqual(job.state, "queued")
        self.assertEqual(self._refs(), [])
        cron = self.env.ref("loyalty_coupon_crm.ir_cron_loyalty_import")
        with self.enter_registry_test_mode():
            report = job._run(on_progress=lambda done, total: False)
            job._note(report, "queued")
            self.assertEqual(report["done"], 2)
            cron.method_direct_trigger()
        job.invalidate_recordset()
        self.assertEqual(job.state, "done", job.message)
        self.assertEqual((job.done_count, job.known_count), (5, 0))
        self.assertEqual(self._refs(), [f"L{n}" for n in range(5)])

    def _small_batches(self):
        original = type(self.imports)._write_batches

        def write_batches(imports, stage, company, report, on_progress, size):
            return original(imports, stage, company, report, on_progress, 2)

        return write_batches

    def _command_line(self, content, *arguments):
        """Run the command on a file; return status, error output and error file."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "file.csv")
            file.write_text(content)
            command = LoyaltyImport()
            options = command._arguments().parse_args(
                ["purchase", str(file), "--company", self.company.name, *arguments]
            )
            output = io.StringIO()
            with redirect_stderr(output), redirect_stdout(output):
                status = command._import(self.env, options)
            errors = Path(folder, "file.csv.errors.csv")
            text = errors.read_text("utf-8-sig") if errors.exists() else ""
        return status, output.getvalue(), text

    def test_command_line(self):
        status, output, errors = self._command_line(
            f"{HEADER}\n{LINE}", "--dry-run", "--create-products"
        )
        self.assertEqual((status, errors), (0, ""))
        self.assertIn("lines 1, done 0", output)
        status, output, errors = self._command_line(f"{HEADER}\n{LINE},x")
        self.assertEqual(status, 1)
        self.assertIn("Nothing was imported", output)
        self.assertIn("more values than the header", errors)
        self.assertEqual(self._refs(), [])

    def test_rows_from_code(self):
        rows = [
            {"external_ref": "X1", "date": "2026-03-01", "amount": 5},
            {"external_ref": "X1", "date": "2026-03-01", "amount": "2.5"},
        ]
        report = self.purchases._import_rows(rows)
        self.assertEqual((report["done"], report["lines"]), (1, 2))
        report = self.purchases._import_rows(iter(rows))
        self.assertEqual((report["done"], report["known"]), (0, 1))
        self.assertEqual(self.purchases._import_rows([])["done"], 0)
        with self.assertRaisesRegex(UserError, "Line 2, amount"):
            self.purchases._import_rows([rows[0], {**rows[0], "amount": "x"}])

    @users("import_marketing")
    def test_marketing_imports(self):
        self.assertIn("external_ref *", Form(self.env["loyalty.import"]).column_help)
        job = self._job(LINE).with_env(self.env)
        job.action_import()
        self.assertEqual(job.state, "done", job.message)

    @users("import_marketing")
    def test_creating_records_needs_the_right_to(self):
        job = self._job(LINE.replace("P1", "P9"), create_products=True)
        job = job.with_env(self.env)
        with self.assertRaises(AccessError):
            job.action_import()
        self.assertEqual(self._refs(), [])

    def test_background_import_has_the_rights_of_who_changed_it_last(self):
        job = self._job(LINE.replace("P1", "P9"), create_products=True)
        user = self.env["res.users"].search([("login", "=", "import_marketing")])
        job.with_user(user).write({"state": "queued", "encoding": "cp1252"})
        cron = self.env.ref("loyalty_coupon_crm.ir_cron_loyalty_import")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        job.invalidate_recordset()
        self.assertEqual(job.state, "failed")
        self.assertIn("not allowed", job.message)
        self.assertEqual(self._refs(), [])

    @users("import_seller")
    def test_salesperson_does_not_import(self):
        with self.assertRaises(AccessError):
            self.env["loyalty.import"].create({"name": "x", "data": b"eA=="})

    def test_other_company_sees_no_import(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        job = self._job(LINE, company_id=other.id)
        user = self.env["res.users"].search([("login", "=", "import_marketing")])
        self.assertFalse(self.imports.with_user(user).search([("id", "=", job.id)]))
