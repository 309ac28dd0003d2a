import { ControlButtons } from "@point_of_sale/app/screens/product_screen/control_buttons/control_buttons";
import { SelectionPopup } from "@point_of_sale/app/components/popups/selection_popup/selection_popup";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
// Ours goes on top, whatever the order of the files.
import "@loyalty_coupon_crm_pos/app/screens/product_screen/control_buttons/control_buttons";

patch(ControlButtons.prototype, {
    /**
     * What saves the customer most comes first.
     */
    getPotentialRewards() {
        const order = this.pos.getOrder();
        const rewards = super.getPotentialRewards(...arguments);
        const gains = new Map(rewards.map((one) => [one, order.getRewardGain(one)]));
        return rewards.sort((one, other) => gains.get(other) - gains.get(one));
    },

    /**
     * Offer the rewards with what each saves.
     */
    clickRewards() {
        const order = this.pos.getOrder();
        const rewards = this.getPotentialRewards();
        if (!rewards.length) {
            return;
        }
        this.dialog.add(SelectionPopup, {
            title: _t("Available rewards"),
            list: rewards.map((one) => ({
                id: one.reward.id,
                label: one.reward.program_id.name,
                description: this.describeReward(one, order.getRewardGain(one)),
                item: one,
            })),
            getPayload: ({ reward, coupon_id: couponId, potentialQty }) =>
                this._applyReward(reward, couponId, potentialQty),
        });
    },

    describeReward({ reward }, gain) {
        if (!gain) {
            return _t('Add "%s"', reward.description);
        }
        return _t('Add "%(reward)s": %(amount)s saved', {
            reward: reward.description,
            amount: this.env.utils.formatCurrency(gain),
        });
    },
});
