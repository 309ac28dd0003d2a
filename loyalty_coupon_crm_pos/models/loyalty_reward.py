import ast

from odoo import api, models
from odoo.fields import Domain


class LoyaltyReward(models.Model):
    _inherit = "loyalty.reward"

    @api.model
    def _load_pos_data_fields(self, config):
        """Let the till compute offers on several items."""
        return [*super()._load_pos_data_fields(config), "offer_data", "offer_times"]

    def _get_reward_product_domain_fields(self, config):
        """Return the fields of products that a till may evaluate domains of rewards by.

        Odoo builds the domain of every reward for that; what differs in their fields is
        what somebody wrote.
        """
        groups = self._read_group(
            [("discount_product_domain", "not in", (False, "[]"))],
            ["discount_product_domain"],
        )
        names = {"categ_id", "all_product_tag_ids"}
        for (written,) in groups:
            conditions = Domain(ast.literal_eval(written)).iter_conditions()
            names.update(condition.field_expr for condition in conditions)
        return names
