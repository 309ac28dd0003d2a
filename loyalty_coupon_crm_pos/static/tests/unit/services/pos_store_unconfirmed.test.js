import { expect, test } from "@odoo/hoot";
import { onRpc } from "@web/../tests/web_test_helpers";
import { ConnectionLostError } from "@web/core/network/rpc";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";

definePosModels();

const CLAIM = { 901: { points: 20, program_id: 1, coupon_id: 901 } };

/**
 * Return a till, and a server that answers what `server.answer` does.
 */
async function setup() {
    const calls = [];
    const server = {
        answer: () => ({ coupon_updates: [{ id: 901, old_id: 901, points: 20 }] }),
    };
    onRpc("pos.order", "confirm_coupon_programs", ({ args }) => {
        calls.push(args);
        return server.answer();
    });
    const store = await setupPosEnv();
    const confirm = () =>
        store.data
            .call("pos.order", "confirm_coupon_programs", [7, CLAIM])
            .catch((error) => error);
    return { store, calls, server, confirm };
}

test("points whose answer was lost are asked for again, once", async () => {
    const { store, calls, confirm } = await setup();
    const card = store.models["loyalty.card"].create({ id: 901, points: 0 });
    store.data.network.offline = true;
    expect(await confirm()).toBeInstanceOf(ConnectionLostError);
    await store.syncAllOrders();
    expect(calls).toHaveLength(0);
    expect(store.data.getUnconfirmed()).toEqual([[7, CLAIM]]);
    store.data.network.offline = false;
    await store.syncAllOrders();
    expect(calls).toEqual([[7, CLAIM]]);
    expect(card.points).toBe(20);
    expect(store.data.getUnconfirmed()).toEqual([]);
    await store.syncAllOrders();
    expect(calls).toHaveLength(1);
});

test("what the server answered is not kept, an error neither", async () => {
    const { store, calls, server, confirm } = await setup();
    await confirm();
    expect(store.data.getUnconfirmed()).toEqual([]);
    server.answer = () => {
        throw new Error("No such order");
    };
    expect(await confirm()).not.toBeInstanceOf(ConnectionLostError);
    expect(store.data.getUnconfirmed()).toEqual([]);
    expect(calls).toHaveLength(2);
});
