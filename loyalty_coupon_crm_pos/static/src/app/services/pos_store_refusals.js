import { PosStore } from "@point_of_sale/app/services/pos_store";
import { serializeDateTime } from "@web/core/l10n/dates";
import { patch } from "@web/core/utils/patch";
// Ours goes on top, whatever the order of the files.
import "@loyalty_coupon_crm_pos/app/services/pos_store_unconfirmed";

const { DateTime } = luxon;
// The server takes no more at once; of more the newest are kept.
const MOST_KEPT = 50;

/**
 * What the till refuses without connection is kept, also over a reload, and told to the
 * server when it is connected again: the server finds its own words for the reasons.
 */
patch(PosStore.prototype, {
    async syncAllOrders() {
        const result = await super.syncAllOrders(...arguments);
        await this.sendRefusals();
        return result;
    },

    get refusalsKey() {
        return `loyalty_refusals_${this.config.id}`;
    },

    getKeptRefusals() {
        return JSON.parse(localStorage.getItem(this.refusalsKey) || "[]");
    },

    setKeptRefusals(rows) {
        localStorage.setItem(this.refusalsKey, JSON.stringify(rows));
    },

    /**
     * Keep what was refused.
     *
     * @param {Object} order
     * @param {string} reason as of `pos.config.log_offline_refusals`
     * @param {{code?: string, cardId?: number, programId?: number}} subject
     * @override
     */
    keepRefusal(order, reason, { code = false, cardId = false, programId = false }) {
        const partnerId = order?.getPartner()?.id;
        const row = {
            at: serializeDateTime(DateTime.now()),
            reason,
            code,
            card_id: cardId,
            program_id: programId,
            partner_id: typeof partnerId === "number" ? partnerId : false,
        };
        this.setKeptRefusals([...this.getKeptRefusals(), row].slice(-MOST_KEPT));
    },

    /**
     * Tell the server what was refused meanwhile; what it did not hear is kept.
     */
    async sendRefusals() {
        const rows = this.getKeptRefusals();
        if (!rows.length || this.data.network.offline) {
            return;
        }
        const heard = await this.data.silentCall("pos.config", "log_offline_refusals", [
            [this.config.id],
            rows,
        ]);
        if (typeof heard === "number") {
            const sent = rows.map((row) => JSON.stringify(row));
            this.setKeptRefusals(
                this.getKeptRefusals().filter(
                    (row) => !sent.includes(JSON.stringify(row))
                )
            );
        }
    },
});
