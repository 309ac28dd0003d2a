import { describe, expect, test } from "@odoo/hoot";
import { leasedPoints, readLeases } from "@loyalty_coupon_crm_pos/app/utils/leases";

describe("leases", () => {
    test("time runs from when they were read", () => {
        const leases = readLeases('{"7": {"points": 50, "seconds": 60}}', 1000);
        expect(leases).toEqual({ 7: { points: 50, until: 61000 } });
        expect(readLeases(JSON.stringify(leases), 9000000)).toEqual(leases);
    });

    test("what cannot be read is none", () => {
        expect(readLeases(null)).toEqual({});
        expect(readLeases("{")).toEqual({});
        expect(readLeases("null")).toEqual({});
    });

    test("what is left of them", () => {
        const leases = {
            7: { points: 50, until: 100 },
            8: { points: 1, until: 100 },
            9: { points: 1, until: 10 },
        };
        expect(leasedPoints(leases, [], 10)).toEqual({ 7: 50, 8: 1 });
        expect(leasedPoints(leases, [{ 7: 20 }, { 7: 25, 8: 1 }], 10)).toEqual({
            7: 5,
        });
        expect(leasedPoints(leases, [], 100)).toEqual({});
    });
});
