import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as Dialog from "@point_of_sale/../tests/generic_helpers/dialog_util";
import * as PosLoyalty from "@pos_loyalty/../tests/tours/utils/pos_loyalty_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import { scan_barcode } from "@point_of_sale/../tests/generic_helpers/utils";
import { takeScreenshot } from "@loyalty_coupon_crm/../tests/tours/utils/screenshot_util";
import { registry } from "@web/core/registry";
import * as CustomerWallet from "@loyalty_coupon_crm_pos/../tests/tours/utils/customer_wallet_util";

/** The restaurant need not be installed, so its own steps cannot be imported. */
function clickTable(number) {
    return [
        {
            content: `Go to table ${number}`,
            trigger: `.floor-map .table:has(.label:contains("${number}"))`,
            run: "click",
        },
    ];
}

registry.category("web_tour.tours").add("LoyaltyCrmTable", {
    steps: () =>
        [
            Chrome.startPoS(),
            Dialog.confirm("Open Register"),
            clickTable(5),
            ProductScreen.clickDisplayedProduct("Desk Organizer"),
            ProductScreen.clickDisplayedProduct("Desk Organizer"),
            scan_barcode("044table"),
            PosLoyalty.hasRewardLine("10% on your order", "-1.02"),
            takeScreenshot("restaurant-table"),
            // The guests move, and their order with its coupon.
            ProductScreen.clickControlButton("Transfer"),
            clickTable(2),
            PosLoyalty.hasRewardLine("10% on your order", "-1.02"),
            PosLoyalty.orderTotalIs("9.18"),
            Chrome.clickPlanButton(),
            takeScreenshot("restaurant-floor"),
            Chrome.endTour(),
        ].flat(),
});

registry.category("web_tour.tours").add("LoyaltyCrmTableOfAnotherDevice", {
    steps: () =>
        [
            Chrome.startPoS(),
            clickTable(2),
            PosLoyalty.hasRewardLine("10% on your order", "-1.02"),
            PosLoyalty.orderTotalIs("9.18"),
            takeScreenshot("restaurant-other-device"),
            CustomerWallet.finalizeOrder("Cash", "9.18"),
            Chrome.endTour(),
        ].flat(),
});
