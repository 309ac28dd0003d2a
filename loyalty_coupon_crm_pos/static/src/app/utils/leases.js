/**
 * Read leases as the server or the browser's memory has them.
 *
 * @param {string|null} text JSON of card id to `code`, `program_id`, `partner_id`,
 *     `points` and `seconds` (server) or `until` (memory)
 * @param {number} [now] milliseconds from which `seconds` count
 * @returns {Object} the same, with `until` in milliseconds
 */
export function readLeases(text, now = 0) {
    let leases;
    try {
        leases = JSON.parse(text) || {};
    } catch {
        leases = {};
    }
    return Object.fromEntries(
        Object.entries(leases).map(([id, { seconds, ...lease }]) => [
            id,
            { ...lease, until: lease.until ?? now + seconds * 1000 },
        ])
    );
}

/**
 * Return what is left of live leases, as {card id: points}.
 *
 * @param {Object} leases as of `readLeases`
 * @param {Object[]} taken points by card id, of orders that were paid and not sent yet
 * @param {number} now milliseconds
 */
export function leasedPoints(leases, taken, now = Date.now()) {
    return Object.fromEntries(
        Object.entries(leases)
            .filter(([, lease]) => lease.until > now)
            .map(([id, lease]) => [
                id,
                taken.reduce((left, points) => left - (points[id] || 0), lease.points),
            ])
            .filter(([, points]) => points > 0)
    );
}
