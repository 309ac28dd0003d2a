"""What is written of a refused request, when its transaction has ended."""

import sys

from psycopg2.errors import (
    DeadlockDetected,
    LockNotAvailable,
    SerializationFailure,
)

# Odoo starts such a transaction anew: nothing has been answered yet.
BEGUN_ANEW = (DeadlockDetected, LockNotAvailable, SerializationFailure)


def call_at_end(cursor, function):
    """Call a function when the transaction of a cursor has ended, either way.

    Not when it met another one and is started anew: what it would have told has not
    happened, and happens again if it does.

    :param cursor: Odoo's cursor
    :param function: callable without arguments
    """

    def after_rollback():
        if not isinstance(sys.exception(), BEGUN_ANEW):
            function()

    cursor.postcommit.add(function)
    cursor.postrollback.add(after_rollback)
