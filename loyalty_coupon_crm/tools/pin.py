"""What a PIN has to look like."""

LEAST, MOST = 4, 8


def pin_problem(pin):
    """Return what is wrong with a new PIN: `digits`, `simple`, or None.

    :param pin: text as it was typed
    """
    if not (pin.isascii() and pin.isdecimal() and LEAST <= len(pin) <= MOST):
        return "digits"
    steps = {int(two) - int(one) for one, two in zip(pin, pin[1:], strict=False)}
    if steps in ({0}, {1}, {-1}):
        return "simple"
    return None
