import { describe, expect, test } from "@odoo/hoot";
import { unpayableAmount } from "@loyalty_coupon_crm_pos/app/utils/payable";

const rule = (...ids) => ({ any_product: false, validProductIds: new Set(ids) });
const WALLET = { program_type: "ewallet", strict: true, rule_ids: [rule(1)] };
const GIFT_CARD = { program_type: "gift_card", strict: true, rule_ids: [rule(2)] };
const POINTS = {
    program_type: "loyalty",
    strict: true,
    rule_ids: [{ any_product: true, validProductIds: new Set() }],
};
const PROGRAMS = [WALLET, GIFT_CARD, POINTS];
const LINES = [
    { productId: 1, quantity: 1, amount: 100 },
    { productId: 2, quantity: 1, amount: 50 },
    { productId: 3, quantity: 1, amount: 20 },
];

describe("payable - what is paid with money", () => {
    test("an eWallet pays no top-up, but gift cards and goods", () => {
        expect(unpayableAmount(WALLET, PROGRAMS, LINES)).toBe(100);
    });

    test("a gift card pays neither top-up nor gift card", () => {
        expect(unpayableAmount(GIFT_CARD, PROGRAMS, LINES)).toBe(150);
    });

    test("points are a discount, they may lower anything", () => {
        expect(unpayableAmount(POINTS, PROGRAMS, LINES)).toBe(0);
    });

    test("one strict program of both is enough", () => {
        const loose = { ...WALLET, strict: false };
        expect(unpayableAmount(loose, [loose, GIFT_CARD], LINES)).toBe(0);
        expect(unpayableAmount(loose, PROGRAMS, LINES)).toBe(100);
        expect(unpayableAmount(GIFT_CARD, [loose, GIFT_CARD], LINES)).toBe(150);
    });

    test("what comes back is not paid", () => {
        const lines = [{ productId: 1, quantity: -1, amount: -100 }];
        expect(unpayableAmount(WALLET, PROGRAMS, lines)).toBe(0);
    });
});
