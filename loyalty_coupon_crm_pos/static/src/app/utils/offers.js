/**
 * What offers on several items take off a cart: the server has the same in
 * `tools/offers.py`, where the arguments are explained.
 *
 * Both are tested against `static/tests/cases/offers.json`. Sums are taken one by one,
 * in the order of the lines: both sides add up the same numbers in the same order.
 */

// A quantity or an amount this close to a whole one is the whole one.
const NEARLY = 1e-7;

/**
 * Return what each offer takes off; an item takes part in one offer only.
 *
 * @param {Object[]} lines product, quantity, parts (tax, price, total of one unit)
 * @param {Object[]} offers the first takes its items first
 * @param {number} rounding smallest amount of the currency, such as 0.01
 * @param {number} limit all offers together take off no more, with taxes
 * @returns {Object[]} amounts by tax, total, used, times, quantity, percent, missing
 *  and next_percent of each offer
 */
export function applyOffers(lines, offers, rounding, limit = Infinity) {
    let left = lines.map((line) => (price(line) > 0 ? Math.max(line.quantity, 0) : 0));
    const results = [];
    for (const offer of offers) {
        const { found, ratios } = KINDS[offer.kind](offer, lines, left);
        const most = Math.min(limit, offer.most || Infinity);
        const { amounts, taken } = amountsByTax(lines, ratios, rounding, most);
        found.amounts = amounts;
        found.total = totalOf(amounts, rounding);
        limit = Math.max(limit - taken, 0);
        if (!found.total) {
            Object.assign(found, { used: lines.map(() => 0), times: 0, percent: 0 });
        }
        left = left.map((one, index) => one - found.used[index]);
        results.push(found);
    }
    return results;
}

export function roundSteps(amount, rounding) {
    return Math.floor(amount / rounding + 0.5 + NEARLY);
}

export function inCurrency(steps, rounding) {
    if (rounding >= 1) {
        return steps * rounding;
    }
    return steps / Math.floor(1 / rounding + 0.5);
}

/** An offer on every so many items: the cheapest of each group costs less. */
function nth(offer, lines, left) {
    const found = nothing(lines);
    const ratios = [];
    const { every, percent } = offer;
    const allGroups = groups(offer, lines, left);
    const timesOf = timesByGroup(offer, lines, allGroups);
    let missing = 0;
    for (const [number, runs] of allGroups.entries()) {
        const count = countOf(runs);
        const times = timesOf[number];
        found.quantity += count;
        found.times += times;
        const lacking = (times + 1) * every - count;
        if (!missing || lacking < missing) {
            missing = lacking;
        }
        let start = 0;
        for (const [index, one] of first(runs, times * every)) {
            const end = start + one;
            const cheaper = Math.floor(end / every) - Math.floor(start / every);
            found.used[index] += one;
            if (cheaper) {
                ratios.push([index, cheaper, percent / 100]);
            }
            start = end;
        }
    }
    const openTimes = found.times < (offer.times || Infinity);
    found.percent = found.times ? percent : 0;
    found.missing = found.quantity && openTimes ? missing : 0;
    found.next_percent = found.missing ? percent : 0;
    return { found, ratios };
}

/** Return how often each group of items gets an offer: the best ones come first. */
function timesByGroup(offer, lines, found) {
    if (!offer.times) {
        return found.map((runs) => Math.floor(countOf(runs) / offer.every));
    }
    const times = found.map(() => 0);
    for (let time = 0; time < offer.times; time++) {
        let best = 0;
        let chosen = -1;
        for (const [number, runs] of found.entries()) {
            const value = priceAt(lines, runs, (times[number] + 1) * offer.every);
            if (value > best) {
                best = value;
                chosen = number;
            }
        }
        if (chosen < 0) {
            break;
        }
        times[chosen] += 1;
    }
    return times;
}

/** An offer in steps: the highest one reached counts for all items. */
function ladder(offer, lines, left) {
    const found = nothing(lines);
    const ratios = [];
    for (const indexes of alike(offer, lines, left)) {
        let quantity = 0;
        for (const index of indexes) {
            quantity += left[index];
        }
        found.quantity += quantity;
        const steps = [...offer.steps].sort(
            (one, other) => one.quantity - other.quantity
        );
        const reached = steps.filter((one) => one.quantity <= quantity + NEARLY);
        const ahead = steps.slice(reached.length);
        if (ahead.length) {
            const missing = ahead[0].quantity - quantity;
            if (!found.missing || missing < found.missing) {
                found.missing = missing;
                found.next_percent = ahead[0].percent;
            }
        }
        if (!reached.length) {
            continue;
        }
        const percent = reached[reached.length - 1].percent;
        found.times += 1;
        found.percent = Math.max(found.percent, percent);
        for (const index of indexes) {
            found.used[index] = left[index];
            ratios.push([index, left[index], percent / 100]);
        }
    }
    return { found, ratios };
}

/** An offer for a set of items at one price, as often as it saves money. */
function bundle(offer, lines, left) {
    const found = nothing(lines);
    const ratios = [];
    const seen = new Set();
    const parts = [];
    for (const part of offer.parts) {
        const products = part.products.filter((product) => !seen.has(product));
        products.forEach((product) => seen.add(product));
        const [runs] = groups({ products }, lines, left);
        parts.push({ runs, count: countOf(runs), quantity: part.quantity });
    }
    const allowed = offer.times || Infinity;
    const whole = parts.map((part) => Math.floor(part.count / part.quantity));
    const most = Math.min(parts.length ? Math.min(...whole) : 0, allowed);
    const times = worthwhile(offer, lines, parts, most);
    found.times = times;
    for (const part of parts) {
        found.quantity += part.count;
    }
    if (times === most && times < allowed && found.quantity) {
        for (const part of parts) {
            found.missing += Math.max((times + 1) * part.quantity - part.count, 0);
        }
    }
    const taken = parts.flatMap((part) => first(part.runs, times * part.quantity));
    const gross = worth(lines, taken);
    for (const [index, count] of taken) {
        found.used[index] += count;
        ratios.push([index, count, (gross - times * offer.price) / gross]);
    }
    return { found, ratios };
}

const KINDS = { nth, ladder, bundle };

/** Return how many bundles to take: each holds cheaper items than the one before. */
function worthwhile(offer, lines, parts, most) {
    function worthOf(times) {
        let value = 0;
        for (const { runs, quantity } of parts) {
            value += worth(lines, first(runs, times * quantity));
        }
        return value;
    }
    let low = 0;
    let high = most;
    while (low < high) {
        const middle = Math.floor((low + high + 1) / 2);
        if (worthOf(middle) - worthOf(middle - 1) > offer.price + NEARLY) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

function nothing(lines) {
    return {
        used: lines.map(() => 0),
        times: 0,
        quantity: 0,
        percent: 0,
        missing: 0,
        next_percent: 0,
    };
}

function price(line) {
    let sum = 0;
    for (const part of line.parts) {
        sum += part.price;
    }
    return sum;
}

/** Return lists of line numbers that count together. */
function alike(offer, lines, left) {
    const products = offer.products && new Set(offer.products);
    const indexes = [...lines.keys()].filter(
        (index) =>
            left[index] > NEARLY && (!products || products.has(lines[index].product))
    );
    if (!offer.same_product) {
        return [indexes];
    }
    const byProduct = new Map();
    for (const index of indexes) {
        const product = lines[index].product;
        byProduct.set(product, [...(byProduct.get(product) || []), index]);
    }
    return [...byProduct.values()];
}

/** Return lists of [line number, whole items], the dearest items first. */
function groups(offer, lines, left) {
    return alike(offer, lines, left).map((indexes) =>
        indexes
            // A part of a kilogram is no item of its own.
            .map((index) => [index, Math.floor(left[index] + NEARLY)])
            .filter(([, count]) => count)
            .sort(
                ([one], [other]) =>
                    price(lines[other]) - price(lines[one]) || one - other
            )
    );
}

function countOf(runs) {
    return runs.reduce((sum, [, one]) => sum + one, 0);
}

/** Return the price of the item with a number, from 1; 0 when there are fewer. */
function priceAt(lines, runs, number) {
    for (const [index, one] of runs) {
        if (number <= one) {
            return price(lines[index]);
        }
        number -= one;
    }
    return 0;
}

/** Return the runs of the first so many items. */
function first(runs, count) {
    const taken = [];
    for (const [index, one] of runs) {
        if (count <= 0) {
            break;
        }
        taken.push([index, Math.min(one, count)]);
        count -= one;
    }
    return taken;
}

function worth(lines, runs) {
    let value = 0;
    for (const [index, count] of runs) {
        value += price(lines[index]) * count;
    }
    return value;
}

/** Return the discount by tax in whole smallest amounts, and all of it with taxes. */
function amountsByTax(lines, ratios, rounding, most) {
    const raw = new Map();
    let taxed = 0;
    for (const [index, count, ratio] of ratios) {
        for (const part of lines[index].parts) {
            raw.set(part.tax, (raw.get(part.tax) || 0) + part.price * count * ratio);
            taxed += part.total * count * ratio;
        }
    }
    const capped = taxed > most + NEARLY;
    let whole = 0;
    for (const [tax, amount] of raw) {
        const kept = capped ? amount * (most / taxed) : amount;
        raw.set(tax, kept);
        whole += kept;
    }
    // More than the limit is never taken.
    const steps = capped
        ? Math.floor(whole / rounding + NEARLY)
        : roundSteps(whole, rounding);
    const amounts = {};
    for (const [tax, share] of shareOut(raw, steps, rounding)) {
        if (share > 0) {
            amounts[tax] = inCurrency(share, rounding);
        }
    }
    return { amounts, taken: Math.min(taxed, most) };
}

/** Return whole steps by tax that sum up to `steps`, the largest rests first. */
function shareOut(raw, steps, rounding) {
    const shares = new Map();
    const rests = [];
    let missing = steps;
    for (const [tax, amount] of raw) {
        const share = Math.floor(amount / rounding + NEARLY);
        shares.set(tax, share);
        rests.push([share - amount / rounding, rests.length, tax]);
        missing -= share;
    }
    rests.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
    for (const [, , tax] of rests.slice(0, Math.max(missing, 0))) {
        shares.set(tax, shares.get(tax) + 1);
    }
    return shares;
}

function totalOf(amounts, rounding) {
    const steps = Object.values(amounts).reduce(
        (sum, amount) => sum + roundSteps(amount, rounding),
        0
    );
    return inCurrency(steps, rounding);
}
