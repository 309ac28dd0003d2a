"""What the tests with processes of their own share."""

import json


def result_of(process):
    """Return what a worker printed.

    :param process: `Popen` of `start_worker`
    :raise AssertionError: with the worker's log, when it failed
    """
    output, log = process.communicate(timeout=900)
    assert process.returncode == 0, log
    return json.loads(output)
