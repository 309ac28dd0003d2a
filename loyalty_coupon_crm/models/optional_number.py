from odoo import fields


class OptionalNumber:
    """A stored number that may be unknown: empty stays empty, on screen and in files.

    An unknown one reads as False, which counts as zero in sums; filters tell it from
    zero.
    """

    falsy_value = None

    def convert_to_column(self, value, record, values=None, validate=True):
        if value is None or value is False:
            return None
        return super().convert_to_column(value, record, values, validate)

    def convert_to_column_insert(self, value, record, values=None, validate=True):
        if value is None or value is False:
            return None
        return super().convert_to_column_insert(value, record, values, validate)

    def convert_to_cache(self, value, record, validate=True):
        if value is None or value is False:
            return None
        return super().convert_to_cache(value, record, validate)

    def convert_to_record(self, value, record):
        return False if value is None else value

    def convert_to_export(self, value, record):
        return "" if value is None or value is False else value


class OptionalFloat(OptionalNumber, fields.Float):
    """A float that may be unknown."""


class OptionalMonetary(OptionalNumber, fields.Monetary):
    """An amount of money that may be unknown."""
