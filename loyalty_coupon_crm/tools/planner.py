"""What PostgreSQL's planner is told before long statements."""

from contextlib import contextmanager


def without_jit(cr):
    """Let the statements of this transaction run without being compiled.

    Compiling a long statement takes seconds where running it takes milliseconds, and
    the planner overrates the cost of ours.

    :param cr: the cursor of the transaction
    """
    cr.execute("SET LOCAL jit = off")


@contextmanager
def without_nested_loops(cr):
    """Have the statements inside join whole tables, never row by row.

    The planner knows nothing of what a statement has counted itself: it takes a
    hundred thousand such rows for one, and joins them to as many, one by one.

    :param cr: the cursor of the transaction
    """
    cr.execute("SET LOCAL enable_nestloop = off")
    yield
    cr.execute("SET LOCAL enable_nestloop = on")
