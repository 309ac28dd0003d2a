from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain

# What a till may tell at once, and how long ago it may have happened.
MOST_TOLD = 50
OLDEST = timedelta(days=30)
CODE_LENGTH = 64


class LoyaltyPosRefusalMixin(models.AbstractModel):
    """What a till refused while it had no connection, told afterwards.

    A till names what it refused and one of our reasons. The words, the day, the company
    and the till are the server's; what nobody has is left out.
    """

    _name = "loyalty.pos.refusal.mixin"
    _description = "Refusals without Connection"

    def log_offline_refusals(self, rows):
        """Log what the till refused without connection; what was told is not repeated.

        :param rows: list of dicts of `at` (text, UTC), `reason`, a key of
            `_loyalty_offline_reasons`, `code`, `card_id`, `program_id` and `partner_id`
            (False for none); only the last fifty of them are looked at
        :return: how many were new
        """
        self.ensure_one()
        reasons = self._loyalty_offline_reasons()
        told = [row for row in list(rows)[-MOST_TOLD:] if row.get("reason") in reasons]
        cards = self._loyalty_told_cards(told)
        vals_list = [self._loyalty_refusal_vals(row, cards, reasons) for row in told]
        # Refusals are written by the gate alone, which answers for every role.
        refusals = self.env["loyalty.refusal"].sudo()
        known = refusals.search(
            [
                ("shop", "=", self.name),
                ("company_id", "=", self.company_id.id),
                ("date", "in", [vals["date"] for vals in vals_list]),
            ]
        )
        keys = {self._loyalty_refusal_key(row) for row in known}
        fresh = {
            self._loyalty_refusal_key(vals): vals
            for vals in vals_list
            if self._loyalty_refusal_key(vals) not in keys
        }
        refusals.create(list(fresh.values()))
        return len(fresh)

    def _loyalty_offline_reasons(self):
        """Return {reason: why a till refuses without connection, in words}."""
        return {
            "limit": self.env._(
                "There was no connection, and the till had accepted as many unchecked "
                "coupons as it may."
            ),
            "refuse": self.env._(
                "There was no connection, and the till accepts no unchecked coupons."
            ),
            "unknown": self.env._(
                "There was no connection, and the till knew no coupon with this code."
            ),
            "closed": self.env._(
                "There was no connection, and the till does not accept it at that time."
            ),
            "owner": self.env._(
                "There was no connection, and its owner was not on the order."
            ),
            "taken": self.env._(
                "There was no connection, and it was on an order of the till already."
            ),
            "expired": self.env._(
                "There was no connection, and its signed last day was over."
            ),
            "signature": self.env._(
                "There was no connection, and its signature could not be accepted."
            ),
        }

    def _loyalty_told_cards(self, rows):
        """Return {id or code: card} of what the till names, as far as it may see it.

        :param rows: as of `log_offline_refusals`
        """
        cards = self.env["loyalty.card"]
        ids = [row["card_id"] for row in rows if isinstance(row.get("card_id"), int)]
        codes = {cards._normalize_code(self._loyalty_told_code(row)) for row in rows}
        found = cards.search(
            Domain("id", "in", ids) | Domain("code", "in", list(codes - {""}))
        )
        return {
            **{card.id: card for card in found},
            **{card.code: card for card in found},
        }

    def _loyalty_told_code(self, row):
        return str(row.get("code") or "")[:CODE_LENGTH]

    def _loyalty_refusal_vals(self, row, cards, reasons):
        """Return the values of one refusal.

        :param cards: as of `_loyalty_told_cards`
        :param reasons: as of `_loyalty_offline_reasons`
        """
        none = self.env["loyalty.card"]
        code = self._loyalty_told_code(row)
        card = cards.get(row.get("card_id")) or cards.get(none._normalize_code(code))
        # The till found it with the cashier's rights; its program he need not read.
        card = (card or none).sudo()
        program = card.program_id
        if not program and isinstance(row.get("program_id"), int):
            domain = [("id", "=", row["program_id"])]
            program = self._loyalty_programs_among(domain)
        partner = self.env["res.partner"]
        if isinstance(row.get("partner_id"), int):
            partner = partner.browse(row["partner_id"]).exists()
        return {
            "date": self._loyalty_told_date(row),
            "code": card.code or code,
            "card_id": card.id,
            "program_id": program.id,
            "partner_id": partner.id,
            "company_id": self.company_id.id,
            "channel": "pos",
            "shop": self.name,
            "user_id": self.env.uid,
            "reason_codes": f"offline_{row['reason']}",
            "reasons": reasons[row["reason"]],
        }

    def _loyalty_told_date(self, row):
        """Return when the till refused; now, when that cannot be."""
        now = fields.Datetime.now()
        try:
            date = fields.Datetime.to_datetime(row.get("at"))
        except (TypeError, ValueError):
            return now
        return date if date and now - OLDEST <= date <= now else now

    def _loyalty_refusal_key(self, row):
        """Return what tells a refusal from another one of the same till.

        :param row: values, or record of `loyalty.refusal`
        """
        card, program = row["card_id"], row["program_id"]
        return (
            row["date"],
            row["reason_codes"],
            row["code"] or "",
            card if isinstance(card, (int, bool)) else card.id,
            program if isinstance(program, (int, bool)) else program.id,
        )
