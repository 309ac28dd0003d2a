import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";

patch(PosOrder.prototype, {
    /**
     * Return what a member has to confirm before payment; the server asks the same.
     *
     * @returns {{amount: number, partnerId: number|false}} 0 for nothing
     */
    getToConfirm() {
        const least = this.config.loyalty_confirm_amount;
        const lines = this.lines.filter(
            (line) => line.is_reward_line && line.coupon_id?.partner_id
        );
        const partner = this.getPartner() || lines[0]?.coupon_id.partner_id;
        const amount = this.currency.round(
            lines.reduce((sum, line) => sum - line.prices.total_included, 0)
        );
        const confirmed = this.uiState.confirmed;
        const isOwn = confirmed && confirmed.partnerId === partner?.id;
        const done = isOwn ? confirmed.amount : 0;
        if (!least || !partner || amount < least || amount <= done) {
            return { amount: 0, partnerId: partner?.id || false };
        }
        return { amount, partnerId: partner.id };
    },
});
