import { describe, expect, globals, test } from "@odoo/hoot";
import { applyOffers } from "@loyalty_coupon_crm_pos/app/utils/offers";

const CASES = "/loyalty_coupon_crm/static/tests/cases/offers.json";

describe("offers - the carts that the server's tests read as well", () => {
    test("what each offer takes off", async () => {
        const cases = await (await globals.fetch(CASES)).json();
        expect(cases.length >= 60).toBe(true);
        for (const { name, lines, offers, rounding, limit, results } of cases) {
            const found = applyOffers(lines, offers, rounding, limit ?? Infinity);
            expect(found).toEqual(results, { message: name });
        }
    });
});
