from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
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
# Where this one is in memory, so is the rest.
MARK = {
    Asked.CARDS: "hold_ids",
    Asked.PARTNERS: "user_ids",
    Asked.PROGRAMS: "usage_window_ids",
}
# Read whole, as nearly every program has them; of others only whether there are any.
WHOLE = {"segment_ids"}
# These come as text or whole number from JSON.
CONVERT = {
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "float": float,
    "monetary": float,
}


@dataclass(frozen=True)
class Part:
    """One table of the statement.

    `names` are the columns with `id` first, or one many2many field. `lines` are the
    one2many fields of the model; `flushed` decides which rows are found.
    """

    place: int
    kind: Asked
    model: str
    names: tuple
    lines: tuple
    flushed: frozenset
    sql: SQL

    def filled(self, asked):
        """Return the SQL for ids, {Asked: list of ids}."""
        values = [
            asked[one] if isinstance(one, Asked) else one for one in self.sql.params
        ]
        return SQL(self.sql.code, *values)


class LoyaltyGateFetchMixin(models.AbstractModel):
    """Brings what the gate and a cart read of programs and cards into memory.

    Odoo reads each model by queries of its own, with all columns: some twenty for one
    check. Here it is one. What is in memory already stays as it is; what is not
    listed is read by Odoo as ever, when it is asked for.
    """

    _name = "loyalty.gate.fetch.mixin"
    _description = "The Gate: Reading"

    @api.model
    def _gate_fetched_fields(self):
        """Hook: return the fields that are read, as {model: names}.

        A one2many needs its model read, too, with the inverse among the names.
        """
        return {
            "loyalty.card": [
                "active",
                "code",
                "company_id",
                "expiration_date",
                "hold_ids",
                "issued_at",
                "member_ids",
                "order_id",
                "partner_id",
                "points",
                "program_id",
                "used_at",
                "voided_at",
            ],
            "loyalty.card.member": ["active", "card_id", "partner_id"],
            "loyalty.point.hold": ["card_id", "expires_at", "holder", "points"],
            "loyalty.program": self._gate_fetched_program_fields(),
            "loyalty.reward": [
                "active",
                "clear_wallet",
                "description",
                "discount",
                "discount_applicability",
                "discount_mode",
                "offer_kind",
                "program_id",
                "required_points",
                "reward_type",
            ],
            "loyalty.rule": [
                "active",
                "company_id",
                "minimum_amount",
                "minimum_amount_tax_mode",
                "minimum_qty",
                "mode",
                "product_category_id",
                "product_domain",
                "product_ids",
                "product_tag_id",
                "program_id",
                "reward_point_amount",
                "reward_point_mode",
                "reward_point_split",
            ],
            "loyalty.usage.window": [
                "date_from",
                "date_to",
                "hour_from",
                "hour_to",
                "kind",
                "program_id",
                "weekday",
            ],
            "res.partner": ["active", "commercial_partner_id", "user_ids"],
            "res.users": ["active", "partner_id"],
        }

    @api.model
    def _gate_fetched_program_fields(self):
        """Hook: return the names of the fields of programs that are read."""
        names = [name for name, _words in self._gate_channel_fields().values()]
        if "website_id" in self._fields:
            names.append("website_id")
        return [
            *dict.fromkeys(names),
            "active",
            "applies_on",
            "budget_amount",
            "company_id",
            "currency_id",
            "date_from",
            "date_to",
            "excluded_category_ids",
            "excluded_product_ids",
            "excluded_tag_ids",
            "first_order_only",
            "limit_period",
            "limit_usage",
            "margin_guard",
            "max_usage",
            "name",
            "pending_days",
            "per_customer_limit",
            "per_customer_period",
            "per_day_limit",
            "per_household_limit",
            "per_household_period",
            "period_limit",
            "points_step",
            "pricelist_ids",
            "program_type",
            "reward_ids",
            "rule_ids",
            "segment_ids",
            "stacking_group_id",
            "stacking_policy",
            "strict",
            "transferable",
            "trigger",
            "usage_window_ids",
            "validity_start_days",
        ]

    @api.model
    def _gate_fetch(self, cards, programs, partners):
        """Bring cards, programs and customers into memory, by at most two statements.

        What was brought before is left out.

        :param cards: `loyalty.card` records, which bring programs and owners along
        :param programs: `loyalty.program` records
        :param partners: `res.partner` records
        """
        if self.env.context.get("prefetch_langs"):
            return
        # Whoever asks the gate, it reads as the system.
        own = self.sudo()
        cards = cards.sudo()
        own._gate_run({Asked.CARDS: cards})
        own._gate_run(
            {
                Asked.PARTNERS: partners.sudo() | cards.partner_id,
                Asked.PROGRAMS: programs.sudo() | cards.program_id,
            }
        )

    @api.model
    def _gate_run(self, records):
        """Bring records into memory by one statement, {Asked: records}."""
        asked = {kind: self._gate_not_fetched(kind, records[kind]) for kind in records}
        wanted = {kind for kind, ids in asked.items() if ids}
        if not wanted:
            return
        parts = [
            part for part in self._gate_parts(self.env.lang) if part.kind in wanted
        ]
        for part in parts:
            self.env[part.model].flush_model(part.flushed)
        found = dict(
            self.env.execute_query(
                SQL(" UNION ALL ").join(part.filled(asked) for part in parts)
            )
        )
        ids = {}
        for part in parts:
            if part.names[0] == "id":
                ids[part.model] = self._gate_keep_columns(part, found[part.place])
        for part in parts:
            if part.names[0] == "id":
                self._gate_keep_lines(part, ids)
            else:
                self._gate_keep_links(part, ids[part.model], found[part.place])

    @api.model
    def _gate_not_fetched(self, kind, records):
        """Return the ids of saved records that were not brought into memory yet."""
        field = self.env[kind.value]._fields[MARK[kind]]
        return [one for one in field._cache_missing_ids(records) if one]

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
    def _gate_part(self, place, kind, model, column, names, lines):
        """Return one `Part`.

        :param column: the one that has the ids of what is asked for
        """
        fields, table = self.env[model]._fields, SQL.identifier(self.env[model]._table)
        condition = SQL("%s.%s = ANY(%s::int[])", table, SQL.identifier(column), kind)
        if names[0] == "id":
            sql = self._gate_rows_sql(place, model, column, names, condition)
        else:
            sql = self._gate_links_sql(place, fields[names[0]], column, kind)
        # An untranslated name is read as it is in English.
        flushed = {name for name in names if fields[name].translate} | {column}
        return Part(place, kind, model, names, lines, frozenset(flushed - {"id"}), sql)

    @api.model
    def _gate_rows_sql(self, place, model, column, names, condition):
        """Return SQL of the columns of a model, as JSON list of lists."""
        records = self.env[model].with_context(active_test=False)
        # Lines are put into the order of each owner: among owners there is none.
        order = records._order.removeprefix(f"{column}, ")
        query = records._search([], order="id" if column == "id" else order)
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

    @api.model
    def _gate_keep_columns(self, part, columns):
        """Put the rows of a model into memory.

        :param columns: list of lists, the ids first
        :return: ids of the rows
        """
        ids, *values = columns
        records = self.env[part.model].browse(ids or ())
        for name, column in zip(part.names[1:], values, strict=True):
            field = records._fields[name]
            convert = CONVERT.get(field.type)
            if convert and column:
                column = [one if one is None else convert(one) for one in column]
            field._insert_cache(records, column or ())
        return records.ids

    @api.model
    def _gate_keep_lines(self, part, ids):
        """Put the one2many fields of a model into memory, from the rows of others.

        :param ids: {model: ids of its rows}
        """
        records = self.env[part.model].browse(ids[part.model])
        for name in part.lines:
            field = records._fields[name]
            lines = self.env[field.comodel_name].browse(ids[field.comodel_name])
            owners = lines._fields[field.inverse_name]._get_cache(lines.env)
            found = defaultdict(list)
            for line_id in lines.ids:
                found[owners[line_id]].append(line_id)
            field._insert_cache(records, [tuple(found[one]) for one in records.ids])

    @api.model
    def _gate_keep_links(self, part, ids, rows):
        """Put a many2many field into memory, or which records have nothing in it.

        Odoo reads the others: it knows their order and who may see them.

        :param ids: ids of the records with the field
        :param rows: of a whole field [id, id of a link, whether that is active], else
            ids of the records that have something; None for no rows
        """
        records, rows = self.env[part.model].browse(ids), rows or ()
        field = records._fields[part.names[0]]
        if field.name not in WHOLE:
            records = records.browse(set(ids).difference(rows))
            field._insert_cache(records, [()] * len(records))
            return
        found = defaultdict(list)
        for record_id, line_id, _active in rows:
            found[record_id].append(line_id)
        field._insert_cache(records, [tuple(found[one]) for one in ids])
        lines = self.env[field.comodel_name].browse(
            line_id for _id, line_id, _a in rows
        )
        lines._fields["active"]._insert_cache(lines, [active for *_ids, active in rows])
