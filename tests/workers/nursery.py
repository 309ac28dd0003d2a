"""Load Odoo once and fork a worker for each line of JSON: nursery.py DATABASE.

A worker takes over what was loaded, on a copy of the database, as a process of Odoo's
own server does. It holds a lock on its folder's file `alive` until it ends, however it
ends, and writes `result` when its function returned.
"""

import fcntl
import gc
import importlib
import json
import os
import random
import signal
import sys
import threading
import traceback
from pathlib import Path

import odoo
from odoo.modules.registry import Registry

sys.path.insert(0, str(Path(__file__).parent))


def main(database):
    """Load the registry of a database, then start what is asked for."""
    handler = "--log-handler=odoo.sql_db:CRITICAL"
    odoo.tools.config.parse_config(["-d", database, "--log-level=warn", handler])
    registry = Registry(database)
    odoo.sql_db.close_all()
    gc.freeze()
    # Nobody waits for the workers here: they leave without a trace.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    _say("ready")
    for line in sys.stdin:
        order = json.loads(line)
        folder = Path(order.pop("folder"))
        alive = os.open(folder / "alive", os.O_CREAT | os.O_RDWR)
        fcntl.flock(alive, fcntl.LOCK_EX)
        pid = os.fork()
        if not pid:
            _work(registry, folder, **order)
        os.close(alive)
        _say(pid)


def _say(word):
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _work(registry, folder, database, module, function, arguments):
    """Run `module.function(env, *arguments)` as superuser and end the process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(folder / "log", os.O_CREAT | os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(log, stream)
    random.seed()
    try:
        _take_over(registry, database)
        call = getattr(importlib.import_module(module), function)
        cursor = registry.cursor()
        result = call(odoo.api.Environment(cursor, odoo.SUPERUSER_ID, {}), *arguments)
        if not cursor.connection.closed:
            cursor.commit()
            cursor.close()
        for thread in threading.enumerate():
            if thread is not threading.current_thread():
                thread.join()
        (folder / "result").write_text(json.dumps(result), encoding="utf-8")
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _take_over(registry, database):
    """Let what was loaded serve another database of the same add-ons."""
    registry.db_name = database
    registry._db = odoo.sql_db.db_connect(database, readonly=False)
    Registry.registries[database] = registry
    registry.clear_all_caches()
    registry.cache_invalidated.clear()
    registry.setup_signaling()


if __name__ == "__main__":
    main(*sys.argv[1:])
