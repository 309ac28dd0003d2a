/**
 * Return the programs whose products a gift card or eWallet must not pay.
 *
 * The server has the same rule: `_not_payable` of `loyalty.program`.
 *
 * @param {Object} program gift card or eWallet that pays
 * @param {Object[]} programs all programs of the till
 */
export function unpayablePrograms(program, programs) {
    if (!["ewallet", "gift_card"].includes(program.program_type)) {
        return [];
    }
    return programs.filter(
        (one) =>
            ["ewallet", program.program_type].includes(one.program_type) &&
            (program.strict || one.strict)
    );
}

/**
 * Return what of an order a program must not pay, with taxes.
 *
 * @param {Object} program gift card or eWallet that pays
 * @param {Object[]} programs all programs of the till
 * @param {Object[]} lines lines of goods: product id, quantity, amount with taxes
 */
export function unpayableAmount(program, programs, lines) {
    const rules = unpayablePrograms(program, programs).flatMap((one) => one.rule_ids);
    const amounts = lines
        .filter(
            (line) =>
                line.quantity > 0 &&
                rules.some(
                    (rule) =>
                        !rule.any_product && rule.validProductIds.has(line.productId)
                )
        )
        .map((line) => line.amount);
    return Math.max(
        amounts.reduce((sum, amount) => sum + amount, 0),
        0
    );
}
