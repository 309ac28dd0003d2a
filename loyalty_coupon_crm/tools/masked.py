"""Contact data as somebody may see it who only has to recognize it."""

DOT = "\u2022"


def masked_phone(number):
    """Return a phone number of which the last three digits are readable."""
    return f"{DOT * 4} {number[-3:]}" if number else ""


def masked_email(address):
    """Return an e-mail address of which first letter and domain are readable."""
    name, at, domain = (address or "").partition("@")
    return f"{name[:1]}{DOT * 3}{at}{domain}" if name and domain else ""
