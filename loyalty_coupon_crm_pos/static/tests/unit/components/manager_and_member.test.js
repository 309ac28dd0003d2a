import { expect, test } from "@odoo/hoot";
import { animationFrame } from "@odoo/hoot-mock";
import { click, edit, press, queryAllTexts } from "@odoo/hoot-dom";
import { mountWithCleanup, onRpc } from "@web/../tests/web_test_helpers";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { ConcessionPopup } from "@loyalty_coupon_crm_pos/app/components/concession_popup/concession_popup";
import { ConfirmPopup } from "@loyalty_coupon_crm_pos/app/components/confirm_popup/confirm_popup";

definePosModels();

async function type(selector, text) {
    await click(selector);
    await edit(text);
    await animationFrame();
    await press("Enter");
    await animationFrame();
    await animationFrame();
}

async function openConcession(choices, answers = []) {
    const sent = [];
    await setupPosEnv();
    await mountWithCleanup(ConcessionPopup, {
        props: {
            title: "Allow this once",
            text: "Closed today.",
            choices: {
                own: false,
                managers: [{ id: 7, name: "Anna" }],
                reasons: [{ id: 3, name: "Complaint" }],
                ...choices,
            },
            submit: async (choice) => {
                sent.push(choice);
                return answers.shift() || { granted: true, message: "" };
            },
            close: () => sent.push("closed"),
        },
    });
    return sent;
}

test("a manager allows with the own PIN", async () => {
    const wrong = { granted: false, message: "This is not the PIN of Anna." };
    const sent = await openConcession({}, [wrong]);
    expect(".concession-confirm").not.toBeEnabled();
    await type(".concession-pin", "1111");
    expect(".concession-message").toHaveText(wrong.message);
    expect(".concession-pin").toHaveValue("");
    await type(".concession-pin", "2580");
    expect(sent.map((one) => one.pin || one)).toEqual(["1111", "2580", "closed"]);
    expect(sent[1].manager_id).toBe(7);
    expect(sent[1].reason_id).toBe(3);
});

test("a manager who runs the till needs no PIN", async () => {
    const sent = await openConcession({ own: true });
    expect(".concession-pin").toHaveCount(0);
    await click(".concession-confirm");
    await animationFrame();
    expect(sent[0].manager_id).toBe(false);
});

test("without any manager nothing can be confirmed", async () => {
    await openConcession({ managers: [] });
    expect(".concession-nobody").toHaveCount(1);
    expect(".concession-confirm").toHaveCount(0);
});

async function openConfirm(choices) {
    const calls = [];
    onRpc("pos.config", "send_confirm_code", ({ args }) => {
        calls.push(["send", args.at(-1)]);
        return true;
    });
    onRpc("pos.config", "confirm_member", ({ args }) => {
        calls.push(args.slice(-2));
        const isRight = args.at(-1) === "2580";
        return { amount: isRight ? 30 : 0, message: isRight ? "" : "Wrong." };
    });
    const store = await setupPosEnv();
    await mountWithCleanup(ConfirmPopup, {
        props: {
            uuid: store.addNewOrder().uuid,
            partnerId: 3,
            amount: 30,
            choices: {
                name: "Li Wei",
                pin: true,
                sms: "•••• 800",
                email: "",
                ...choices,
            },
            getPayload: (amount) => calls.push(["confirmed", amount]),
            close: () => calls.push("closed"),
        },
    });
    return calls;
}

test("a member confirms with a PIN", async () => {
    const calls = await openConfirm();
    await type(".confirm-secret", "1111");
    expect(".confirm-message").toHaveText("Wrong.");
    await type(".confirm-secret", "2580");
    expect(calls).toEqual([
        ["pin", "1111"],
        ["pin", "2580"],
        ["confirmed", 30],
        "closed",
    ]);
});

test("a member confirms with a code that is sent first", async () => {
    const calls = await openConfirm({ pin: false });
    expect(queryAllTexts(".confirm-method")).toEqual(["Code to •••• 800"]);
    expect(".confirm-secret").toHaveCount(0);
    await click(".confirm-button");
    await animationFrame();
    await type(".confirm-secret", "2580");
    expect(calls).toEqual([
        ["send", "sms"],
        ["sms", "2580"],
        ["confirmed", 30],
        "closed",
    ]);
});

test("a member without any way to confirm", async () => {
    await openConfirm({ pin: false, sms: "" });
    expect(".confirm-nothing").toHaveCount(1);
    expect(".confirm-button").toHaveCount(0);
});
