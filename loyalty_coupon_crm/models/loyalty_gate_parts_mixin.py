from dataclasses import dataclass
from enum import Enum

from odoo import api, models
from odoo.tools import SQL, ormcache


class Asked(Enum):
    """What is asked for; its place in a prepared statement, filled when it runs."""

    CARDS = "loyalty.card"
    PARTNERS = "res.partner"
    PROGRAMS = "loyalty.program"


# Which rows are read with each of them: {model: column}.
READ_WITH = {
    Asked.CARDS: {
        "loyalty.card": "id",
        "loyalty.card.member": "card_id",
        "loyalty.point.hold": "card_id",
    },
    Asked.PARTNERS: {"res.partner": "id", "res.users": "partner_id"},
    Asked.PROGRAMS: {
        "loyalty.program": "id",
        "loyalty.reward": "program_id",
        "loyalty.rule": "program_id",
        "loyalty.usage.window": "program_id",
    },
}
# Read whole, as nearly every program has them; of others only whether there are any.
WHOLE = {"segment_ids"}
# The place of the versions of programs in what is read.
VERSIONS = -1
# Odoo sorts these by another table: of several it reads itself which is the first.
UNSORTED = {"res.users"}


@dataclass(frozen=True)
class Part:
    """One table of the statement.

    `names` are the columns with `id` first, or one many2many field. `lines` are the
    one2many fields of the model; `flushed` decides which rows are found. `is_plain`:
    it gives each row by itself, in any order, else all of them in one.
    """

    place: int
    kind: Asked
    model: str
    names: tuple
    lines: tuple
    flushed: frozenset
    is_plain: bool
    sql: SQL


def filled(sql, asked):
    """Return a prepared statement for ids, {Asked: list of ids}."""
    values = [asked[one] if isinstance(one, Asked) else one for one in sql.params]
    return SQL(sql.code, *values)


class LoyaltyGatePartsMixin(models.AbstractModel):
    """The statement that brings what the gate reads: its parts, a table each."""

    _name = "loyalty.gate.parts.mixin"
    _description = "The Gate: Parts of a Statement"

    @api.model
    def _gate_parts_of(self, *kinds):
        """Return the parts that read rows with some kinds of `Asked`, a list."""
        return [part for part in self._gate_parts(self.env.lang) if part.kind in kinds]

    @api.model
    @ormcache("lang")
    def _gate_parts(self, lang):
        """Return the parts of the statement, made once.

        :param lang: code of the language in which translated names are read
        :return: tuple of `Part`
        """
        parts, fetched = [], self._gate_fetched_fields()
        for kind, tables in READ_WITH.items():
            for model, column in tables.items():
                fields = [self.env[model]._fields[name] for name in fetched[model]]
                columns = [field.name for field in fields if field.column_type]
                lines = [field.name for field in fields if field.type == "one2many"]
                parts.append((kind, model, column, ("id", *columns), tuple(lines)))
                parts += [
                    (kind, model, column, (field.name,), ())
                    for field in fields
                    if field.type == "many2many"
                ]
        return tuple(self._gate_part(place, *part) for place, part in enumerate(parts))

    @api.model
    @ormcache("lang", "places", "by_card")
    def _gate_statement(self, lang, places, by_card):
        """Return the statement that reads parts and versions, to be filled with ids.

        :param places: tuple of the places of parts, and of `VERSIONS`
        :param by_card: read the versions of the programs of cards, too
        """
        parts = self._gate_parts(lang)
        queries = [parts[place].sql for place in places if place != VERSIONS]
        if VERSIONS not in places:
            return SQL(" UNION ALL ").join(queries)
        ids = SQL("%s::int[]", Asked.PROGRAMS)
        if by_card:
            ids = SQL("(SELECT ids FROM asked)::int[]")
        queries += [SQL("%s = ANY(%s)", one, ids) for one in self._gate_versions_sql()]
        statement = SQL(" UNION ALL ").join(queries)
        if not by_card:
            return statement
        return SQL(
            "WITH asked AS MATERIALIZED (SELECT ARRAY("
            "SELECT program_id FROM loyalty_card WHERE id = ANY(%s::int[])"
            " UNION SELECT unnest(%s::int[])) AS ids) %s",
            Asked.CARDS,
            Asked.PROGRAMS,
            statement,
        )

    @api.model
    def _gate_part(self, place, kind, model, column, names, lines):
        """Return one `Part`.

        :param column: the one that has the ids of what is asked for
        """
        fields, table = self.env[model]._fields, SQL.identifier(self.env[model]._table)
        condition = SQL("%s.%s = ANY(%s::int[])", table, SQL.identifier(column), kind)
        # Lines are put into the order of each owner: among owners there is none.
        order = self.env[model]._order.removeprefix(f"{column}, ")
        plain = column == "id" or model in UNSORTED or order == "id"
        if names[0] != "id":
            sql = self._gate_links_sql(place, fields[names[0]], column, kind)
        elif plain:
            sql = self._gate_plain_sql(place, model, names, condition)
        else:
            sql = self._gate_rows_sql(place, model, order, names, condition)
        # An untranslated name is read as it is in English.
        flushed = {name for name in names if fields[name].translate} | {column}
        flushed = frozenset(flushed - {"id"})
        return Part(place, kind, model, names, lines, flushed, plain, sql)

    @api.model
    def _gate_plain_sql(self, place, model, names, condition):
        """Return SQL of the columns of a model, as JSON list for each row.

        PostgreSQL plans it in a third of the time that sorted rows take.
        """
        records = self.env[model].with_context(active_test=False)
        query = records._search([], order="id")
        query.order = None
        query.add_where(condition)
        columns = (records._field_to_sql(records._table, name, query) for name in names)
        return query.select(
            SQL("%s", place), SQL("json_build_array(%s)", SQL(", ").join(columns))
        )

    @api.model
    def _gate_rows_sql(self, place, model, order, names, condition):
        """Return SQL of the columns of a model in an order, as JSON list of lists."""
        records = self.env[model].with_context(active_test=False)
        query = records._search([], order=order)
        query.add_where(condition)
        columns = [
            SQL(
                "%s AS %s",
                records._field_to_sql(records._table, name, query),
                SQL.identifier(f"c{number}"),
            )
            for number, name in enumerate(names)
        ]
        return SQL(
            "SELECT %s, json_build_array(%s) FROM (%s) one",
            place,
            SQL(", ").join(
                SQL("json_agg(one.%s)", SQL.identifier(f"c{number}"))
                for number in range(len(names))
            ),
            query.select(*columns),
        )

    @api.model
    def _gate_links_sql(self, place, field, column, kind):
        """Return SQL of the links of a many2many field, as JSON."""
        left = SQL.identifier(field.relation, field.column1)
        right = SQL.identifier(field.relation, field.column2)
        mine = SQL("%s = ANY(%s::int[])", left, kind)
        if column != "id":
            mine = SQL(
                "%s IN (SELECT id FROM %s WHERE %s = ANY(%s::int[]))",
                left,
                SQL.identifier(self.env[field.model_name]._table),
                SQL.identifier(column),
                kind,
            )
        if field.name not in WHOLE:
            relation = SQL.identifier(field.relation)
            return SQL(
                "SELECT %s, json_agg(DISTINCT %s) FROM %s WHERE %s",
                place,
                left,
                relation,
                mine,
            )
        lines = self.env[field.comodel_name].with_context(active_test=False)
        query = lines._search([], order=lines._order)
        here = SQL("%s = %s", right, SQL.identifier(lines._table, "id"))
        query.add_join("JOIN", field.relation, None, here)
        query.add_where(mine)
        active = lines._field_to_sql(lines._table, "active", query)
        return SQL(
            "SELECT %s, json_agg(json_build_array(one.a, one.b, one.c)) FROM (%s) one",
            place,
            query.select(
                SQL("%s AS a", left), SQL("%s AS b", right), SQL("%s AS c", active)
            ),
        )
