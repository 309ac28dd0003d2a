import { OrderReceipt } from "@point_of_sale/app/screens/receipt_screen/receipt/order_receipt";
import { generateQRCodeDataUrl } from "@point_of_sale/utils";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { patch } from "@web/core/utils/patch";
import { formatPoints } from "@loyalty_coupon_crm_pos/app/utils/format_points";

patch(OrderReceipt.prototype, {
    /**
     * Return the QR of a new coupon as an image that needs no server to be printed.
     */
    getCouponQr(code) {
        return generateQRCodeDataUrl(code);
    },

    formatPoints(points) {
        return formatPoints(points);
    },

    formatDay(day) {
        return formatDate(deserializeDate(day));
    },
});
