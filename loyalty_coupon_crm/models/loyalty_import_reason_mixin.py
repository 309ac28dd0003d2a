from odoo import api, models


class LoyaltyImportReasonMixin(models.AbstractModel):
    """What can be wrong with a file, in words for who imports it."""

    _name = "loyalty.import.reason.mixin"
    _description = "Words for Problems of Imports"

    @api.model
    def _explain(self, problem):
        """Return what is wrong and what to do, in words."""
        return {**self._file_reasons(), **self._row_reasons()}[problem.code] % {
            "column": problem.column,
            "value": problem.value,
        }

    def _file_reasons(self):
        """Return {code: sentence} for files as a whole."""
        return {
            "empty": self.env._("The file is empty."),
            "encoding": self.env._(
                "The text is not in %(value)s. Choose the encoding of the file."
            ),
            "binary": self.env._("This is neither a CSV nor a Parquet file."),
            "broken_csv": self.env._("The CSV cannot be read: %(value)s"),
            "broken_parquet": self.env._("The Parquet file cannot be read: %(value)s"),
            "no_parquet": self.env._(
                "Parquet files need the Python library pyarrow on the server. Install "
                "it, or export the file as CSV."
            ),
            "too_many_values": self.env._("The line has more values than the header."),
            "unknown_column": self.env._(
                "No column is called %(column)s. Remove or rename it."
            ),
            "double_column": self.env._("The column %(column)s is there twice."),
            "missing_column": self.env._("The column %(column)s is missing."),
        }

    def _row_reasons(self):
        """Return {code: sentence} for single rows."""
        return {
            "missing_value": self.env._("A value is required."),
            "control_character": self.env._(
                "%(value)s holds a character that is not text."
            ),
            "not_a_number": self.env._("%(value)s is no number. Write 1234.56."),
            "absurd_number": self.env._("%(value)s is no amount that can be."),
            "not_a_date": self.env._(
                "%(value)s is no date. Write 2026-03-31 23:59:00."
            ),
            "future_date": self.env._("%(value)s has not come yet."),
            "ancient_date": self.env._("%(value)s is too long ago."),
            "unknown_choice": self.env._(
                "%(value)s is no channel. Use sale, website, pos or import."
            ),
            "unknown_customer": self.env._(
                "No contact has the reference %(value)s. Correct it, or have unknown "
                "customers created."
            ),
            "several_customers": self.env._(
                "Several contacts have the reference %(value)s. Merge them first."
            ),
            "unknown_product": self.env._(
                "No product has the reference or barcode %(value)s. Correct it, or "
                "have unknown products created."
            ),
            "several_products": self.env._(
                "Several products have the reference or barcode %(value)s."
            ),
            "basket_differs": self.env._(
                "The lines of %(value)s do not agree on %(column)s: they are one "
                "purchase."
            ),
            "unknown_refund": self.env._("No purchase is called %(value)s."),
            "unknown_purchase": self.env._("No imported purchase is called %(value)s."),
            "unknown_code": self.env._("No card has the code %(value)s."),
            "double_ref": self.env._("%(value)s is in the file more than once."),
            "not_enough_points": self.env._(
                "The card %(value)s has fewer points than its uses in the file."
            ),
            "unknown_program": self.env._(
                "No active points card or eWallet program is called %(value)s."
            ),
            "several_programs": self.env._(
                "Several points card or eWallet programs are called %(value)s. Rename "
                "one of them."
            ),
            "no_points": self.env._(
                "%(value)s is no balance. Write the points that are left, above zero."
            ),
            "lapsed_award": self.env._(
                "%(value)s has passed. Leave points out that have lapsed."
            ),
            "early_expiry": self.env._("%(value)s is before the day of the award."),
        }
