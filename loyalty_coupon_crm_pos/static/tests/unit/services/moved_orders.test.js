import { expect, test } from "@odoo/hoot";
import { onRpc } from "@web/../tests/web_test_helpers";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { addProductLineToOrder } from "@pos_loyalty/../tests/unit/utils";

definePosModels();

/**
 * Return two orders, a card that is scanned on the first, and a server that gives it to
 * one holder only.
 */
async function setup() {
    const calls = [];
    let holder;
    onRpc("pos.config", "hold_order", ({ args: [, uuid, points] }) => {
        calls.push([uuid, points]);
        if (!points[901]) {
            holder = holder === uuid ? undefined : holder;
            return { cards: {}, programs: {} };
        }
        holder ||= uuid;
        return { cards: holder === uuid ? {} : { 901: "Held" }, programs: {} };
    });
    const store = await setupPosEnv();
    const program = store.models["loyalty.program"].get(1);
    Object.assign(program, { strict: true, applies_on: "current" });
    const card = store.models["loyalty.card"].create({
        id: 901,
        code: "044901",
        points: 1,
        program_id: program,
    });
    const source = store.addNewOrder();
    source.setPartner(store.models["res.partner"].get(3));
    source._code_activated_coupon_ids = [["link", card]];
    const addReward = (order) =>
        addProductLineToOrder(store, order, {
            is_reward_line: true,
            reward_id: store.models["loyalty.reward"].get(1),
            coupon_id: card,
            points_cost: 1,
        });
    await addReward(source);
    await store.holdCards(source);
    const target = store.addNewOrder();
    calls.length = 0;
    return { store, source, target, calls, addReward, card };
}

const cardIds = (order) => order._code_activated_coupon_ids.map((card) => card.id);

test("a reward that is split off takes its card and its hold along", async () => {
    const { store, source, target, calls, addReward } = await setup();
    Object.assign(store.models["loyalty.reward"].get(1), {
        required_points: 1,
        discount_line_product_id: store.models["product.product"].get(1),
    });
    await addProductLineToOrder(store, target);
    // As it was copied, not yet what it is worth here.
    await addReward(target);
    source._get_reward_lines().forEach((line) => line.delete());
    expect(await store.holdCards(target)).toBe(true);
    expect(calls).toEqual([
        [source.uuid, {}],
        [target.uuid, { 901: 1 }],
    ]);
    expect(cardIds(source)).toEqual([]);
    expect(cardIds(target)).toEqual([901]);
    expect(target._get_reward_lines()).toHaveLength(1);
    expect(target._get_reward_lines()[0].price_unit).toBeLessThan(0);
    expect(target.getPartner()?.id).toBe(3);
});

test("what an order still uses is not taken from it", async () => {
    const { store, source, target, calls, addReward } = await setup();
    await addReward(target);
    expect(await store.holdCards(target)).toBe(false);
    expect(calls.map(([uuid]) => uuid)).toEqual([target.uuid]);
    expect(cardIds(source)).toEqual([901]);
    expect(source._get_reward_lines()).toHaveLength(1);
    expect(target._get_reward_lines()).toHaveLength(0);
});

test("an order that comes back from the server keeps its scanned card", async () => {
    const { source, card } = await setup();
    card.program_id.is_nominative = false;
    source._code_activated_coupon_ids = [["clear"]];
    source.relinkCards();
    expect(cardIds(source)).toEqual([901]);
    // What the cashier takes off stays off.
    source.dropCard(901);
    source.relinkCards();
    expect(cardIds(source)).toEqual([]);
});

test("a card that another open order has scanned is not taken from it", async () => {
    const { source, target, addReward, card } = await setup();
    card.program_id.is_nominative = false;
    await addReward(target);
    target.relinkCards();
    expect([cardIds(source), cardIds(target)]).toEqual([[901], []]);
});

test("a promotion without card gives its use to the order its reward went to", async () => {
    const { store, source, target, calls, card } = await setup();
    source.dropCard(card.id);
    card.program_id.trigger = "auto";
    const program = card.program_id;
    const uses = store.models["loyalty.card"].create({
        id: -7,
        points: 0,
        program_id: program,
    });
    await addProductLineToOrder(store, target, {
        is_reward_line: true,
        reward_id: store.models["loyalty.reward"].get(1),
        coupon_id: uses,
    });
    source.uiState.held = {
        points: {},
        programs: [program.id],
        partnerId: 3,
        others: [],
        lines: [],
        until: Date.now() + 60000,
    };
    expect(store.getSourcesOf(target)).toEqual([source]);
    calls.length = 0;
    await store.holdCards(target);
    expect(calls.map(([uuid]) => uuid)).toEqual([source.uuid, target.uuid]);
    expect(source.uiState.held.programs).toEqual([]);
    expect(store.getSourcesOf(target)).toEqual([]);
});
