"""Jobs of OCA's `queue_job`, taken and done as its own controller does it."""

import time

from psycopg2.errors import SerializationFailure


def order(env):
    """Order the jobs of all campaigns, as a launch does.

    :return: number of jobs
    """
    env["loyalty.campaign"]._trigger_issue()
    return env["queue.job"].search_count([("state", "=", "pending")])


def work(env, runners):
    """Do jobs together with other processes until none is left.

    :param runners: number of processes that begin at the same moment
    :return: number of jobs done by this one
    """
    from campaign import _wait_for_all

    from odoo.addons.queue_job.controllers.main import RunJobController

    _wait_for_all(env, int(runners))
    done = 0
    while _open_jobs(env):
        uuid = _take(env)
        job = uuid and RunJobController._acquire_job(env, uuid)
        if job:
            RunJobController._runjob(env, job)
            done += 1
        else:
            time.sleep(0.01)
        env.cr.commit()
        env.invalidate_all()
    return done


def _open_jobs(env):
    env.cr.execute(
        "SELECT COUNT(*) FROM queue_job WHERE state NOT IN ('done', 'failed')"
    )
    return env.cr.fetchone()[0]


def _take(env):
    """Mark a waiting job as the runner of the channel does; return its id or None."""
    try:
        env.cr.execute(
            """
            UPDATE queue_job SET state = 'enqueued', date_enqueued = NOW()
             WHERE uuid = (SELECT uuid FROM queue_job WHERE state = 'pending'
                            ORDER BY date_created LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING uuid
            """
        )
        row = env.cr.fetchone()
    except SerializationFailure:
        # The other process was faster.
        env.cr.rollback()
        return None
    env.cr.commit()
    return row and row[0]


def states(env):
    """Return {state of jobs: how many}."""
    env.cr.execute("SELECT state, COUNT(*) FROM queue_job GROUP BY 1")
    return dict(env.cr.fetchall())
