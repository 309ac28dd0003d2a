import { expect, test } from "@odoo/hoot";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { getFilledOrder, setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { CustomerDisplayPosAdapter } from "@point_of_sale/app/customer_display/customer_display_adapter";

definePosModels();

test("the display gets points as plain texts beside what Odoo shows", async () => {
    const store = await setupPosEnv();
    const order = await getFilledOrder(store);
    const partner = store.models["res.partner"].get(3);
    const program = store.models["loyalty.program"].get(1);
    Object.assign(program, { program_type: "loyalty", portal_point_name: "Stars" });
    const card = store.models["loyalty.card"].create({
        id: 901,
        points: 100,
        program_id: program,
        partner_id: partner,
    });
    order.setPartner(partner);
    order.uiState.couponPointChanges = {
        901: { coupon_id: card.id, program_id: program.id, points: 20 },
    };
    const adapter = new CustomerDisplayPosAdapter();
    adapter.formatOrderData(order);
    expect(adapter.data.lines).toHaveLength(2);
    const [points] = adapter.data.loyalty.points;
    expect([points.name, points.won, points.left]).toEqual(["Stars", "20", "120"]);
    expect(adapter.data.loyalty.coupons).toEqual([]);
    // It travels to another window: nothing but texts.
    const sent = JSON.parse(JSON.stringify(adapter.data.loyalty));
    expect(sent).toEqual(adapter.data.loyalty);
});
