"""What we print is scanned: pages are drawn and their codes read as a scanner would."""

import base64
import json
import os

import pypdfium2
import pytest
import zxingcpp
from provision import odoo, settings

# A scanner looks more than once, from near and from far.
DOTS_PER_INCH = (200, 300)
MARK = "printed:"
# Twelve coupons: a page each, or ten on a sheet.
PAGES = {"report_coupon": 12, "report_coupon_sheet": 2}
PRINT = f"""
import base64, json
program = env["loyalty.program"].create(
    {{"name": "满100减20 Coupon", "program_type": "coupons", "trigger": "with_code",
      "applies_on": "current",
      "reward_ids": [(5,), (0, 0, {{"discount": 20, "required_points": 1}})]}}
)
partner = env["res.partner"].create({{"name": "李伟"}})
cards = env["loyalty.card"].create(
    [{{"program_id": program.id, "partner_id": partner.id}} for _ in range(12)]
)
cards._post_move("issue", 1)
pages = {{}}
for name in ("report_coupon", "report_coupon_sheet"):
    report = "loyalty_coupon_crm." + name
    pdf, kind = env["ir.actions.report"]._render_qweb_pdf(report, cards.ids)
    assert kind == "pdf"
    pages[name] = base64.b64encode(pdf).decode()
print("{MARK}", json.dumps({{"codes": cards.mapped("code"), "pages": pages}}))
"""


@pytest.fixture(scope="module", params=["installed", "browser"])
def printed(addons_template, request):
    """Return the codes of twelve cards and the PDF of each of their reports.

    Once by what this machine prints with, once by the browser that takes the place of
    wkhtmltopdf where that is absent.
    """
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "browser":
            patch.setenv("PATH", str(settings.SETUP / "paper"), prepend=os.pathsep)
        output = odoo.shell(addons_template, PRINT)
    (line,) = [line for line in output.splitlines() if line.startswith(MARK)]
    return json.loads(line.removeprefix(MARK))


def _scanned(pdf):
    """Return {kind of code: its texts} of all pages of a PDF."""
    found = {}
    for page in pypdfium2.PdfDocument(base64.b64decode(pdf)):
        for dots in DOTS_PER_INCH:
            image = page.render(scale=dots / 72).to_pil().convert("L")
            for code in zxingcpp.read_barcodes(image):
                found.setdefault(code.format.name, set()).add(code.text)
    return found


@pytest.mark.parametrize("report", PAGES)
def test_a_scanner_reads_what_we_print(printed, report):
    """Every card's QR code and Code 128 are on paper, readable, and its own."""
    pdf = printed["pages"][report]
    pages = len(pypdfium2.PdfDocument(base64.b64decode(pdf)))
    assert pages == PAGES[report]
    found = _scanned(pdf)
    wanted = set(printed["codes"])
    assert found == {"QRCode": wanted, "Code128": wanted}
