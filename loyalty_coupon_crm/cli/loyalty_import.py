import sys
from pathlib import Path

from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.modules.registry import Registry
from odoo.tools import config


class LoyaltyImport(Command):
    """Import purchases, coupon uses or balances of another system, CSV or Parquet.

    The whole file is checked first: one error and nothing is imported. Importing a
    file again changes nothing, so an import that was interrupted is run again.
    """

    name = "loyalty_import"
    epilog = """
    Options of the server (-c, -d, --db_host, --addons-path, ...) may follow. The exit
    status is 1 when the file has errors, which are then in FILE.errors.csv.
    """

    def run(self, cmdargs):
        """Run the command line."""
        options, server_args = self._arguments().parse_known_args(cmdargs)
        config.parse_config([*server_args, "--no-http"], setup_logging=True)
        databases = config["db_name"]
        if len(databases) != 1:
            self.parser.error("name one database with -d")
        if not options.file.is_file():
            self.parser.error(f"there is no file {options.file}")
        with Registry(databases[0]).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            if "loyalty.import" not in env:
                self.parser.error(
                    f"loyalty_coupon_crm is not installed in {databases[0]}"
                )
            sys.exit(self._import(env, options))

    def _arguments(self):
        """Return the parser with the options of this command."""
        add = self.parser.add_argument
        add("kind", choices=("purchase", "redemption", "opening"))
        add("file", type=Path, help="CSV or Parquet")
        add("--company", help="name of the company; needed when there are several")
        add("--encoding", default="utf-8", help="of a CSV file (default: utf-8)")
        add("--create-customers", action="store_true")
        add("--create-products", action="store_true")
        add("--dry-run", action="store_true", help="check only, import nothing")
        add("--errors", type=Path, help="error file (default: FILE.errors.csv)")
        return self.parser

    def _import(self, env, options):
        """Import the file, a commit per batch; return the exit status."""
        company = self._company(env, options.company)
        imports = env["loyalty.import"].with_company(company)

        def advance(done, total):
            env.cr.commit()  # pylint: disable=invalid-commit
            sys.stderr.write(f"\r{done} of {total} imported")
            sys.stderr.flush()
            return True

        with options.file.open("rb") as stream:
            report = imports._import_stream(
                options.kind,
                stream,
                company,
                encoding=options.encoding,
                create_customers=options.create_customers,
                create_products=options.create_products,
                dry_run=options.dry_run,
                on_progress=advance,
            )
        if report["total"]:
            sys.stderr.write("\n")
        if report["problems"]:
            return self._complain(imports, report["problems"], options)
        names = ("lines", "done", "known", "customers", "products")
        summary = ", ".join(f"{name} {report[name]}" for name in names)
        sys.stdout.write(f"{options.file}: {summary}\n")
        return 0

    def _company(self, env, name):
        """Return the company to import into."""
        domain = [("name", "=", name)] if name else []
        companies = env["res.company"].search(domain)
        if len(companies) != 1:
            names = ", ".join(env["res.company"].search([]).mapped("name"))
            self.parser.error(f"choose one company with --company: {names}")
        return companies

    def _complain(self, imports, problems, options):
        """Write the error file and the first errors; return the exit status."""
        target = options.errors or Path(f"{options.file}.errors.csv")
        target.write_bytes(imports._error_file(problems))
        sys.stderr.write(imports._problem_text(problems))
        sys.stderr.write(f"\n{len(problems)} errors, all of them in {target}\n")
        return 1
