import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";
// Ours goes on top, whatever the order of the files.
import "@loyalty_coupon_crm_pos/app/models/pos_order_conditions";

patch(PosOrder.prototype, {
    /**
     * Note that a manager allows a card although the order lacks what it asks for.
     */
    allowBelowMinimum(code) {
        this.uiState.allowedCodes = [...(this.uiState.allowedCodes || []), code];
    },

    _canGenerateRewards(program) {
        const allowed = this.uiState.allowedCodes || [];
        const isAllowed =
            allowed.length &&
            this._code_activated_coupon_ids.some(
                (card) =>
                    card.program_id?.id === program.id && allowed.includes(card.code)
            );
        return Boolean(isAllowed) || super._canGenerateRewards(...arguments);
    },
});
