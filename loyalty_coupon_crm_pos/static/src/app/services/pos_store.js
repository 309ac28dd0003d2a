import { PosStore } from "@point_of_sale/app/services/pos_store";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { Mutex } from "@web/core/utils/concurrency";
import { patch } from "@web/core/utils/patch";
// Ours goes on top of Odoo's, whatever the order of the files.
import "@pos_loyalty/app/services/pos_store";

const NOTHING = "{}";
const holdMutex = new Mutex();

patch(PosStore.prototype, {
    /**
     * Hold what a reward costs as soon as it is on the order.
     */
    async updateOrder(order) {
        await super.updateOrder(...arguments);
        if (order) {
            this.holdCards(order);
        }
    },

    /**
     * Hold once more before money is asked for: who scanned long ago may have lost it.
     */
    async pay() {
        if (await this.holdCards(this.getOrder(), { renew: true })) {
            return super.pay(...arguments);
        }
    },

    async _onBeforeDeleteOrder(order) {
        const result = await super._onBeforeDeleteOrder(...arguments);
        if (result && order.uiState.heldPoints) {
            await this.data.silentCall("pos.config", "hold_cards", [
                [this.config.id],
                order.uuid,
                {},
                false,
            ]);
        }
        return result;
    },

    /**
     * Tell the server what the order takes from cards, so that no other till does.
     *
     * A card that is refused goes off the order, with the reason in words.
     *
     * @param {Object} order
     * @param {Object} [options]
     * @param {boolean} [options.renew] also when nothing has changed
     * @returns {Promise<boolean>} whether nothing was refused
     */
    async holdCards(order, { renew = false } = {}) {
        return holdMutex.exec(async () => {
            if (order.finalized) {
                return true;
            }
            const points = order.getPointsToHold();
            const held = JSON.stringify(points);
            const before = order.uiState.heldPoints || NOTHING;
            if (held === before && (held === NOTHING || !renew)) {
                return true;
            }
            const refused = await this.data.silentCall("pos.config", "hold_cards", [
                [this.config.id],
                order.uuid,
                points,
                order.getPartner()?.id || false,
            ]);
            if (!refused) {
                return true;
            }
            order.uiState.heldPoints = held;
            return this.dropRefused(order, refused);
        });
    },

    dropRefused(order, refused) {
        const reasons = Object.values(refused);
        if (!reasons.length) {
            return true;
        }
        Object.keys(refused).forEach((cardId) => order.dropCard(Number(cardId)));
        this.dialog.add(AlertDialog, {
            title: _t("The coupon cannot be used"),
            body: reasons.join("\n"),
        });
        return false;
    },

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
