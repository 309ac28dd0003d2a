from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge_loyalty_cards(self, src_partners, dst_partner):
        """Move the wallets of merged customers, with a row on either side."""
        reason = self.env._(
            "Merged %(sources)s into %(target)s",
            sources=", ".join(src_partners.mapped("display_name")),
            target=dst_partner.display_name,
        )
        with self.env["loyalty.card"]._wallet_scope("transfer", reason=reason):
            return super()._merge_loyalty_cards(src_partners, dst_partner)
