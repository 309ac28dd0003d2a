from odoo import models
from odoo.tools import SQL


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        """Re-point our rows first: Odoo deletes those that clash with a constraint."""
        self._merge_campaign_members(src_partners, dst_partner)
        self._merge_segment_members(src_partners, dst_partner)
        self._merge_customer_metrics(src_partners, dst_partner)
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self.env["loyalty.purchase"]._sync_customers(dst_partner)
        return result

    def _merge_loyalty_cards(self, src_partners, dst_partner):
        """Move the wallets of merged customers, with a row on either side."""
        reason = self.env._(
            "Merged %(sources)s into %(target)s",
            sources=", ".join(src_partners.mapped("display_name")),
            target=dst_partner.display_name,
        )
        with self.env["loyalty.card"]._wallet_scope("transfer", reason=reason):
            return super()._merge_loyalty_cards(src_partners, dst_partner)

    def _merge_campaign_members(self, src_partners, dst_partner):
        """Keep every participation, also when both took part in the same campaign.

        The occasion of the merged row gets its own name, so that both rows stay.
        """
        self.env["loyalty.campaign.member"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE loyalty_campaign_member member
                   SET partner_id = %(target)s,
                       occasion = CASE WHEN EXISTS (
                            SELECT 1 FROM loyalty_campaign_member other
                             WHERE other.campaign_id = member.campaign_id
                               AND other.occasion = member.occasion
                               AND other.id != member.id
                               AND other.partner_id = ANY(%(all)s)
                               AND (other.partner_id = %(target)s
                                    OR other.id < member.id))
                            THEN member.occasion || '/merged ' || member.id
                            ELSE member.occasion END
                 WHERE partner_id = ANY(%(sources)s)
                """,
                target=dst_partner.id,
                sources=src_partners.ids,
                all=[*src_partners.ids, dst_partner.id],
            )
        )
        self.env["loyalty.campaign.member"].invalidate_model()

    def _merge_segment_members(self, src_partners, dst_partner):
        """Keep the dated history; of several open rows the exclusion stays open."""
        members = self.env["loyalty.segment.member"]
        members.flush_model()
        self.env.cr.execute(
            SQL(
                """
                WITH ranked AS (
                    SELECT id, ROW_NUMBER() OVER (
                               PARTITION BY segment_id
                               ORDER BY is_excluded DESC NULLS LAST,
                                        is_manual DESC NULLS LAST, id) AS place
                      FROM loyalty_segment_member
                     WHERE partner_id = ANY(%(all)s) AND date_to IS NULL)
                UPDATE loyalty_segment_member member
                   SET date_to = %(today)s
                  FROM ranked
                 WHERE ranked.id = member.id AND ranked.place > 1
                """,
                all=[*src_partners.ids, dst_partner.id],
                today=self.env.company._loyalty_today(),
            )
        )
        self.env.cr.execute(
            SQL(
                """
                UPDATE loyalty_segment_member SET partner_id = %(target)s
                 WHERE partner_id = ANY(%(sources)s)
                """,
                target=dst_partner.id,
                sources=src_partners.ids,
            )
        )
        members.invalidate_model()

    def _merge_customer_metrics(self, src_partners, dst_partner):
        """Drop the figures of those who vanish; the next refresh adds them up."""
        metrics = self.env["loyalty.customer.metric"]
        metrics.flush_model()
        self.env.cr.execute(
            SQL(
                "DELETE FROM loyalty_customer_metric WHERE partner_id = ANY(%s)",
                src_partners.ids,
            )
        )
        metrics.invalidate_model()
