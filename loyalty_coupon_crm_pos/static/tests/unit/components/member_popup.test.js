import { expect, test } from "@odoo/hoot";
import { animationFrame } from "@odoo/hoot-mock";
import { click, edit, press, queryAll, queryAllTexts } from "@odoo/hoot-dom";
import { mountWithCleanup, onRpc } from "@web/../tests/web_test_helpers";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { MemberPopup } from "@loyalty_coupon_crm_pos/app/components/member_popup/member_popup";

definePosModels();

async function setup(found) {
    const calls = [];
    onRpc("pos.config", "find_member", ({ args }) => {
        calls.push(["find", ...args.slice(1)]);
        return found;
    });
    onRpc("pos.config", "enrol_member", ({ args }) => {
        calls.push(["enrol", ...args.slice(1)]);
        return 3;
    });
    await setupPosEnv();
    const chosen = [];
    await mountWithCleanup(MemberPopup, {
        props: {
            getPayload: (partner) => chosen.push(partner.id),
            close: () => chosen.push("closed"),
        },
    });
    return { calls, chosen };
}

async function type(selector, text) {
    await click(selector);
    await edit(text);
    await press("Enter");
    await animationFrame();
    await animationFrame();
}

test("who is known is chosen at once", async () => {
    const { calls, chosen } = await setup({ partner_id: 3, phone: "+8613812345678" });
    await type(".member-text", "138 1234 5678");
    expect(calls).toEqual([["find", "138 1234 5678"]]);
    expect(chosen).toEqual([3, "closed"]);
});

test("who is not known joins with a name", async () => {
    const { calls, chosen } = await setup({
        partner_id: false,
        phone: "+8613812345678",
        purposes: [
            ["sms", "Text messages"],
            ["profiling", "Offers chosen by what was bought"],
        ],
    });
    await type(".member-text", "13812345678");
    expect(".member-message").toHaveText("Nobody has the number +8613812345678 yet.");
    expect(".member-confirm").not.toBeEnabled();
    expect(queryAllTexts(".form-check")).toEqual([
        "Text messages",
        "Offers chosen by what was bought",
    ]);
    await click("#member-sms");
    await type(".member-name", "Zhang Min");
    expect(calls.at(-1)).toEqual(["enrol", "+8613812345678", "Zhang Min", ["sms"]]);
    expect(chosen).toEqual([3, "closed"]);
});

test("a code that nobody has enrols nobody", async () => {
    const { chosen } = await setup({ partner_id: false, phone: false });
    await type(".member-text", "044ABC");
    expect(queryAll(".member-name")).toHaveLength(0);
    expect(".member-message").toHaveText(/^No member has this number or code/);
    expect(chosen).toEqual([]);
});
