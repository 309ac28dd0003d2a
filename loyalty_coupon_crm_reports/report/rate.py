from odoo import fields


class Rate(fields.Float):
    """A number that may be unknown: empty stays empty and never reads as zero.

    A report has computed it; groups have one of their own, by `_measures`.
    """

    def __init__(self, string, digits=(16, 1), **options):
        options = {"aggregator": "avg", "readonly": True, **options}
        super().__init__(string, digits, **options)

    def convert_to_record(self, value, record):
        return False if value is None else value

    def convert_to_export(self, value, record):
        return "" if value is None or value is False else value
