"""The command `setup/test`: which parts to run, side by side, and the last line."""

import argparse
import sys
import time
import traceback

from provision import browser, odoo, settings, system
from provision.shell import SetupError, say

from . import lanes, runs, static
from .outcome import Outcome


def _arguments():
    parser = argparse.ArgumentParser(
        prog="setup/test",
        description="Bring up everything the tests need and run them. Without an "
        "option: static checks, the tests of the three add-ons with and without the "
        "till, JavaScript tests, tours in a browser, and tests/.",
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="only this: an add-on, a file (loyalty_coupon_crm/tests/test_x.py, "
        "tests/test_y.py), a class TestX, a method test_z, or addon:TestX.test_z",
    )
    add = parser.add_argument
    add("--fast", action="store_true", help="static checks and Python tests only")
    add("--static", action="store_true", help="static checks only")
    add("--fix", action="store_true", help="repair what the static checks can repair")
    add("--perf", action="store_true", help="the measurements of tests/perf only")
    add(
        "--peers",
        action="store_true",
        help="after everything else Odoo's own loyalty suites with our add-ons",
    )
    options = parser.parse_args()
    if options.names and any([options.fast, options.static, options.fix]):
        parser.error("name a part or choose one by an option, not both")
    return options


def _named(names):
    files = [name for name in names if name.split("/")[0] == "tests"]
    others = [name for name in names if name not in files]
    parts = {}
    if files:
        parts["tests/"] = lambda: runs.repository(*files)
    if others:
        parts["add-ons"] = lambda: runs.some(others)
    return parts


def _chosen(options):
    """Return the parts to run, {name: function}; those listed first start first."""
    if options.names:
        return _named(options.names)
    if options.static:
        return {"static checks": static.run}
    if options.fix:
        return {"repairs": static.fix}
    if options.perf:
        return {"tests/perf": lambda: runs.repository("-s", "tests/perf")}
    if options.fast:
        return {
            "static checks": static.run,
            "add-ons": lambda: runs.together(whole=True),
        }
    # Those with a browser make the database with everything, which takes a minute or
    # two: what needs another one comes before the tests that wait for it.
    parts = {
        "static checks": static.run,
        "tours and JavaScript": runs.tours,
    }
    if options.peers:
        parts["Odoo's suite of the till"] = runs.peers_till
        parts["Odoo's other suites"] = runs.peers_rest
    return parts | {
        "base without the till": runs.alone,
        "add-ons together": runs.together,
        "tests/": runs.repository,
        "tests/ of installation": runs.installation,
        "tests/ of processes": runs.contention,
    }


def _provision(options):
    if options.static or options.fix:
        system.ensure({name: system.TO_RUN[name] for name in ("python3-venv", "npm")})
        return
    system.ensure(system.TO_RUN if options.fast else system.TO_TEST)
    if not options.fast:
        browser.ensure()
    odoo.ensure()
    odoo.forget_lost_checkouts()


def _run_part(name, function):
    started = time.monotonic()
    try:
        outcome = function()
    except (SetupError, OSError) as error:
        outcome = Outcome.of_check(f"{name}: {error}")
    except Exception:
        # The other parts go on: one that breaks hides nothing of theirs.
        outcome = Outcome.of_check(f"{name}: {traceback.format_exc()}")
    took = time.monotonic() - started
    say(f"{'✗' if outcome.failed else '✓'} {name}: {outcome} ({took:.0f} s)")
    for test in outcome.repeated:
        say(f"    tried again: {test}")
    for problem in outcome.problems:
        say(f"    {_headline(problem)}")
    return outcome


def _has_browser(part):
    _name, function = part
    return function in runs.WITH_BROWSER


def _headline(problem):
    """Return the line of a problem that names it: what failed, without the trace."""
    lines = [line for line in problem.splitlines() if line.strip()]
    return f"{lines[0][:160]} … {lines[-1][:160]}" if len(lines) > 1 else problem


def main():
    """Run what the command line asks for; return the exit code."""
    options = _arguments()
    _provision(options)
    parts = _chosen(options)
    outcomes = lanes.run(parts.items(), _run_part, is_first=_has_browser)
    total = sum(outcomes, Outcome())
    for problem in total.problems:
        sys.stdout.write(f"\n{'-' * 78}\n{problem}\n")
    if total.problems:
        say(f"\nLogs: {settings.REPORTS / settings.CHECKOUT}")
    say(f"{total}")
    return 1 if total.failed else 0
