import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
// Ours goes on top, whatever the order of the files.
import "@loyalty_coupon_crm_pos/app/models/pos_order";
import { applyOffers } from "@loyalty_coupon_crm_pos/app/utils/offers";

const PAYMENTS = ["ewallet", "gift_card"];

// A coupon that is not on the order, while it is computed what it would save.
let tried = null;

/**
 * Offers on several items; the server's side is `loyalty.sale.offer.mixin`.
 */
patch(PosOrder.prototype, {
    /**
     * Offers come before other rewards, in the order of their programs: the result does
     * not depend on which one was put on the order first.
     */
    _get_reward_lines() {
        const lines = super._get_reward_lines();
        if (!lines?.some((line) => isOffer(line.reward_id))) {
            return lines;
        }
        return [...lines].sort(
            (one, other) =>
                Boolean(isOffer(other.reward_id)) - Boolean(isOffer(one.reward_id)) ||
                (isOffer(one.reward_id) ? byRank(one.reward_id, other.reward_id) : 0)
        );
    },

    getClaimableRewards() {
        const claimable = [
            ...super.getClaimableRewards(...arguments),
            ...this.getExchangeRewards(...arguments),
        ].filter(
            ({ reward }) =>
                // Nothing is delivered from a till.
                reward.reward_type !== "shipping" &&
                (!isOffer(reward) || this.getOfferResult(reward).total)
        );
        const offers = claimable.filter(({ reward }) => isOffer(reward));
        offers.sort((one, other) => byRank(one.reward, other.reward));
        return [...offers, ...claimable.filter(({ reward }) => !isOffer(reward))];
    },

    /**
     * Return vouchers for one of several products that the cart can use now: Odoo's till
     * claims no reward of which the product is to be chosen.
     *
     * @returns {Object[]} coupon_id, reward, potentialQty and the dearest product
     */
    getExchangeRewards(couponId = false, programId = false, auto = false) {
        const found = [];
        for (const card of this._code_activated_coupon_ids) {
            const program = card.program_id;
            if (
                !program.strict ||
                !this.isPricedFor(program) ||
                (couponId && couponId !== card.id) ||
                (programId && programId !== program.id) ||
                !this._canGenerateRewards(program, this.priceIncl, this.priceExcl)
            ) {
                continue;
            }
            const points = this._getRealCouponPoints(card.id);
            for (const reward of program.reward_ids.filter(isExchange)) {
                if (
                    points < reward.required_points ||
                    this.lines.some((line) => line.reward_id?.id === reward.id) ||
                    (auto && this.uiState.disabledRewards.has(reward.id))
                ) {
                    continue;
                }
                const product = this.getExchangeProduct(reward);
                const quantity = product
                    ? this._computeUnclaimedFreeProductQty(
                          reward,
                          card.id,
                          product,
                          points
                      )
                    : 0;
                if (quantity > 0) {
                    found.push({
                        coupon_id: card.id,
                        reward,
                        potentialQty: quantity,
                        product,
                    });
                }
            }
        }
        return found;
    },

    /**
     * Return whether a program is for the pricelist of the order.
     */
    isPricedFor(program) {
        const pricelists = program.pricelist_ids.map((pricelist) => pricelist.id);
        return !pricelists.length || pricelists.includes(this.pricelist_id?.id);
    },

    /**
     * Return the dearest product of the cart that a voucher gives.
     */
    getExchangeProduct(reward) {
        const products = new Set(
            reward.reward_product_ids.map((product) => product.id)
        );
        const lines = this.lines.filter(
            (line) =>
                line.qty > 0 &&
                !line.is_reward_line &&
                !line.refunded_orderline_id &&
                products.has(line.getProduct().id)
        );
        lines.sort((one, other) => other.price_unit - one.price_unit);
        return lines[0]?.getProduct();
    },

    /**
     * A scanned voucher for one of several products takes one that is in the cart.
     */
    _updateRewardLines() {
        let claimed = false;
        for (const one of this.getExchangeRewards(false, false, true)) {
            const { reward, coupon_id: couponId, product } = one;
            claimed =
                this._applyReward(reward, couponId, { product }) === true || claimed;
        }
        return super._updateRewardLines() || claimed;
    },

    /**
     * A card with several uses gives no more of them than its reward allows per order.
     */
    _getRewardLineValuesProduct({ reward, product }) {
        const args = { ...arguments[0] };
        if (isExchange(reward) && !product) {
            args.product = this.getExchangeProduct(reward);
        }
        if (!reward.offer_times || reward.clear_wallet) {
            return super._getRewardLineValuesProduct(args);
        }
        args.quantity = Math.min(
            args.quantity || Infinity,
            reward.offer_times * reward.reward_product_qty
        );
        args.cost = Math.min(
            args.cost || Infinity,
            reward.offer_times * reward.required_points
        );
        return super._getRewardLineValuesProduct(args);
    },

    _computePotentialFreeProductQty(reward) {
        const quantity = super._computePotentialFreeProductQty(...arguments);
        const most = reward.offer_times * reward.reward_product_qty;
        return most ? Math.min(quantity, most) : quantity;
    },

    _getRewardLineValuesDiscount({ reward, coupon_id: couponId }) {
        if (!isOffer(reward)) {
            return super._getRewardLineValuesDiscount(...arguments);
        }
        const result = this.getOfferResult(reward);
        const cost = reward.clear_wallet
            ? this._getRealCouponPoints(couponId)
            : reward.required_points;
        const taxes = this.models["account.tax"];
        const code = Math.random().toString(36).slice(2);
        return Object.entries(result.amounts).map(([key, amount], index) => ({
            product_id: reward.discount_line_product_id,
            price_unit: -amount,
            qty: 1,
            reward_id: reward,
            is_reward_line: true,
            coupon_id: couponId,
            points_cost: index ? 0 : cost,
            reward_identifier_code: code,
            tax_ids: key ? key.split(",").map((id) => taxes.get(Number(id))) : [],
        }));
    },

    /**
     * An offer that is already on the order is not claimed a second time.
     */
    _applyReward(reward) {
        const applied = this.lines.some((line) => line.reward_id?.id === reward.id);
        if (isOffer(reward) && applied) {
            return _t("This offer is on the order already.");
        }
        if (isOffer(reward)) {
            const result = this.getOfferResult(reward);
            if (!result.total) {
                return `${reward.description}: ${missingInWords(result)}`;
            }
        }
        return super._applyReward(...arguments);
    },

    /**
     * Return what an offer takes off, after those that come before it.
     *
     * @returns {Object} as of `applyOffers`
     */
    getOfferResult(reward) {
        const before = this.getAppliedOffers().filter((one) => byRank(one, reward) < 0);
        return this.getOfferResults([...before, reward]).at(-1);
    },

    /**
     * Return what a reward would take off now, 0 for a product that is not in the cart.
     *
     * @param {Object} claimable as of `getClaimableRewards`
     */
    getRewardGain({ reward, coupon_id: couponId, product }) {
        const values = this._getRewardLineValues({
            reward,
            coupon_id: couponId,
            product: product || null,
        });
        if (!Array.isArray(values)) {
            return 0;
        }
        return values.reduce((sum, line) => sum - line.price_unit * line.qty, 0);
    },

    /**
     * Return what a coupon of the customer would take off now, 0 when nothing; of
     * several rewards what the best one would.
     *
     * @param {Object} coupon as of `pos.config.get_customer_wallet`
     */
    getCouponGain({ id, program_id: programId, points }) {
        const program = this.models["loyalty.program"].get(programId);
        const rewards = (program?.reward_ids || []).filter(
            (reward) => reward.required_points <= points
        );
        tried = { id, points };
        try {
            const gains = rewards.map((reward) =>
                this.getRewardGain({
                    reward,
                    coupon_id: id,
                    product: isExchange(reward) && this.getExchangeProduct(reward),
                })
            );
            return Math.max(0, ...gains);
        } finally {
            tried = null;
        }
    },

    /**
     * A coupon that is only tried has the points that the server told.
     */
    _getRealCouponPoints(couponId) {
        const points = super._getRealCouponPoints(...arguments);
        const isNew = !this.models["loyalty.card"].get(couponId);
        return tried?.id === couponId && isNew ? points + tried.points : points;
    },

    /**
     * Return the offers on the order, the first takes its items first.
     */
    getAppliedOffers() {
        const rewards = this.lines.map((line) => line.reward_id).filter(isOffer);
        return [...new Set(rewards)].sort(byRank);
    },

    /**
     * Return what offers take off together.
     *
     * @param {Object[]} offers rewards, sorted
     */
    getOfferResults(offers) {
        const given = this.lines
            .filter((line) => offers.includes(line.reward_id))
            .reduce((sum, line) => sum + line.prices.total_included, 0);
        return applyOffers(
            this.getOfferLines(),
            offers.map((reward) => ({
                ...reward.offer_data,
                products: reward.all_discount_product_ids.map((product) => product.id),
                most: reward.discount_max_amount,
            })),
            this.currency.rounding,
            Math.max(this.priceIncl - given, 0)
        );
    },

    /**
     * Return the lines that may take part as `applyOffers` takes them; a combo counts as
     * one item, and what another reward gives for free is no item.
     */
    getOfferLines() {
        const free = new Map();
        for (const line of this.lines) {
            const product = line._reward_product_id;
            if (line.is_reward_line && product) {
                free.set(product.id, (free.get(product.id) || 0) + line.qty);
            }
        }
        return this.lines
            .filter((line) => this.takesPartInOffers(line))
            .map((line) => {
                const product = line.getProduct().id;
                const taken = Math.min(free.get(product) || 0, Math.max(line.qty, 0));
                free.set(product, (free.get(product) || 0) - taken);
                const priced = line.combo_line_ids?.length
                    ? line.combo_line_ids
                    : [line];
                return {
                    product,
                    quantity: line.qty - taken,
                    parts: priced.map((one) => offerPart(one, line.qty)),
                };
            });
    },

    takesPartInOffers(line) {
        const product = line.getProduct();
        return (
            line.qty &&
            !line.is_reward_line &&
            !line.reward_id &&
            !line.refunded_orderline_id &&
            !line.combo_parent_id &&
            // Gift cards and top-ups are money.
            !this.models["loyalty.program"].some(
                (program) =>
                    PAYMENTS.includes(program.program_type) &&
                    program.rule_ids.some(
                        (rule) =>
                            !rule.any_product && rule.validProductIds.has(product.id)
                    )
            )
        );
    },
});

export function isOffer(reward) {
    return Boolean(reward?.offer_data?.kind);
}

/** Vouchers for one of several products. */
function isExchange(reward) {
    return reward.reward_type === "product" && reward.multi_product;
}

/** Return what is missing for an offer, or for more of it, in words. */
export function missingInWords({ missing, next_percent: percent }) {
    const count = Math.round(missing * 1000) / 1000;
    if (!count) {
        return _t("No item on the order takes part.");
    }
    return percent
        ? _t("%(count)s more for %(percent)s%% off.", { count, percent })
        : _t("%s more for a bundle.", count);
}

/** Compare two offers: the first takes its items first. */
export function byRank(one, other) {
    const ranks = other.offer_data.rank;
    for (const [index, rank] of one.offer_data.rank.entries()) {
        if (rank !== ranks[index]) {
            return rank - ranks[index];
        }
    }
    return 0;
}

/** Return one part of a line, of one unit: the line itself or an item of its combo. */
function offerPart(line, quantity) {
    const taxes = line.tax_ids.filter((tax) => tax.amount_type !== "fixed");
    let price = line.price_unit * (1 - line.getDiscount() / 100);
    if (line.qty !== quantity) {
        price *= line.qty / quantity;
    }
    return {
        tax: taxes
            .map((tax) => tax.id)
            .sort((one, other) => one - other)
            .join(","),
        price,
        total: line.prices.total_included / quantity,
    };
}
