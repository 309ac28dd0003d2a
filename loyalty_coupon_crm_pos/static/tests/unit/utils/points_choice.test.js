import { describe, expect, test } from "@odoo/hoot";
import {
    isSpendable,
    mostPoints,
} from "@loyalty_coupon_crm_pos/app/utils/points_choice";

describe("mostPoints", () => {
    test("whole steps of what the card holds", () => {
        expect(mostPoints(750, 2000, 100)).toBe(700);
        expect(mostPoints(99, 2000, 100)).toBe(0);
        expect(mostPoints(-10, 2000, 100)).toBe(0);
    });

    test("no more than the order needs, the last step in full", () => {
        expect(mostPoints(5000, 2000, 100)).toBe(2000);
        expect(mostPoints(5000, 1901, 100)).toBe(2000);
        expect(mostPoints(5000, 1900.0000001, 100)).toBe(1900);
    });
});

describe("isSpendable", () => {
    test("whole steps up to the most", () => {
        expect(isSpendable(100, 100, 700)).toBe(true);
        expect(isSpendable(700, 100, 700)).toBe(true);
    });

    test("nothing else", () => {
        for (const points of [-100, 0, 50, 250, 800, NaN]) {
            expect(isSpendable(points, 100, 700)).toBe(false);
        }
    });
});
