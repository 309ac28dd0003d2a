import { expect, test } from "@odoo/hoot";
import { onRpc } from "@web/../tests/web_test_helpers";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";

definePosModels();

const PROGRAM = 900;

function answer() {
    const times = [];
    onRpc("pos.config", "load_programs", ({ args }) => {
        times.push(args.slice(1));
        return {
            "product.template": [],
            "product.product": [],
            "loyalty.program": [
                {
                    id: PROGRAM,
                    name: "Autumn",
                    trigger: "with_code",
                    applies_on: "current",
                    program_type: "promo_code",
                    pricelist_ids: [],
                    trigger_product_ids: [],
                    rule_ids: [901],
                    reward_ids: [902],
                },
            ],
            "loyalty.rule": [
                {
                    id: 901,
                    program_id: PROGRAM,
                    mode: "with_code",
                    code: "AUTUMN",
                    valid_product_ids: [5],
                    any_product: false,
                    reward_point_mode: "order",
                    reward_point_amount: 1,
                },
            ],
            "loyalty.reward": [
                {
                    id: 902,
                    program_id: PROGRAM,
                    reward_type: "discount",
                    discount: 10,
                    discount_mode: "percent",
                    discount_applicability: "order",
                    required_points: 1,
                    reward_product_domain: '[["id", "=", 5]]',
                    all_discount_product_ids: [],
                    reward_product_ids: [],
                },
            ],
        };
    });
    return times;
}

test("a code brings the program that waited for it", async () => {
    const times = answer();
    onRpc("loyalty.card", "get_loyalty_card_partner_by_code", () => false);
    const store = await setupPosEnv();
    store.config._loyalty_waits = true;
    store.addNewOrder();
    await store.activateCode("AUTUMN");
    expect(times).toEqual([["AUTUMN", []]]);
    const program = store.models["loyalty.program"].get(PROGRAM);
    const [rule] = program.rule_ids;
    expect([...rule.validProductIds]).toEqual([5]);
    expect(program.reward_ids[0].all_discount_product_ids.map((p) => p.id)).toEqual([
        5,
    ]);
    expect(store.getOrder().uiState.codeActivatedProgramRules).toEqual([901]);
    // Read again, it stays as it is.
    await store.loadPrograms({ code: "AUTUMN" });
    expect([...rule.validProductIds]).toEqual([5]);
    expect(program.reward_ids[0].all_discount_product_ids.map((p) => p.id)).toEqual([
        5,
    ]);
});

test("programs are asked for once, and only when some wait", async () => {
    const times = answer();
    const store = await setupPosEnv();
    await store.loadPrograms({ code: "AUTUMN", programIds: [PROGRAM] });
    expect(times).toEqual([]);
    store.config._loyalty_waits = true;
    expect(store.hasProgram(PROGRAM)).toBe(false);
    await store.loadPrograms({ programIds: [PROGRAM, PROGRAM] });
    expect(store.hasProgram(PROGRAM)).toBe(true);
    await store.loadPrograms({ programIds: [PROGRAM] });
    expect(times).toEqual([[false, [PROGRAM]]]);
});
