"""Files and links that put a coupon or member card into the wallet of a phone.

Apple: a pass is a zip of `pass.json`, its images, a `manifest.json` with the SHA-1 of
each file and a detached PKCS #7 signature over the manifest (Apple, *Wallet Passes:
Building a Pass*). Google: a link that carries a JSON Web Token (RFC 7519) signed with
RS256 (Google, *Wallet API: Working with JWTs*).
"""

import base64
import hashlib
import io
import json
import zipfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import pkcs7

APPLE_TYPE = "application/vnd.apple.pkpass"
GOOGLE_SAVE = "https://pay.google.com/gp/v/save/"
# A zip remembers when its files were written; the same pass is the same file.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def build_apple(description, images, sign):
    """Return an Apple pass as bytes.

    :param description: dict, the content of `pass.json`
    :param images: dict of file name to PNG bytes; `icon.png` must be among them
    :param sign: function that gets the manifest as bytes and returns the signature
    """
    files = {"pass.json": json.dumps(description, ensure_ascii=False).encode()}
    files.update(images)
    manifest = {
        # Apple demands SHA-1 here; the signature over the manifest protects it.
        name: hashlib.sha1(content, usedforsecurity=False).hexdigest()
        for name, content in files.items()
    }
    files["manifest.json"] = json.dumps(manifest).encode()
    files["signature"] = sign(files["manifest.json"])
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, ZIP_DATE), content)
    return stream.getvalue()


def sign_apple(manifest, certificate, key, intermediate):
    """Return the detached signature of a manifest, in DER.

    :param manifest: bytes
    :param certificate: certificate of the pass type, PEM bytes
    :param key: its private key without password, PEM bytes
    :param intermediate: Apple's WWDR certificate, PEM bytes
    :raise ValueError: when one of them cannot be read
    """
    signer = x509.load_pem_x509_certificate(certificate)
    private = serialization.load_pem_private_key(key, password=None)
    return (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(manifest)
        .add_signer(signer, private, hashes.SHA256())
        .add_certificate(x509.load_pem_x509_certificate(intermediate))
        .sign(
            serialization.Encoding.DER,
            [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary],
        )
    )


def check_apple(certificate, key, intermediate):
    """Check that a signature is possible.

    :raise ValueError: when one of the three cannot be read, or the key is another's
    """
    signer = x509.load_pem_x509_certificate(certificate)
    private = serialization.load_pem_private_key(key, password=None)
    if signer.public_key() != private.public_key():
        raise ValueError("the key does not belong to the certificate")
    sign_apple(b"{}", certificate, key, intermediate)


def read_account(text):
    """Return a Google service account as dict.

    :param text: the JSON file that Google gives for the account
    :raise ValueError: when it is none
    """
    account = json.loads(text)
    if not isinstance(account, dict):
        raise ValueError("not a service account")
    if not account.get("client_email") or not account.get("private_key"):
        raise ValueError("client_email or private_key is missing")
    serialization.load_pem_private_key(account["private_key"].encode(), password=None)
    return account


def google_link(account, payload, issued):
    """Return the link with which a phone saves a pass.

    :param account: dict of `read_account`
    :param payload: dict of classes and objects of Google Wallet
    :param issued: seconds since 1970
    """
    claims = {
        "iss": account["client_email"],
        "aud": "google",
        "typ": "savetowallet",
        "iat": int(issued),
        "origins": [],
        "payload": payload,
    }
    parts = [_encode({"alg": "RS256", "typ": "JWT"}), _encode(claims)]
    key = serialization.load_pem_private_key(
        account["private_key"].encode(), password=None
    )
    signature = key.sign(".".join(parts).encode(), padding.PKCS1v15(), hashes.SHA256())
    return GOOGLE_SAVE + ".".join([*parts, _base64(signature)])


def _encode(value):
    return _base64(json.dumps(value, ensure_ascii=False).encode())


def _base64(content):
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
