import { expect, test } from "@odoo/hoot";
import { searchBest } from "@loyalty_coupon_crm_pos/app/utils/best_offer";

const sumOf = (amounts) => (choices) =>
    choices.reduce((sum, choice) => sum + amounts[choice], 0);

test("choices that go together are put together", () => {
    const found = searchBest(3, sumOf([5, 3, 2]));
    expect(found[0]).toEqual({ choices: [0, 1, 2], amount: 10 });
});

test("the largest alone is not always the best", () => {
    // The first goes with no other.
    const save = (choices) =>
        choices.includes(0) && choices.length > 1 ? null : sumOf([10, 7, 6])(choices);
    const found = searchBest(3, save);
    expect(found[0]).toEqual({ choices: [1, 2], amount: 13 });
    expect(found[1]).toEqual({ choices: [0], amount: 10 });
});

test("a choice that adds nothing is left to the customer", () => {
    const save = (choices) => Math.max(...choices.map((one) => [8, 8, 3][one]));
    expect(searchBest(3, save)[0]).toEqual({ choices: [0], amount: 8 });
});

test("nothing to choose, nothing saved", () => {
    expect(searchBest(0, () => 1)).toEqual([]);
    expect(searchBest(2, () => 0)).toEqual([]);
    expect(searchBest(2, () => null)).toEqual([]);
});

test("the search is bounded", () => {
    let tries = 0;
    const save = (choices) => {
        tries++;
        return choices.length;
    };
    const [best] = searchBest(30, save);
    expect(best.amount).toBe(4);
    expect(tries).toBeLessThan(50);
});
