import { CustomerDisplayPosAdapter } from "@point_of_sale/app/customer_display/customer_display_adapter";
import { patch } from "@web/core/utils/patch";

patch(CustomerDisplayPosAdapter.prototype, {
    /**
     * Show the customer what the order wins, what is left, and new coupons.
     */
    formatOrderData(order) {
        super.formatOrderData(...arguments);
        this.data.loyalty = order.getLoyaltyForDisplay();
    },
});
