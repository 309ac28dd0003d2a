import { ControlButtons } from "@point_of_sale/app/screens/product_screen/control_buttons/control_buttons";
import { NumberPopup } from "@point_of_sale/app/components/popups/number_popup/number_popup";
import { makeAwaitable } from "@point_of_sale/app/utils/make_awaitable_dialog";
import { parseFloat } from "@web/views/fields/parsers";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { MemberPopup } from "@loyalty_coupon_crm_pos/app/components/member_popup/member_popup";
import { isChosen, isSpendable } from "@loyalty_coupon_crm_pos/app/utils/points_choice";
// Ours goes on top of Odoo's, whatever the order of the files.
import "@pos_loyalty/app/screens/product_screen/control_buttons/control_buttons";

patch(ControlButtons.prototype, {
    /**
     * Find a member by phone, code or QR, or take one in.
     */
    async clickMember() {
        const partner = await makeAwaitable(this.dialog, MemberPopup);
        if (partner) {
            this.pos.setPartnerToCurrentOrder(partner);
        }
    },

    /**
     * Ask how many points to spend where that is the customer's choice.
     */
    async _applyReward(reward, couponId) {
        const order = this.pos.getOrder();
        if (!isChosen(reward)) {
            return super._applyReward(...arguments);
        }
        const points = await this.askPoints(order, reward, couponId);
        if (points === null) {
            return false;
        }
        order.choosePoints(reward, couponId, points);
        return super._applyReward(...arguments);
    },

    /**
     * Return the points to spend, or null when the cashier closed the window.
     */
    async askPoints(order, reward, couponId) {
        const most = order.getMostPoints(reward, couponId);
        const isValid = (text) =>
            isSpendable(parsePoints(text), reward.required_points, most);
        const worth = (text) =>
            isValid(text) &&
            this.env.utils.formatCurrency(
                Math.min(parsePoints(text) * reward.discount, order.priceIncl)
            );
        const entered = await makeAwaitable(this.dialog, NumberPopup, {
            title: _t("Points to spend"),
            subtitle: _t("From %(least)s to %(most)s, in steps of %(least)s", {
                least: reward.required_points,
                most,
            }),
            startingValue: String(most),
            isValid,
            feedback: worth,
        });
        // The Enter key closes the window whatever was typed.
        return isValid(entered) ? parsePoints(entered) : null;
    },
});

function parsePoints(text) {
    try {
        return parseFloat(String(text));
    } catch {
        return NaN;
    }
}
