from contextlib import contextmanager

from odoo import models


class LoyaltySalePoolMixin(models.AbstractModel):
    """Orders of members earn to and spend from the wallet they share."""

    _name = "loyalty.sale.pool.mixin"
    _description = "Pooled Wallets on Sales Orders"

    def _update_programs_and_rewards(self):
        """Bring the shared wallets of the customer onto the order before Odoo looks.

        Odoo takes an entry off whose card belongs to somebody else: while it runs, a
        member stands in for the owner, in memory only.
        """
        wallets = self._loyalty_pooled_wallets()
        self._loyalty_drop_strange_pools(wallets)
        if not wallets:
            return super()._update_programs_and_rewards()
        self._loyalty_bring_pools(wallets)
        with self._loyalty_stand_in(wallets):
            return super()._update_programs_and_rewards()

    def _get_real_points_for_coupon(self, coupon, post_confirm=False):
        """Return the usable points: of a shared wallet, not above the limit."""
        points = super()._get_real_points_for_coupon(coupon, post_confirm=post_confirm)
        member = coupon._member(self.partner_id)
        if not member or self.state == "sale":
            return points
        lines = self.order_line.filtered(lambda line: line.coupon_id == coupon)
        left = member._left(document=self) - sum(lines.mapped("points_cost"))
        return min(points, max(left, 0.0))

    def _loyalty_pooled_wallets(self):
        """Return the shared wallets that the customer of the order is a member of."""
        self.ensure_one()
        if not self._allow_nominative_programs():
            return self.env["loyalty.card"]
        members = self.env["loyalty.card.member"]
        return members._wallets_of(self.partner_id, self.company_id)

    def _loyalty_drop_strange_pools(self, wallets):
        """Take shared wallets off whose members the customer is not among.

        :param wallets: shared wallets of the customer
        """
        entries = self.coupon_point_ids
        strange = (self.applied_coupon_ids | entries.coupon_id).filtered(
            lambda card: (
                card.sudo().member_ids
                and card not in wallets
                and not card._is_owner(self.partner_id)
            )
        )
        if strange and self.state != "sale":
            self.applied_coupon_ids -= strange
            # Odoo writes these entries as the system, too.
            entries.filtered(lambda row: row.coupon_id in strange).sudo().unlink()

    def _loyalty_bring_pools(self, wallets):
        """Have the order earn to the wallets, and offer what is on them."""
        programs = self.env["loyalty.program"].search(
            [("id", "in", wallets.program_id.ids), *self._get_program_domain()]
        )
        here = wallets.filtered(lambda card: card.program_id in programs)
        if self.state != "sale":
            self._loyalty_earn_to_pools(here)
        filled = here.filtered(lambda card: card.points > 0)
        if filled - self.applied_coupon_ids:
            self.applied_coupon_ids |= filled

    def _loyalty_earn_to_pools(self, wallets):
        """Write what the order gives to the wallets before Odoo does.

        It would make a card of the member's own for a program without points yet.
        """
        programs = wallets.program_id.filtered(
            lambda program: (
                program.trigger == "auto"
                and "auto" in program.rule_ids.mapped("mode")
                and program not in self._get_points_programs()
            )
        )
        if not programs:
            return
        status = self._program_check_compute_points(programs)
        given = {}
        for card in wallets:
            points = status.get(card.program_id, {}).get("points", [0])[0]
            if points:
                given[card] = points
        self._add_points_for_coupon(given)

    @contextmanager
    def _loyalty_stand_in(self, wallets):
        """Have wallets look like the customer's own in memory, never in the database.

        :param wallets: shared wallets of the customer
        """
        field = wallets._fields["partner_id"]
        wallets.flush_recordset(["partner_id"])
        for wallet in wallets:
            field._update_cache(wallet, self.partner_id.id)
        try:
            yield
        finally:
            wallets.invalidate_recordset(["partner_id"], flush=False)
