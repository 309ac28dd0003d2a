import { describe, expect, test } from "@odoo/hoot";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { addProductLineToOrder } from "@pos_loyalty/../tests/unit/utils";

definePosModels();

async function setup() {
    const store = await setupPosEnv();
    const order = store.addNewOrder();
    const partner = store.models["res.partner"].get(3);
    order.setPartner(partner);
    const program = store.models["loyalty.program"].get(1);
    const card = store.models["loyalty.card"].create({
        id: 901,
        points: 100,
        program_id: program,
        partner_id: partner,
    });
    return { store, order, partner, program, card };
}

describe("confirmation by the member", () => {
    test("from the amount of the till on, until it is confirmed", async () => {
        const { store, order, partner, card } = await setup();
        await addProductLineToOrder(store, order, {
            is_reward_line: true,
            reward_id: store.models["loyalty.reward"].get(1),
            coupon_id: card,
            price_unit: -30,
            tax_ids: [],
        });
        const amount = -order.lines[0].prices.total_included;
        store.config.loyalty_confirm_amount = amount + 1;
        expect(order.getToConfirm().amount).toBe(0);
        store.config.loyalty_confirm_amount = 0;
        expect(order.getToConfirm().amount).toBe(0);
        store.config.loyalty_confirm_amount = amount;
        expect(order.getToConfirm()).toEqual({ amount, partnerId: partner.id });
        order.uiState.confirmed = { amount, partnerId: partner.id };
        expect(order.getToConfirm().amount).toBe(0);
        order.uiState.confirmed = { amount: amount - 1, partnerId: partner.id };
        expect(order.getToConfirm().amount).toBe(amount);
        order.uiState.confirmed = { amount, partnerId: partner.id + 1 };
        expect(order.getToConfirm().amount).toBe(amount);
    });
});

describe("customer display", () => {
    test("tells points won and left, and what is next", async () => {
        const { order, program, card } = await setup();
        Object.assign(program, {
            program_type: "loyalty",
            portal_visible: true,
            portal_point_name: "Stars",
        });
        const [reward] = program.reward_ids;
        Object.assign(reward, { required_points: 150, description: "A cup" });
        order.uiState.couponPointChanges = {
            901: { coupon_id: card.id, program_id: program.id, points: 20 },
        };
        const [points] = order.getLoyaltyForDisplay().points;
        expect(points).toEqual({
            name: "Stars",
            won: "20",
            spent: "",
            left: "120",
            missing: "30",
            next: "A cup",
        });
    });

    test("creates no card, and shows nothing of nobody", async () => {
        const { store, order, program } = await setup();
        program.program_type = "loyalty";
        const before = store.models["loyalty.card"].length;
        order.uiState.couponPointChanges = {
            777: { coupon_id: 777, program_id: program.id, points: 20 },
        };
        expect(order.getLoyaltyForDisplay()).toEqual({ points: [], coupons: [] });
        order.setPartner(false);
        expect(order.getLoyaltyForDisplay()).toEqual({ points: [], coupons: [] });
        expect(store.models["loyalty.card"].length).toBe(before);
    });

    test("new coupons come with a QR when the order is paid", async () => {
        const { order } = await setup();
        order.new_coupon_info = [
            { program_name: "Next", code: "044NEXT", expiration_date: false },
        ];
        expect(order.getLoyaltyForDisplay().coupons).toEqual([]);
        order.state = "paid";
        const [coupon] = order.getLoyaltyForDisplay().coupons;
        expect(coupon.code).toBe("044NEXT");
        expect(coupon.qr).toMatch(/^data:image/);
    });
});
