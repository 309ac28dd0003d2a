"""Read Odoo's log: how many tests ran, which failed, what was warned about."""

import re

from . import log_rules
from .outcome import Outcome

LINE = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ \d+ (?P<level>[A-Z]+) (?P<database>\S+) "
    r"(?P<logger>\S+?): (?P<text>.*)$"
)
RESULT = re.compile(r"^(\d+) failed, (\d+) error\(s\) of (\d+) tests when loading")
TROUBLE = re.compile(r"^(FAIL|ERROR): ")
SKIP = re.compile(r"^skipped (?P<test>\S+).*? : (?P<reason>.*)$")
NO_BROWSER = re.compile(r"[Cc]hrome|websocket|browser|headless")
RETRY = re.compile(r"^Retrying a failed test: (?P<test>\S+)")
HOOT = re.compile(r"\[HOOT\] Passed (\d+) tests?")
LOUD = ("WARNING", "ERROR", "CRITICAL")
EXCERPT_LINES = 40


def entries(path):
    """Yield (match, lines) of every log entry; `lines` has what follows it, too."""
    match, lines = None, []
    with open(path, encoding="utf-8", errors="replace") as stream:
        for line in stream:
            line = line.rstrip("\n")
            if found := LINE.match(line):
                if match:
                    yield match, lines
                match, lines = found, [line]
            else:
                lines.append(line)
    if match:
        yield match, lines


class Reader:
    """Collects the outcome of one run of Odoo."""

    def __init__(self, *, strict):
        self.strict = strict
        self.found = Outcome()
        self.ran = (0, 0)
        self.skipped_tests = 0

    def read(self, match, lines):
        """Take one entry of the log into account."""
        text = match["text"]
        if match["logger"] == "odoo.tests.result" and (result := RESULT.match(text)):
            failed, errors, ran = map(int, result.groups())
            self.ran = (failed + errors, ran)
        elif skip := SKIP.match(text):
            self._read_skip(skip)
        elif hoot := HOOT.search(text):
            self.found.passed += int(hoot[1])
        elif retry := RETRY.match(text):
            self.found.repeated.append(retry["test"])
        elif match["level"] in LOUD:
            self._read_loud(text, lines)

    def _read_skip(self, skip):
        if NO_BROWSER.search(skip["reason"]):
            self.found += Outcome(
                failed=1, problems=[f"{skip['test']} had no browser: {skip['reason']}"]
            )
        else:
            self.found.skipped += 1
        # A skipped class is no test of its own in Odoo's count.
        self.skipped_tests += not skip["test"].startswith(("setUpClass", "setUpModule"))

    def _read_loud(self, text, lines):
        excerpt = "\n".join(lines[:EXCERPT_LINES])
        if TROUBLE.match(text):
            self.found.problems.append(excerpt)
        elif "odoo.tests.result" in lines[0] or log_rules.is_allowed(lines[0]):
            return
        elif self.strict or log_rules.OURS.search(excerpt):
            self.found += Outcome(failed=1, problems=[excerpt])

    def outcome(self):
        """Return the counts, failed when no test ran at all."""
        troubled, ran = self.ran
        if not ran:
            return self.found + Outcome(failed=1, problems=["Odoo ran no test."])
        passed = max(ran - troubled - self.skipped_tests, 0)
        return self.found + Outcome(passed=passed, failed=troubled)


def read(path, *, strict=True):
    """Return the outcome of the run that wrote the log at `path`.

    :param strict: every warning fails; else only one that names our add-ons
    """
    reader = Reader(strict=strict)
    for match, lines in entries(path):
        reader.read(match, lines)
    return reader.outcome()


def loud_lines(path):
    """Return the warnings and errors in the log at `path` that are not allowed."""
    return [
        lines[0]
        for match, lines in entries(path)
        if match["level"] in LOUD and not log_rules.is_allowed(lines[0])
    ]
