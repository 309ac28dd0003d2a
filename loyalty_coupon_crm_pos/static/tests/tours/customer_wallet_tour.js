import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as Dialog from "@point_of_sale/../tests/generic_helpers/dialog_util";
import * as Notification from "@point_of_sale/../tests/generic_helpers/notification_util";
import * as PosLoyalty from "@pos_loyalty/../tests/tours/utils/pos_loyalty_util";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import * as TicketScreen from "@point_of_sale/../tests/pos/tours/utils/ticket_screen_util";
import { scan_barcode } from "@point_of_sale/../tests/generic_helpers/utils";
import { registry } from "@web/core/registry";
import { takeScreenshot } from "@loyalty_coupon_crm/../tests/tours/utils/screenshot_util";
import * as CustomerWallet from "@loyalty_coupon_crm_pos/../tests/tours/utils/customer_wallet_util";

// The test gives this code to the coupon that its campaign issued.
const CAMPAIGN_CODE = "044ACEFHJKMNPRTWXY2347";

registry.category("web_tour.tours").add("LoyaltyCrmScanCampaignCoupon", {
    steps: () =>
        [
            Chrome.startPoS(),
            Dialog.confirm("Open Register"),
            ProductScreen.clickPartnerButton(),
            ProductScreen.clickCustomer("Li Wei"),
            ProductScreen.addOrderline("Desk Organizer", "2"),
            scan_barcode(CAMPAIGN_CODE),
            PosLoyalty.hasRewardLine("10% on your order", "-1.02"),
            CustomerWallet.hasCoupon("Autumn Coupon", "applied"),
            PosLoyalty.orderTotalIs("9.18"),
            takeScreenshot("till-scan"),
            CustomerWallet.finalizeOrder(
                "Cash",
                "9.18",
                takeScreenshot("till-receipt")
            ),
            // The same coupon once more: refused, with the reason.
            ProductScreen.addOrderline("Desk Organizer", "1"),
            PosLoyalty.enterCode(CAMPAIGN_CODE),
            Notification.has("already used"),
            Chrome.endTour(),
        ].flat(),
});

registry.category("web_tour.tours").add("LoyaltyCrmRefusedCoupon", {
    steps: () =>
        [
            Chrome.startPoS(),
            Dialog.confirm("Open Register"),
            ProductScreen.addOrderline("Desk Organizer", "1"),
            PosLoyalty.enterCode("044-void"),
            Notification.has("was voided"),
            takeScreenshot("till-refused"),
            PosLoyalty.enterCode("044 expired"),
            Notification.has("was valid until"),
            PosLoyalty.enterCode("044nobody"),
            Notification.has("No coupon has the code 044nobody"),
            PosLoyalty.orderTotalIs("5.10"),
            // Who is not known yet joins in one step.
            ProductScreen.clickControlButton("Member"),
            CustomerWallet.findMember("+86 138 1234 5678"),
            CustomerWallet.joinMember("Zhang Min"),
            ProductScreen.customerIsSelected("Zhang Min"),
            takeScreenshot("till-enrolled"),
            Chrome.endTour(),
        ].flat(),
});

registry.category("web_tour.tours").add("LoyaltyCrmFirstTill", {
    steps: () =>
        [
            Chrome.startPoS(),
            Dialog.confirm("Open Register"),
            ProductScreen.addOrderline("Desk Organizer", "2"),
            scan_barcode(CAMPAIGN_CODE),
            PosLoyalty.hasRewardLine("10% on your order", "-1.02"),
            // The coupon is on an order that nobody has paid yet.
            PosLoyalty.orderTotalIs("9.18"),
            takeScreenshot("two-tills-first"),
            ProductScreen.clickPayButton(),
            Chrome.endTour(),
        ].flat(),
});

registry.category("web_tour.tours").add("LoyaltyCrmSecondTill", {
    steps: () =>
        [
            Chrome.startPoS(),
            Dialog.confirm("Open Register"),
            ProductScreen.addOrderline("Desk Organizer", "2"),
            PosLoyalty.enterCode(CAMPAIGN_CODE),
            Notification.has("is held by"),
            takeScreenshot("two-tills-second"),
            PosLoyalty.orderTotalIs("10.20"),
            Chrome.endTour(),
        ].flat(),
});

registry.category("web_tour.tours").add("LoyaltyCrmCustomerPanel", {
    steps: () =>
        [
            Chrome.startPoS(),
            Dialog.confirm("Open Register"),
            ProductScreen.clickPartnerButton(),
            ProductScreen.clickCustomer("Li Wei"),
            CustomerWallet.hasPoints("120 Stars"),
            CustomerWallet.hasReason("Tea Coupon", "Add products first"),
            takeScreenshot("till-customer"),
            ProductScreen.addOrderline("Desk Organizer", "2"),
            CustomerWallet.applyCoupon("Tea Coupon"),
            PosLoyalty.hasRewardLine("10% on your order", "-1.02"),
            CustomerWallet.openList(),
            CustomerWallet.hasCoupon("Tea Coupon", "applied"),
            CustomerWallet.hasReason("Big Coupon", "For orders from"),
            takeScreenshot("till-coupons"),
            CustomerWallet.finalizeOrder(
                "Cash",
                "9.18",
                CustomerWallet.receiptShowsLapse("12").concat(
                    takeScreenshot("till-receipt-points")
                )
            ),
            ProductScreen.clickPartnerButton(),
            ProductScreen.clickCustomer("Li Wei"),
            CustomerWallet.hasPoints("122 Stars"),
            CustomerWallet.hasCoupon("Big Coupon", "waiting"),
            {
                content: "The used coupon is gone",
                trigger: '.customer-wallet:not(:contains("Tea Coupon"))',
            },
            // Everything comes back: the coupon too, and the points go.
            ProductScreen.clickRefund(),
            TicketScreen.filterIs("Paid"),
            TicketScreen.selectOrder("001"),
            ProductScreen.clickNumpad("2"),
            ProductScreen.clickLine("10% on your order"),
            ProductScreen.clickNumpad("1"),
            takeScreenshot("till-refund"),
            TicketScreen.confirmRefund(),
            PaymentScreen.totalIs("-9.18"),
            CustomerWallet.payBack("Cash"),
            ProductScreen.clickPartnerButton(),
            ProductScreen.clickCustomer("Li Wei"),
            CustomerWallet.hasPoints("120 Stars"),
            CustomerWallet.hasReason("Tea Coupon", "Add products first"),
            takeScreenshot("till-refunded"),
            Chrome.endTour(),
        ].flat(),
});
