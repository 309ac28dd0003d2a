import { expect, test } from "@odoo/hoot";
import { mountWithCleanup } from "@web/../tests/web_test_helpers";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { ControlButtons } from "@point_of_sale/app/screens/product_screen/control_buttons/control_buttons";

definePosModels();

const BUTTONS = ["Enter Code", "Reward", "Member", "Best Offer"];

async function mountButtons(waits) {
    const store = await setupPosEnv();
    store.addNewOrder();
    store.models["loyalty.program"].getAll().forEach((program) => program.delete());
    store.config._loyalty_waits = waits;
    await mountWithCleanup(ControlButtons, { props: { showRemainingButtons: true } });
}

test("a till on which programs wait has the buttons for their codes", async () => {
    await mountButtons(true);
    for (const name of BUTTONS) {
        expect(`button:contains(${name})`).toHaveCount(1);
    }
});

test("a till without any program has none of them", async () => {
    await mountButtons(false);
    for (const name of BUTTONS) {
        expect(`button:contains(${name})`).toHaveCount(0);
    }
});
