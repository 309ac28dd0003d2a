import { describe, expect, globals, test } from "@odoo/hoot";
import {
    bareCode,
    readVoucher,
    voucherProblem,
} from "@loyalty_coupon_crm_pos/app/utils/voucher";

const CASES = "/loyalty_coupon_crm/static/tests/cases/vouchers.json";

describe("signed vouchers - the cases that the server's tests read as well", () => {
    test("what they say, and whether it is true", async () => {
        const { keys, vouchers, plain } = await (await globals.fetch(CASES)).json();
        // Hoot's stand-in knows no signatures; this is the browser's own.
        const { get } = Object.getOwnPropertyDescriptor(globals, "crypto");
        const { subtle } = get.call(globalThis);
        expect(vouchers.length).toBeGreaterThan(10);
        for (const { title, text, today, problem, voucher } of vouchers) {
            const read = readVoucher(text);
            expect(await voucherProblem(read, keys, today, subtle)).toBe(problem, {
                message: title,
            });
            for (const [name, value] of Object.entries(voucher || {})) {
                expect(read[name]).toBe(value, { message: `${title}: ${name}` });
            }
        }
        for (const text of plain) {
            expect(readVoucher(text)).toBe(null, { message: text });
            expect(bareCode(text)).toBe(text);
        }
    });
});
