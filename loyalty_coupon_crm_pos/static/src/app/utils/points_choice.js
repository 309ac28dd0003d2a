/** Rewards whose points the customer chooses: so much off for each point. */
export function isChosen(reward) {
    return Boolean(
        reward.program_id.strict &&
            reward.program_id.program_type === "loyalty" &&
            reward.reward_type === "discount" &&
            reward.discount_mode === "per_point" &&
            !reward.clear_wallet
    );
}

/**
 * Return the most points that can be spent, in whole steps.
 *
 * The server has the same rule: `_loyalty_most_points` of `sale.order`.
 *
 * @param {number} usable points on the card
 * @param {number} needed points that would pay the whole order
 * @param {number} step points that are spent together
 */
export function mostPoints(usable, needed, step) {
    const steps = Math.min(
        Math.floor(usable / step),
        // The last step may be worth more than what is left to pay.
        Math.ceil(Math.round((needed / step) * 100) / 100)
    );
    return Math.max(steps, 0) * step;
}

/** Return whether so many points can be spent: whole steps, and not too many. */
export function isSpendable(points, step, most) {
    const steps = Math.round((points / step) * 100) / 100;
    return Number.isInteger(steps) && steps >= 1 && points <= most;
}
