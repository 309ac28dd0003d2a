import { describe, expect, globals, test } from "@odoo/hoot";
import { isOpen } from "@loyalty_coupon_crm_pos/app/utils/usage_window";

const { DateTime } = luxon;
const CASES = "/loyalty_coupon_crm/static/tests/cases/usage_windows.json";

describe("usage windows - the cases that the server's tests read as well", () => {
    test("when an offer is open", async () => {
        const cases = await (await globals.fetch(CASES)).json();
        for (const { name, moments, ...plan } of cases) {
            for (const [moment, expected] of Object.entries(moments)) {
                const found = isOpen(plan, DateTime.fromISO(moment, { zone: "utc" }));
                expect(found).toBe(expected, { message: `${name}: ${moment}` });
            }
        }
    });
});
