import { expect, test } from "@odoo/hoot";
import { onRpc } from "@web/../tests/web_test_helpers";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";

definePosModels();

test("a member uses the wallet that is shared, as far as the limit goes", async () => {
    onRpc("loyalty.card", "get_pooled_wallet", ({ args }) =>
        args[0] === 1 && args[1] === 3 ? { id: 1, points: 4 } : false
    );
    const store = await setupPosEnv();
    const shared = await store.fetchLoyaltyCard(1, 3);
    expect(shared.id).toBe(1);
    expect(shared.points).toBe(4);
    const own = await store.fetchLoyaltyCard(2, 1);
    expect(own.id).toBe(2);
    expect(own.points).toBe(25);
});

test("the owner of the wallet sees all its points after a member", async () => {
    const points = { 3: 4, 1: 10 };
    onRpc("loyalty.card", "get_pooled_wallet", ({ args }) => ({
        id: 1,
        points: points[args[1]],
    }));
    const store = await setupPosEnv();
    await store.fetchLoyaltyCard(1, 3);
    const card = await store.fetchLoyaltyCard(1, 1);
    expect(card.points).toBe(10);
});

test("without an answer the customer's own card is used", async () => {
    onRpc("loyalty.card", "get_pooled_wallet", () => {
        throw new Error("offline");
    });
    const store = await setupPosEnv();
    const card = await store.fetchLoyaltyCard(2, 1);
    expect(card.id).toBe(2);
});
