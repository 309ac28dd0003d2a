from odoo import fields


class Rate(fields.Float):
    """A number that may be unknown: empty stays empty and never reads as zero.

    A report has computed it; groups have one of their own, by `_measures`.
    """

    aggregator = "avg"
    readonly = True
    _digits = (16, 1)

    def convert_to_record(self, value, record):
        return False if value is None else value

    def convert_to_export(self, value, record):
        return "" if value is None or value is False else value
