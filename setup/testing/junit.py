"""Run pytest and read its counts from the report it writes."""

import subprocess
from xml.etree import ElementTree

from provision import odoo, settings

from .outcome import Outcome

EXCERPT = 4000


def _problem(case, kind):
    told = case.find(kind)
    if told is None:
        return None
    name = f"{case.get('classname')}::{case.get('name')}"
    return f"{name}\n{(told.text or told.get('message') or '')[-EXCERPT:]}"


def read(report, log):
    """Return the outcome that pytest wrote to `report`, one failure without one."""
    if not report.exists():
        tail = log.read_text(encoding="utf-8", errors="replace")[-EXCERPT:]
        return Outcome.of_check(f"pytest wrote no report:\n{tail}")
    found = Outcome()
    for case in ElementTree.parse(report).iter("testcase"):
        problems = [_problem(case, kind) for kind in ("failure", "error")]
        problems = [problem for problem in problems if problem]
        if problems:
            found += Outcome(failed=1, problems=problems)
        elif case.find("skipped") is not None:
            found += Outcome(skipped=1)
        else:
            found += Outcome(passed=1)
    if not found.passed + found.failed:
        return found + Outcome(failed=1, problems=["pytest ran no test."])
    return found


def run(name, logs, *arguments, cwd=settings.REPOSITORY, niceness=0):
    """Run pytest in Odoo's environment and return its outcome."""
    logs.mkdir(parents=True, exist_ok=True)
    report, log = logs / f"{name}.xml", logs / f"{name}.log"
    report.unlink(missing_ok=True)
    command = odoo.python("-m", "pytest", "-p", "no:cacheprovider")
    with open(log, "w", encoding="utf-8") as stream:
        subprocess.run(
            odoo.gently(
                niceness, [*command, f"--junitxml={report}", *map(str, arguments)]
            ),
            check=False,
            cwd=cwd,
            env=odoo.environment(),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    return read(report, log)
