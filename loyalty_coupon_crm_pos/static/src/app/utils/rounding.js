// A number this close to a whole one is the whole one.
const NEARLY = 1e-7;

/**
 * Return points that are given, in whole steps: what is less than one is lost.
 *
 * The server has the same rule, `tools/rounding.py`, and both are tested against the
 * same cases.
 *
 * @param {number} points as computed, of any sign
 * @param {number} step 1, 0.1 or 0.01
 */
export function roundEarned(points, step) {
    return inSteps(points, step, Math.floor);
}

/**
 * Return points that are taken, in whole steps: a part of one is taken whole.
 *
 * What is less than half of a hundredth is no part: Odoo counts in hundredths.
 *
 * @param {number} points as computed, of any sign
 * @param {number} step 1, 0.1 or 0.01
 */
export function roundSpent(points, step) {
    const cents = Math.floor(Math.abs(points) * 100 + 0.5 + NEARLY);
    return inSteps((Math.sign(points) * cents) / 100, step, Math.ceil);
}

function inSteps(points, step, whole) {
    let count = Math.abs(points) / step;
    const nearest = Math.floor(count + 0.5);
    const close = Math.abs(count - nearest) <= NEARLY;
    count = close ? nearest : whole(count);
    const rounded = Math.round(count * step * 100) / 100;
    return points < 0 && rounded ? -rounded : rounded;
}
