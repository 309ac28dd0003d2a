from collections import defaultdict
from datetime import date, datetime

from odoo import api, models

from .loyalty_gate_parts_mixin import UNSORTED, VERSIONS, WHOLE, Asked, filled

# Where this one is in memory, so is the rest.
MARK = {
    Asked.CARDS: "hold_ids",
    Asked.PARTNERS: "user_ids",
    Asked.PROGRAMS: "usage_window_ids",
}
# These come as text or whole number from JSON.
CONVERT = {
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "float": float,
    "monetary": float,
}


class LoyaltyGateFetchMixin(models.AbstractModel):
    """Brings what the gate and a cart read of programs and cards into memory.

    Odoo reads each model by queries of its own, with all columns: some twenty for one
    check. Here it is one, as programs are kept (`loyalty.gate.terms.mixin`). What is in
    memory already stays as it is; what is not listed is read by Odoo as ever, when it
    is asked for.
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
        """Bring cards, programs and customers into memory, mostly by one statement.

        What was brought before is left out.

        :param cards: `loyalty.card` records, which bring programs and owners along
        :param programs: `loyalty.program` records
        :param partners: `res.partner` records
        """
        if self.env.context.get("prefetch_langs"):
            return
        # Whoever asks the gate, it reads as the system.
        own, cards, programs = self.sudo(), cards.sudo(), programs.sudo()
        if not any(cards._fields["program_id"]._cache_missing_ids(cards)):
            programs |= cards.program_id
        versions = own._gate_run(
            {
                Asked.CARDS: cards,
                Asked.PARTNERS: partners.sudo(),
                Asked.PROGRAMS: programs,
            }
        )
        own._gate_run({Asked.PARTNERS: cards.partner_id})
        own._gate_fetch_terms(programs | cards.program_id, versions)

    @api.model
    def _gate_run(self, records):
        """Bring cards and customers into memory by one statement.

        :param records: {Asked: records}; of programs only the versions are read
        :return: versions of the programs asked for, and of those of the cards, as of
            `_gate_fetch_terms`
        """
        asked = {kind: self._gate_not_fetched(kind, records[kind]) for kind in records}
        wanted = {kind for kind, ids in asked.items() if ids}
        if not wanted:
            return {}
        parts = self._gate_parts_of(*wanted - {Asked.PROGRAMS})
        known = {
            part.place: rows
            for part in parts
            if (rows := self._gate_in_memory(part, asked[part.kind]))
        }
        found, read = self._gate_read(
            [part for part in parts if part.place not in known],
            asked,
            versions=not wanted.isdisjoint((Asked.CARDS, Asked.PROGRAMS)),
        )
        self._gate_keep(parts, found | known)
        return read

    @api.model
    def _gate_in_memory(self, part, ids):
        """Return the rows of a part from memory, where Odoo reads it with an order.

        :return: list of tuples, the id first, or None when one is not there
        """
        if part.model != "res.partner":
            return None
        fields = self.env[part.model]._fields
        columns = [fields[name]._get_cache(self.env) for name in part.names[1:]]
        if not all(one in column for column in columns for one in ids):
            return None
        return [(one, *(column[one] for column in columns)) for one in ids]

    @api.model
    def _gate_read(self, parts, asked, versions):
        """Return what the database has of some parts, read by one statement.

        :param parts: list of `Part`
        :param asked: {Asked: list of ids}
        :param versions: read the versions of programs, and of those of cards, along
        :return: {place of the part: its rows, as of `_gate_keep`}, and the versions
        """
        self._gate_flush(parts, versions)
        places = tuple(part.place for part in parts)
        if versions:
            places = (*places, VERSIONS)
        cards = self.env["loyalty.card"].browse(asked.get(Asked.CARDS))
        lacking = cards._fields["program_id"]._cache_missing_ids(cards)
        by_card = versions and any(lacking)
        statement = self._gate_statement(self.env.lang, places, by_card)
        found = defaultdict(list)
        for place, row in self.env.execute_query(filled(statement, asked)):
            found[place].append(row)
        read = defaultdict(list)
        for program_id, version in found[VERSIONS]:
            read[program_id].append(version)
        return (
            {
                part.place: self._gate_converted(part, found[part.place])
                for part in parts
            },
            {program_id: tuple(sorted(rows)) for program_id, rows in read.items()},
        )

    @api.model
    def _gate_flush(self, parts, versions):
        """Write what decides which rows of parts, and of programs, are found."""
        transaction = self.env.transaction
        if not (transaction.field_dirty or transaction.tocompute):
            return
        if versions:
            parts = [*parts, *self._gate_parts_of(Asked.PROGRAMS)]
        for part in parts:
            self.env[part.model].flush_model(part.flushed)

    @api.model
    def _gate_keep(self, parts, found):
        """Put what was read into memory; what is there already stays.

        :param found: {place of a part: list of rows}; a row of a many2many field is
            [id, id of a link, whether that is active], or the id of a record that has
            something
        """
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
    def _gate_converted(self, part, read):
        """Return rows of a part, as `_gate_keep` takes them, from what JSON gives.

        :param read: what the statement gives of the part: its rows if it is plain, else
            one list, of columns of a model (each a list or None) or of links
        """
        if part.names[0] != "id":
            return read[0] or []
        if part.is_plain:
            # Ids differ: no other column is compared.
            read = [[*zip(*sorted(read), strict=True)]]
        if not read[0] or not read[0][0]:
            return []
        ids, *columns = read[0]
        fields = self.env[part.model]._fields
        converted = [ids]
        for name, column in zip(part.names[1:], columns, strict=True):
            convert = CONVERT.get(fields[name].type)
            if convert:
                column = [one if one is None else convert(one) for one in column]
            converted.append(column)
        return list(zip(*converted, strict=True))

    @api.model
    def _gate_keep_columns(self, part, rows):
        """Put the rows of a model into memory.

        :param rows: list of tuples, the id first
        :return: ids of the rows
        """
        if not rows:
            return ()
        ids, *columns = zip(*rows, strict=True)
        records = self.env[part.model].browse(ids)
        for name, column in zip(part.names[1:], columns, strict=True):
            records._fields[name]._insert_cache(records, column)
        return ids

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
            if lines._name in UNSORTED:
                records = records.filtered(lambda one, own=found: len(own[one.id]) < 2)
            field._insert_cache(records, [tuple(found[one]) for one in records.ids])

    @api.model
    def _gate_keep_links(self, part, ids, rows):
        """Put a many2many field into memory, or which records have nothing in it.

        Odoo reads the others: it knows their order and who may see them.

        :param ids: ids of the records with the field
        :param rows: of a whole field [id, id of a link, whether that is active], else
            ids of the records that have something
        """
        records = self.env[part.model].browse(ids)
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
