import { PosStore } from "@point_of_sale/app/services/pos_store";
import { ConnectionLostError } from "@web/core/network/rpc";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
// Ours goes on top, whatever the order of the files.
import "@loyalty_coupon_crm_pos/app/services/data_service";
import "@loyalty_coupon_crm_pos/app/services/pos_store_offline";

patch(PosStore.prototype, {
    async syncAllOrders() {
        // What is asked for by this very call is not asked for twice.
        const unconfirmed = this.data.getUnconfirmed();
        const result = await super.syncAllOrders(...arguments);
        await this.confirmAgain(unconfirmed);
        return result;
    },

    /**
     * Ask for the points of orders whose answer never came; the server books them once.
     *
     * @param {Array[]} calls arguments of the calls
     */
    async confirmAgain(calls) {
        for (const args of calls) {
            if (this.data.network.offline) {
                return;
            }
            try {
                const payload = await this.data.call(
                    "pos.order",
                    "confirm_coupon_programs",
                    args
                );
                for (const { id, points } of payload.coupon_updates || []) {
                    const card = this.models["loyalty.card"].get(id);
                    if (card) {
                        card.points = points;
                    }
                }
            } catch (error) {
                if (error instanceof ConnectionLostError) {
                    return;
                }
                this.notification.add(
                    _t(
                        "The points of an earlier order could not be booked. Tell who looks after the tills: order %s.",
                        args[0]
                    ),
                    { type: "danger", sticky: true }
                );
            }
        }
    },
});
