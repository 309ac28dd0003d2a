"""Between which days a domain lets rows be."""

OPERANDS = {"&": 2, "|": 2, "!": 1}
# Neither a first nor a last day.
ALWAYS = (None, None)


def span_of(domain, names):
    """Return the first and the last day that rows of a domain may have.

    Other rows may be among those days, none is outside them. None stands for no bound.

    :param domain: list in prefix notation
    :param names: dict of field name to a pair of functions, that return the first and
        the last day of rows from, and up to, a value of the field
    """
    stack = []
    for token in reversed(domain):
        if isinstance(token, str):
            parts = [stack.pop() for _place in range(OPERANDS[token])]
            stack.append(_join(token, parts))
        else:
            stack.append(_span_of_condition(token, names))
    span = ALWAYS
    for one in stack:
        span = _join("&", [span, one])
    return span


def _join(operator, spans):
    """Return the span of what is in both (`&`), in one (`|`), or not in it (`!`)."""
    if operator == "!":
        return ALWAYS
    firsts, lasts = zip(*spans, strict=True)
    if operator == "&":
        return _known(max, firsts), _known(min, lasts)
    return (
        None if None in firsts else min(firsts),
        None if None in lasts else max(lasts),
    )


def _known(choose, days):
    known = [day for day in days if day is not None]
    return choose(known) if known else None


def _span_of_condition(condition, names):
    name, operator, value = condition
    if name not in names or not value:
        return ALWAYS
    first_of, last_of = names[name]
    if operator in (">", ">="):
        return first_of(value), None
    if operator in ("<", "<="):
        return None, last_of(value)
    values = [value] if operator == "=" else list(value) if operator == "in" else []
    if not values or not all(values):
        return ALWAYS
    return min(map(first_of, values)), max(map(last_of, values))
