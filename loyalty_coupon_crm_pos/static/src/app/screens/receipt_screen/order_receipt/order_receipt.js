import { OrderReceipt } from "@point_of_sale/app/screens/receipt_screen/receipt/order_receipt";
import { generateQRCodeDataUrl } from "@point_of_sale/utils";
import { patch } from "@web/core/utils/patch";

patch(OrderReceipt.prototype, {
    /**
     * Return the QR of a new coupon as an image that needs no server to be printed.
     */
    getCouponQr(code) {
        return generateQRCodeDataUrl(code);
    },
});
