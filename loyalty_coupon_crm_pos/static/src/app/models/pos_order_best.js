import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";
import { searchBest } from "@loyalty_coupon_crm_pos/app/utils/best_offer";
// Ours goes on top, whatever the order of the files.
import "@loyalty_coupon_crm_pos/app/models/pos_order_offers";

/**
 * The best combination of rewards: each is really put on the order and taken off again,
 * so that the amounts are those to pay.
 */
patch(PosOrder.prototype, {
    /**
     * Return what could be put on the order if none of it were: whatever lowers the
     * price and needs no choice. Points and payments are not spent unasked.
     *
     * @returns {{reward: Object, coupon_id: number}[]}
     */
    getBestChoices() {
        const before = this.clearSearchedRewards();
        const found = this.getClaimableRewards()
            .filter(({ reward }) => isSearched(reward))
            .map(({ reward, coupon_id }) => ({ reward, coupon_id }));
        this.claimRewards(before);
        return found;
    },

    /**
     * Search the combination that saves most, and leave the order as it was.
     *
     * @param {Object[]} choices as of `getBestChoices`
     * @param {function(Object[]): boolean} isAllowed whether choices go together
     * @returns {{choices: Object[], amount: number}[]} what saves most comes first
     */
    searchBestRewards(choices, isAllowed) {
        const before = this.clearSearchedRewards();
        const total = this.getGoodsTotal();
        const found = searchBest(choices.length, (indexes) => {
            const chosen = indexes.map((index) => choices[index]);
            if (!isAllowed(chosen)) {
                return null;
            }
            const amount = this.claimRewards(chosen)
                ? this.currency.round(total - this.getGoodsTotal())
                : null;
            this.clearSearchedRewards();
            return amount;
        });
        this.claimRewards(before);
        return found.map(({ choices: indexes, amount }) => ({
            choices: indexes.map((index) => choices[index]),
            amount,
        }));
    },

    /**
     * Put a combination on the order, and keep others from coming by themselves.
     *
     * @param {Object[]} chosen of the choices
     * @param {Object[]} choices as of `getBestChoices`
     */
    applyBestRewards(chosen, choices) {
        this.clearSearchedRewards();
        for (const { reward } of choices) {
            this.uiState.disabledRewards.add(reward.id);
        }
        for (const { reward } of chosen) {
            this.uiState.disabledRewards.delete(reward.id);
        }
        return this.claimRewards(chosen);
    },

    /**
     * Return whether all rewards are on the order after they were put on it.
     */
    claimRewards(chosen) {
        for (const { reward, coupon_id: couponId } of chosen) {
            if (this._applyReward(reward, couponId) !== true) {
                return false;
            }
        }
        return chosen.every(({ reward }) =>
            this.lines.some((line) => line.reward_id?.id === reward.id)
        );
    },

    /**
     * Take off the rewards that the search may choose; return them.
     */
    clearSearchedRewards() {
        const lines = this._get_reward_lines().filter((line) =>
            isSearched(line.reward_id)
        );
        const rewards = new Map();
        for (const line of lines) {
            rewards.set(`${line.reward_id.id}/${line.coupon_id?.id}`, {
                reward: line.reward_id,
                coupon_id: line.coupon_id?.id,
            });
        }
        lines.forEach((line) => line.delete());
        return [...rewards.values()];
    },

    /**
     * Return the total before gift cards and eWallets pay.
     */
    getGoodsTotal() {
        return this.lines
            .filter((line) => !isPayment(line.reward_id?.program_id))
            .reduce((sum, line) => sum + line.prices.total_included, 0);
    },
});

function isPayment(program) {
    return ["ewallet", "gift_card"].includes(program?.program_type);
}

function isSearched(reward) {
    return Boolean(
        reward?.reward_type === "discount" &&
            !reward.program_id.is_nominative &&
            !isPayment(reward.program_id)
    );
}
