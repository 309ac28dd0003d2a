import { PosStore } from "@point_of_sale/app/services/pos_store";
import { patch } from "@web/core/utils/patch";
// Ours goes on top of Odoo's, whatever the order of the files.
import "@pos_loyalty/app/services/pos_store";

patch(PosStore.prototype, {
    /**
     * Read the wallets of a paid order again: the server alone knows what of them has to
     * wait and what lapses.
     */
    async postProcessLoyalty(order) {
        await super.postProcessLoyalty(...arguments);
        const partner = order.getPartner();
        const cards = this.models["loyalty.card"].filter(
            (card) =>
                typeof card.id === "number" &&
                card.id > 0 &&
                partner &&
                card.partner_id?.id === partner.id &&
                hasTerms(card.program_id)
        );
        if (cards.length) {
            await this.data.read(
                "loyalty.card",
                cards.map((card) => card.id)
            );
        }
    },
});

function hasTerms(program) {
    return Boolean(
        program &&
            (program.pending_days ||
                program.expire_after ||
                program.expire_month ||
                program.expire_inactive_days)
    );
}
