import { describe, expect, test } from "@odoo/hoot";
import {
    couponStatus,
    daysLeft,
    sortCoupons,
} from "@loyalty_coupon_crm_pos/app/utils/customer_wallet";

const { DateTime } = luxon;

function coupon(id, values = {}) {
    return {
        id,
        code: `044CODE${id}`,
        program_id: 1,
        name: `Coupon ${id}`,
        expiration_date: false,
        reasons: [],
        ...values,
    };
}

function context(values = {}) {
    return {
        isEmpty: false,
        appliedCodes: [],
        meetsConditions: () => true,
        gainOf: () => 0,
        ...values,
    };
}

describe("couponStatus", () => {
    test("usable when nothing speaks against it", () => {
        expect(couponStatus(coupon(1), context())).toBe("usable");
    });

    test("waits for products and for the conditions of its program", () => {
        expect(couponStatus(coupon(1), context({ isEmpty: true }))).toBe("waiting");
        const meetsConditions = (programId) => programId === 2;
        expect(couponStatus(coupon(1), context({ meetsConditions }))).toBe("waiting");
        expect(
            couponStatus(coupon(2, { program_id: 2 }), context({ meetsConditions }))
        ).toBe("usable");
    });

    test("refused by the gate, whatever the order holds", () => {
        const refused = coupon(1, { reasons: ["It is void."] });
        expect(couponStatus(refused, context())).toBe("refused");
        expect(couponStatus(refused, context({ isEmpty: true }))).toBe("refused");
    });

    test("applied before anything else", () => {
        const refused = coupon(1, { reasons: ["It is held."] });
        expect(couponStatus(refused, context({ appliedCodes: ["044CODE1"] }))).toBe(
            "applied"
        );
    });
});

describe("sortCoupons", () => {
    test("usable first, then by last day, without end last", () => {
        const coupons = [
            coupon(1, { reasons: ["no"], expiration_date: "2026-01-01" }),
            coupon(2),
            coupon(3, { expiration_date: "2026-03-01" }),
            coupon(4, { expiration_date: "2026-02-01" }),
            coupon(5, { expiration_date: "2026-01-15" }),
        ];
        const sorted = sortCoupons(coupons, context({ appliedCodes: ["044CODE5"] }));
        expect(sorted.map(({ id }) => id)).toEqual([4, 3, 2, 5, 1]);
        expect(sorted.map(({ status }) => status)).toEqual([
            "usable",
            "usable",
            "usable",
            "applied",
            "refused",
        ]);
    });

    test("what saves most on this order comes first, whenever it ends", () => {
        const gains = { 1: 5, 2: 20, 3: 0 };
        const asked = [];
        const gainOf = ({ program_id: programId }) => {
            asked.push(programId);
            return gains[programId];
        };
        const coupons = [
            coupon(1, { program_id: 1, points: 1, expiration_date: "2026-01-01" }),
            coupon(2, { program_id: 2, points: 1 }),
            coupon(3, { program_id: 3, points: 1, expiration_date: "2026-01-01" }),
            coupon(4, { program_id: 1, points: 1, expiration_date: "2025-12-01" }),
            coupon(5, { program_id: 2, points: 1, reasons: ["no"] }),
        ];
        const sorted = sortCoupons(coupons, context({ gainOf }));
        expect(sorted.map(({ id }) => id)).toEqual([2, 4, 1, 3, 5]);
        expect(sorted.map(({ gain }) => gain)).toEqual([20, 5, 5, 0, 0]);
        // Each program is computed once.
        expect(asked).toEqual([1, 2, 3]);
    });

    test("same day: by name, then by age; the list given is left alone", () => {
        const coupons = [
            coupon(3, { name: "B" }),
            coupon(2, { name: "A" }),
            coupon(1, { name: "B" }),
        ];
        expect(sortCoupons(coupons, context()).map(({ id }) => id)).toEqual([2, 1, 3]);
        expect(coupons.map(({ id }) => id)).toEqual([3, 2, 1]);
    });

    test("nothing", () => {
        expect(sortCoupons([], context())).toEqual([]);
    });
});

describe("daysLeft", () => {
    test("counts days, not hours", () => {
        const evening = DateTime.fromISO("2026-02-28T23:30:00");
        expect(daysLeft("2026-02-28", evening)).toBe(0);
        expect(daysLeft("2026-03-01", evening)).toBe(1);
        expect(daysLeft("2026-02-27", evening)).toBe(-1);
        expect(daysLeft(false, evening)).toBe(false);
    });

    test("a change of summer time is a day like any other", () => {
        const before = DateTime.fromISO("2026-03-28T12:00:00", {
            zone: "Europe/Brussels",
        });
        expect(daysLeft("2026-03-30", before)).toBe(2);
    });
});
