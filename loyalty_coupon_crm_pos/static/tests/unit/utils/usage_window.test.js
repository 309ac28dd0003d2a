import { describe, expect, globals, test } from "@odoo/hoot";
import { mockDate } from "@odoo/hoot-mock";
import { isOpen, isWithinDays } from "@loyalty_coupon_crm_pos/app/utils/usage_window";

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

describe("first and last day - by the clock of the company", () => {
    const day = (iso) => DateTime.fromISO(iso);

    test("both days are included", () => {
        const march = { date_from: day("2026-03-08"), date_to: day("2026-03-08") };
        const zone = "America/New_York";
        for (const [moment, expected] of [
            ["2026-03-08T04:59:00Z", false],
            ["2026-03-08T05:00:00Z", true],
            ["2026-03-09T03:59:00Z", true],
            ["2026-03-09T04:00:00Z", false],
        ]) {
            mockDate(moment);
            expect(isWithinDays(march, zone)).toBe(expected, { message: moment });
        }
        expect(isWithinDays({}, zone)).toBe(true);
    });
});
