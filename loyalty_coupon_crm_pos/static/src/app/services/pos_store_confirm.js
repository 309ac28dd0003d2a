import { PosStore } from "@point_of_sale/app/services/pos_store";
import { makeAwaitable } from "@point_of_sale/app/utils/make_awaitable_dialog";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
// Ours goes on top, whatever the order of the files.
import "@loyalty_coupon_crm_pos/app/services/pos_store";
import { ConfirmPopup } from "@loyalty_coupon_crm_pos/app/components/confirm_popup/confirm_popup";

patch(PosStore.prototype, {
    /**
     * Before payment a member confirms what coupons and points pay.
     */
    async holdCards(order, { renew = false } = {}) {
        const isHeld = await super.holdCards(...arguments);
        return isHeld && renew ? this.confirmMember(order) : isHeld;
    },

    /**
     * Ask the member to confirm, when the till wants it for so much.
     *
     * @returns {Promise<boolean>} whether the order may be paid as it is
     */
    async confirmMember(order) {
        const { amount, partnerId } = order.getToConfirm();
        if (!amount) {
            return true;
        }
        const choices = await this.data.silentCall("pos.config", "confirm_choices", [
            [this.config.id],
            partnerId,
        ]);
        if (!choices) {
            this.notification.add(
                _t(
                    "The member cannot confirm now. Try again, or take the rewards off the order."
                ),
                { type: "danger" }
            );
            return false;
        }
        const confirmed = await makeAwaitable(this.dialog, ConfirmPopup, {
            uuid: order.uuid,
            partnerId,
            amount,
            choices,
        });
        if (confirmed) {
            order.uiState.confirmed = { amount: confirmed, partnerId };
        }
        return !order.getToConfirm().amount;
    },
});
