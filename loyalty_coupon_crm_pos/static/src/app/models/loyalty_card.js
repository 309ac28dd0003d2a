import { LoyaltyCard } from "@pos_loyalty/app/models/loyalty_card";
import { patch } from "@web/core/utils/patch";
import { companyNow } from "@loyalty_coupon_crm_pos/app/utils/usage_window";

patch(LoyaltyCard.prototype, {
    /**
     * A card is good through its last day, by the clock of the company.
     */
    isExpired() {
        if (!this.expiration_date) {
            return false;
        }
        const zone = this.models["pos.config"].getFirst()?.loyalty_timezone;
        const last = String(this.expiration_date.toISODate?.() || this.expiration_date);
        return last.slice(0, 10) < companyNow(zone).toISODate();
    },
});
