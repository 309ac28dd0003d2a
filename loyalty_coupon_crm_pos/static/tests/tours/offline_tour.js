/* global posmodel */

import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as Dialog from "@point_of_sale/../tests/generic_helpers/dialog_util";
import * as Notification from "@point_of_sale/../tests/generic_helpers/notification_util";
import * as OfflineUtil from "@point_of_sale/../tests/generic_helpers/offline_util";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as PosLoyalty from "@pos_loyalty/../tests/tours/utils/pos_loyalty_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import * as ReceiptScreen from "@point_of_sale/../tests/pos/tours/utils/receipt_screen_util";
import { registry } from "@web/core/registry";
import { takeScreenshot } from "@loyalty_coupon_crm/../tests/tours/utils/screenshot_util";
import * as CustomerWallet from "@loyalty_coupon_crm_pos/../tests/tours/utils/customer_wallet_util";

/** Wait for what happens without anything to be seen on the screen. */
function until(content, isSo) {
    return [
        {
            content,
            trigger: "body",
            timeout: 60000,
            run: ({ waitUntil }) =>
                waitUntil(isSo, { timeout: 50000, message: `In vain: ${content}` }),
        },
    ];
}

const voucher = () =>
    posmodel.models["res.partner"].find((partner) => partner.name === "Li Wei").street;

function scan(content, text) {
    return [
        {
            content,
            trigger: ".product-screen",
            async run() {
                const result = await posmodel.activateCode(text());
                if (result !== true) {
                    posmodel.notification.add(result, { type: "danger" });
                }
            },
        },
    ];
}

function pay(amount) {
    return [
        ProductScreen.clickPayButton(),
        PaymentScreen.clickPaymentMethod("Cash"),
        PaymentScreen.clickNumpad([...amount].join(" ")),
        PaymentScreen.clickValidate(),
        ReceiptScreen.receiptIsThere(),
    ];
}

registry.category("web_tour.tours").add("LoyaltyCrmOffline", {
    steps: () =>
        [
            Chrome.startPoS(),
            Dialog.confirm("Open Register"),
            ProductScreen.clickPartnerButton(),
            ProductScreen.clickCustomer("Li Wei"),
            CustomerWallet.hasReason("Tea Coupon", "Add products first"),
            until("The coupon is leased", () => Object.keys(posmodel.leases).length),
            OfflineUtil.setOfflineMode(),
            ProductScreen.addOrderline("Desk Organizer", "2"),
            CustomerWallet.applyCoupon("Tea Coupon"),
            PosLoyalty.hasRewardLine("10% on your order", "-1.02"),
            CustomerWallet.hasCoupon("Tea Coupon", "applied"),
            takeScreenshot("offline-leased"),
            pay("9.18"),
            Dialog.confirm("Continue with limited functionality"),
            ReceiptScreen.clickNextOrder(),
            // A voucher that nobody leased, with one letter of its facts changed.
            ProductScreen.addOrderline("Desk Organizer", "2"),
            scan("Scan a forged voucher", () => voucher().replace(".100.", ".900.")),
            Notification.has("signature of this coupon is wrong"),
            takeScreenshot("offline-forged"),
            PosLoyalty.orderTotalIs("10.20"),
            scan("Scan the voucher", voucher),
            PosLoyalty.hasRewardLine("10% on your order", "-1.02"),
            pay("9.18"),
            ReceiptScreen.clickNextOrder(),
            // The same voucher again, at the same till.
            ProductScreen.addOrderline("Desk Organizer", "2"),
            scan("Scan the voucher again", voucher),
            Notification.has("another order of this till"),
            OfflineUtil.setOnlineMode(),
            {
                content: "The connection is back",
                trigger: "body",
                run: () => posmodel.data.checkConnectivity(),
            },
            until(
                "The orders are sent",
                () =>
                    !posmodel.models["pos.order"].some((order) => order.isUnsyncedPaid)
            ),
            until("And nothing is on its way", () => !posmodel.syncingOrders.size),
            scan("Scan the voucher a third time", voucher),
            Notification.has("used"),
            takeScreenshot("offline-and-back"),
            Chrome.endTour(),
        ].flat(Infinity),
});
