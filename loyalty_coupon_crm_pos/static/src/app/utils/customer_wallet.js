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
 * Return the coupons with their `status` and `gain`, what they save on the order: what
 * can be used now first, of that what saves most, then what expires first; coupons
 * without end come last.
 *
 * @param {Object[]} coupons as of `pos.config.get_customer_wallet`
 * @param {Object} context as of `couponStatus`
 * @param {function(Object): number} context.gainOf what a coupon takes off the order
 */
export function sortCoupons(coupons, context) {
    const gains = new Map();
    const gainOf = (coupon) => {
        // Coupons of one program with the same points save the same.
        const key = `${coupon.program_id}/${coupon.points}`;
        if (!gains.has(key)) {
            gains.set(key, context.gainOf(coupon));
        }
        return gains.get(key);
    };
    return coupons
        .map((coupon) => {
            const status = couponStatus(coupon, context);
            return {
                ...coupon,
                status,
                gain: status === "usable" ? gainOf(coupon) : 0,
            };
        })
        .sort(
            (a, b) =>
                STATUS_ORDER.indexOf(a.status) - STATUS_ORDER.indexOf(b.status) ||
                b.gain - a.gain ||
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
 * @param {DateTime} today on the wall clock of the company
 * @returns {number|false} false for a coupon without end
 */
export function daysLeft(date, today) {
    if (!date) {
        return false;
    }
    const end = DateTime.fromISO(date, { zone: today.zone });
    return Math.round(end.diff(today.startOf("day"), "days").days);
}
