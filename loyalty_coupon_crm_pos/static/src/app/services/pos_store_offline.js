import { PosStore } from "@point_of_sale/app/services/pos_store";
import { serializeDate } from "@web/core/l10n/dates";
import { ConnectionLostError } from "@web/core/network/rpc";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { loyaltyIdsGenerator } from "@pos_loyalty/app/services/pos_store";
import {
    bareCode,
    readVoucher,
    voucherProblem,
} from "@loyalty_coupon_crm_pos/app/utils/voucher";
import { leasedPoints, readLeases } from "@loyalty_coupon_crm_pos/app/utils/leases";
import {
    companyNow,
    isOpen,
    isWithinDays,
} from "@loyalty_coupon_crm_pos/app/utils/usage_window";
// On top of ours, whatever the order of the files.
import "@loyalty_coupon_crm_pos/app/services/pos_store";

patch(PosStore.prototype, {
    async orderUpdateLoyaltyPrograms() {
        await super.orderUpdateLoyaltyPrograms(...arguments);
        this.leaseCards();
    },

    get leaseKey() {
        return `loyalty_leases_${this.config.id}_${this.session.id}`;
    },

    /**
     * Return the live and lapsed leases of the till, by card id. They outlive a reload.
     */
    get leases() {
        this._leases ??= readLeases(localStorage.getItem(this.leaseKey));
        return this._leases;
    },

    set leases(leases) {
        this._leases = leases;
        localStorage.setItem(this.leaseKey, JSON.stringify(leases));
    },

    /**
     * Have the server keep the cards of the customers at this till for it.
     *
     * The server is asked when the customers change, and when half of the time is over.
     */
    async leaseCards() {
        const { loyalty_offline: mode, loyalty_lease_minutes: minutes } = this.config;
        if (!mode || mode === "refuse" || this.data.network.offline) {
            return;
        }
        const partnerIds = this.models["pos.order"]
            .filter((order) => !order.finalized)
            .map((order) => order.getPartner()?.id)
            .filter((id) => typeof id === "number" && id > 0);
        const customers = [...new Set(partnerIds)].sort().join();
        const isFresh = this._leasedAt > Date.now() - minutes * 30000;
        if (this._leasedFor === customers && (isFresh || !customers)) {
            return;
        }
        if (!customers && !Object.keys(this.leases).length) {
            return;
        }
        Object.assign(this, { _leasedFor: customers, _leasedAt: Date.now() });
        const found = await this.data.silentCall("pos.config", "lease_cards", [
            [this.config.id],
            [...new Set(partnerIds)],
        ]);
        await this.tryLoadPrograms(
            Object.values(found || {}).map((lease) => lease.program_id)
        );
        // Customers may have come and gone meanwhile; the last answer is the newest.
        if (found && this._leasedFor === customers) {
            this.leases = readLeases(JSON.stringify(found), Date.now());
        } else if (!found) {
            this._leasedFor = undefined;
        }
    },

    /**
     * Return what the till keeps for itself and can give to an order.
     *
     * @override
     */
    getLeased(order) {
        const others = this.models["pos.order"].filter(
            (one) => one !== order && one.isUnsyncedPaid && one.uiState.leased
        );
        return leasedPoints(
            this.leases,
            others.map((one) => one.uiState.leased)
        );
    },

    /**
     * What an order holds now was leased before, and what it gave up can be leased again.
     */
    async holdCards(order) {
        const before = order.uiState.held;
        const result = await super.holdCards(...arguments);
        const held = order.uiState.held;
        if (held && held !== before) {
            const taken = Object.keys(held.points);
            if (taken.some((id) => this.leases[id])) {
                this.leases = Object.fromEntries(
                    Object.entries(this.leases).filter(([id]) => !taken.includes(id))
                );
            }
            this._leasedFor = undefined;
        }
        return result;
    },

    /**
     * Note what an accepted order takes of the leases, until it is sent.
     *
     * @override
     */
    onUnchecked(order, wanted, error, renew) {
        if (renew && error instanceof ConnectionLostError && this.dropClosed(order)) {
            return false;
        }
        const accepted = super.onUnchecked(...arguments);
        if (accepted && renew) {
            order.uiState.leased = order.getPointsUnheld();
        }
        return accepted;
    },

    /**
     * Take off an order what is not held for it and is not on at this time any more.
     *
     * @returns {boolean} whether there was anything
     */
    dropClosed(order) {
        const { cards, programs } = order.getUnheld();
        const isClosed = (program) => program && !this.isInTime(program);
        const reason = _t("It cannot be used at this time.");
        const refuse = (ids, model, programOf) =>
            Object.fromEntries(
                ids
                    .filter((id) => isClosed(programOf(this.models[model].get(id))))
                    .map((id) => [id, reason])
            );
        const refused = {
            cards: refuse(cards, "loyalty.card", (card) => card?.program_id),
            programs: refuse(programs, "loyalty.program", (program) => program),
        };
        for (const id of Object.keys(refused.cards)) {
            this.keepRefusal(order, "closed", { cardId: Number(id) });
        }
        for (const id of Object.keys(refused.programs)) {
            this.keepRefusal(order, "closed", { programId: Number(id) });
        }
        return !this.dropRefused(order, refused, true);
    },

    /**
     * Beside orders at our risk: those whose cards all carry a signature.
     *
     * @override
     */
    isVouched(order) {
        if (super.isVouched(...arguments)) {
            return true;
        }
        if (this.config.loyalty_offline !== "leased") {
            return false;
        }
        const { cards, programs } = order.getUnheld(this.getLeased(order));
        return (
            !programs.length && cards.every((id) => order.uiState.vouched?.includes(id))
        );
    },

    /**
     * Have orders that could not be sent be sent again.
     *
     * Odoo counts an order as sent when it is put into words: the very order at which
     * the connection was lost would wait until the page is loaded anew.
     */
    async syncAllOrders(options = {}) {
        const { orderToCreate, orderToUpdate } = this.getPendingOrder();
        const orders = options.orders || [...orderToCreate, ...orderToUpdate];
        const tried = orders.filter((order) => order.isDirty());
        try {
            return await super.syncAllOrders(...arguments);
        } finally {
            tried
                .filter((order) => order.isUnsyncedPaid)
                .forEach((order) => order._markDirty());
        }
    },

    /**
     * A code that the server cannot look up is looked up here.
     *
     * @returns {Promise<true|string>} why not, in words
     */
    async activateCode(text) {
        try {
            return await super.activateCode(bareCode(text));
        } catch (error) {
            if (
                !(error instanceof ConnectionLostError) ||
                this.config.loyalty_offline === "refuse"
            ) {
                throw error;
            }
            return this.activateOffline(text.trim());
        }
    },

    async activateOffline(text) {
        const order = this.getOrder();
        const voucher = readVoucher(text);
        const found =
            this.findLeased(voucher?.code ?? text) ||
            (await this.findVouched(voucher)) ||
            {};
        const code = voucher?.code ?? text;
        if (!found.cardId) {
            this.keepRefusal(order, found.reason ?? "unknown", { code });
            return (
                found.problem ||
                _t(
                    "There is no connection, and this till knows no coupon with this code."
                )
            );
        }
        const { reason, problem } = this.getOfflineProblem(order, found) || {};
        if (problem) {
            this.keepRefusal(order, reason, { code, cardId: found.cardId });
            return problem;
        }
        const card =
            this.models["loyalty.card"].get(found.cardId) ||
            this.models["loyalty.card"].create({
                id: found.cardId,
                code: voucher?.code ?? text,
                program_id: found.program,
                partner_id: this.models["res.partner"].get(found.partnerId),
                points: found.points,
            });
        order._code_activated_coupon_ids = [["link", card]];
        if (found.isVouched) {
            order.uiState.vouched = [...(order.uiState.vouched || []), card.id];
        }
        await this.orderUpdateLoyaltyPrograms();
        const rewards = order.getClaimableRewards(card.id);
        const [only] = rewards;
        const isChoice =
            only?.reward.reward_type === "product" && only.reward.multi_product;
        if (rewards.length === 1 && !isChoice) {
            order._applyReward(only.reward, only.coupon_id);
            this.updateRewards();
        }
        return true;
    },

    /**
     * Return a card that the till keeps for itself, by its code.
     */
    findLeased(code) {
        const leased = this.getLeased(this.getOrder());
        const found = Object.entries(this.leases).find(
            ([id, lease]) => leased[id] > 0 && isSameCode(lease.code, code)
        );
        if (!found) {
            return null;
        }
        const [id, lease] = found;
        return {
            cardId: Number(id),
            program: this.models["loyalty.program"].get(lease.program_id),
            partnerId: lease.partner_id,
            isPersonal: true,
            points: leased[id],
        };
    },

    /**
     * Return the card of a signed voucher, or the `problem` with it, in words.
     */
    async findVouched(voucher) {
        if (!voucher) {
            return null;
        }
        const today = serializeDate(companyNow(this.config.loyalty_timezone));
        const keys = this.config.loyalty_voucher_keys;
        const problem = await voucherProblem(voucher, keys, today);
        if (problem) {
            const reason = problem === "expired" ? "expired" : "signature";
            return { problem: voucherWords(problem, voucher), reason };
        }
        return {
            cardId: voucher.cardId,
            program: this.models["loyalty.program"].get(voucher.programId),
            partnerId: voucher.partnerId,
            isPersonal: Boolean(voucher.partnerId),
            points: voucher.points,
            isVouched: true,
        };
    },

    /**
     * Return whether a program is on now: its first and last day, weekdays, hours and
     * closed days, by the clock of the company.
     */
    isInTime(program) {
        const zone = this.config.loyalty_timezone;
        const { strict, usage_plan: plan } = program;
        return (
            isWithinDays(program, zone) &&
            (!strict || !plan || isOpen(plan, companyNow(zone)))
        );
    },

    /**
     * Return why a card cannot go on an order although its code is good: the `problem`
     * in words and its `reason`; null when it can.
     */
    getOfflineProblem(order, found) {
        if (!found.program || !this.isInTime(found.program)) {
            return {
                reason: "closed",
                problem: _t("This till does not accept this coupon now."),
            };
        }
        if (found.isPersonal && order.getPartner()?.id !== found.partnerId) {
            return {
                reason: "owner",
                problem: _t(
                    "The coupon belongs to a customer. Choose the customer on the order first."
                ),
            };
        }
        const onOrder = this.models["pos.order"].find(
            (one) =>
                (!one.finalized || one.isUnsyncedPaid) &&
                (one._code_activated_coupon_ids.some(({ id }) => id === found.cardId) ||
                    one
                        ._get_reward_lines()
                        .some((line) => line.coupon_id?.id === found.cardId))
        );
        if (!onOrder || found.program.applies_on === "both") {
            return null;
        }
        return {
            reason: "taken",
            problem:
                onOrder === order
                    ? _t("That coupon code has already been scanned and activated.")
                    : _t("The coupon is on another order of this till."),
        };
    },

    /**
     * Without connection a customer whose wallet is not known here earns all the same:
     * the server puts the points where they belong.
     *
     * @override
     */
    async fetchLoyaltyCard(programId, partnerId) {
        try {
            return await super.fetchLoyaltyCard(...arguments);
        } catch (error) {
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
            return this.models["loyalty.card"].create({
                id: loyaltyIdsGenerator(),
                code: null,
                program_id: this.models["loyalty.program"].get(programId),
                partner_id: this.models["res.partner"].get(partnerId),
                points: 0,
                expiration_date: null,
            });
        }
    },
});

function isSameCode(one, other) {
    const plain = (code) => (code || "").replace(/[\s-]/g, "").toUpperCase();
    return plain(one) === plain(other);
}

function voucherWords(problem, { lastDay }) {
    switch (problem) {
        case "no_crypto":
            return _t(
                "There is no connection, and this browser checks signatures on secure pages (https) only."
            );
        case "unknown_key":
            return _t(
                "There is no connection, and this till does not know the key that signed the coupon."
            );
        case "expired":
            return _t("The coupon was valid until %s.", lastDay);
        default:
            return _t(
                "The signature of this coupon is wrong: it was changed or made up."
            );
    }
}
