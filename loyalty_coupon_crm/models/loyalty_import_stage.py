import csv
import io

from odoo import api, models
from odoo.tools import SQL, split_every

from ..tools.import_reader import Problem

COPY_ROWS = 20_000
MAX_PROBLEMS = 10_000
SQL_TYPES = {"moment": "timestamp", "number": "numeric", "day": "date"}


class LoyaltyImportStage(models.AbstractModel):
    """What imports have in common: a temporary table that is checked before any write.

    The rows of a file are copied into the table as they stream by, so memory stays
    flat; every further check and the writing are set-based. The table lives as long
    as the connection and is dropped by `_clear`.
    """

    _name = "loyalty.import.stage"
    _description = "Import"

    @api.model
    def _columns(self):
        """Hook: return the columns of the file, tuple of `Column`."""
        return ()

    @api.model
    def _load(self, rows, parser):
        """Parse rows and copy them into the table.

        :param rows: iterable of (line, raw dict)
        :param parser: `RowParser`
        :return: list of `Problem`, and the number of rows
        """
        self._create_table()
        problems, count = [], 0
        for batch in split_every(COPY_ROWS, rows):
            good = []
            for line, raw in batch:
                row, wrong = parser.parse(line, raw)
                count += 1
                if wrong:
                    problems += wrong
                else:
                    good.append([line, *row.values()])
            self._copy(good)
            if len(problems) >= MAX_PROBLEMS:
                break
        self.env.cr.execute(SQL("ANALYZE loyalty_import_line"))
        return problems[:MAX_PROBLEMS], count

    def _create_table(self):
        self._clear()
        columns = SQL(", ").join(
            SQL(
                "%s %s",
                SQL.identifier(column.name),
                SQL(SQL_TYPES.get(column.kind, "text")),
            )
            for column in self._columns()
        )
        self.env.cr.execute(
            SQL("CREATE TEMP TABLE loyalty_import_line (line integer, %s)", columns)
        )

    def _copy(self, rows):
        buffer = io.StringIO()
        csv.writer(buffer).writerows(rows)
        buffer.seek(0)
        self.env.cr.copy_expert(
            "COPY loyalty_import_line FROM STDIN WITH (FORMAT csv)", buffer
        )

    @api.model
    def _clear(self):
        """Drop the temporary tables."""
        self.env.cr.execute(
            SQL(
                """
                DROP TABLE IF EXISTS loyalty_import_line, loyalty_import_customer,
                    loyalty_import_product, loyalty_import_program,
                    loyalty_import_basket
                """
            )
        )

    def _problems(self, query):
        """Return the rows of a query of (line, column, code, value) as problems."""
        rows = self.env.execute_query(SQL("%s LIMIT %s", query, MAX_PROBLEMS))
        return [Problem(*row) for row in rows]

    @api.model
    def _check(self, company, create_customers=False, create_products=False):
        """Hook: return what is wrong with the rows in the table.

        :param company: company that the rows belong to
        :param create_customers: whether unknown customers are created later
        :param create_products: whether unknown products are created later
        :return: list of `Problem`
        """
        return []

    @api.model
    def _prepare(self, company):
        """Hook: decide what will be written, and create what is missing.

        :return: dict of counts: `total` (still to write), `known` (already there),
            `customers` and `products` (created)
        """
        return {"total": 0, "known": 0, "customers": 0, "products": 0}

    @api.model
    def _write_batch(self, company, start, size):
        """Hook: write the rows from `start` on, at most `size`.

        :return: number of rows written
        """
        return 0
