import { PosConfig } from "@point_of_sale/../tests/unit/data/pos_config.data";
import { patch } from "@web/core/utils/patch";

patch(PosConfig.prototype, {
    get_customer_wallet() {
        return { coupons: [], more: 0, wallets: [] };
    },

    confirm_choices() {
        return { name: "Li Wei", pin: true, sms: "", email: "" };
    },

    confirm_member() {
        return { amount: 0, message: "" };
    },

    ask_concession() {
        return { possible: false, text: "" };
    },

    hold_order() {
        return { cards: {}, programs: {} };
    },

    lease_cards() {
        return {};
    },

    log_offline_refusals() {
        return 0;
    },
});
