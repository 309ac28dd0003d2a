import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as Dialog from "@point_of_sale/../tests/generic_helpers/dialog_util";
import * as NumberPopup from "@point_of_sale/../tests/generic_helpers/number_popup_util";
import * as PosLoyalty from "@pos_loyalty/../tests/tours/utils/pos_loyalty_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import * as CustomerWallet from "@loyalty_coupon_crm_pos/../tests/tours/utils/customer_wallet_util";
import { takeScreenshot } from "@loyalty_coupon_crm/../tests/tours/utils/screenshot_util";
import { registry } from "@web/core/registry";

const PLAIN = "240.00";

/** The coupon of one template on the order, and off it again. */
function tryCoupon(code, total) {
    return [
        PosLoyalty.enterCode(code),
        PosLoyalty.orderTotalIs(total),
        ProductScreen.clickControlButton("Reset Programs"),
        PosLoyalty.orderTotalIs(PLAIN),
    ];
}

/** The window that asks how many points to spend; 50 is not a whole step. */
function choosePoints(points) {
    return [
        NumberPopup.isShown("200"),
        NumberPopup.enterValue("50"),
        { trigger: ".modal .modal-footer .btn-primary:disabled" },
        ["⌫", "⌫"].map((key) => NumberPopup.enterValue(key)),
        NumberPopup.enterValue(points),
        NumberPopup.isShown(points),
        { trigger: ".modal :contains('5.00')" },
        takeScreenshot("till-points"),
        Dialog.confirm(),
    ];
}

function chooseCustomer() {
    return [ProductScreen.clickPartnerButton(), ProductScreen.clickCustomer("Li Wei")];
}

// One order for all coupons: what is paid is tested without a browser.
registry.category("web_tour.tours").add("LoyaltyCrmProgramTemplates", {
    steps: () =>
        [
            Chrome.startPoS(),
            Dialog.confirm("Open Register"),
            chooseCustomer(),
            ProductScreen.addOrderline("Tea Box", "2"),
            ProductScreen.addOrderline("Tea Book", "1"),
            tryCoupon("044cash", "220.00"),
            tryCoupon("044percent", "216.00"),
            tryCoupon("044save", "210.00"),
            tryCoupon("044category", "210.00"),
            tryCoupon("044half", "220.00"),
            tryCoupon("044new", "204.00"),
            PosLoyalty.enterCode("044drink"),
            CustomerWallet.openList(),
            CustomerWallet.hasCoupon("Drink Voucher", "applied"),
            PosLoyalty.claimReward("Free Product - Tea Cup"),
            PosLoyalty.orderTotalIs(PLAIN),
            PosLoyalty.enterCode("044birthday"),
            PosLoyalty.orderTotalIs("192.00"),
            CustomerWallet.finalizeOrder("Cash", "192.00"),
            // The order before gave a point for every unit of money paid.
            // Of its points and the 100 of this order, 100 are spent: 5.00 off.
            chooseCustomer(),
            ProductScreen.addOrderline("Tea Box", "1"),
            PosLoyalty.claimReward("per point"),
            choosePoints("100"),
            PosLoyalty.orderTotalIs("95.00"),
            CustomerWallet.finalizeOrder("Cash", "95.00"),
            Chrome.endTour(),
        ].flat(Infinity),
});
