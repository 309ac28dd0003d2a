"""Signed vouchers: a code that a till can check without asking anybody.

Behind the code stand what the coupon is and a signature, with dots between:
`CODE.V1.key.card.program.points.lastday.partner.SIGNATURE`. `points` are hundredths,
`lastday` is `20261231`, and `lastday` and `partner` are 0 where there is none. The
signature is ECDSA on P-256 with SHA-256 (FIPS 186-5) over everything before its dot, as
64 bytes in base32: letters and digits look the same on every keyboard that a scanner
may imitate, and take less room in a QR code.
"""

import base64
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

VERSION = "V1"
_NUMBER = 32


class Voucher(NamedTuple):
    """What a voucher says of its coupon."""

    code: str
    key: int
    card: int
    program: int
    points: float
    last_day: str
    partner: int

    def text(self):
        """Return what is signed."""
        day = (self.last_day or "").replace("-", "") or "0"
        facts = (
            self.key,
            self.card,
            self.program,
            round(self.points * 100),
            day,
            self.partner or 0,
        )
        return ".".join([self.code, VERSION, *map(str, facts)])


def generate_key():
    """Return a new private key, as PEM text."""
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def public_key(private):
    """Return the public key of a private one, as a browser reads it.

    :param private: PEM text
    :return: the point, uncompressed, in base64
    """
    point = (
        _load(private)
        .public_key()
        .public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
    )
    return base64.b64encode(point).decode()


def sign(private, voucher):
    """Return a voucher as the text of its QR code.

    :param private: PEM text
    :param voucher: `Voucher`
    """
    text = voucher.text()
    signature = _load(private).sign(text.encode(), ec.ECDSA(hashes.SHA256()))
    numbers = utils.decode_dss_signature(signature)
    raw = b"".join(number.to_bytes(_NUMBER, "big") for number in numbers)
    return f"{text}.{base64.b32encode(raw).decode().rstrip('=')}"


def _load(private):
    return serialization.load_pem_private_key(private.encode(), password=None)
