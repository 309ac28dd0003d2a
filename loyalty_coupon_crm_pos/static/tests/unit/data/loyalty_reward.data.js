import { LoyaltyReward } from "@pos_loyalty/../tests/unit/data/loyalty_reward.data";
import { patch } from "@web/core/utils/patch";

patch(LoyaltyReward.prototype, {
    _load_pos_data_fields() {
        return [...super._load_pos_data_fields(), "offer_data", "offer_times"];
    },
});
