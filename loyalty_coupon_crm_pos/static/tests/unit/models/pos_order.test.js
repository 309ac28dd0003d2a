import { describe, expect, test } from "@odoo/hoot";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { addProductLineToOrder } from "@pos_loyalty/../tests/unit/utils";

definePosModels();

async function setup(pendingDays) {
    const store = await setupPosEnv();
    const order = store.addNewOrder();
    const partner = store.models["res.partner"].get(3);
    order.setPartner(partner);
    await addProductLineToOrder(store, order);
    const program = store.models["loyalty.program"].get(1);
    Object.assign(program, {
        pending_days: pendingDays,
        is_nominative: true,
        applies_on: "both",
    });
    const card = store.models["loyalty.card"].create({
        id: 901,
        points: 100,
        blocked_points: 30,
        program_id: program,
        partner_id: partner,
    });
    order.uiState.couponPointChanges = {
        901: { coupon_id: 901, program_id: 1, points: 40 },
    };
    return { order, card, program };
}

describe("pos.order - pending points", () => {
    test("blocked points cannot be spent", async () => {
        const { order } = await setup(0);
        expect(order._getRealCouponPoints(901)).toBe(110);
    });

    test("what the order earns waits", async () => {
        const { order } = await setup(14);
        expect(order._getRealCouponPoints(901)).toBe(70);
    });

    test("an unknown card has nothing that waits", async () => {
        const { order } = await setup(14);
        expect(order._getRealCouponPoints(902)).toBe(0);
    });

    test("the receipt finds the card of a program", async () => {
        const { order, card, program } = await setup(14);
        expect(order.getLoyaltyCardOf(program).id).toBe(card.id);
        order.setPartner(false);
        expect(Boolean(order.getLoyaltyCardOf(program))).toBe(false);
    });
});
