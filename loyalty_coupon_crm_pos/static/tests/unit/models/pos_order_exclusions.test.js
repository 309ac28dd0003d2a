import { describe, expect, test } from "@odoo/hoot";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";

definePosModels();

/**
 * Return an order with tea and whisky, and a coupon of 10 % on all products but whisky,
 * as the server sends it.
 */
async function setup() {
    const store = await setupPosEnv();
    const order = store.addNewOrder();
    order.pricelist_id = false;
    const [tea, whisky, discount] = [9001, 9002, 9003].map((id) =>
        store.models["product.product"].create({
            id,
            display_name: String(id),
            lst_price: 1,
            product_tmpl_id: store.models["product.template"].get(1),
            taxes_id: [],
        })
    );
    const program = store.models["loyalty.program"].get(1);
    Object.assign(program, {
        strict: true,
        trigger: "with_code",
        program_type: "coupons",
        applies_on: "current",
        is_nominative: false,
        pricelist_ids: [["clear"]],
    });
    const [rule] = program.rule_ids;
    Object.assign(rule, {
        any_product: false,
        validProductIds: new Set([tea.id]),
        minimum_qty: 0,
        minimum_amount: 0,
    });
    const reward = store.models["loyalty.reward"].get(1);
    Object.assign(reward, {
        discount: 10,
        required_points: 1,
        is_global_discount: false,
        discount_applicability: "specific",
        all_discount_product_ids: [["clear"], ["link", tea]],
        discount_line_product_id: discount,
    });
    const card = store.models["loyalty.card"].create({
        id: 901,
        code: "044901",
        points: 1,
        program_id: program,
    });
    order._code_activated_coupon_ids = [["link", card]];
    const add = (product, quantity, price) =>
        store.models["pos.order.line"].create({
            order_id: order,
            product_id: product,
            qty: quantity,
            price_unit: price,
            price_type: "manual",
            tax_ids: [],
        });
    return { store, order, program, rule, reward, card, tea, whisky, add };
}

describe("excluded products", () => {
    test("are not discounted", async () => {
        const { order, reward, card, tea, whisky, add } = await setup();
        add(whisky, 1, 200);
        expect(order.getRewardGain({ reward, coupon_id: card.id })).toBe(0);
        add(tea, 1, 50);
        expect(order.getRewardGain({ reward, coupon_id: card.id })).toBeCloseTo(5);
        expect(order._applyReward(reward, card.id)).toBe(true);
        expect(order.priceIncl).toBeCloseTo(245);
    });

    test("do not count for a number of products", async () => {
        const { order, program, rule, tea, whisky, add } = await setup();
        rule.minimum_qty = 2;
        const meets = () =>
            order._canGenerateRewards(program, order.priceIncl, order.priceExcl);
        add(whisky, 5, 10);
        add(tea, 1, 10);
        expect(meets()).toBe(false);
        add(tea, 1, 10);
        expect(meets()).toBe(true);
    });

    test("do not count for a minimum", async () => {
        const { order, program, rule, tea, whisky, add } = await setup();
        rule.minimum_amount = 30;
        const meets = () =>
            order._canGenerateRewards(program, order.priceIncl, order.priceExcl);
        add(whisky, 1, 500);
        add(tea, 1, 29);
        expect(meets()).toBe(false);
        // Odoo's own programs compare with the whole order.
        program.strict = false;
        expect(meets()).toBe(true);
        program.strict = true;
        add(tea, 1, 1);
        expect(meets()).toBe(true);
    });
});
