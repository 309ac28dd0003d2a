import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as Dialog from "@point_of_sale/../tests/generic_helpers/dialog_util";
import * as NumberPopup from "@point_of_sale/../tests/generic_helpers/number_popup_util";
import * as PosLoyalty from "@pos_loyalty/../tests/tours/utils/pos_loyalty_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import * as CustomerWallet from "@loyalty_coupon_crm_pos/../tests/tours/utils/customer_wallet_util";
import { registry } from "@web/core/registry";

/** The steps of one order: customer, lines, the template's coupon, the total, pay. */
function sell({ lines, code, coupon, claim, points, total }) {
    return [
        ProductScreen.clickPartnerButton(),
        ProductScreen.clickCustomer("Li Wei"),
        lines.map(([product, quantity]) =>
            ProductScreen.addOrderline(product, quantity)
        ),
        code ? PosLoyalty.enterCode(code) : [],
        coupon
            ? [CustomerWallet.openList(), CustomerWallet.hasCoupon(coupon, "applied")]
            : [],
        claim ? PosLoyalty.claimReward(claim) : [],
        points ? choosePoints(points) : [],
        PosLoyalty.orderTotalIs(total),
        PosLoyalty.finalizeOrder("Cash", total),
    ];
}

/** The window that asks how many points to spend; 50 is not a whole step. */
function choosePoints(points) {
    return [
        NumberPopup.isShown("1200"),
        NumberPopup.enterValue("50"),
        { trigger: ".modal .modal-footer .btn-primary:disabled" },
        ["⌫", "⌫"].map((key) => NumberPopup.enterValue(key)),
        NumberPopup.enterValue(points),
        NumberPopup.isShown(points),
        { trigger: ".modal :contains('15.00')" },
        Dialog.confirm(),
    ];
}

registry.category("web_tour.tours").add("LoyaltyCrmProgramTemplates", {
    steps: () =>
        [
            Chrome.startPoS(),
            Dialog.confirm("Open Register"),
            sell({ lines: [["Tea Box", "2"]], code: "044cash", total: "180.00" }),
            sell({ lines: [["Tea Box", "3"]], code: "044percent", total: "270.00" }),
            sell({ lines: [["Tea Box", "2"]], code: "044save", total: "170.00" }),
            sell({
                lines: [
                    ["Tea Box", "1"],
                    ["Tea Book", "1"],
                ],
                code: "044category",
                total: "125.00",
            }),
            sell({ lines: [["Tea Box", "2"]], code: "044half", total: "150.00" }),
            sell({
                lines: [["Tea Box", "1"]],
                code: "044drink",
                coupon: "Drink Voucher",
                claim: "Free Product - Tea Cup",
                total: "100.00",
            }),
            sell({ lines: [["Tea Box", "1"]], code: "044new", total: "85.00" }),
            sell({ lines: [["Tea Box", "1"]], code: "044birthday", total: "80.00" }),
            // The orders before gave a point for every unit of money paid.
            // Of 1160 points and the 100 of this order, 300 are spent: 15.00 off.
            sell({
                lines: [["Tea Box", "1"]],
                claim: "per point",
                points: "300",
                total: "85.00",
            }),
            Chrome.endTour(),
        ].flat(Infinity),
});
