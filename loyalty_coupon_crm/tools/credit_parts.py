"""Say which parts of billed lines credits without a link to them take back."""

from dataclasses import dataclass

TINY = 1e-6


@dataclass
class BilledLine:
    """A line of an invoice, as far as credits may take it back.

    :param key: what the caller knows the line by
    :param product: product of the line, falsy for none
    :param amount: untaxed, negative for what lowers the price
    :param quantity: quantity that was billed
    :param open_part: part that nothing took back yet, between 0 and 1
    :param is_payment: whether the line pays, as a gift card does
    """

    key: object
    product: object
    amount: float
    quantity: float
    open_part: float = 1.0
    is_payment: bool = False

    def weight(self, by_amount):
        """Return what is left of the line, as amount or as quantity."""
        return (self.amount if by_amount else self.quantity) * self.open_part


def take_credits(lines, credits):
    """Take one credit note off billed lines, by product first, then by amount.

    A line of the note that names a product of the invoice takes from that product; what
    nothing explains takes from all lines in proportion, but not from payments: money on
    a gift card comes back with a line of its own only.

    :param lines: `BilledLine` list; what the note takes is taken off `open_part`
    :param credits: tuples (product, amount, quantity) of the note; amount untaxed, in
        the currency of the lines, positive for what comes back
    :return: {key: part of the whole line that the note takes back}
    """
    parts = {}
    loose = 0.0
    for product, amount, quantity in credits:
        by_amount = abs(amount) > TINY
        value = amount if by_amount else quantity
        same = [
            line
            for line in lines
            if line.product == product
            and (abs(line.amount) > TINY) == by_amount
            and line.weight(by_amount) * value > 0
        ]
        taken = _take(same, value, by_amount, parts)
        if by_amount:
            loose += amount - taken
    if loose > TINY:
        _take([line for line in lines if not line.is_payment], loose, True, parts)
    return parts


def _take(lines, value, by_amount, parts):
    """Take a value off lines in proportion to what is left; return what was taken."""
    total = sum(line.weight(by_amount) for line in lines)
    if total * value <= 0:
        return 0.0
    part = min(1.0, value / total)
    for line in lines:
        parts[line.key] = parts.get(line.key, 0.0) + line.open_part * part
        line.open_part *= 1 - part
    return total * part
