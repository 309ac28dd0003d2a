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

    /**
     * A member uses the wallet of the household or company instead of one of their own.
     *
     * The points are what this customer may spend now, so they are asked for each time
     * the customer is put on an order; without connection Odoo's own way is taken.
     *
     * @override
     */
    async fetchLoyaltyCard(programId, partnerId) {
        const wallet =
            typeof partnerId === "number" &&
            (await this.data.silentCall("loyalty.card", "get_pooled_wallet", [
                programId,
                partnerId,
            ]));
        if (!wallet) {
            return super.fetchLoyaltyCard(...arguments);
        }
        const card =
            this.models["loyalty.card"].get(wallet.id) ||
            (await this.fetchCoupons([["id", "=", wallet.id]]))[0];
        if (!card) {
            return super.fetchLoyaltyCard(...arguments);
        }
        card.points = wallet.points;
        return card;
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
