"""Write frames into tables, all rows at once."""

import io

from odoo.tools import SQL


def copy_rows(env, table, frame):
    """Write the rows of a frame into a table, all at once."""
    if frame.empty:
        return
    stream = io.StringIO()
    frame.to_csv(stream, header=False, index=False, na_rep="\\N")
    stream.seek(0)
    env.cr._obj.copy_expert(
        f"COPY {table} ({', '.join(frame.columns)}) FROM STDIN"
        " WITH (FORMAT csv, NULL '\\N')",
        stream,
    )
    if "id" in frame.columns:
        env.cr.execute(
            SQL(
                "SELECT SETVAL(PG_GET_SERIAL_SEQUENCE(%s, 'id'), MAX(id)) FROM %s",
                table,
                SQL.identifier(table),
            )
        )


def next_id(env, table):
    """Return the first id of a table that is free."""
    query = SQL("SELECT COALESCE(MAX(id), 0) + 1 FROM %s", SQL.identifier(table))
    return env.execute_query(query)[0][0]
