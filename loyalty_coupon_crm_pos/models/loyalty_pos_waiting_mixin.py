from odoo import api, models
from odoo.fields import Domain

OPENING = "loyalty_opening"
AMONG = "loyalty_among"
# What somebody wrote by hand: a till says when it opens that it cannot evaluate it.
WRITTEN = Domain("discount_product_domain", "not in", (False, "[]"))
# Nothing happens with them at a till before a code is entered; goodwill coupons are
# given there.
WAITING = (
    Domain("trigger", "=", "with_code")
    & Domain("goodwill", "=", False)
    & ~Domain("reward_ids", "any", WRITTEN)
)


class Opening:
    """Which programs one request reads: a context that no client can send."""

    def __init__(self, program_ids=None):
        self.program_ids = program_ids
        self.on_orders = set()


class Among:
    """Which programs are searched at all: a context that no client can send."""

    def __init__(self, domain):
        self.domain = Domain(domain)


class LoyaltyPosWaitingMixin(models.AbstractModel):
    """Programs that wait until a till needs them, as cards do.

    A till opens as fast with hundreds of coupon programs and codes as with none: they
    come when their code is entered, or the card of a customer asks for them.
    """

    _name = "loyalty.pos.waiting.mixin"
    _description = "Programs that Wait for Their Code"

    def _get_program_ids(self):
        """Return the programs of the till; while data is read, those it needs."""
        opening = self.env.context.get(OPENING)
        if not isinstance(opening, Opening):
            return super()._get_program_ids()
        if opening.program_ids is None:
            needed = ~WAITING | Domain("id", "in", opening.on_orders)
            opening.program_ids = self._loyalty_programs_among(needed).ids
        return self.env["loyalty.program"].browse(opening.program_ids)

    def _loyalty_programs_among(self, domain):
        """Return which of the programs of a domain the till accepts now.

        :param domain: domain of `loyalty.program`
        """
        among = Among(domain)
        till = self.with_context(**{OPENING: None, AMONG: among})
        return till._get_program_ids().with_env(self.env)

    def _loyalty_waits(self):
        """Return whether there are programs of this till that wait.

        Then its screens have the buttons to enter a code. What is not valid today, or
        used up, counts too: who enters its code is told so.
        """
        domain = (
            WAITING
            & Domain("pos_ok", "=", True)
            & Domain("pos_config_ids", "in", [False, self.id])
            & Domain("company_id", "in", [False, *self.company_id.parent_ids.ids])
        )
        # Kiosks of guests read the till, too; programs themselves are not told here.
        return bool(self.env["loyalty.program"].sudo().search(domain, limit=1))

    @api.model
    def _load_pos_data_read(self, records, config):
        rows = super()._load_pos_data_read(records, config)
        if rows:
            rows[0]["_loyalty_waits"] = config._loyalty_waits()
        return rows

    def load_programs(self, code=False, program_ids=()):
        """Return programs that the till did not need until now.

        :param code: text as scanned or typed, of a card or of a rule; or False
        :param program_ids: ids of programs, of cards that the till heard of
        :return: dict of model to rows, as when a till opens; what the till does not
            accept is left out
        """
        self.ensure_one()
        wanted = {int(program_id) for program_id in program_ids}
        if code:
            wanted.update(self._loyalty_programs_of_code(str(code)).ids)
        programs = self._loyalty_programs_among([("id", "in", list(wanted))])
        return self._loyalty_program_rows(programs) if programs else {}

    def _loyalty_programs_of_code(self, code):
        """Return the programs that a code may stand for."""
        cards = self.env["loyalty.card"]
        code = code.replace("\x00", "")
        codes = [code, cards._normalize_code(code)]
        card = cards.search([("code", "in", codes)], limit=1)
        rules = self.env["loyalty.rule"].search(
            [
                ("mode", "=", "with_code"),
                "|",
                ("code", "in", codes),
                ("promo_barcode", "in", codes),
            ]
        )
        return card.program_id | rules.program_id

    def load_waiting_ids(self):
        """Return the ids of all programs that wait, for a till that may go offline."""
        self.ensure_one()
        return self._loyalty_programs_among(WAITING).ids

    def _loyalty_program_rows(self, programs):
        """Return programs with rules, rewards and products of discount lines.

        :return: dict of model to rows, in the order in which a till connects them
        """
        till = self.with_context(**{OPENING: Opening(programs.ids)})
        rows = {
            model: till.env[model]._load_pos_data_search_read({}, till)
            for model in ("loyalty.program", "loyalty.rule", "loyalty.reward")
        }
        rewards = till.env["loyalty.reward"].browse(
            [row["id"] for row in rows["loyalty.reward"]]
        )
        products = rewards.sudo().discount_line_product_id.with_env(till.env)
        products = products._filtered_access("read")
        templates = products.product_tmpl_id
        return {
            "product.template": templates._load_pos_data_read(templates, till),
            "product.product": products._load_pos_data_read(products, till),
            **rows,
        }
