import { describe, expect, test } from "@odoo/hoot";
import { onRpc } from "@web/../tests/web_test_helpers";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { addProductLineToOrder } from "@pos_loyalty/../tests/unit/utils";

definePosModels();

/**
 * Return an order with a reward line of card 901, which costs 50 of its points, and a
 * server that refuses nothing until `server.answer` is another one.
 */
async function setup({ strict = true } = {}) {
    const calls = [];
    const server = { answer: () => ({}) };
    onRpc("pos.config", "hold_cards", ({ args }) => {
        calls.push(args.slice(1));
        return server.answer();
    });
    const store = await setupPosEnv();
    const order = store.addNewOrder();
    const program = store.models["loyalty.program"].get(1);
    Object.assign(program, { strict, applies_on: "both" });
    const card = store.models["loyalty.card"].create({
        id: 901,
        points: 100,
        program_id: program,
    });
    await addProductLineToOrder(store, order, {
        is_reward_line: true,
        reward_id: store.models["loyalty.reward"].get(1),
        coupon_id: card,
        points_cost: 50,
    });
    // What the till did by itself until here is not looked at.
    await store.holdCards(order);
    calls.length = 0;
    order.uiState.heldPoints = undefined;
    return { store, order, calls, server };
}

describe("holds of the till", () => {
    test("what a reward costs is held once", async () => {
        const { store, order, calls } = await setup();
        expect(await store.holdCards(order)).toBe(true);
        expect(await store.holdCards(order)).toBe(true);
        expect(calls).toEqual([[order.uuid, { 901: 50 }, false]]);
    });

    test("payment renews the hold", async () => {
        const { store, order, calls } = await setup();
        await store.holdCards(order);
        await store.holdCards(order, { renew: true });
        expect(calls).toHaveLength(2);
    });

    test("what the order brings to the wallet need not be held", async () => {
        const { order } = await setup();
        order.uiState.couponPointChanges = {
            901: { coupon_id: 901, program_id: 1, points: 20 },
        };
        expect(order.getPointsToHold()).toEqual({ 901: 30 });
        order.uiState.couponPointChanges[901].points = 50;
        expect(order.getPointsToHold()).toEqual({});
    });

    test("what left the order is told", async () => {
        const { store, order, calls } = await setup();
        await store.holdCards(order);
        order.dropCard(901);
        await store.holdCards(order);
        expect(calls.at(-1)).toEqual([order.uuid, {}, false]);
    });

    test("a refused card goes off the order", async () => {
        const { store, order, server } = await setup();
        server.answer = () => ({ 901: "Held by till 2" });
        expect(await store.holdCards(order)).toBe(false);
        expect(order._get_reward_lines()).toHaveLength(0);
    });

    test("programs of Odoo are left to Odoo", async () => {
        const { store, order, calls } = await setup({ strict: false });
        expect(await store.holdCards(order, { renew: true })).toBe(true);
        expect(calls).toHaveLength(0);
    });

    test("without an answer nothing is taken away", async () => {
        const { store, order, server } = await setup();
        server.answer = () => {
            throw new Error("offline");
        };
        expect(await store.holdCards(order)).toBe(true);
        expect(order._get_reward_lines()).toHaveLength(1);
    });
});
