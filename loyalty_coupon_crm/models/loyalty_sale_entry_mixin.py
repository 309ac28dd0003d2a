from contextlib import contextmanager

from odoo import models


class LoyaltySaleEntryMixin(models.AbstractModel):
    """What the entries of an order give to each card, beside many other entries."""

    _name = "loyalty.sale.entry.mixin"
    _description = "Entries of Points on Sales Orders"

    def _get_real_points_for_coupon(self, coupon, post_confirm=False):
        """Return the usable points.

        Odoo looks through all entries of the order for each card: a hundred promotions
        are ten thousand looks.
        """
        with self._loyalty_entries_of(coupon):
            return super()._get_real_points_for_coupon(
                coupon, post_confirm=post_confirm
            )

    @contextmanager
    def _loyalty_entries_of(self, card):
        """Have the order look as if it had no entries of other cards, in memory only.

        :param card: `loyalty.card` record
        """
        entries = self.coupon_point_ids
        if len(entries) < 2:
            yield
            return
        field, link = self._fields["coupon_point_ids"], entries._fields["coupon_id"]
        if any(link._cache_missing_ids(entries)):
            entries.mapped("coupon_id")
        cards = link._get_cache(self.env)
        own = tuple(one for one in entries._ids if cards[one] == card.id)
        field._update_cache(self, own)
        try:
            yield
        finally:
            field._update_cache(self, entries._ids)
