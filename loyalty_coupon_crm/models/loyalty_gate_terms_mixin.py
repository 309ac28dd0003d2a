from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL, ormcache
from odoo.tools.cache import get_cache_key_counter

from .loyalty_gate_parts_mixin import READ_WITH, VERSIONS, WHOLE, Asked


class LoyaltyGateTermsMixin(models.AbstractModel):
    """Programs as the gate reads them, kept from one request to the next.

    They change seldom, and every coupon asks for one. What was read is kept in the
    process under the versions of its rows, which PostgreSQL gives: whoever changes a
    row, and by whatever way, gives it another one. The versions are read with the card,
    in the transaction that asks. So nothing has to be told between processes, what one
    of them has stopped none takes for valid, and what is rolled back is not found.
    """

    _name = "loyalty.gate.terms.mixin"
    _description = "The Gate: Terms of Programs"

    def write(self, vals):
        """Write programs; links give them a version, too."""
        result = super().write(vals)
        self._gate_renew(self, vals)
        return result

    @api.model
    def _gate_renew(self, records, vals):
        """Give rows another version when links of theirs are written.

        Links are in tables of their own, and Odoo writes a row once in a transaction
        when nothing but links change.

        :param records: records that are kept with programs
        :param vals: what was written
        """
        names = self._gate_fetched_fields()[records._name]
        links = {name for name in names if records._fields[name].type == "many2many"}
        if records and not links.isdisjoint(vals):
            # The columns stay as they are.
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET write_date = write_date WHERE id = ANY(%s)",
                    SQL.identifier(records._table),
                    records.ids,
                )
            )

    @api.model
    def _gate_versions_sql(self):
        """Return the queries of the versions of rows, as JSON [program id, version].

        :return: list of SQL, up to the column of the program's id
        """
        queries, fetched = [], self._gate_fetched_fields()
        for number, (model, column) in enumerate(READ_WITH[Asked.PROGRAMS].items()):
            owner = SQL.identifier(column)
            queries.append(
                SQL(
                    "SELECT %s, json_build_array(%s, %s::text || xmin || ctid) "
                    "FROM %s WHERE %s",
                    VERSIONS,
                    owner,
                    f"{number}:",
                    SQL.identifier(self.env[model]._table),
                    owner,
                )
            )
            for name in WHOLE.intersection(fetched[model]):
                field = self.env[model]._fields[name]
                left = SQL.identifier("link", field.column1)
                queries.append(
                    SQL(
                        "SELECT %s, json_build_array(%s,"
                        " %s::text || one.xmin || one.ctid) FROM %s link "
                        "JOIN %s one ON one.id = %s WHERE %s",
                        VERSIONS,
                        left,
                        f"{name}:",
                        SQL.identifier(field.relation),
                        SQL.identifier(self.env[field.comodel_name]._table),
                        SQL.identifier("link", field.column2),
                        left,
                    )
                )
        return queries

    @api.model
    def _gate_fetch_terms(self, programs, versions):
        """Bring programs into memory: those that are kept, and the others by a query.

        :param programs: `loyalty.program` records
        :param versions: {id of a program: version}, of programs that the database was
            asked for already
        """
        ids = self._gate_not_fetched(Asked.PROGRAMS, programs)
        if not ids:
            return
        parts = self._gate_parts_of(Asked.PROGRAMS)
        kept = {}
        for program_id in ids:
            version = versions.get(program_id)
            kept[program_id] = version and self._gate_kept(program_id, version)
        lacking = [program_id for program_id, terms in kept.items() if not terms]
        if lacking:
            kept.update(self._gate_read_terms(parts, lacking))
        found = {part.place: [] for part in parts}
        for terms in kept.values():
            for place, rows in (terms or {}).items():
                found[place] += rows
        self._gate_keep(parts, found)

    @api.model
    def _gate_kept(self, program_id, version):
        """Return the terms that are kept of a program, None when there are none."""
        cache, key, _counter = get_cache_key_counter(
            self._gate_terms, program_id, version, self.env.lang
        )
        return cache.get(key)

    @api.model
    @ormcache("program_id", "version", "lang")
    def _gate_terms(self, program_id, version, lang):
        """Return terms as of `_gate_read_terms`; they are put in from there."""
        raise NotImplementedError

    @api.model
    def _gate_read_terms(self, parts, ids):
        """Return the terms of programs from the database, and keep them.

        Rows and versions come from one statement, whatever others write meanwhile.

        :param parts: list of `Part`
        :param ids: ids of programs
        :return: {id of a program: {place of a part: list of rows}}
        """
        found, versions = self._gate_read(parts, {Asked.PROGRAMS: ids}, versions=True)
        terms = defaultdict(dict)
        for part in parts:
            owners = self._gate_owners(part, parts, found)
            for owner, row in zip(owners, found[part.place], strict=True):
                terms[owner].setdefault(part.place, []).append(row)
        keep = self._gate_terms.__cache__.add_value
        for program_id, version in versions.items():
            keep(
                self,
                program_id,
                version,
                self.env.lang,
                cache_value=terms[program_id],
            )
        return terms

    @api.model
    def _gate_owners(self, part, parts, found):
        """Return the id of the program of each row of a part, in their order."""
        rows, column = found[part.place], READ_WITH[Asked.PROGRAMS][part.model]
        if part.names[0] == "id":
            place = part.names.index(column)
            return [row[place] for row in rows]
        ids = [row[0] if part.names[0] in WHOLE else row for row in rows]
        if column == "id":
            return ids
        lines = next(
            one for one in parts if one.model == part.model and one.names[0] == "id"
        )
        place = lines.names.index(column)
        owners = {row[0]: row[place] for row in found[lines.place]}
        return [owners[one] for one in ids]
