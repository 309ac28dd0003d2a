import { describe, expect, test } from "@odoo/hoot";
import { animationFrame } from "@odoo/hoot-mock";
import { onRpc, patchWithCleanup } from "@web/../tests/web_test_helpers";
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
    onRpc("pos.config", "hold_order", ({ args }) => {
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
    order.uiState.held = undefined;
    return { store, order, calls, server };
}

describe("holds of the till", () => {
    test("what a reward costs is held once", async () => {
        const { store, order, calls } = await setup();
        expect(await store.holdCards(order)).toBe(true);
        expect(await store.holdCards(order)).toBe(true);
        expect(calls).toEqual([[order.uuid, { 901: 50 }, false, []]]);
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
        expect(calls.at(-1)).toEqual([order.uuid, {}, false, []]);
    });

    test("a refused card goes off the order", async () => {
        const { store, order, server } = await setup();
        server.answer = () => ({ cards: { 901: "Held by till 2" } });
        expect(await store.holdCards(order)).toBe(false);
        expect(order._get_reward_lines()).toHaveLength(0);
    });

    test("programs of Odoo are left to Odoo", async () => {
        const { store, order, calls } = await setup({ strict: false });
        expect(await store.holdCards(order, { renew: true })).toBe(true);
        expect(calls).toHaveLength(0);
    });

    test("a promotion without card is asked and goes off when it is refused", async () => {
        const { store, order, calls, server } = await setup();
        const program = store.models["loyalty.program"].get(1);
        program.applies_on = "current";
        const line = order._get_reward_lines()[0];
        line.coupon_id = store.models["loyalty.card"].create({
            id: -5,
            points: 0,
            program_id: program,
        });
        program.trigger = "with_code";
        server.answer = () => ({ programs: { 1: "From 14:00." } });
        expect(await store.holdCards(order)).toBe(false);
        expect(calls.at(-1)).toEqual([order.uuid, {}, false, [1]]);
        expect(order._get_reward_lines()).toHaveLength(0);
        expect(order._programIsApplicable(program)).toBe(false);
        order.forgetRefusals();
        program.rule_ids[0].mode = "with_code";
        order.uiState.codeActivatedProgramRules = [program.rule_ids[0].id];
        expect(order._programIsApplicable(program)).toBe(true);
    });

    test("what comes by itself goes by itself, but not when payment has started", async () => {
        const { store, order } = await setup();
        const program = store.models["loyalty.program"].get(1);
        program.trigger = "auto";
        const refused = { programs: { 1: "From 14:00." } };
        expect(store.dropRefused(order, refused)).toBe(true);
        expect(store.dropRefused(order, refused, true)).toBe(false);
    });
});

describe("what only the server knows", () => {
    async function setupGuarded(values) {
        const till = await setup();
        const { store, order } = till;
        const program = store.models["loyalty.program"].get(1);
        Object.assign(program, { applies_on: "current", is_nominative: false }, values);
        await addProductLineToOrder(store, order);
        return { ...till, program };
    }

    test("lines are told to a program that guards the margin", async () => {
        const { store, order, calls } = await setupGuarded({ margin_guard: true });
        await store.holdCards(order);
        const [uuid, points, , , others, lines] = calls.at(-1);
        expect([uuid, points, others]).toEqual([order.uuid, { 901: 50 }, []]);
        expect(lines).toHaveLength(2);
        expect([lines[0].reward_id, lines[0].coupon_id]).toEqual([1, 901]);
        expect(lines[1]).toEqual({
            product_id: order.lines[1].product_id.id,
            qty: order.lines[1].qty,
            price_unit: order.lines[1].price_unit,
            price_subtotal: order.lines[1].prices.total_excluded,
            price_subtotal_incl: order.lines[1].prices.total_included,
            reward_id: false,
            coupon_id: false,
            parent: null,
        });
        // Another quantity is another margin.
        const count = calls.length;
        await store.holdCards(order);
        expect(calls).toHaveLength(count);
        order.lines[1].setQuantity(7);
        await store.holdCards(order);
        expect(calls.at(-1)[5][1].qty).toBe(7);
    });

    test("lines are told to a program that asks for a minimum", async () => {
        const { order, program } = await setupGuarded();
        expect(order.getLinesToTell()).toEqual([]);
        program.rule_ids[0].minimum_amount = 10;
        expect(order.getLinesToTell()).toHaveLength(2);
        program.rule_ids[0].minimum_amount = 0;
        program.rule_ids[0].minimum_qty = 2;
        expect(order.getLinesToTell()).toHaveLength(2);
        // What only earns by a minimum asks for none.
        program.applies_on = "both";
        expect(order.getLinesToTell()).toEqual([]);
    });

    test("a refusal that a manager may set aside is told in one window", async () => {
        onRpc("pos.config", "ask_concession", () => ({
            possible: true,
            text: "Closed today.",
        }));
        const { store, order, server } = await setup();
        store.models["loyalty.card"].get(901).code = "044901";
        const dialogs = [];
        const notices = [];
        patchWithCleanup(store.dialog, { add: (...args) => dialogs.push(args) });
        patchWithCleanup(store.notification, { add: (...args) => notices.push(args) });
        server.answer = () => ({ cards: { 901: "Closed today." } });
        expect(await store.holdCards(order)).toBe(false);
        await animationFrame();
        expect(dialogs).toHaveLength(1);
        expect(notices).toHaveLength(0);
        expect(dialogs[0][1].body).toBe("Closed today.");
        expect(dialogs[0][1].confirmLabel.toString()).toBe("Ask a Manager");
    });
});

describe("without an answer of the server", () => {
    test("nothing is taken away until payment starts", async () => {
        const { store, order } = await setup();
        store.data.network.offline = true;
        expect(await store.holdCards(order)).toBe(true);
        expect(order._get_reward_lines()).toHaveLength(1);
    });

    test("an error of the server stops the payment", async () => {
        const { store, order, server } = await setup();
        server.answer = () => {
            throw new Error("lock timeout");
        };
        expect(await store.holdCards(order)).toBe(true);
        expect(await store.holdCards(order, { renew: true })).toBe(false);
        expect(order._get_reward_lines()).toHaveLength(1);
    });

    test("a till that refuses takes unheld rewards off", async () => {
        const { store, order } = await setup();
        store.config.loyalty_offline = "refuse";
        store.data.network.offline = true;
        expect(await store.holdCards(order, { renew: true })).toBe(false);
        expect(order._get_reward_lines()).toHaveLength(0);
    });

    test("what the till holds is safe, as long as the hold lives", async () => {
        const { store, order } = await setup();
        Object.assign(store.config, {
            loyalty_offline: "refuse",
            loyalty_hold_minutes: 60,
        });
        await store.holdCards(order);
        store.data.network.offline = true;
        expect(await store.holdCards(order, { renew: true })).toBe(true);
        expect(order.uiState.offlineRisk).toBe(undefined);
        order.uiState.held.until = Date.now() - 1;
        expect(await store.holdCards(order, { renew: true })).toBe(false);
    });

    test("what was refused is not held, and is asked for again", async () => {
        const { store, order, calls, server } = await setup();
        Object.assign(store.config, {
            loyalty_offline: "refuse",
            loyalty_hold_minutes: 60,
        });
        const put = () =>
            addProductLineToOrder(store, order, {
                is_reward_line: true,
                reward_id: store.models["loyalty.reward"].get(1),
                coupon_id: store.models["loyalty.card"].get(901),
                points_cost: 50,
            });
        server.answer = () => ({ cards: { 901: "Held by till 2" } });
        expect(await store.holdCards(order)).toBe(false);
        await put();
        calls.length = 0;
        expect(await store.holdCards(order)).toBe(false);
        expect(calls).toHaveLength(1);
        await put();
        store.data.network.offline = true;
        expect(await store.holdCards(order, { renew: true })).toBe(false);
        expect(order._get_reward_lines()).toHaveLength(0);
    });

    test("a till that risks something counts what it did not send yet", async () => {
        const { store, order } = await setup();
        Object.assign(store.config, {
            loyalty_offline: "allow",
            loyalty_offline_coupons: 2,
            loyalty_offline_amount: 50,
        });
        store.data.network.offline = true;
        expect(await store.holdCards(order, { renew: true })).toBe(true);
        expect(order.uiState.offlineRisk.coupons).toBe(1);
        const risk = { coupons: 1, amount: 10 };
        const other = store.addNewOrder();
        other.state = "paid";
        other.uiState.offlineRisk = { coupons: 1, amount: 10 };
        expect(store.mayRisk(order, risk)).toBe(true);
        expect(store.mayRisk(order, { coupons: 2, amount: 10 })).toBe(false);
        expect(store.mayRisk(order, { coupons: 1, amount: 41 })).toBe(false);
    });
});
