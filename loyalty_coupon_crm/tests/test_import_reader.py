import io
import sys
from datetime import UTC, date, datetime
from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from ..tools.import_reader import (
    PURCHASE_COLUMNS,
    FileProblem,
    RowParser,
    check_header,
    read_table,
    split_audience,
)


@tagged("post_install", "-at_install")
class TestImportReader(BaseCase):
    def _read(self, content, **options):
        if isinstance(content, str):
            content = content.encode()
        names, rows = read_table(io.BytesIO(content), **options)
        return names, list(rows)

    def _parse(self, timezone="UTC", **raw):
        parser = RowParser(
            PURCHASE_COLUMNS,
            {name: name for name in raw},
            timezone,
            now=datetime(2026, 6, 1, tzinfo=UTC),
        )
        row, problems = parser.parse(7, raw)
        return row, [(problem.column, problem.code) for problem in problems]

    def test_delimiters_quotes_and_byte_order_mark(self):
        for delimiter in ",;\t|":
            names, rows = self._read(f'\ufeffa{delimiter}b\n1{delimiter}"x\ny"\n\n3\n')
            self.assertEqual(names, ["a", "b"])
            self.assertEqual(rows, [(3, {"a": "1", "b": "x\ny"}), (5, {"a": "3"})])

    def test_files_that_cannot_be_read(self):
        cases = {
            b"": "empty",
            b"\n": "empty",
            b"PK\x03\x04\0\0": "binary",
            b"a,b\n1,\xff\xfe\n": "encoding",
            "a,b\n顾客,1\n".encode("gb18030"): "encoding",
            b"a,b\n1,2,3\n": "too_many_values",
            b"PAR1 and nothing more": "broken_parquet",
        }
        for content, code in cases.items():
            with self.subTest(code=code), self.assertRaises(FileProblem) as caught:
                self._read(content)
            self.assertEqual(caught.exception.problem.code, code)

    def test_line_of_the_wrong_encoding_is_named(self):
        rows = ["a,b", *["x" * 90 + ",1"] * 500, "顾客,1"]
        with self.assertRaises(FileProblem) as caught:
            self._read("\n".join(rows).encode("gb18030"))
        self.assertEqual(caught.exception.problem.line, 502)

    def test_other_encoding_when_told(self):
        _names, rows = self._read("a\n顾客\n".encode("gb18030"), encoding="gb18030")
        self.assertEqual(rows, [(2, {"a": "顾客"})])

    def test_parquet(self):
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError:
            self.skipTest("pyarrow is an optional library and not installed")
        stream = io.BytesIO()
        parquet.write_table(pyarrow.table({"a": [1, None], "b": ["x", "y"]}), stream)
        names, rows = self._read(stream.getvalue())
        self.assertEqual(names, ["a", "b"])
        self.assertEqual(rows, [(2, {"a": 1, "b": "x"}), (3, {"a": None, "b": "y"})])

    def test_parquet_without_the_library(self):
        with (
            patch.dict(sys.modules, {"pyarrow": None}),
            self.assertRaises(FileProblem) as caught,
        ):
            self._read(b"PAR1....")
        self.assertEqual(caught.exception.problem.code, "no_parquet")

    def test_header(self):
        problems, mapping = check_header(
            [" Amount", "external_ref", "Date", "colour", "amount"], PURCHASE_COLUMNS
        )
        self.assertEqual(mapping[" Amount"], "amount")
        self.assertEqual(
            [(problem.column, problem.code) for problem in problems],
            [("colour", "unknown_column"), ("amount", "double_column")],
        )
        problems, _mapping = check_header(["amount"], PURCHASE_COLUMNS)
        self.assertEqual(
            [problem.column for problem in problems], ["external_ref", "date"]
        )

    def test_values(self):
        row, problems = self._parse(
            external_ref=12.0, date=date(2026, 3, 1), amount=" -1.50 ", channel="POS"
        )
        self.assertFalse(problems)
        self.assertEqual(row["external_ref"], "12")
        self.assertEqual(row["date"], datetime(2026, 3, 1, 12))
        self.assertEqual(row["amount"], -1.5)
        self.assertEqual(row["channel"], "pos")
        self.assertIsNone(row["discount"])

    def test_times_are_those_of_the_zone_unless_they_say_so(self):
        for text, moment in {
            "2026-03-01 00:30:00": datetime(2026, 2, 28, 16, 30),
            "2026-03-01T00:30:00+00:00": datetime(2026, 3, 1, 0, 30),
            "2026-03-01T00:30Z": datetime(2026, 3, 1, 0, 30),
            "2026-03-01": datetime(2026, 3, 1, 4),
        }.items():
            row, problems = self._parse("Asia/Shanghai", date=text)
            self.assertFalse(problems)
            self.assertEqual(row["date"], moment, text)

    def test_values_that_are_wrong(self):
        cases = [
            ("date", "yesterday", "not_a_date"),
            ("date", "2026-02-30", "not_a_date"),
            ("date", "01/02/2026", "not_a_date"),
            ("date", 20260101, "not_a_date"),
            ("date", "2026-06-02", "future_date"),
            ("date", "0026-06-02", "ancient_date"),
            ("date", "", "missing_value"),
            ("external_ref", "  ", "missing_value"),
            ("external_ref", "a\0b", "control_character"),
            ("amount", "1,50", "not_a_number"),
            ("amount", "1_000", "not_a_number"),
            ("amount", True, "not_a_number"),
            ("amount", "nan", "absurd_number"),
            ("amount", "-inf", "absurd_number"),
            ("amount", "1e300", "absurd_number"),
            ("amount", float("nan"), "missing_value"),
            ("channel", "carrier pigeon", "unknown_choice"),
        ]
        for column, value, code in cases:
            with self.subTest(column=column, value=value):
                _row, problems = self._parse(**{column: value})
                self.assertEqual(problems, [(column, code)])

    def test_pasted_audience(self):
        self.assertEqual(
            split_audience("a@x.cn; b@x.cn\n\n +86 10 1234\t7,\n"),
            [(1, "a@x.cn"), (1, "b@x.cn"), (3, "+86 10 1234"), (3, "7")],
        )
        self.assertEqual(split_audience(False), [])
