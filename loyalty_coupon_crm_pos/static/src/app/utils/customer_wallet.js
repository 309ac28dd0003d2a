const { DateTime } = luxon;

const STATUS_ORDER = ["usable", "applied", "waiting", "refused"];

/**
 * Say what the cashier can do with a coupon on an order.
 *
 * @param {Object} coupon as of `pos.config.get_customer_wallet`
 * @param {Object} context
 * @param {boolean} context.isEmpty the order has no line
 * @param {string[]} context.appliedCodes codes that are on the order
 * @param {function(number): boolean} context.meetsConditions whether the order meets the
 *     conditions of a program, by its id
 * @returns {"usable"|"applied"|"waiting"|"refused"} waiting: the order lacks something
 */
export function couponStatus(coupon, context) {
    if (context.appliedCodes.includes(coupon.code)) {
        return "applied";
    }
    if (coupon.reasons.length) {
        return "refused";
    }
    if (context.isEmpty || !context.meetsConditions(coupon.program_id)) {
        return "waiting";
    }
    return "usable";
}

/**
 * Return the coupons with their `status`: what can be used now first, then what expires
 * first; coupons without end come last.
 */
export function sortCoupons(coupons, context) {
    return coupons
        .map((coupon) => ({ ...coupon, status: couponStatus(coupon, context) }))
        .sort(
            (a, b) =>
                STATUS_ORDER.indexOf(a.status) - STATUS_ORDER.indexOf(b.status) ||
                (a.expiration_date || "9999").localeCompare(
                    b.expiration_date || "9999"
                ) ||
                a.name.localeCompare(b.name) ||
                a.id - b.id
        );
}

/**
 * Return how many days a coupon can still be used, today not counted.
 *
 * @param {string|false} date last day, as the server writes it
 * @param {DateTime} today
 * @returns {number|false} false for a coupon without end
 */
export function daysLeft(date, today = DateTime.now()) {
    if (!date) {
        return false;
    }
    const end = DateTime.fromISO(date, { zone: today.zone });
    return Math.round(end.diff(today.startOf("day"), "days").days);
}
