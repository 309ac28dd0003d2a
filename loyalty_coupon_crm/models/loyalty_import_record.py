from odoo import api, models
from odoo.tools import SQL

# Columns that tell one record from another; every other one is copied.
OWN_COLUMNS = {
    "res.partner": {
        "name": SQL("new.title"),
        "complete_name": SQL("new.title"),
        "ref": SQL("new.ref"),
        "commercial_partner_id": SQL("new.id"),
    },
    "product.template": {
        "name": SQL("jsonb_build_object('en_US', new.title)"),
        "default_code": SQL("new.ref"),
        "categ_id": SQL("COALESCE(new.categ_id, pattern.categ_id)"),
    },
    "product.product": {
        "default_code": SQL("new.ref"),
        "product_tmpl_id": SQL("new.template_id"),
    },
}


class LoyaltyImportRecord(models.AbstractModel):
    """Customers and products that an import finds missing, many at once.

    Odoo creates some thirty products a second. One record is created by Odoo, with the
    rights of the user and every default of every add-on; the others are copies of its
    row with a reference, a name and a category of their own.
    """

    _name = "loyalty.import.record"
    _description = "Records Created by an Import"

    @api.model
    def _create_customers(self, company):
        """Create the customers of the import that no contact matches.

        :return: how many
        """
        count = self._count_missing("loyalty_import_customer")
        if not count:
            return 0
        pattern = self._quiet("res.partner").create({"name": "Import"})
        self.env.flush_all()
        self._number("loyalty_import_customer", "record_id", "res.partner")
        self._copy_rows(pattern, "loyalty_import_customer", "record_id")
        pattern.unlink()
        self.env["res.partner"].invalidate_model()
        return count

    @api.model
    def _create_products(self, company):
        """Create the products of the import that nothing matches.

        :return: how many
        """
        count = self._count_missing("loyalty_import_product")
        if not count:
            return 0
        self._create_categories()
        pattern = self._quiet("product.product").create(
            {"name": "Import", "type": "consu"}
        )
        self.env.flush_all()
        self.env.cr.execute(
            SQL("ALTER TABLE loyalty_import_product ADD template_id integer")
        )
        self._number("loyalty_import_product", "template_id", "product.template")
        self._number("loyalty_import_product", "record_id", "product.product")
        self._copy_rows(
            pattern.product_tmpl_id, "loyalty_import_product", "template_id"
        )
        self._copy_rows(pattern, "loyalty_import_product", "record_id")
        pattern.product_tmpl_id.unlink()
        self.env["product.template"].invalidate_model()
        self.env["product.product"].invalidate_model()
        return count

    def _quiet(self, model):
        """Return a model whose records are created without a word in the chatter."""
        return self.env[model].with_context(
            tracking_disable=True, mail_create_nolog=True, mail_create_nosubscribe=True
        )

    def _count_missing(self, table):
        [(count,)] = self.env.execute_query(
            SQL("SELECT COUNT(*) FROM %s WHERE found = 0", SQL.identifier(table))
        )
        return count

    def _create_categories(self):
        """Note the category of each missing product; a new name is a new one."""
        self.env.cr.execute(
            SQL("ALTER TABLE loyalty_import_product ADD categ_id integer")
        )
        names = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT category FROM loyalty_import_product
                 WHERE found = 0 AND category IS NOT NULL ORDER BY 1
                """
            )
        )
        categories = self.env["product.category"]
        known = {
            category.name: category
            for category in categories.search(
                [("name", "in", [name for [name] in names])], order="id desc"
            )
        }
        missing = [name for [name] in names if name not in known]
        for category in categories.create([{"name": name} for name in missing]):
            known[category.name] = category
        self.env.flush_all()
        if known:
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE loyalty_import_product file SET categ_id = category.id
                      FROM (VALUES %s) category (name, id)
                     WHERE category.name = file.category AND file.found = 0
                    """,
                    SQL(", ").join(
                        SQL("(%s, %s)", name, category.id)
                        for name, category in known.items()
                    ),
                )
            )

    def _number(self, table, column, model):
        """Give each missing record the id that it will have."""
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET %s = nextval(%s) WHERE found = 0",
                SQL.identifier(table),
                SQL.identifier(column),
                f"{self.env[model]._table}_id_seq",
            )
        )

    def _copy_rows(self, pattern, table, id_column):
        """Copy the row of a record, and its many-to-many rows, for each missing one.

        :param pattern: the record that Odoo created
        :param table: temporary table with the missing records
        :param id_column: column of the table with the ids of the copies
        """
        new = SQL(
            """
            (SELECT missing.*, missing.%s AS id,
                    COALESCE(missing.name, missing.ref) AS title
               FROM %s missing WHERE found = 0) new
            """,
            SQL.identifier(id_column),
            SQL.identifier(table),
        )
        own = OWN_COLUMNS[pattern._name]
        names = [
            field.name
            for field in pattern._fields.values()
            if field.store and field.column_type and field.name != "id"
        ]
        self.env.cr.execute(
            SQL(
                "INSERT INTO %(table)s (id, %(names)s) SELECT new.id, %(values)s"
                " FROM %(table)s pattern CROSS JOIN %(new)s WHERE pattern.id = %(id)s",
                table=SQL.identifier(pattern._table),
                names=SQL(", ").join(SQL.identifier(name) for name in names),
                values=SQL(", ").join(
                    own.get(name, SQL.identifier("pattern", name)) for name in names
                ),
                new=new,
                id=pattern.id,
            )
        )
        self._copy_relations(pattern, new)

    def _copy_relations(self, pattern, new):
        """Copy the many-to-many rows: taxes for one."""
        relations = {
            (field.relation, field.column1, field.column2)
            for field in pattern._fields.values()
            if field.type == "many2many" and field.store and not field.inherited
        }
        for relation, own, other in sorted(relations):
            self.env.cr.execute(
                SQL(
                    "INSERT INTO %(relation)s (%(own)s, %(other)s)"
                    " SELECT new.id, rel.%(other)s FROM %(relation)s rel"
                    " CROSS JOIN %(new)s WHERE rel.%(own)s = %(id)s",
                    relation=SQL.identifier(relation),
                    own=SQL.identifier(own),
                    other=SQL.identifier(other),
                    new=new,
                    id=pattern.id,
                )
            )
