import base64
from io import BytesIO
from urllib.parse import quote, urlencode

import barcode
import qrcode
from barcode.writer import ImageWriter

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_date

from ..tools import barcode_svg, codes

QR_BOX_PIXELS = 6
# Every module is four whole pixels wide: scanners fail on bars of uneven width.
BARCODE_OPTIONS = {
    "write_text": False,
    "module_width": 0.25,
    "module_height": 12.0,
    "quiet_zone": 2.5,
    "dpi": 406.4,
}


class LoyaltyCard(models.Model):
    _name = "loyalty.card"
    _inherit = [
        "loyalty.card.change.mixin",
        "loyalty.card.hold.mixin",
        "loyalty.card.merge.mixin",
        "loyalty.card.pass.mixin",
        "loyalty.card.pool.mixin",
        "loyalty.card.printed.mixin",
        "loyalty.card.reason.mixin",
        "loyalty.card.state.mixin",
        "loyalty.card.validity.mixin",
        "loyalty.card.value.mixin",
        "loyalty.card.voucher.mixin",
        "loyalty.wallet.mixin",
        "loyalty.wallet.reverse.mixin",
        "loyalty.card",
    ]

    _issued_index = models.Index("(issued_at) WHERE issued_at IS NOT NULL")
    # Campaigns look every few minutes for what lapses soon.
    _lapse_index = models.Index(
        "(expiration_date) WHERE active AND partner_id IS NOT NULL"
        " AND voided_at IS NULL AND expiration_date IS NOT NULL"
    )
    _member_wallet_unique = models.UniqueIndex(
        "(program_id, partner_id) "
        "WHERE is_member_wallet AND active AND partner_id IS NOT NULL",
        "This member has an open wallet in the program already.",
    )

    # The statement tells every change with its cause; a note in the chatter would say
    # less of it, and take twice the time of the movement.
    points = fields.Float(tracking=False)
    campaign_id = fields.Many2one(
        "loyalty.campaign", index="btree_not_null", readonly=True
    )
    campaign_member_id = fields.Many2one(
        "loyalty.campaign.member",
        index="btree_not_null",
        readonly=True,
    )
    campaign_member_ids = fields.One2many(
        "loyalty.campaign.member",
        "card_id",
        string="Campaign Members",
        help="Those who got this card, or points on it, from a campaign.",
    )
    issued_at = fields.Datetime(string="Issued on", readonly=True, copy=False)
    issued_by_id = fields.Many2one(
        "res.users", string="Issued by", readonly=True, copy=False
    )
    first_seen_at = fields.Datetime(string="First Seen on", readonly=True, copy=False)
    used_at = fields.Datetime(string="Used on", readonly=True, copy=False)
    voided_at = fields.Datetime(string="Voided on", readonly=True, copy=False)
    void_reason = fields.Char(readonly=True, copy=False)
    redemption_ids = fields.One2many(
        "loyalty.redemption", "card_id", string="Redemptions", readonly=True
    )
    worth = fields.Monetary(
        compute="_compute_worth",
        help="What the points are worth, in the currency of the program.",
    )
    code_grouped = fields.Char(
        string="Code to Read Out",
        compute="_compute_code_grouped",
        help="The code in groups; it may be typed with or without the dashes.",
    )
    qr_image = fields.Binary(string="QR Code", compute="_compute_qr_image")
    barcode_image = fields.Binary(string="Barcode", compute="_compute_barcode_image")

    @api.depends("points", "program_id.points_value", "program_id.program_type")
    def _compute_worth(self):
        for card in self:
            program = card.program_id
            per_point = 1.0 if program.is_payment_program else program.points_value
            card.worth = card.points * per_point

    @api.depends("code")
    def _compute_code_grouped(self):
        for card in self:
            card.code_grouped = codes.format_code(card.code or "")

    @api.depends(
        "code",
        "expiration_date",
        "partner_id",
        "points",
        "program_id.signed_codes",
        "program_id.transferable",
    )
    def _compute_qr_image(self):
        for card in self:
            card.qr_image = self._render_qr(card._qr_text()) if card.code else False

    @api.depends("code")
    def _compute_barcode_image(self):
        for card in self:
            card.barcode_image = self._render_barcode(card.code) if card.code else False

    def action_apply_to_order(self):
        """Apply the card to the sales order whose panel shows it.

        :return: the window of rewards when there is a choice, else True
        :raise UserError: when the card cannot be used on the order
        """
        self.ensure_one()
        order_id = self.env.context.get("loyalty_order_id")
        order = self.env["sale.order"].browse(order_id).exists()
        if not order:
            raise UserError(self.env._("Save the order before you apply a coupon."))
        return order._loyalty_apply_card(self)

    def _condition_lines(self):
        """Hook: return the conditions of use as sentences, in the reader's language."""
        self.ensure_one()
        program = self.program_id
        lines = []
        for rule in program.rule_ids.filtered(lambda rule: not rule.code):
            if rule.minimum_amount and not program.is_nominative:
                amount = format_amount(
                    self.env, rule.minimum_amount, program.currency_id
                )
                lines.append(
                    self.env._("From a purchase of %(amount)s.", amount=amount)
                )
            if rule.minimum_qty > 1:
                lines.append(
                    self.env._("From %(count)s items.", count=rule.minimum_qty)
                )
        if program.date_from:
            day = format_date(self.env, program.date_from)
            lines.append(self.env._("Valid from %(day)s.", day=day))
        if self.partner_id and not program.transferable:
            lines.append(self.env._("Only for %(name)s.", name=self.partner_id.name))
        if program.program_type == "coupons":
            lines.append(self._use_sentence())
        return lines

    def _use_sentence(self):
        """Return how often a coupon can still be used, as a sentence."""
        required = min(self.program_id.reward_ids.mapped("required_points"), default=0)
        uses = int(self.points // required) if required else 0
        if uses > 1:
            return self.env._("Can be used %(count)s times.", count=uses)
        return self.env._("Can be used once.")

    def _print_lang(self):
        """Return the language in which a card is printed and mailed: its customer's."""
        self.ensure_one()
        return self._mail_get_customer().lang or self.env.lang

    def _print_sheets(self, columns, rows):
        """Return the cards as sheets of rows of cards, the last row filled with None.

        :param columns: cards side by side
        :param rows: rows on a sheet
        """
        cards = [*self, *[None] * (-len(self) % columns)]
        lines = [
            cards[start : start + columns] for start in range(0, len(cards), columns)
        ]
        return [lines[start : start + rows] for start in range(0, len(lines), rows)]

    def _barcode_url(self, barcode_type, width, height):
        """Return the public address of the code's image, for mails.

        :param barcode_type: `QR` or `Code128`
        :param width: pixels
        :param height: pixels
        """
        self.ensure_one()
        query = urlencode({"width": width, "height": height})
        text = self._qr_text() if barcode_type == "QR" else self.code
        code = quote(text, safe="")
        return f"{self.get_base_url()}/report/barcode/{barcode_type}/{code}?{query}"

    @api.model
    def _generate_code(self):
        """Return a code that cannot be guessed; see `tools/codes.py`."""
        return codes.generate_code()

    @api.model
    def _normalize_code(self, code):
        """Return a code as it is stored, from what was scanned or typed.

        Codes of ours lose the spaces and dashes people type and get their misread
        characters put right; any other code only loses the blanks around it.

        :param code: text as scanned or typed, may be empty
        """
        return codes.normalize_code(code)

    @api.model
    def _render_qr(self, code):
        """Return the QR code of a text as PNG in base64, in black and white."""
        image = qrcode.make(code, box_size=QR_BOX_PIXELS, border=2)
        stream = BytesIO()
        image.save(stream, format="PNG")
        return base64.b64encode(stream.getvalue())

    def _barcode_drawing(self):
        """Return the Code 128 barcode as the address of an SVG image, for print.

        :return: data URI, or False for a code that Code 128 cannot hold
        """
        self.ensure_one()
        if not self.code or not self.code.isascii():
            return False
        drawing = barcode_svg.draw(barcode.get("code128", self.code).build()[0])
        return (
            "data:image/svg+xml;base64," + base64.b64encode(drawing.encode()).decode()
        )

    @api.model
    def _render_barcode(self, code):
        """Return the Code 128 barcode of a text as PNG in base64.

        :return: base64, or False for a text that Code 128 cannot hold
        """
        if not code.isascii():
            return False
        stream = BytesIO()
        barcode.get("code128", code, writer=ImageWriter()).write(
            stream, BARCODE_OPTIONS
        )
        return base64.b64encode(stream.getvalue())

    def _last_use(self):
        """Return the last use of the card of which something is left, or none."""
        self.ensure_one()
        return self.env["loyalty.redemption"].search(
            [("card_id", "=", self.id), ("is_live", "=", True)],
            order="date desc, id desc",
            limit=1,
        )
