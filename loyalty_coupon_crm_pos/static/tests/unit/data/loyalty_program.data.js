import { LoyaltyProgram } from "@pos_loyalty/../tests/unit/data/loyalty_program.data";
import { patch } from "@web/core/utils/patch";

patch(LoyaltyProgram.prototype, {
    _load_pos_data_fields() {
        return [
            ...super._load_pos_data_fields(),
            "expire_after",
            "expire_inactive_days",
            "expire_month",
            "goodwill",
            "margin_guard",
            "pending_days",
            "points_step",
            "strict",
            "usage_plan",
        ];
    },
});
