import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as Dialog from "@point_of_sale/../tests/generic_helpers/dialog_util";
import * as PosLoyalty from "@pos_loyalty/../tests/tours/utils/pos_loyalty_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import { registry } from "@web/core/registry";

/** The steps of one order: customer, lines, the template's coupon, the total, pay. */
function sell({ lines, code, claim, total, reward = [] }) {
    return [
        ProductScreen.clickPartnerButton(),
        ProductScreen.clickCustomer("Li Wei"),
        lines.map(([product, quantity]) =>
            ProductScreen.addOrderline(product, quantity)
        ),
        code ? PosLoyalty.enterCode(code) : [],
        claim ? PosLoyalty.claimReward(claim) : [],
        reward.length ? PosLoyalty.hasRewardLine(...reward) : [],
        PosLoyalty.orderTotalIs(total),
        PosLoyalty.finalizeOrder("Cash", total),
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
                claim: "Free Product - Tea Cup",
                total: "100.00",
            }),
            sell({ lines: [["Tea Box", "1"]], code: "044new", total: "85.00" }),
            sell({ lines: [["Tea Box", "1"]], code: "044birthday", total: "80.00" }),
            // The orders before gave a point for every unit of money paid.
            sell({
                lines: [["Tea Box", "1"]],
                claim: "per point",
                total: "40.00",
            }),
            Chrome.endTour(),
        ].flat(Infinity),
});
