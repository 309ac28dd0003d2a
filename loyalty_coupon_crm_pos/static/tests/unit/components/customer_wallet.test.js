import { expect, test } from "@odoo/hoot";
import { animationFrame } from "@odoo/hoot-mock";
import { click, press, queryAllTexts, queryOne, waitFor } from "@odoo/hoot-dom";
import {
    mountWithCleanup,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { addProductLineToOrder } from "@pos_loyalty/../tests/unit/utils";
import { CustomerWallet } from "@loyalty_coupon_crm_pos/app/components/customer_wallet/customer_wallet";

definePosModels();

const WALLET = {
    coupons: [
        {
            id: 101,
            code: "044VOID",
            program_id: 1,
            name: "Void",
            gives: ["1 off"],
            minimum: 0,
            expiration_date: "2020-01-01",
            points: 1,
            reasons: ["It was voided yesterday."],
        },
        {
            id: 102,
            code: "044GOOD",
            program_id: 1,
            name: "Good",
            gives: ["10% on your order"],
            minimum: 0,
            expiration_date: false,
            points: 1,
            reasons: [],
        },
    ],
    more: 4,
    wallets: [
        {
            id: 1,
            program_id: 1,
            name: "Club",
            points: 120,
            unit: "Stars",
            money: false,
        },
    ],
};

async function setup(answer = () => WALLET) {
    onRpc("pos.config", "get_customer_wallet", answer);
    const store = await setupPosEnv();
    const order = store.addNewOrder();
    order.setPartner(store.models["res.partner"].get(3));
    await addProductLineToOrder(store, order);
    return { store, order };
}

test("shows points and coupons, the usable one first", async () => {
    await setup();
    await mountWithCleanup(CustomerWallet);
    await waitFor(".customer-wallet-coupon");
    expect(queryAllTexts(".customer-wallet-points")).toEqual(["120 Stars"]);
    expect(queryAllTexts(".customer-wallet-coupon .fw-bolder")).toEqual(["Good"]);
    await click(".customer-wallet-title");
    await animationFrame();
    expect(queryAllTexts(".customer-wallet-coupon .fw-bolder")).toEqual([
        "Good",
        "Void",
    ]);
    expect(".customer-wallet-title").toHaveText("6 coupons\n120 Stars");
    expect("[data-status=refused] .customer-wallet-apply").not.toBeEnabled();
    expect("[data-status=refused] .customer-wallet-reason").toHaveText(
        "· It was voided yesterday."
    );
    expect(".customer-wallet-more").toHaveText("and 4 more");
});

test("shows what points are worth, and who the member is", async () => {
    const [club] = WALLET.wallets;
    await setup(() => ({
        ...WALLET,
        wallets: [{ ...club, worth: 6 }],
        member: { since: "2024-03-01", last_visit: "2026-11-20" },
    }));
    await mountWithCleanup(CustomerWallet);
    await waitFor(".customer-wallet-points");
    expect(".customer-wallet-points").toHaveText(/^120 Stars \(.*6\.00.*\)$/);
    await click(".customer-wallet-title");
    await animationFrame();
    expect(".customer-wallet-member").toHaveText(
        "Member since 03/01/2024 · last visit 11/20/2026"
    );
});

test("one click applies a coupon as if it were scanned", async () => {
    const { store } = await setup();
    patchWithCleanup(store, {
        async activateCode(code) {
            expect.step(code);
            return "Not today.";
        },
    });
    await mountWithCleanup(CustomerWallet);
    await waitFor(".customer-wallet-coupon");
    await click("[data-status=usable] .customer-wallet-apply");
    await animationFrame();
    expect.verifySteps(["044GOOD"]);
    await waitFor(".o_notification:contains(Not today.)");
});

test("without an answer the till works on and offers to retry", async () => {
    let fails = true;
    await setup(() => {
        if (fails) {
            throw new Error("no connection");
        }
        return WALLET;
    });
    await mountWithCleanup(CustomerWallet);
    await waitFor(".customer-wallet-failed");
    fails = false;
    await click(".customer-wallet-failed button");
    await waitFor(".customer-wallet-coupon");
    expect(".customer-wallet-failed").toHaveCount(0);
});

test("an empty order leaves room for the whole list", async () => {
    const { order } = await setup();
    order.lines.map((line) => line.delete());
    await mountWithCleanup(CustomerWallet);
    await waitFor(".customer-wallet-coupon");
    expect(".customer-wallet-coupon").toHaveCount(2);
    expect("[data-status=waiting] .customer-wallet-reason").toHaveText(
        "· Add products first."
    );
    await click(".customer-wallet-title");
    await animationFrame();
    expect(".customer-wallet-coupon").toHaveCount(1);
});

test("nothing to show without a customer, or for one who has nothing", async () => {
    const { order } = await setup(() => ({ coupons: [], more: 0, wallets: [] }));
    await mountWithCleanup(CustomerWallet);
    await animationFrame();
    expect(".customer-wallet").toHaveCount(0);
    order.setPartner(false);
    await animationFrame();
    expect(".customer-wallet").toHaveCount(0);
});

test("another customer, another wallet", async () => {
    const { store, order } = await setup(({ args }) => {
        expect.step(args[1]);
        return WALLET;
    });
    await mountWithCleanup(CustomerWallet);
    await waitFor(".customer-wallet-coupon");
    order.setPartner(store.models["res.partner"].get(18));
    await animationFrame();
    await waitFor(".customer-wallet-coupon");
    expect.verifySteps([3, 18]);
});

test("the coupon that saves most on the order comes first, with what it saves", async () => {
    const { store, order } = await setup(() => ({
        ...WALLET,
        coupons: [
            { ...WALLET.coupons[1], id: 103, code: "044SMALL", name: "Small" },
            { ...WALLET.coupons[1], id: 104, code: "044LARGE", name: "Large" },
        ].map((one, index) => ({ ...one, program_id: index + 1 })),
    }));
    const rewards = store.models["loyalty.reward"];
    for (const [id, discount] of [
        [1, 10],
        [2, 30],
    ]) {
        const program = store.models["loyalty.program"].get(id);
        const reward = rewards.get(id);
        Object.assign(program, { program_type: "coupons", applies_on: "current" });
        program.rule_ids = [["clear"]];
        Object.assign(reward, {
            program_id: program,
            reward_type: "discount",
            discount,
            required_points: 1,
            discount_line_product_id: store.models["product.product"].get(1),
        });
    }
    const before = order.lines.length;
    const cards = store.models["loyalty.card"].length;
    await mountWithCleanup(CustomerWallet);
    await waitFor(".customer-wallet-coupon");
    await click(".customer-wallet-title");
    await animationFrame();
    expect(queryAllTexts(".customer-wallet-coupon .fw-bolder")).toEqual([
        "Large",
        "Small",
    ]);
    const [large, small] = queryAllTexts(".customer-wallet-saves");
    expect(large).toMatch(/^· saves .*3\.00$/);
    expect(small).toMatch(/^· saves .*1\.00$/);
    // To look is not to take.
    expect(order.lines).toHaveLength(before);
    expect(store.models["loyalty.card"].length).toBe(cards);
});

test("what a manager may allow is told in one notice", async () => {
    onRpc("pos.config", "ask_concession", () => ({
        possible: true,
        text: "It was valid until yesterday.",
        own: true,
        managers: [],
        reasons: [],
    }));
    onRpc("loyalty.card", "get_loyalty_card_partner_by_code", () => false);
    onRpc("pos.config", "use_coupon_code", () => ({
        successful: false,
        payload: { error_message: "It was valid until yesterday." },
    }));
    const { store } = await setup();
    await mountWithCleanup(CustomerWallet);
    await waitFor(".customer-wallet-coupon");
    await click("[data-status=usable] .customer-wallet-apply");
    await waitFor(".o_notification:contains(It was valid until yesterday.)");
    await animationFrame();
    expect(".o_notification").toHaveCount(1);
    expect(".o_notification button:contains(Ask a Manager)").toHaveCount(1);
    // What nobody may allow is left to the one who entered the code.
    onRpc("pos.config", "ask_concession", () => ({ possible: false, text: "" }));
    expect(await store.activateCode("044GOOD")).toBe("It was valid until yesterday.");
});

test("coupons are reached and applied by keyboard", async () => {
    const { store } = await setup();
    patchWithCleanup(store, {
        async activateCode(code) {
            expect.step(code);
            return true;
        },
    });
    await mountWithCleanup(CustomerWallet);
    await waitFor(".customer-wallet-coupon");
    queryOne(".customer-wallet-title").focus();
    await press("Enter");
    await animationFrame();
    expect(".customer-wallet-title").toHaveAttribute("aria-expanded", "true");
    expect(".customer-wallet-coupon").toHaveCount(2);
    await press("Tab");
    expect("[data-status=usable] .customer-wallet-apply").toBeFocused();
    await press("Enter");
    await animationFrame();
    expect.verifySteps(["044GOOD"]);
    // What cannot be applied is no stop on the way.
    await press("Tab");
    expect("[data-status=refused] .customer-wallet-apply").not.toBeFocused();
});
