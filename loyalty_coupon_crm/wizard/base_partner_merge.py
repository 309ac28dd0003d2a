from odoo import models
from odoo.fields import Command
from odoo.tools import SQL


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        """Re-point our rows first: Odoo deletes those that clash with a constraint."""
        self._log_loyalty_merge(src_partners, dst_partner)
        self._merge_campaign_members(src_partners, dst_partner)
        self._merge_segment_members(src_partners, dst_partner)
        self._merge_customer_metrics(src_partners, dst_partner)
        self._merge_card_members(src_partners, dst_partner)
        refresh = self.env["loyalty.daily.refresh"]
        refresh._forget_customers(src_partners | dst_partner)
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self.env["loyalty.purchase"]._sync_customers(dst_partner)
        refresh._relearn_customers(dst_partner)
        # Whoever merges contacts need not have a role in loyalty.
        self.env["loyalty.use.counter"].sudo()._merge_customers(
            src_partners, dst_partner
        )
        return result

    def _log_loyalty_merge(self, src_partners, dst_partner):
        """Note what the customers had, so that the merge can be undone."""
        # Whoever merges contacts need not have a role in loyalty.
        merges = self.env["loyalty.partner.merge"].sudo()
        merges.create(
            {
                "name": ", ".join(src_partners.mapped("display_name")),
                "partner_id": dst_partner.id,
                "snapshot": merges._take_snapshot(src_partners),
            }
        )

    def _merge_loyalty_cards(self, src_partners, dst_partner):
        """Move the wallets of merged customers, with a row on either side.

        Each award keeps the terms it was given with.
        """
        reason = self.env._(
            "Merged %(sources)s into %(target)s",
            sources=", ".join(src_partners.mapped("display_name")),
            target=dst_partner.display_name,
        )
        cards = self.env["loyalty.card"].sudo()
        wallets = cards.search([("partner_id", "in", src_partners.ids)]).filtered(
            "program_id.is_nominative"
        )
        points = {card: card.points for card in wallets if card.points}
        with cards._wallet_scope("transfer", reason=reason) as scope:
            result = super()._merge_loyalty_cards(src_partners, dst_partner)
            emptied = [card for card in points if not card.active]
            targets = [card._merge_target(dst_partner) for card in emptied]
            keys = [
                card._plan_merge(scope, target, points[card], reason)
                for card, target in zip(emptied, targets, strict=True)
            ]
        lines = [
            {
                "card_id": card.id,
                "target_card_id": target.id,
                "points": points[card],
                "move_id": cards._link_merge(key).id,
            }
            for card, target, key in zip(emptied, targets, keys, strict=True)
        ]
        self._log_merged_wallets(lines, dst_partner)
        return result

    def _log_merged_wallets(self, lines, dst_partner):
        """Note which wallets were emptied into which.

        :param lines: values of `loyalty.partner.merge.line`
        """
        merge = self.env["loyalty.partner.merge"].sudo()
        merge = merge.search([("partner_id", "=", dst_partner.id)], limit=1)
        if merge and not merge.line_ids:
            merge.line_ids = [Command.create(line) for line in lines]

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

    def _merge_card_members(self, src_partners, dst_partner):
        """Keep who shares a wallet; of two memberships the older one stays open."""
        members = self.env["loyalty.card.member"]
        members.flush_model()
        self.env.cr.execute(
            SQL(
                """
                WITH ranked AS (
                    SELECT member.id, card.partner_id = ANY(%(all)s) AS own,
                           ROW_NUMBER() OVER (
                               PARTITION BY member.program_id ORDER BY member.id
                           ) AS place
                      FROM loyalty_card_member member
                      JOIN loyalty_card card ON card.id = member.card_id
                     WHERE member.partner_id = ANY(%(all)s) AND member.active)
                UPDATE loyalty_card_member member SET active = FALSE
                  FROM ranked
                 WHERE ranked.id = member.id AND (ranked.own OR ranked.place > 1)
                """,
                all=[*src_partners.ids, dst_partner.id],
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
