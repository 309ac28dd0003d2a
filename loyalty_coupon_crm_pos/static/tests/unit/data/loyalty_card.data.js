import { LoyaltyCard } from "@pos_loyalty/../tests/unit/data/loyalty_card.data";
import { patch } from "@web/core/utils/patch";

patch(LoyaltyCard.prototype, {
    _load_pos_data_fields() {
        return [
            ...super._load_pos_data_fields(),
            "blocked_points",
            "pending_points",
            "coming_lapses",
        ];
    },

    get_pooled_wallet() {
        return false;
    },
});
