import { PosOrderline } from "@point_of_sale/app/models/pos_order_line";
import { patch } from "@web/core/utils/patch";
// Ours goes on top of Odoo's, whatever the order of the files.
import "@pos_loyalty/app/models/pos_order_line";

patch(PosOrderline.prototype, {
    /**
     * Goods that come back take their points back by themselves, on the server.
     */
    ignoreLoyaltyPoints({ program }) {
        return Boolean(
            super.ignoreLoyaltyPoints(...arguments) ||
                (program.strict && this.refunded_orderline_id)
        );
    },
});
