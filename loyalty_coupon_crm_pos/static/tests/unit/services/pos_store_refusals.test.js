import { expect, test } from "@odoo/hoot";
import { mockDate } from "@odoo/hoot-mock";
import { onRpc } from "@web/../tests/web_test_helpers";
import { ConnectionLostError } from "@web/core/network/rpc";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";

definePosModels();

/** Return a till without connection, and what the server hears of refusals. */
async function setup() {
    mockDate("2026-03-02T09:00:00", 0);
    const heard = [];
    const server = { answer: () => 1 };
    onRpc("pos.config", "log_offline_refusals", ({ args }) => {
        const answer = server.answer();
        heard.push(args[1]);
        return answer;
    });
    const store = await setupPosEnv();
    localStorage.removeItem(store.refusalsKey);
    Object.assign(store.config, { loyalty_offline: "leased" });
    const order = store.addNewOrder();
    order.setPartner(store.models["res.partner"].get(3));
    store.data.network.offline = true;
    return { store, order, heard, server };
}

test("what was refused is told when the connection is back, once", async () => {
    const { store, heard } = await setup();
    expect(await store.activateCode("044-other")).toMatch("knows no coupon");
    await store.sendRefusals();
    expect(heard).toEqual([]);
    store.data.network.offline = false;
    await store.sendRefusals();
    expect(heard).toEqual([
        [
            {
                at: "2026-03-02 09:00:00",
                reason: "unknown",
                code: "044-other",
                card_id: false,
                program_id: false,
                partner_id: 3,
            },
        ],
    ]);
    await store.sendRefusals();
    expect(heard).toHaveLength(1);
});

test("what the server did not hear is kept", async () => {
    const { store, heard, server } = await setup();
    store.keepRefusal(store.getOrder(), "closed", { cardId: 7 });
    store.data.network.offline = false;
    server.answer = () => {
        throw new Error("lock timeout");
    };
    await store.sendRefusals();
    expect(store.getKeptRefusals()).toHaveLength(1);
    server.answer = () => 1;
    await store.sendRefusals();
    expect(heard.map(([row]) => row.card_id)).toEqual([7]);
    expect(store.getKeptRefusals()).toEqual([]);
});

test("the newest are kept, not all", async () => {
    const { store, order } = await setup();
    for (let number = 0; number < 60; number++) {
        store.keepRefusal(order, "unknown", { code: `C${number}` });
    }
    const kept = store.getKeptRefusals();
    expect(kept).toHaveLength(50);
    expect(kept[0].code).toBe("C10");
});

test("what is taken off at payment is kept with its reason", async () => {
    const { store, order } = await setup();
    store.config.loyalty_offline = "refuse";
    const program = store.models["loyalty.program"].get(1);
    Object.assign(program, { strict: true, applies_on: "current" });
    order.getUnheld = () => ({ cards: [], programs: [program.id] });
    order.getOfflineRisk = () => ({ coupons: 1, amount: 5 });
    order.getWanted = () => ({ points: { 1: 1 }, programs: [program.id] });
    const error = new ConnectionLostError("/web");
    expect(store.onUnchecked(order, order.getWanted(), error, true)).toBe(false);
    expect(store.getKeptRefusals()).toMatchObject([
        { reason: "refuse", program_id: program.id },
    ]);
});
