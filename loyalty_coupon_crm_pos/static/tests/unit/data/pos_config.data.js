import { PosConfig } from "@point_of_sale/../tests/unit/data/pos_config.data";
import { patch } from "@web/core/utils/patch";

patch(PosConfig.prototype, {
    get_customer_wallet() {
        return { coupons: [], more: 0, wallets: [] };
    },

    hold_order() {
        return { cards: {}, programs: {} };
    },
});
