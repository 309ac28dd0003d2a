import { expect, test } from "@odoo/hoot";
import { animationFrame } from "@odoo/hoot-mock";
import { click, edit, queryAll, waitFor } from "@odoo/hoot-dom";
import { mountWithCleanup, onRpc } from "@web/../tests/web_test_helpers";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { addProductLineToOrder } from "@pos_loyalty/../tests/unit/utils";
import { ConcessionPopup } from "@loyalty_coupon_crm_pos/app/components/concession_popup/concession_popup";
import { ConfirmPopup } from "@loyalty_coupon_crm_pos/app/components/confirm_popup/confirm_popup";
import { CustomerWallet } from "@loyalty_coupon_crm_pos/app/components/customer_wallet/customer_wallet";
import { MemberPopup } from "@loyalty_coupon_crm_pos/app/components/member_popup/member_popup";

definePosModels();

const HEARD = "button, input, select, img, section, [role=group]";

/** Return what a screen reader calls an element. */
function nameOf(el) {
    const labels = [...(el.labels || [])].map((label) => label.textContent);
    // What is in a group or part of the page is not its name.
    const text = el.matches("section, [role=group]") ? "" : el.textContent;
    return [el.getAttribute("aria-label"), el.alt, ...labels, text, el.title]
        .map((name) => (name || "").replace(/\s+/g, " ").trim())
        .find(Boolean);
}

/** Check that everything has a name, and that no two buttons have the same one. */
function expectNames() {
    const heard = queryAll(HEARD);
    expect(heard.length).toBeGreaterThan(0);
    const unnamed = heard.filter((el) => !nameOf(el)).map((el) => el.outerHTML);
    expect(unnamed).toEqual([]);
    const names = heard.filter((el) => el.matches("button")).map(nameOf);
    expect(new Set(names).size).toBe(names.length, { message: names.join() });
    // An icon beside words is not read out as well.
    expect("i.fa:not([aria-hidden]), i.oi:not([aria-hidden])").toHaveCount(0);
}

test("the window in which a manager allows", async () => {
    await setupPosEnv();
    await mountWithCleanup(ConcessionPopup, {
        props: {
            title: "Goodwill",
            choices: {
                own: false,
                managers: [{ id: 7, name: "Anna" }],
                programs: [{ id: 2, name: "Sorry" }],
                reasons: [{ id: 3, name: "Complaint" }],
            },
            submit: async () => ({ granted: true, message: "" }),
            close: () => {},
        },
    });
    expectNames();
});

test("the window in which a member confirms", async () => {
    const store = await setupPosEnv();
    await mountWithCleanup(ConfirmPopup, {
        props: {
            uuid: store.addNewOrder().uuid,
            partnerId: 3,
            amount: 30,
            choices: { name: "Li Wei", pin: true, sms: "•••• 800", email: "l•••@w.cn" },
            getPayload: () => {},
            close: () => {},
        },
    });
    expectNames();
    // Who types needs no mouse first.
    expect(".confirm-secret").toBeFocused();
});

test("the window that finds members", async () => {
    onRpc("pos.config", "find_member", () => ({ partner_id: false, phone: "+8613" }));
    await setupPosEnv();
    await mountWithCleanup(MemberPopup, { props: { getPayload() {}, close() {} } });
    await click(".member-text");
    await edit("138");
    await animationFrame();
    await click(".member-confirm");
    await waitFor(".member-name");
    expectNames();
});

test("coupons and points of the customer", async () => {
    const coupon = (id, name, reasons, allowable) => ({
        id,
        name,
        reasons,
        allowable,
        code: `044${id}`,
        program_id: 1,
        gives: ["1 off"],
        minimum: 0,
        expiration_date: false,
        points: 1,
    });
    onRpc("pos.config", "get_customer_wallet", () => ({
        coupons: [
            coupon(1, "Tea", [], false),
            coupon(2, "Cake", [], false),
            coupon(3, "Night", ["From 22:00."], true),
            coupon(4, "Noon", ["From 12:00."], true),
        ],
        more: 0,
        wallets: [],
    }));
    const store = await setupPosEnv();
    store.models["loyalty.program"].get(1).strict = true;
    const order = store.addNewOrder();
    order.setPartner(store.models["res.partner"].get(3));
    await addProductLineToOrder(store, order);
    await mountWithCleanup(CustomerWallet);
    await waitFor(".customer-wallet-title");
    await click(".customer-wallet-title");
    await animationFrame();
    expect(".customer-wallet-manager").toHaveCount(2);
    expectNames();
});
