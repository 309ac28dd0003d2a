import { registry } from "@web/core/registry";
import {
    addProduct,
    postMessage,
} from "@point_of_sale/../tests/customer_display/customer_display_utils";

const ORDER = {
    lines: [],
    finalized: false,
    amount: "100.00",
    paymentLines: [],
    change: 0,
    onlinePaymentData: {},
    loyalty: {
        points: [
            {
                name: "Stars",
                won: "20",
                spent: "50",
                left: "120",
                missing: "30",
                next: "A cup",
            },
        ],
        coupons: [],
    },
};

const PAID = {
    ...ORDER,
    finalized: true,
    loyalty: {
        ...ORDER.loyalty,
        coupons: [
            {
                name: "Next Visit",
                code: "044NEXT",
                until: "12/31/2030",
                qr: "data:image/gif;base64,R0lGODlhAQABAAAAACw=",
            },
        ],
    },
};

registry.category("web_tour.tours").add("LoyaltyCrmCustomerDisplay", {
    steps: () => [
        addProduct(ORDER, "goods with points"),
        { trigger: ".displayed-won:contains('20'):contains('Stars')" },
        { trigger: ".displayed-spent:contains('50')" },
        { trigger: ".displayed-left:contains('120')" },
        { trigger: ".displayed-next:contains('30'):contains('A cup')" },
        { trigger: "body:not(:has(.displayed-coupon))" },
        postMessage(PAID, "paid"),
        { trigger: "div:contains('Thank you.')" },
        { trigger: ".displayed-coupon:contains('Next Visit'):contains('044NEXT')" },
        { trigger: ".displayed-coupon img[alt='044NEXT']" },
        { trigger: ".displayed-coupon:contains('12/31/2030')" },
    ],
});
