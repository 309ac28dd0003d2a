import { PosData } from "@point_of_sale/app/services/data_service";
import { ConnectionLostError } from "@web/core/network/rpc";
import { patch } from "@web/core/utils/patch";

/**
 * The call for the points of paid orders is kept until the server has answered: the
 * order itself counts as sent by then, and nobody would call again.
 */
patch(PosData.prototype, {
    async call(model, method, args = []) {
        if (model !== "pos.order" || method !== "confirm_coupon_programs") {
            return super.call(...arguments);
        }
        this.keepUnconfirmed(args);
        try {
            const payload = await super.call(...arguments);
            this.dropUnconfirmed(args);
            return payload;
        } catch (error) {
            if (!(error instanceof ConnectionLostError)) {
                this.dropUnconfirmed(args);
            }
            throw error;
        }
    },

    get unconfirmedKey() {
        return `loyalty_unconfirmed_${odoo.pos_config_id}-${odoo.info?.db}`;
    },

    /**
     * Return the arguments of calls that the server did not answer. They outlive a
     * reload.
     *
     * @returns {Array[]} id of the order, and what it claims
     */
    getUnconfirmed() {
        return JSON.parse(localStorage.getItem(this.unconfirmedKey) || "[]");
    },

    keepUnconfirmed(args) {
        this._setUnconfirmed([...this._getOtherUnconfirmed(args), args]);
    },

    dropUnconfirmed(args) {
        this._setUnconfirmed(this._getOtherUnconfirmed(args));
    },

    _getOtherUnconfirmed([orderId]) {
        return this.getUnconfirmed().filter(([id]) => id !== orderId);
    },

    _setUnconfirmed(calls) {
        localStorage.setItem(this.unconfirmedKey, JSON.stringify(calls));
    },
});
