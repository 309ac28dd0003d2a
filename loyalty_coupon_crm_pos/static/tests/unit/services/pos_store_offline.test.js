import { describe, expect, globals, test } from "@odoo/hoot";
import { mockDate } from "@odoo/hoot-mock";
import { onRpc, patchWithCleanup } from "@web/../tests/web_test_helpers";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { addProductLineToOrder } from "@pos_loyalty/../tests/unit/utils";
import { readVoucher } from "@loyalty_coupon_crm_pos/app/utils/voucher";

definePosModels();

const CASES = "/loyalty_coupon_crm/static/tests/cases/vouchers.json";

/**
 * Return a till that leases, and an order of a customer whose coupon 902 and 30 points
 * of whose wallet 901 are leased.
 */
async function setup(values = {}) {
    const calls = [];
    onRpc("pos.config", "lease_cards", ({ args }) => {
        calls.push(args[1]);
        return {
            901: {
                code: "044WALLET",
                program_id: 1,
                partner_id: args[1][0],
                points: 30,
                seconds: 60,
            },
            902: {
                code: "044-coupon",
                program_id: 2,
                partner_id: args[1][0],
                points: 1,
                seconds: 60,
            },
        };
    });
    const store = await setupPosEnv();
    Object.assign(store.config, {
        loyalty_offline: "leased",
        loyalty_offline_coupons: 2,
        loyalty_offline_amount: 500,
        loyalty_lease_minutes: 15,
        ...values,
    });
    const order = store.addNewOrder();
    const partner = store.models["res.partner"].getFirst();
    const program = store.models["loyalty.program"].get(1);
    Object.assign(program, { strict: true, applies_on: "both" });
    order.partner_id = partner;
    await store.leaseCards();
    return { store, order, partner, program, calls };
}

async function addReward(store, order, program, cardId, cost) {
    const card =
        store.models["loyalty.card"].get(cardId) ||
        store.models["loyalty.card"].create({
            id: cardId,
            points: 100,
            program_id: program,
        });
    return addProductLineToOrder(store, order, {
        is_reward_line: true,
        reward_id: store.models["loyalty.reward"].get(1),
        coupon_id: card,
        points_cost: cost,
    });
}

describe("leases of the till", () => {
    test("are asked for when the customers change", async () => {
        const { store, order, partner, calls } = await setup();
        expect(calls.at(-1)).toEqual([partner.id]);
        const count = calls.length;
        await store.leaseCards();
        expect(calls).toHaveLength(count);
        order.partner_id = undefined;
        await store.leaseCards();
        expect(calls.at(-1)).toEqual([]);
    });

    test("are not asked for by a till that refuses", async () => {
        const { calls } = await setup({ loyalty_offline: "refuse" });
        expect(calls).toHaveLength(0);
    });

    test("pay without connection, up to the slice", async () => {
        const { store, order, program } = await setup();
        await addReward(store, order, program, 901, 30);
        store.data.network.offline = true;
        order.uiState.held = undefined;
        expect(await store.holdCards(order, { renew: true })).toBe(true);
        expect(order.uiState.leased).toEqual({ 901: 30 });
        expect(order.uiState.offlineRisk).toBe(undefined);
        // What is paid and not sent yet is taken.
        order.state = "paid";
        const next = store.addNewOrder();
        await addReward(store, next, program, 901, 1);
        next.uiState.held = undefined;
        expect(store.getLeased(next)[901]).toBe(undefined);
        expect(await store.holdCards(next, { renew: true })).toBe(false);
        expect(next._get_reward_lines()).toHaveLength(0);
    });

    test("do not pay more than the slice, or after their time", async () => {
        const { store, order, program } = await setup();
        await addReward(store, order, program, 901, 31);
        store.data.network.offline = true;
        order.uiState.held = undefined;
        expect(await store.holdCards(order, { renew: true })).toBe(false);
        await addReward(store, order, program, 901, 10);
        store.leases[901].until = Date.now() - 1;
        expect(await store.holdCards(order, { renew: true })).toBe(false);
    });
});

describe("codes without connection", () => {
    test("of leased cards are known, for their customer", async () => {
        const { store, order, partner } = await setup();
        store.data.network.offline = true;
        expect(await store.activateCode("044 COUPON")).toBe(true);
        expect(order._code_activated_coupon_ids[0].id).toBe(902);
        expect(await store.activateCode("044-coupon")).toMatch("already been scanned");
        const next = store.addNewOrder();
        expect(await store.activateCode("044-coupon")).toMatch("belongs to a customer");
        next.partner_id = partner;
        expect(await store.activateCode("044-coupon")).toMatch("another order");
        expect(await store.activateCode("044-other")).toMatch("knows no coupon");
    });

    test("of signed vouchers are checked, and are a risk that is bounded", async () => {
        const { keys, vouchers } = await (await globals.fetch(CASES)).json();
        const { store, order, program } = await setup({ loyalty_voucher_keys: keys });
        const results = [false, true, true];
        patchWithCleanup(crypto.subtle, {
            importKey: async () => ({}),
            verify: async () => results.shift(),
        });
        store.data.network.offline = true;
        const good = vouchers.find((one) => !one.problem).text;
        expect(await store.activateCode(good)).toMatch("signature");
        // Its program is not one of this till.
        store.models["loyalty.program"].get(3).delete();
        expect(await store.activateCode(good)).toMatch("does not accept");
        const found = await store.findVouched(readVoucher(good));
        expect([found.cardId, found.points, found.isVouched]).toEqual([12, 1, true]);
        order.uiState.vouched = [12];
        await addReward(store, order, program, 12, 1);
        order.uiState.held = undefined;
        expect(await store.holdCards(order, { renew: true })).toBe(true);
        expect(order.uiState.offlineRisk.coupons).toBe(1);
        store.config.loyalty_offline_coupons = 0;
        expect(await store.holdCards(order, { renew: true })).toBe(false);
    });
});

describe("hours without connection", () => {
    /** From 14:00 to 18:00 in Shanghai, eight hours before the clock of the browser. */
    async function setupHours() {
        const till = await setup({ loyalty_timezone: "Asia/Shanghai" });
        const { store, program } = till;
        program.usage_plan = { open: [[null, 14, 18]], closed: [] };
        Object.assign(store.models["loyalty.program"].get(2), {
            strict: true,
            usage_plan: program.usage_plan,
        });
        store.data.network.offline = true;
        return till;
    }

    test("a coupon is taken when its program is on only", async () => {
        mockDate("2026-03-02T05:59:00", 0);
        const { store } = await setupHours();
        expect(await store.activateCode("044 COUPON")).toMatch("does not accept");
        mockDate("2026-03-02T06:00:00", 0);
        store.leases[902].until = Date.now() + 60000;
        expect(await store.activateCode("044 COUPON")).toBe(true);
    });

    test("what is over when payment starts goes off the order", async () => {
        mockDate("2026-03-02T09:59:00", 0);
        const { store, order, program } = await setupHours();
        await addReward(store, order, program, 901, 10);
        order.uiState.held = undefined;
        expect(await store.holdCards(order, { renew: true })).toBe(true);
        mockDate("2026-03-02T10:00:00", 0);
        store.leases[901].until = Date.now() + 60000;
        expect(await store.holdCards(order, { renew: true })).toBe(false);
        expect(order._get_reward_lines()).toHaveLength(0);
    });

    test("what is held already is safe", async () => {
        mockDate("2026-03-02T09:59:00", 0);
        const { store, order, program } = await setupHours();
        store.data.network.offline = false;
        store.config.loyalty_hold_minutes = 60;
        await addReward(store, order, program, 901, 10);
        expect(await store.holdCards(order)).toBe(true);
        mockDate("2026-03-02T10:00:00", 0);
        store.data.network.offline = true;
        expect(await store.holdCards(order, { renew: true })).toBe(true);
    });

    test("the first and the last day are those of the company", async () => {
        mockDate("2026-03-01T16:30:00", 0);
        const { store, program } = await setup({ loyalty_timezone: "Asia/Shanghai" });
        const day = (text) => luxon.DateTime.fromISO(text);
        program.date_to = day("2026-03-01");
        expect(store.isInTime(program)).toBe(false);
        program.date_to = day("2026-03-02");
        program.date_from = day("2026-03-02");
        expect(store.isInTime(program)).toBe(true);
    });
});
