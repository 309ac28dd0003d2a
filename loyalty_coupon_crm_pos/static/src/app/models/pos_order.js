import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";
// Ours goes on top of Odoo's, whatever the order of the files.
import "@pos_loyalty/app/models/pos_order";

patch(PosOrder.prototype, {
    /**
     * Leave out what cannot be spent now: pending points, lapsed points, and those this
     * order earns when they have to wait.
     */
    _getRealCouponPoints(couponId) {
        const points = super._getRealCouponPoints(...arguments);
        const card = this.models["loyalty.card"].get(couponId);
        return points - (card?.blocked_points || 0) - this._getPendingGain(couponId);
    },

    /**
     * Return the points that the order gives to a card and that have to wait.
     */
    _getPendingGain(couponId) {
        const change = Object.values(this.uiState.couponPointChanges).find(
            (one) => one.coupon_id === couponId
        );
        const program = change && this.models["loyalty.program"].get(change.program_id);
        const waits = program?.pending_days && program.is_nominative;
        return waits && program.applies_on !== "future" ? change.points : 0;
    },

    /**
     * Return the customer's card of a program, as the receipt shows it.
     */
    getLoyaltyCardOf(program) {
        const partner = this.getPartner();
        return (
            partner &&
            this.models["loyalty.card"].find(
                (card) =>
                    card.partner_id?.id === partner.id &&
                    card.program_id?.id === program.id
            )
        );
    },
});
