import { takeScreenshot } from "@loyalty_coupon_crm/../tests/tours/utils/screenshot_util";
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("loyalty_crm_cart_points", {
    steps: () => [
        {
            content: "All points are proposed",
            trigger:
                "form[name='claim_reward'] .o_loyalty_points_worth:contains('35.00')",
        },
        {
            content: "Spend some of them",
            trigger: "form[name='claim_reward'] input[name='loyalty_points']",
            run: "edit 200",
        },
        {
            content: "Their value follows while the customer types",
            trigger:
                "form[name='claim_reward'] .o_loyalty_points_worth:contains('10.00')",
        },
        {
            trigger: "form[name='claim_reward'] button[name='o_loyalty_claim']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "They can be changed as long as the cart is open",
            trigger:
                "form.o_loyalty_points_choice input[name='loyalty_points']:value(200)",
            run: "edit 500",
        },
        {
            trigger: "form.o_loyalty_points_choice button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger:
                "form.o_loyalty_points_choice .o_loyalty_points_worth:contains('25.00')",
        },
        ...takeScreenshot("cart-points"),
    ],
});

registry.category("web_tour.tours").add("loyalty_crm_best_offer", {
    steps: () => [
        {
            content: "Two coupons of the customer could be used, none was entered",
            trigger: ".o_loyalty_best_offer button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The better one is on the cart, with what it saves",
            trigger: ".o_loyalty_best_offer [role='status']:contains('30 % Coupon')",
        },
        ...takeScreenshot("cart-best-offer"),
    ],
});
