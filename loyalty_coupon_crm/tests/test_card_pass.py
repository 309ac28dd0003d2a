import base64
import hashlib
import io
import json
import zipfile
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7

from odoo.exceptions import UserError, ValidationError
from odoo.tests import HttpCase, tagged

from .common import LoyaltyCrmCommon


def make_certificate():
    """Return a key and a certificate signed by itself, both as PEM bytes."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Pass")])
    start = datetime(2026, 1, 1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=9999))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem, certificate.public_bytes(serialization.Encoding.PEM)


@tagged("post_install", "-at_install", "loyalty_pages")
class TestCardPass(LoyaltyCrmCommon, HttpCase):
    """Coupons and member cards in the wallet of a phone, for their customer alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls._create_user("zoe-with-a-phone", "base.group_portal")
        cls.program = cls._create_coupon_program(strict=True, name="Tea Days")
        cls.card = cls._create_card(
            cls.program, cls.user.partner_id, expiration_date="2099-12-31"
        )
        cls.wallet = cls._create_card(
            cls._create_points_program(name="Tea Club", portal_point_name="Leaves"),
            cls.user.partner_id,
            120,
        )
        cls.foreign = cls._create_card(cls.program, cls.partner)
        cls.void = cls._create_card(cls.program, cls.user.partner_id)
        cls.void._void("lost")
        cls.key, cls.certificate = make_certificate()

    def _set_apple(self):
        self.company.write(
            {
                "loyalty_apple_pass_type": "pass.com.example.tea",
                "loyalty_apple_team": "ABCDE12345",
                "loyalty_apple_certificate": base64.b64encode(self.certificate),
                "loyalty_apple_key": base64.b64encode(self.key),
                "loyalty_apple_intermediate": base64.b64encode(self.certificate),
            }
        )

    def _set_google(self):
        account = {"client_email": "a@example.com", "private_key": self.key.decode()}
        self.company.write(
            {
                "loyalty_google_issuer": "3388",
                "loyalty_google_account": json.dumps(account),
            }
        )

    def _get(self, path):
        self.env.flush_all()
        return self.url_open(path, allow_redirects=False)

    def _log_in(self):
        self.authenticate(self.user.login, self.user.login)

    def test_page_without_certificate_is_the_qr_code(self):
        self._log_in()
        page = self._get(f"/my/coupons/{self.card.id}").text
        self.assertIn(self.card.code_grouped, page)
        self.assertNotIn("Apple Wallet", page)
        self.assertNotIn("Google Wallet", page)
        for shop in ("apple", "google"):
            answer = self._get(f"/my/coupons/{self.card.id}/{shop}")
            self.assertEqual(answer.status_code, 404)
        listed = self._get("/my/coupons").text
        self.assertIn(f"/my/coupons/{self.card.id}", listed)
        self.assertIn(f"/my/coupons/{self.wallet.id}", listed)

    def test_only_the_own_and_open_ones(self):
        self._set_apple()
        self._set_google()
        cards = {
            "foreign": self.foreign.id,
            "void": self.void.id,
            "unknown": 999999999,
        }
        for visitor in ("customer", "stranger"):
            if visitor == "customer":
                self._log_in()
            else:
                self.authenticate(None, None)
                cards["own"] = self.card.id
            for kind, card_id in cards.items():
                for end in ("", "/apple", "/google"):
                    with self.subTest(visitor=visitor, card=kind, end=end):
                        answer = self._get(f"/my/coupons/{card_id}{end}")
                        self.assertEqual(answer.status_code, 404)
        self.assertFalse(self.foreign.first_seen_at)

    def test_token_opens_one_card(self):
        self._set_apple()
        self.authenticate(None, None)
        token = self.card._pass_token()
        base = f"/loyalty/card/{self.card.id}"
        page = self._get(f"{base}/{token}").text
        self.assertIn(self.card.code_grouped, page)
        self.assertIn(f"{base}/{token}/apple", page)
        self.assertEqual(self._get(f"{base}/{token}/apple").status_code, 200)
        wrong = (
            f"{base}/{'0' * 64}",
            f"{base}/{token[:-1]}",
            f"{base}/{token}%C3%A9",
            f"/loyalty/card/{self.foreign.id}/{token}",
            f"/loyalty/card/{self.void.id}/{self.void._pass_token()}",
        )
        for path in wrong:
            for end in ("", "/apple", "/google"):
                self.assertEqual(self._get(path + end).status_code, 404, path)
        self.assertIn(token, self.card._pass_url())

    def test_apple_pass(self):
        self._set_apple()
        self._log_in()
        for card in self.card + self.wallet:
            answer = self._get(f"/my/coupons/{card.id}/apple")
            self.assertEqual(answer.status_code, 200)
            self.assertEqual(
                answer.headers["Content-Type"], "application/vnd.apple.pkpass"
            )
            archive = zipfile.ZipFile(io.BytesIO(answer.content))
            files = {name: archive.read(name) for name in archive.namelist()}
            signature = files.pop("signature")
            manifest = json.loads(files.pop("manifest.json"))
            self.assertEqual(
                manifest,
                {name: hashlib.sha1(file).hexdigest() for name, file in files.items()},
            )
            self.assertEqual(set(files), {"pass.json", "icon.png"})
            [signer] = {
                one.subject.rfc4514_string()
                for one in pkcs7.load_der_pkcs7_certificates(signature)
            }
            self.assertEqual(signer, "CN=Pass")
            values = json.loads(files["pass.json"])
            self.assertEqual(values["barcodes"][0]["message"], card.code)
            self.assertEqual(values["passTypeIdentifier"], "pass.com.example.tea")
        self.assertEqual(
            values["storeCard"]["secondaryFields"][0]["value"], "120 Leaves"
        )
        self.assertNotIn("expirationDate", values)
        values = self.card._apple_values(self.company)
        self.assertEqual(values["expirationDate"][:4], "2100")
        self.assertEqual(values["coupon"]["primaryFields"][0]["key"], "offer")

    def test_google_link(self):
        self._set_google()
        self._log_in()
        answer = self._get(f"/my/coupons/{self.card.id}/google")
        self.assertEqual(answer.status_code, 303)
        place = answer.headers["Location"]
        self.assertTrue(place.startswith("https://pay.google.com/gp/v/save/"))
        head, claims, signature = place.rsplit("/", 1)[1].split(".")

        def decode(part):
            return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

        key = serialization.load_pem_private_key(self.key, password=None)
        key.public_key().verify(
            decode(signature),
            f"{head}.{claims}".encode(),
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
        claims = json.loads(decode(claims))
        self.assertEqual((claims["iss"], claims["aud"]), ("a@example.com", "google"))
        [saved] = claims["payload"]["genericObjects"]
        self.assertEqual(saved["barcode"]["value"], self.card.code)
        self.assertEqual(saved["header"]["defaultValue"]["value"], "Tea Days")

    def test_signed_codes_are_on_the_phone_too(self):
        self._set_apple()
        self.program.signed_codes = True
        values = self.card._apple_values(self.company)
        self.assertIn(".V1.", values["barcodes"][0]["message"])

    def test_what_cannot_sign_is_refused(self):
        other, _certificate = make_certificate()
        self._set_apple()
        wrong = (
            {"loyalty_apple_key": base64.b64encode(other)},
            {"loyalty_apple_certificate": base64.b64encode(b"no certificate")},
            {"loyalty_google_account": "{"},
            {"loyalty_google_account": '{"client_email": "a"}'},
            {"loyalty_google_account": "[]"},
            {"loyalty_google_account": '{"client_email": "a", "private_key": "x"}'},
        )
        for values in wrong:
            with self.subTest(values), self.assertRaises(ValidationError):
                self.company.write(values)

    def test_without_certificate_it_says_so(self):
        for method in ("_apple_pass", "_google_link"):
            with self.assertRaises(UserError):
                getattr(self.card, method)()

    def test_keys_are_the_administrators(self):
        self._set_apple()
        manager = self._create_user(
            "pass-manager", "loyalty_coupon_crm.group_loyalty_manager"
        )
        company = self.company.with_user(manager)
        fields = company.fields_get()
        self.assertNotIn("loyalty_apple_key", fields)
        self.assertNotIn("loyalty_google_account", fields)
        url = self.card.with_user(manager).action_open_pass()["url"]
        self.assertIn(self.card._pass_token(), url)
