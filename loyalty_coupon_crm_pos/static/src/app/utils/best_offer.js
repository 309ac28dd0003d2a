// Bounds of the search, as of the server's `loyalty.sale.best.mixin`: rewards looked at,
// ways continued from, rewards together.
const MOST_REWARDS = 8;
const WIDTH = 2;
const DEPTH = 4;

/**
 * Search the combination that saves most: every choice alone, then the best ones
 * together with each other choice.
 *
 * @param {number} count choices to search among, the first ones count
 * @param {function(number[]): number|null} save what choices save together; null when
 *     the rules do not allow them together
 * @returns {{choices: number[], amount: number}[]} what saves something, the most first;
 *     of equal ones the shorter: the customer keeps the coupons that it leaves
 */
export function searchBest(count, save) {
    const all = Array.from({ length: Math.min(count, MOST_REWARDS) }, (_, i) => i);
    const saved = new Map();
    let starts = [[]];
    for (let depth = 0; depth < DEPTH && starts.length; depth++) {
        const level = new Map();
        for (const start of starts) {
            for (const choice of all.filter((one) => !start.includes(one))) {
                const choices = [...start, choice].sort((a, b) => a - b);
                const key = choices.join();
                if (!level.has(key)) {
                    level.set(key, { choices, amount: save(choices) });
                }
            }
        }
        const legal = [...level.values()].filter(({ amount }) => amount !== null);
        const better = legal.filter(({ choices, amount }) =>
            choices.every((one) => amount > without(saved, choices, one))
        );
        legal.forEach((one) => saved.set(one.choices.join(), one));
        starts = better
            .sort(byAmount)
            .slice(0, WIDTH)
            .map(({ choices }) => choices);
    }
    return [...saved.values()].filter(({ amount }) => amount > 0).sort(byAmount);
}

/** Return what choices save without one of them, 0 when that was not tried. */
function without(saved, choices, one) {
    return saved.get(choices.filter((other) => other !== one).join())?.amount || 0;
}

function byAmount(one, other) {
    return (
        other.amount - one.amount ||
        one.choices.length - other.choices.length ||
        one.choices.join().localeCompare(other.choices.join())
    );
}
