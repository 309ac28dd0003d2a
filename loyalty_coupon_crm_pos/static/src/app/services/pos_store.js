import { PosStore } from "@point_of_sale/app/services/pos_store";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { ConnectionLostError } from "@web/core/network/rpc";
import { _t } from "@web/core/l10n/translation";
import { Mutex } from "@web/core/utils/concurrency";
import { patch } from "@web/core/utils/patch";
// Ours goes on top of Odoo's, whatever the order of the files.
import "@pos_loyalty/app/services/pos_store";

const holdMutex = new Mutex();

patch(PosStore.prototype, {
    /**
     * Hold what a reward costs as soon as it is on the order.
     */
    async orderUpdateLoyaltyPrograms() {
        await super.orderUpdateLoyaltyPrograms(...arguments);
        const order = this.getOrder();
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

    async validateOrderFast() {
        if (await this.holdCards(this.getOrder(), { renew: true })) {
            return super.validateOrderFast(...arguments);
        }
    },

    /**
     * Return what the till keeps for itself, as {card id: points}: see
     * `pos_store_offline.js`.
     */
    getLeased() {
        return {};
    },

    /**
     * Return whether the till may risk anything at all of what an order uses unchecked.
     */
    isVouched() {
        return this.config.loyalty_offline === "allow";
    },

    async _onBeforeDeleteOrder(order) {
        const result = await super._onBeforeDeleteOrder(...arguments);
        if (result && order.uiState.held) {
            await this.data.silentCall("pos.config", "hold_order", [
                [this.config.id],
                order.uuid,
                {},
                false,
                [],
            ]);
        }
        return result;
    },

    /**
     * A code that is entered again asks the gate again.
     */
    async activateCode(code) {
        this.getOrder()?.forgetRefusals();
        return super.activateCode(...arguments);
    },

    /**
     * Tell the server what the order takes from cards, so that no other till does, and
     * ask for the promotions that need no card.
     *
     * What is refused goes off the order, with the reason in words.
     *
     * @param {Object} order
     * @param {Object} [options]
     * @param {boolean} [options.renew] also when nothing has changed: payment starts
     * @returns {Promise<boolean>} whether the order may be paid as it is
     */
    async holdCards(order, { renew = false } = {}) {
        return holdMutex.exec(async () => {
            if (order.finalized) {
                return true;
            }
            const wanted = order.getWanted();
            const before = order.uiState.held;
            if (isNothing(wanted) && (!before || isNothing(before))) {
                return true;
            }
            if (!renew && before && isSame(wanted, before)) {
                return true;
            }
            let refused = {};
            try {
                refused = await this.data.call("pos.config", "hold_order", [
                    [this.config.id],
                    order.uuid,
                    wanted.points,
                    wanted.partnerId,
                    wanted.programs,
                    ...(wanted.others.length || wanted.lines.length
                        ? [wanted.others]
                        : []),
                    ...(wanted.lines.length ? [wanted.lines] : []),
                ]);
            } catch (error) {
                return this.onUnchecked(order, wanted, error, renew);
            }
            const until = Date.now() + this.config.loyalty_hold_minutes * 60000;
            order.uiState.held = { ...withoutRefused(wanted, refused), until };
            order.uiState.offlineRisk = undefined;
            return this.dropRefused(order, refused, renew);
        });
    },

    /**
     * Decide on what the server could not check.
     *
     * Until payment starts there is time to ask again. Then what is held already is
     * safe; the rest is accepted without connection only, as far as the till may.
     *
     * @returns {boolean} whether the order may be paid as it is
     */
    onUnchecked(order, wanted, error, renew) {
        if (!renew || isNothing(wanted)) {
            return true;
        }
        if (!(error instanceof ConnectionLostError)) {
            this.dialog.add(AlertDialog, {
                title: _t("Coupons and points cannot be checked"),
                body: _t(
                    "The server had an error. Try again, or take the rewards off the order."
                ),
            });
            return false;
        }
        const leased = this.getLeased(order);
        const risk = order.getOfflineRisk(leased);
        if (!risk.coupons) {
            return true;
        }
        if (this.mayRisk(order, risk)) {
            order.uiState.offlineRisk = risk;
            this.notification.add(
                _t(
                    "There is no connection: coupons and points are accepted unchecked."
                ),
                { type: "warning" }
            );
            return true;
        }
        const isFull = this.isVouched(order);
        const reason = isFull
            ? _t(
                  "There is no connection, and this till has accepted as many unchecked coupons as it may."
              )
            : _t(
                  "There is no connection, and this till does not accept unchecked coupons."
              );
        const { cards, programs } = order.getUnheld(leased);
        const why = isFull ? "limit" : "refuse";
        cards.forEach((cardId) => this.keepRefusal(order, why, { cardId }));
        programs.forEach((programId) => this.keepRefusal(order, why, { programId }));
        const refused = {
            cards: Object.fromEntries(cards.map((id) => [id, reason])),
            programs: Object.fromEntries(programs.map((id) => [id, reason])),
        };
        return this.dropRefused(order, refused, renew);
    },

    /**
     * Keep what is refused without connection: see `pos_store_refusals.js`.
     */
    keepRefusal(order, reason, subject) {},

    /**
     * Return whether the till may accept so much unchecked, beside the orders that it
     * has not sent yet.
     *
     * @param {{coupons: number, amount: number}} risk of this order
     */
    mayRisk(order, risk) {
        if (!this.isVouched(order)) {
            return false;
        }
        const open = this.models["pos.order"].filter(
            (one) => one !== order && one.isUnsyncedPaid && one.uiState.offlineRisk
        );
        const total = (name) =>
            open.reduce((sum, one) => sum + one.uiState.offlineRisk[name], risk[name]);
        return (
            total("coupons") <= this.config.loyalty_offline_coupons &&
            total("amount") <= this.config.loyalty_offline_amount
        );
    },

    /**
     * Take off the order what was refused, and say why.
     *
     * A promotion that came by itself goes by itself, unless payment has started.
     *
     * @returns {boolean} whether there was nothing to say
     */
    dropRefused(order, { cards = {}, programs = {} }, renew = false) {
        const told = Object.entries(programs)
            .filter(([id]) => renew || !this.isAutomatic(Number(id)))
            .map(([, reason]) => reason);
        const reasons = [...Object.values(cards), ...told];
        Object.keys(cards).forEach((cardId) => order.dropCard(Number(cardId)));
        Object.keys(programs).forEach((id) => order.dropProgram(Number(id)));
        if (!reasons.length) {
            return true;
        }
        this.tellRefused(
            order,
            {
                title: Object.keys(cards).length
                    ? _t("The coupon cannot be used")
                    : _t("The promotion cannot be used"),
                body: [...new Set(reasons)].join("\n"),
            },
            { cards, programs }
        );
        return false;
    },

    /**
     * Say in one window what was refused.
     *
     * @param {Object} order
     * @param {{title: string, body: string}} message
     * @param {{cards: Object, programs: Object}} refused ids with the reason in words
     */
    tellRefused(order, message, refused) {
        this.dialog.add(AlertDialog, message);
    },

    isAutomatic(programId) {
        return this.models["loyalty.program"].get(programId).trigger === "auto";
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

/**
 * Return what the server holds of what it was asked for.
 */
function withoutRefused(wanted, { cards = {}, programs = {} }) {
    const granted = Object.entries(wanted.points).filter(([id]) => !(id in cards));
    return {
        ...wanted,
        points: Object.fromEntries(granted),
        programs: wanted.programs.filter((id) => !(id in programs)),
    };
}

function isNothing({ points, programs }) {
    return !Object.keys(points).length && !programs.length;
}

function isSame(one, other) {
    const key = ({ points, programs, partnerId, others = [], lines = [] }) =>
        JSON.stringify([points, programs, partnerId, others, lines]);
    return key(one) === key(other);
}

function hasTerms(program) {
    return Boolean(
        program &&
            (program.pending_days ||
                program.expire_after ||
                program.expire_month ||
                program.expire_inactive_days)
    );
}
