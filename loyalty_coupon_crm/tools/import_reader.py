"""Reading and checking files of purchases, redemptions and audiences.

Nothing here knows Odoo: bytes come in, typed rows and problems come out, one at a time.
"""

import csv
import io
import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

PARQUET_MAGIC = b"PAR1"
LIMIT = 1e12
OLDEST = datetime(1950, 1, 1, tzinfo=UTC)
NOON = time(12)
BATCH = 10_000


class Problem(NamedTuple):
    """What is wrong, and where. Lines count from 1, the header is the first."""

    line: int
    column: str
    code: str
    value: str = ""


class FileProblem(Exception):
    """The file as a whole cannot be read; `problem` says why."""

    def __init__(self, code, column="", value="", line=1):
        super().__init__(code)
        self.problem = Problem(line, column, code, value)


class Column(NamedTuple):
    """A column of a file: `kind` is text, moment, day, number or choice.

    A moment has passed; a day may be in the future.
    """

    name: str
    kind: str = "text"
    required: bool = False
    choices: tuple = ()


CHANNEL_COLUMN = Column(
    "channel", "choice", False, ("sale", "website", "pos", "import")
)
PURCHASE_COLUMNS = (
    Column("external_ref", required=True),
    Column("date", "moment", required=True),
    Column("customer_ref"),
    Column("product_ref"),
    Column("quantity", "number"),
    Column("amount", "number", required=True),
    Column("discount", "number"),
    Column("cost", "number"),
    CHANNEL_COLUMN,
    Column("shop"),
    Column("refund_of"),
    Column("customer_name"),
    Column("product_name"),
    Column("product_category"),
)
REDEMPTION_COLUMNS = (
    Column("external_ref", required=True),
    Column("date", "moment", required=True),
    Column("code", required=True),
    Column("points", "number"),
    Column("discount", "number"),
    Column("goods_cost", "number"),
    Column("order_amount", "number"),
    CHANNEL_COLUMN,
    Column("shop"),
    Column("purchase_ref"),
)
OPENING_COLUMNS = (
    Column("external_ref", required=True),
    Column("customer_ref", required=True),
    Column("program", required=True),
    Column("points", "number", required=True),
    Column("award_date", "moment", required=True),
    Column("expiry_date", "day"),
    Column("customer_name"),
)


def read_table(stream, encoding="utf-8"):
    """Return the header of a CSV or Parquet file and an iterator over its rows.

    :param stream: binary file, opened for reading, that can seek
    :param encoding: of a CSV file; the byte order mark of UTF-8 is skipped
    :return: tuple of the column names and an iterator of (line, dict)
    :raise FileProblem: when it is neither, is empty, or is in another encoding
    """
    magic = stream.read(4)
    stream.seek(0)
    if not magic:
        raise FileProblem("empty")
    if magic == PARQUET_MAGIC:
        return _read_parquet(stream)
    return _read_csv(stream, encoding)


def _read_parquet(stream):
    try:
        from pyarrow import ArrowInvalid, parquet
    except ImportError as error:
        raise FileProblem("no_parquet") from error
    try:
        table = parquet.ParquetFile(stream)
    except (ArrowInvalid, OSError) as error:
        raise FileProblem("broken_parquet", value=str(error)) from error

    def rows():
        line = 1
        for batch in table.iter_batches(BATCH):
            for row in batch.to_pylist():
                line += 1
                yield line, row

    return list(table.schema_arrow.names), rows()


def _read_csv(stream, encoding):
    encoding = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    counter = [1]
    try:
        head = text.readline()
    except UnicodeDecodeError as error:
        line = _undecodable_line(stream, encoding)
        raise FileProblem("encoding", value=encoding, line=line) from error
    if not head.strip():
        raise FileProblem("empty")
    if "\0" in head:
        raise FileProblem("binary")
    delimiter = max(",;\t|", key=head.count)
    names = next(csv.reader([head], delimiter=delimiter))

    def rows():
        reader = csv.reader(text, delimiter=delimiter)
        try:
            for values in reader:
                counter[0] = 1 + reader.line_num
                if not any(values):
                    continue
                if len(values) > len(names):
                    raise FileProblem("too_many_values", line=counter[0])
                yield counter[0], dict(zip(names, values, strict=False))
        except UnicodeDecodeError as error:
            line = _undecodable_line(stream, encoding)
            raise FileProblem("encoding", value=encoding, line=line) from error
        except csv.Error as error:
            raise FileProblem(
                "broken_csv", value=str(error), line=counter[0] + 1
            ) from error

    return names, rows()


def _undecodable_line(stream, encoding):
    """Return the number of the first line that is not in an encoding."""
    stream.seek(0)
    for line, content in enumerate(stream, start=1):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            return line
    return 1


def check_header(names, columns):
    """Return the problems of a header and how its names map to columns.

    Case and surrounding space do not matter.

    :param names: the names as they stand in the file
    :param columns: tuple of `Column`
    :return: (list of `Problem`, {name in the file: name of the column})
    """
    known = {column.name: column for column in columns}
    mapping, problems = {}, []
    for name in names:
        clean = (name or "").strip().lower()
        if clean not in known:
            problems.append(Problem(1, name or "", "unknown_column"))
        elif clean in mapping.values():
            problems.append(Problem(1, name, "double_column"))
        else:
            mapping[name] = clean
    missing = [
        column.name
        for column in columns
        if column.required and column.name not in mapping.values()
    ]
    problems += [Problem(1, name, "missing_column") for name in missing]
    return problems, mapping


class RowParser:
    """Turns raw rows into typed ones and says what is wrong with them."""

    def __init__(self, columns, mapping, timezone="UTC", now=None):
        """Prepare for one file.

        :param columns: tuple of `Column`
        :param mapping: {name in the file: name of the column}
        :param timezone: name of the zone of times without one; a day without time is
            noon there
        :param now: aware datetime; later moments are refused
        """
        known = {column.name: column for column in columns}
        self.columns = [(raw, known[name]) for raw, name in mapping.items()]
        self.names = [column.name for column in columns]
        self.zone = ZoneInfo(timezone)
        self.now = now or datetime.now(UTC)

    def parse(self, line, raw):
        """Return the typed row and its problems.

        Texts lose surrounding space, moments become naive UTC, what is empty is None.

        :param line: number of the line in the file
        :param raw: dict as `read_table` gives it
        :return: (dict with every column, list of `Problem`)
        """
        row = dict.fromkeys(self.names)
        problems = []
        for raw_name, column in self.columns:
            value = raw.get(raw_name)
            if isinstance(value, str):
                value = value.strip()
            if value is None or value == "" or value != value:
                if column.required:
                    problems.append(Problem(line, column.name, "missing_value"))
                continue
            parsed, code = getattr(self, f"_parse_{column.kind}")(value, column)
            if code:
                problems.append(Problem(line, column.name, code, str(value)))
            row[column.name] = parsed
        return row, problems

    def _parse_text(self, value, _column):
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        text = str(value)
        return (None, "control_character") if "\0" in text else (text, None)

    def _parse_choice(self, value, column):
        value = str(value).lower()
        return (value, None) if value in column.choices else (None, "unknown_choice")

    def _parse_number(self, value, _column):
        if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
            return None, "not_a_number"
        try:
            number = float(value)
        except (ValueError, OverflowError):
            return None, "not_a_number"
        if isinstance(value, str) and "_" in value:
            return None, "not_a_number"
        if not math.isfinite(number) or abs(number) > LIMIT:
            return None, "absurd_number"
        return number, None

    def _parse_moment(self, value, _column):
        try:
            moment = self._to_moment(value)
        except (ValueError, OverflowError, TypeError):
            return None, "not_a_date"
        if moment > self.now:
            return None, "future_date"
        if moment < OLDEST:
            return None, "ancient_date"
        return moment.replace(tzinfo=None), None

    def _parse_day(self, value, _column):
        try:
            moment = self._to_moment(value)
        except (ValueError, OverflowError, TypeError):
            return None, "not_a_date"
        if moment < OLDEST:
            return None, "ancient_date"
        return moment.astimezone(self.zone).date(), None

    def _to_moment(self, value):
        """Return an aware datetime in UTC.

        :raise ValueError: when the value is no date in the form of ISO 8601
        """
        if isinstance(value, str):
            if len(value) < 8:
                raise ValueError(value)
            if len(value) <= 10:
                value = date.fromisoformat(value)
            else:
                value = datetime.fromisoformat(value)
        if not isinstance(value, datetime):
            value = datetime.combine(value, NOON)
        if value.tzinfo is None:
            value = value.replace(tzinfo=self.zone)
        return value.astimezone(UTC)


def split_audience(text):
    """Return the entries of a pasted audience, one per line or separated by commas.

    :param text: e-mails, phone numbers, references or database ids
    :return: list of (line, entry) without empty ones
    """
    entries = []
    for line, content in enumerate((text or "").splitlines(), start=1):
        for entry in content.replace(";", ",").replace("\t", ",").split(","):
            if entry.strip():
                entries.append((line, entry.strip()))
    return entries
