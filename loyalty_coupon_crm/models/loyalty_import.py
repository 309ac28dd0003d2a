import base64
import csv
import io
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.import_reader import (
    FileProblem,
    Problem,
    RowParser,
    check_header,
    read_table,
)

BATCH = 10_000
DIRECT_LINES = 20_000
SHOWN_PROBLEMS = 5


class LoyaltyImport(models.Model):
    """One file of purchases, redemptions or balances of another system."""

    _name = "loyalty.import"
    _inherit = "loyalty.import.reason.mixin"
    _description = "Import of History"
    _order = "id desc"

    name = fields.Char(string="File Name", required=True)
    kind = fields.Selection(
        [
            ("purchase", "Purchases"),
            ("redemption", "Redemptions"),
            ("opening", "Opening Balances"),
        ],
        required=True,
        default="purchase",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
    )
    data = fields.Binary(string="File", required=True, attachment=True)
    encoding = fields.Selection(
        [
            ("utf-8", "Unicode (UTF-8)"),
            ("gb18030", "Chinese (GB18030, GBK)"),
            ("cp1252", "Western (Windows-1252)"),
        ],
        required=True,
        default="utf-8",
        help="Of a CSV file; a Parquet file knows it.",
    )
    create_customers = fields.Boolean(
        string="Create Unknown Customers",
        help="A reference that no contact has becomes a contact. Otherwise it is an "
        "error and nothing is imported.",
    )
    create_products = fields.Boolean(
        string="Create Unknown Products",
        help="A reference that no product has becomes a product. Otherwise it is an "
        "error and nothing is imported.",
    )
    column_help = fields.Text(string="Columns", compute="_compute_column_help")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("checked", "Checked"),
            ("queued", "Running"),
            ("done", "Done"),
            ("failed", "Errors"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    line_count = fields.Integer(string="Lines", readonly=True, copy=False)
    total_count = fields.Integer(string="To Import", readonly=True, copy=False)
    done_count = fields.Integer(string="Imported", readonly=True, copy=False)
    known_count = fields.Integer(
        string="Known Already",
        readonly=True,
        copy=False,
        help="Imported before under the same external reference, left as they are.",
    )
    customer_count = fields.Integer(
        string="Customers Created", readonly=True, copy=False
    )
    product_count = fields.Integer(string="Products Created", readonly=True, copy=False)
    progress = fields.Float(compute="_compute_progress")
    error_count = fields.Integer(string="Errors", readonly=True, copy=False)
    message = fields.Text(string="What Is Wrong", readonly=True, copy=False)
    error_data = fields.Binary(
        string="Error File", readonly=True, copy=False, attachment=True
    )
    error_name = fields.Char(compute="_compute_error_name")

    @api.depends("kind")
    def _compute_column_help(self):
        for job in self:
            columns = self._stage(job.kind)._columns() if job.kind else ()
            job.column_help = ", ".join(
                f"{column.name} *" if column.required else column.name
                for column in columns
            )

    @api.depends("name")
    def _compute_error_name(self):
        for job in self:
            job.error_name = f"{job.name}.errors.csv"

    @api.depends("done_count", "total_count", "state")
    def _compute_progress(self):
        for job in self:
            if job.state == "done":
                job.progress = 100
            else:
                job.progress = 100 * job.done_count / (job.total_count or 1)

    @api.model
    def _stage(self, kind):
        return self.env[f"loyalty.import.{kind}"]

    def action_check(self):
        """Read the file and say what is wrong with it; nothing is imported."""
        for job in self:
            job._note(job._run(dry_run=True), "checked")

    def action_import(self):
        """Import the file: a small one at once, a large one in the background."""
        self.check_access("write")
        for job in self:
            job.action_check()
            if job.state != "checked":
                continue
            if job.line_count > DIRECT_LINES:
                job.state = "queued"
                self.env.ref("loyalty_coupon_crm.ir_cron_loyalty_import")._trigger()
            else:
                job._note(job._run(), "done")

    def action_cancel(self):
        """Stop an import that runs in the background; what is imported stays."""
        self.filtered(lambda job: job.state == "queued").state = "draft"

    @api.model
    def _cron_run_imports(self):
        """Import waiting files, a batch at a time, with the rights of who asked."""
        cron = self.env["ir.cron"]
        jobs = self.search([("state", "=", "queued")], order="id")
        for job in jobs:
            # Who changed it last: nobody borrows the rights of whoever made it.
            job = job.with_user(job.write_uid).with_company(job.company_id)
            before = job.done_count
            try:
                report = job._run(on_progress=partial(job._advance, before))
                finished = report["done"] == report["total"]
                job._note(report, "done" if finished else "queued", before)
            except UserError as error:
                self.env.cr.rollback()
                job.write({"state": "failed", "message": str(error)})
            if not cron._commit_progress(remaining=int(job.state == "queued")):
                break

    def _advance(self, before, done, total):
        """Show how far the import is, and commit.

        :param before: purchases that earlier runs of this import wrote
        :return: whether to go on
        """
        self.write({"done_count": before + done, "total_count": before + total})
        cron = self.env["ir.cron"]
        return bool(cron._commit_progress(1, remaining=total - done))

    def _run(self, dry_run=False, on_progress=None):
        """Import the file of one record; return the report of `_execute`."""
        self.ensure_one()
        if not self.data:
            raise UserError(self.env._("Choose a file first."))
        stream = io.BytesIO(base64.b64decode(self.data))
        return self._import_stream(
            self.kind,
            stream,
            self.company_id,
            encoding=self.encoding,
            create_customers=self.create_customers,
            create_products=self.create_products,
            dry_run=dry_run,
            on_progress=on_progress,
        )

    def _note(self, report, state, before=0):
        """Write what a run found on the record.

        :param report: of `_execute`
        :param state: the state when there is no problem
        :param before: purchases that earlier runs of this import wrote
        """
        self.ensure_one()
        problems = report["problems"]
        self.write(
            {
                "state": "failed" if problems else state,
                "line_count": report["lines"],
                "total_count": before + report["total"],
                "done_count": before + report["done"],
                "known_count": max(0, report["known"] - before),
                "customer_count": self.customer_count + report["customers"],
                "product_count": self.product_count + report["products"],
                "error_count": len(problems),
                "message": self._problem_text(problems) if problems else False,
                "error_data": problems and base64.b64encode(self._error_file(problems)),
            }
        )

    @api.model
    def _import_stream(self, kind, stream, company, encoding="utf-8", **options):
        """Import a file.

        :param kind: `purchase`, `redemption` or `opening`
        :param stream: binary file that can seek
        :param company: company that the rows belong to
        :param options: those of `_execute`
        :return: the report of `_execute`
        """
        try:
            names, rows = read_table(stream, encoding)
        except FileProblem as error:
            return self._empty_report([error.problem])
        return self._execute(kind, names, rows, company, **options)

    @api.model
    def _empty_report(self, problems=()):
        counts = dict.fromkeys(
            ("lines", "total", "done", "known", "customers", "products"), 0
        )
        return {**counts, "problems": list(problems)}

    @api.model
    def _execute(
        self,
        kind,
        names,
        rows,
        company,
        create_customers=False,
        create_products=False,
        dry_run=False,
        on_progress=None,
        size=BATCH,
    ):
        """Check all rows, then write them; one problem and nothing is written.

        :param kind: `purchase`, `redemption` or `opening`
        :param names: the column names of the rows
        :param rows: iterable of (line, dict)
        :param company: company that the rows belong to
        :param dry_run: True to check only
        :param on_progress: called after each batch with (done, total) and may commit;
            False from it stops the import, which may be run again later
        :param size: purchases or uses per batch
        :return: dict with `problems` (list of `Problem`) and the counts `lines`,
            `total`, `done`, `known`, `customers`, `products`
        """
        stage = self._stage(kind)
        report = self._empty_report()
        problems, mapping = check_header(names, stage._columns())
        if problems:
            report["problems"] = problems
            return report
        parser = RowParser(stage._columns(), mapping, company._loyalty_timezone())
        try:
            problems, report["lines"] = stage._load(rows, parser)
            if not report["lines"]:
                problems = [Problem(1, "", "empty")]
        except FileProblem as error:
            problems = [error.problem]
        problems = problems or stage._check(company, create_customers, create_products)
        report["problems"] = problems
        if not problems and not dry_run:
            report.update(stage._prepare(company))
            self._write_batches(stage, company, report, on_progress, size)
        stage._clear()
        return report

    def _write_batches(self, stage, company, report, on_progress, size):
        """Write what the stage prepared, batch by batch."""
        while report["done"] < report["total"]:
            report["done"] += stage._write_batch(company, report["done"], size)
            if on_progress and not on_progress(report["done"], report["total"]):
                break

    @api.model
    def _error_file(self, problems):
        """Return a CSV that names line, column, value and reason of each problem."""
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        writer.writerow(["line", "column", "value", "reason"])
        for problem in problems:
            row = [problem.line, problem.column, problem.value]
            # A spreadsheet would run a cell that starts like a formula.
            row = [
                f"'{cell}" if str(cell).startswith(("=", "+", "-", "@")) else cell
                for cell in row
            ]
            writer.writerow([*row, self._explain(problem)])
        return buffer.getvalue().encode("utf-8-sig")

    @api.model
    def _problem_text(self, problems):
        """Return the first problems in words, for a person."""
        lines = [
            self.env._(
                "Line %(line)s, %(column)s: %(reason)s",
                line=problem.line,
                column=problem.column or self.env._("file"),
                reason=self._explain(problem),
            )
            for problem in problems[:SHOWN_PROBLEMS]
        ]
        more = len(problems) - SHOWN_PROBLEMS
        if more > 0:
            lines.append(self.env._("And %s more.", more))
        lines.append(self.env._("Nothing was imported."))
        return "\n".join(lines)
