"""Share an amount among lines so that nothing is lost to rounding."""


def spread(amount, weights, rounding):
    """Share an amount in proportion to weights.

    :param amount: what is shared, any sign
    :param weights: list of numbers; without any weight all get the same part
    :param rounding: function that rounds one part
    :return: list of parts, as long as `weights`, whose sum is `rounding(amount)`
    """
    if not weights:
        return []
    total = sum(weights)
    if not total:
        weights = [1.0] * len(weights)
        total = len(weights)
    parts = []
    given = before = 0.0
    for weight in weights:
        before += weight
        upto = rounding(amount * before / total)
        parts.append(rounding(upto - given))
        given = upto
    return parts
