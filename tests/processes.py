"""What the tests with processes of their own share."""

import json
import subprocess
from pathlib import Path

from provision import odoo

RUN = Path(__file__).parent / "workers" / "run.py"


def start(database, module, function, *arguments):
    """Start a function of `workers/` on a database, in a process of its own.

    :param arguments: words for the function's arguments
    :return: the `Popen`; the function's result comes as JSON on standard output
    """
    return subprocess.Popen(
        [*odoo.python(RUN, database, module, function, *arguments)],
        env=odoo.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def result_of(process):
    """Return what a worker printed.

    :param process: `Popen` of `start_worker`
    :raise AssertionError: with the worker's log, when it failed
    """
    output, log = process.communicate(timeout=3600)
    assert process.returncode == 0, log
    return json.loads(output)
