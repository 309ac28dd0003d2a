from io import BytesIO
from shutil import which
from unittest import skipUnless

from lxml import html
from PyPDF2 import PdfFileReader

from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from .common import LoyaltyCrmCommon

COUPON = "loyalty_coupon_crm.report_coupon"
SHEET = "loyalty_coupon_crm.report_coupon_sheet"


@tagged("post_install", "-at_install", "loyalty_pages")
class TestCardReport(LoyaltyCrmCommon, HttpCase):
    """Coupons on paper and in the mail, in the customer's language."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.name = "苏州测试百货商店"
        cls.program = cls._create_coupon_program(
            name="满减券 Spring Coupon", strict=True
        )
        cls.program.rule_ids = [
            Command.create({"minimum_amount": 200, "minimum_qty": 2, "mode": "auto"})
        ]
        cls.card = cls._create_card(
            cls.program, cls.partner, expiration_date="2031-05-03"
        )

    def _html(self, report, cards):
        """Return the report as a tree of elements."""
        content, kind = self.env["ir.actions.report"]._render_qweb_html(
            report, cards.ids
        )
        self.assertEqual(kind, "html")
        return html.fromstring(content)

    def _pdf_pages(self, report, cards):
        """Return the number of pages of the report, and the size of the first in mm."""
        actions = self.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        content, kind = actions._render_qweb_pdf(report, cards.ids)
        self.assertEqual(kind, "pdf")
        pages = PdfFileReader(BytesIO(content)).pages
        size = [round(float(side) / 72 * 25.4) for side in pages[0].mediabox[2:]]
        return len(pages), size

    def _more_cards(self, count):
        cards = self.card
        for _index in range(count - 1):
            cards |= self._create_card(self.program)
        return cards

    def test_coupon_says_everything(self):
        text = self._html(COUPON, self.card).text_content()
        for part in (
            "苏州测试百货商店",
            "满减券 Spring Coupon",
            "10% on your order",
            self.card.code_grouped,
            "05/03/2031",
            "200.00",
            "From 2 items.",
            "Can be used once.",
        ):
            self.assertIn(part, text)
        images = self._html(COUPON, self.card).xpath("//img/@src")
        self.assertEqual(len(images), 3)
        kinds = [image.partition(";")[0] for image in images]
        self.assertCountEqual(
            kinds, ["data:image/png", "data:image/png", "data:image/svg+xml"]
        )

    def test_conditions_follow_the_card(self):
        self.program.write({"transferable": False, "date_from": "2030-01-01"})
        self.card._post_move("issue", 2)
        conditions = self.card._condition_lines()
        self.assertIn("Only for Li Wei.", conditions)
        self.assertIn("Valid from 01/01/2030.", conditions)
        self.assertIn("Can be used 3 times.", conditions)

    def test_language_is_the_customer_s(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.partner.lang = "fr_FR"
        text = self._html(COUPON, self.card).text_content()
        self.assertIn("03/05/2031", text)
        nobody = self._create_card(self.program, expiration_date="2031-05-03")
        self.assertIn("05/03/2031", self._html(COUPON, nobody).text_content())

    def test_sheet_holds_ten_coupons_a_page(self):
        for count, pages, cells in ((1, 1, 2), (10, 1, 10), (11, 2, 12)):
            tree = self._html(SHEET, self._more_cards(count))
            self.assertEqual(len(tree.xpath("//div[contains(@class,'page')]")), pages)
            self.assertEqual(len(tree.xpath("//div/table/tr/td[@style]")), cells)
            frames = tree.xpath("//div[contains(@class, 'o_coupon_frame')]")
            self.assertEqual(len(frames), count)

    @skipUnless(which("wkhtmltopdf"), "prints by wkhtmltopdf, which is not installed")
    def test_pdf_has_the_right_pages(self):
        self.assertEqual(self._pdf_pages(COUPON, self.card), (1, [148, 105]))
        cards = self._more_cards(11)
        self.assertEqual(self._pdf_pages(COUPON, cards[:3]), (3, [148, 105]))
        self.assertEqual(self._pdf_pages(SHEET, cards[:10]), (1, [210, 297]))
        self.assertEqual(self._pdf_pages(SHEET, cards), (2, [210, 297]))

    def test_wallet_prints_too(self):
        wallet = self._create_card(self._create_points_program(), self.partner, 70)
        text = self._html(COUPON, wallet).text_content()
        self.assertIn(wallet.code_grouped, text)
        self.assertNotIn("Can be used", text)

    def test_mail_greets_by_name_and_shows_images_of_the_code(self):
        template = self.env.ref("loyalty_coupon_crm.mail_template_coupon")
        mail_id = template.send_mail(self.card.id)
        mail = self.env["mail.mail"].browse(mail_id)
        self.assertIn(self.company.name, mail.subject)
        self.assertIn("Hello Li Wei", mail.body_html)
        self.assertIn(self.card.code_grouped, mail.body_html)
        self.assertEqual(mail.recipient_ids, self.partner)
        self.assertFalse(mail.attachment_ids)
        addresses = html.fromstring(mail.body_html).xpath("//img/@src")
        self.assertEqual(len(addresses), 2)
        for address in addresses:
            self.assertTrue(address.startswith("http"), address)
            path = "/" + address.split("/", 3)[3]
            # Whoever reads the mail is nobody to Odoo.
            response = self.url_open(path)
            self.assertEqual(response.status_code, 200)
            self.assertTrue(response.content.startswith(b"\x89PNG"))

    def test_mail_to_nobody_has_no_name(self):
        card = self._create_card(self.program)
        template = self.env.ref("loyalty_coupon_crm.mail_template_coupon")
        body = template._render_field("body_html", card.ids)[card.id]
        self.assertIn("Hello,", body)

    def test_code_of_any_signs_makes_an_address(self):
        card = self._create_card(self.program, code="A/B ?&券")
        url = card._barcode_url("QR", 100, 100)
        self.assertTrue(
            url.endswith(
                "/report/barcode/QR/A%2FB%20%3F%26%E5%88%B8?width=100&height=100"
            ),
            url,
        )
