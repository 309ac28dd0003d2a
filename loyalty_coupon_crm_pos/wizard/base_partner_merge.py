from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        """Count the orders of merged customers together: Odoo drops what clashes."""
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self.env["loyalty.pos.customer"]._recount(dst_partner)
        return result
