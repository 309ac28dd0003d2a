from odoo import api, models


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    @api.model
    def _load_pos_data_fields(self, config):
        """Tell the till whether our rules are on, and how points are given."""
        names = super()._load_pos_data_fields(config)
        return [
            *names,
            "expire_after",
            "expire_inactive_days",
            "expire_month",
            "goodwill",
            "pending_days",
            "points_step",
            "strict",
        ]

    def _compute_total_order_count(self):
        result = super()._compute_total_order_count()
        self._count_confirmed_uses()
        return result

    @api.model
    def _gate_channel_fields(self):
        words = self.env._("at the till")
        return {**super()._gate_channel_fields(), "pos": ("pos_ok", words)}

    @api.model
    def _gate_channel(self, use):
        """Return a blocker at a till at which the program is not offered."""
        blockers = super()._gate_channel(use)
        till = use.shop or (use.document and use.channel == "pos" and use.document)
        if till and till._name == "pos.order":
            till = till.config_id
        tills = use.program.pos_config_ids
        if blockers or not till or not tills or till in tills:
            return blockers
        message = self.env._(
            "%(program)s can be used at %(tills)s only.",
            program=use.program.name,
            tills=", ".join(tills.mapped("name")),
        )
        return [("shop", message)]
