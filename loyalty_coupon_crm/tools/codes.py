"""Coupon codes: `044`, 18 random characters, one check character.

`044` makes Odoo's till read the code as a coupon. The 23 characters of the alphabet
hold no two that look alike (no 0 O Q D, 1 I L, 8 B, 6 G, 5 S, 2 Z, U V), so that
18 of them carry 18 x log2(23) = 81.4 random bits.

The check character follows the pure systems of ISO/IEC 7064 (as MOD 11-2 and
MOD 37-2 do) with modulus 23 and radix 5: the characters, weighted with the powers of
5, sum up to 1 modulo 23. As 23 is prime, no weight is a multiple of it and every
wrong character is noticed; as 5 is a primitive root of 23, the weights of 22 places
all differ and every swap of two characters is noticed, adjacent or not.
"""

import os
import re

LONGEST = 128
PREFIX = "044"
ALPHABET = "23456789ACEFHJKMNPRTWXY"
RANDOM_LENGTH = 18
CODE_LENGTH = len(PREFIX) + RANDOM_LENGTH + 1

_MODULUS = len(ALPHABET)
_RADIX = 5
_LETTERS = ALPHABET.encode()
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
# Weight of each place after the prefix, the check character (weight 1) last.
_WEIGHTS = [pow(_RADIX, power, _MODULUS) for power in range(RANDOM_LENGTH, -1, -1)]
# Tables do the arithmetic of a whole batch in C: 300,000 codes in half a second.
_WEIGHT_TABLES = [
    bytes(weight * byte % _MODULUS for byte in range(256)) for weight in _WEIGHTS[:-1]
]
_SUM_TO_CHECK = bytes(
    (1 - total) % _MODULUS for total in range(RANDOM_LENGTH * _MODULUS)
)
# Bytes from here up are thrown away: keeping them would favour the first characters.
_FAIR_BYTES = 256 - 256 % _MODULUS
_UNFAIR = bytes(range(_FAIR_BYTES, 256))
_BYTE_TO_VALUE = bytes(byte % _MODULUS for byte in range(256))
_VALUE_TO_LETTER = bytes(_LETTERS[byte % _MODULUS] for byte in range(256))

# What signed vouchers carry behind their code: see `tools/vouchers.py`.
_SIGNATURE = re.compile(r"\.V1(?:\.\d+){6}\.[A-Z2-7]{103}$")
_SEPARATORS = re.compile(r"[\s\-‐-―_.]+")
_SHAPE = re.compile(rf"{PREFIX}[0-9A-Z]{{{RANDOM_LENGTH + 1}}}")
_MISREAD_PREFIX = str.maketrans("OQD", "000")
_MISREAD = str.maketrans("BGSZ", "8652")


def generate_codes(count):
    """Return a list of `count` new codes from the system's source of randomness."""
    values = _random_values(count * RANDOM_LENGTH)
    columns = [values[place::RANDOM_LENGTH] for place in range(RANDOM_LENGTH)]
    weighted = map(bytes.translate, columns, _WEIGHT_TABLES)
    checks = bytes(
        map(_SUM_TO_CHECK.__getitem__, map(sum, zip(*weighted, strict=True)))
    )
    row = CODE_LENGTH
    buffer = bytearray(PREFIX.encode().ljust(row, b" ") * count)
    for place, column in enumerate([*columns, checks], start=len(PREFIX)):
        buffer[place::row] = column.translate(_VALUE_TO_LETTER)
    text = buffer.decode("ascii")
    return [text[start : start + row] for start in range(0, len(text), row)]


def generate_code():
    """Return one new code."""
    return generate_codes(1)[0]


def normalize_code(text):
    """Return a code as it is stored, from what was scanned or typed.

    Spaces and dashes, lower case and misread characters are put right when the result
    is a code of ours with the right check character. Any other text (promotion codes,
    codes that Odoo made) only loses the blanks around it, and what nobody can type. The
    signature of a voucher is for tills without connection and no part of its code.
    """
    text = _SIGNATURE.sub("", (text or "").strip())
    cleaned = _clean(text)
    if has_valid_check(cleaned):
        return cleaned
    return "".join(filter(str.isprintable, text))[:LONGEST]


def is_storable(text):
    """Tell whether a database can hold a text: no NUL, and no half characters."""
    return not any(
        letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text or ""
    )


def is_ours(text):
    """Tell whether a text has the form of our codes, mistyped ones included."""
    return bool(_SHAPE.fullmatch(_clean(text)))


def has_valid_check(text):
    """Tell whether a text is a code of ours without a typing error."""
    cleaned = _clean(text)
    if not _SHAPE.fullmatch(cleaned):
        return False
    values = [_VALUES.get(letter) for letter in cleaned[len(PREFIX) :]]
    if None in values:
        return False
    return sum(map(int.__mul__, _WEIGHTS, values)) % _MODULUS == 1


def format_code(code):
    """Return a code in groups for people's eyes: `044A-CEFHJK-MNPRTW-XY2345`.

    Codes that are not ours come back unchanged.
    """
    if not has_valid_check(code):
        return code
    cleaned = _clean(code)
    head = CODE_LENGTH % 6
    groups = [cleaned[place : place + 6] for place in range(head, CODE_LENGTH, 6)]
    return "-".join([cleaned[:head], *groups])


def _clean(text):
    compact = _SEPARATORS.sub("", text or "").upper()
    head, tail = compact[: len(PREFIX)], compact[len(PREFIX) :]
    return head.translate(_MISREAD_PREFIX) + tail.translate(_MISREAD)


def _random_values(count):
    """Return `count` random bytes, each below the modulus and equally likely."""
    values = b""
    while len(values) < count:
        # One byte in 85 is thrown away; a little more makes a second round rare.
        wanted = count - len(values)
        drawn = os.urandom(wanted + wanted // 64 + 32)
        values += drawn.translate(_BYTE_TO_VALUE, _UNFAIR)
    return values[:count]
