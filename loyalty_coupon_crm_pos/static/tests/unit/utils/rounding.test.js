import { describe, expect, globals, test } from "@odoo/hoot";
import { roundEarned, roundSpent } from "@loyalty_coupon_crm_pos/app/utils/rounding";

const CASES = "/loyalty_coupon_crm/static/tests/cases/points_rounding.json";

describe("rounding - the cases that the server's tests read as well", () => {
    test("what is earned and what is spent", async () => {
        const cases = await (await globals.fetch(CASES)).json();
        expect(Object.keys(cases)).toEqual(["earned", "spent"]);
        const functions = { earned: roundEarned, spent: roundSpent };
        for (const [name, rows] of Object.entries(cases)) {
            for (const { points, step, result } of rows) {
                expect(functions[name](points, step)).toBe(result, {
                    message: `${name}: ${points} in steps of ${step}`,
                });
            }
        }
    });
});
