import { describe, expect, test } from "@odoo/hoot";
import { reactive } from "@odoo/owl";
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

describe("pos.order - next reward", () => {
    test("the cheapest that is not paid yet, and what is missing", async () => {
        const { order, program } = await setup(0);
        const [reward] = program.reward_ids;
        reward.required_points = 100;
        expect(order.getNextReward(program, 40.1)).toEqual({
            description: reward.description,
            missing: 59.9,
        });
        expect(order.getNextReward(program, 100)).toBe(null);
    });
});

describe("pos.order - goods that come back", () => {
    test("earn nothing of strict programs, the server takes points back", async () => {
        const { order, program } = await setup(0);
        const [line] = order.lines;
        expect(line.ignoreLoyaltyPoints({ program })).toBe(false);
        line.refunded_orderline_id = line;
        expect(line.ignoreLoyaltyPoints({ program })).toBe(false);
        program.strict = true;
        expect(line.ignoreLoyaltyPoints({ program })).toBe(true);
    });
});

describe("pos.order - chosen points", () => {
    test("reckoning what a reward saves writes nothing on the order", async () => {
        const { order, program } = await setup(0);
        Object.assign(program, { strict: true, program_type: "loyalty" });
        const [reward] = program.reward_ids;
        Object.assign(reward, {
            reward_type: "discount",
            discount_mode: "per_point",
            discount_applicability: "order",
            discount: 0.05,
            required_points: 1,
        });
        order.choosePoints(reward, 901, 20);
        let drawnAgain = 0;
        const shown = reactive(order, () => drawnAgain++);
        expect(shown.getRewardGain({ reward, coupon_id: 901 })).toBeGreaterThan(0);
        expect(drawnAgain).toBe(0);
    });
});

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

describe("pos.order - decimals", () => {
    async function setupStrict(values) {
        const { order, card, program } = await setup(0);
        Object.assign(program, { strict: true, points_step: "1", ...values });
        const rule = order.models["loyalty.rule"].get(1);
        Object.assign(rule, {
            reward_point_mode: "money",
            reward_point_amount: 0.333,
            reward_point_split: false,
        });
        return { order, card, program };
    }

    test("what is earned is rounded down to the step of the program", async () => {
        const { order, program } = await setupStrict();
        const raw = order.priceIncl * 0.333;
        for (const [step, digits] of [
            ["1", 0],
            ["0.1", 1],
            ["0.01", 2],
        ]) {
            program.points_step = step;
            const [change] = order.pointsForPrograms([program])[program.id];
            const factor = 10 ** digits;
            expect(change.points).toBe(Math.floor(raw * factor + 1e-7) / factor);
        }
    });

    test("other programs keep the way of Odoo's till, also afterwards", async () => {
        const { order, program } = await setupStrict();
        order.pointsForPrograms([program]);
        program.strict = false;
        const [change] = order.pointsForPrograms([program])[program.id];
        const raw = order.priceIncl * 0.333;
        expect(change.points).toBe(Math.round(raw * 100) / 100);
    });

    /** Put a reward on the order that leaves `rest` to pay. */
    function cover(order, card, rest, taxes) {
        const reward = order.models["loyalty.reward"].get(1);
        const product = order.models["product.product"].get(1);
        Object.assign(reward, { discount: 100, discount_line_product_id: product });
        const amount = order.priceIncl - rest;
        order.models["pos.order.line"].create({
            order_id: order,
            product_id: product,
            qty: 1,
            price_unit: -amount,
            tax_ids: taxes,
            is_reward_line: true,
            reward_id: reward,
            coupon_id: card,
            points_cost: 1,
            reward_identifier_code: "covers",
        });
        order._closeRest(reward, card.id);
    }

    for (const rest of [0.01, -0.01]) {
        test(`a covered order ends at zero: ${rest} left`, async () => {
            const { order, card } = await setupStrict();
            cover(order, card, rest, []);
            expect(order.currency.isZero(order.priceIncl)).toBe(true);
            expect(order._get_reward_lines()).toHaveLength(1);
        });
    }

    test("more than roundings make is left to pay", async () => {
        const { order, card } = await setupStrict();
        cover(order, card, 0.5, []);
        expect(order.priceIncl).toBeCloseTo(0.5);
    });

    test("programs that are not strict leave what Odoo leaves", async () => {
        const { order, card } = await setupStrict({ strict: false });
        cover(order, card, 0.01, []);
        expect(order.priceIncl).toBeCloseTo(0.01);
    });
});

describe("pos.order - what gift cards and eWallets pay", () => {
    test("a top-up is left to pay with money", async () => {
        const { order, program } = await setup(0);
        const product = order.getOrderlines()[0].getProduct();
        Object.assign(program, { program_type: "ewallet", strict: true });
        const rule = order.models["loyalty.rule"].get(1);
        Object.assign(rule, {
            any_product: false,
            validProductIds: new Set([product.id]),
        });
        const reward = order.models["loyalty.reward"].get(1);
        const payable = order._getDiscountableOnOrder(reward).discountable;
        expect(order.getUnpayable(program)).toBeCloseTo(order.priceIncl);
        expect(payable).toBe(0);
        program.strict = false;
        expect(order._getDiscountableOnOrder(reward).discountable).toBeCloseTo(
            order.priceIncl
        );
    });
});
