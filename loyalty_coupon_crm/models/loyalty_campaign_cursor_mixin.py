from odoo import api, models
from odoo.tools import SQL

CHUNK = 20_000


class LoyaltyCampaignCursorMixin(models.AbstractModel):
    """Up to which purchase a campaign has read, and up to which one it may read.

    Ids are given out when a row is written and seen when its transaction ends, so that
    a later id may be seen before an earlier one. A campaign therefore reads up to a
    settled id: whoever holds the lock that writing takes may still have an id below the
    last one given out; when all who held it at one moment have ended, none has.
    """

    _name = "loyalty.campaign.cursor.mixin"
    _description = "Campaigns: Purchases Read So Far"

    @api.model
    def _read_purchase_horizon(self):
        """Return the last id given out, and who may still write an id up to it.

        The order matters: an id is given out to somebody who holds the lock already.

        :return: tuple of the id and a list of virtual transactions
        """
        [[last]] = self.env.execute_query(
            SQL(
                "SELECT CASE WHEN is_called THEN last_value ELSE 0 END"
                " FROM loyalty_purchase_id_seq"
            )
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT virtualtransaction
                  FROM pg_locks
                 WHERE locktype = 'relation'
                   AND relation = 'loyalty_purchase'::regclass
                   AND database = (SELECT oid FROM pg_database
                                    WHERE datname = current_database())
                   AND mode = 'RowExclusiveLock'
                   AND granted
                   AND pid IS DISTINCT FROM pg_backend_pid()
                """
            )
        )
        return last, [row[0] for row in rows]

    def _settle_purchases(self):
        """Note up to which purchase the campaigns may read in the next transaction."""
        last, holders = self._read_purchase_horizon()
        waits = " ".join(holders)
        for campaign in self:
            earlier = set((campaign.horizon_waits or "").split())
            settled = campaign.settled_purchase_id
            vals = {}
            if not earlier & set(holders):
                settled = campaign.horizon_purchase_id if holders else last
                vals = {"horizon_purchase_id": last, "horizon_waits": waits or False}
            vals["settled_purchase_id"] = max(settled, campaign.settled_purchase_id)
            changed = {
                name: value for name, value in vals.items() if campaign[name] != value
            }
            if changed:
                campaign._write_own(changed)

    def _chunk_end(self):
        """Return the id up to which the campaign reads now; a trial reads all."""
        if not self.id:
            return self.settled_purchase_id
        return min(self.settled_purchase_id, self.cursor_purchase_id + CHUNK)

    def _move_cursor(self):
        """Note that the purchases of a chunk were looked at.

        :return: whether there are more
        """
        end = self._chunk_end()
        if end > self.cursor_purchase_id:
            self._write_own({"cursor_purchase_id": end})
        return end < self.settled_purchase_id
