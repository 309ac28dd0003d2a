"""What PostgreSQL's planner is told before long statements."""


def without_jit(cr):
    """Let the statements of this transaction run without being compiled.

    Compiling a long statement takes seconds where running it takes milliseconds, and
    the planner overrates the cost of ours.

    :param cr: the cursor of the transaction
    """
    cr.execute("SET LOCAL jit = off")
