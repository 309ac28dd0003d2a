from odoo import api, fields, models
from odoo.fields import Domain

from .loyalty_pos_waiting_mixin import AMONG, Among


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    usage_plan = fields.Json(
        compute="_compute_usage_plan",
        help="Weekly windows and closed days, for tills without connection.",
    )

    @api.depends("usage_window_ids")
    def _compute_usage_plan(self):
        """Set `open`: [weekday, from, to], and `closed`: [first, last day]."""
        for program in self:
            windows = program.usage_window_ids
            program.usage_plan = {
                "open": [
                    [window.weekday, window.start, window.end]
                    for window in windows._weekly()
                ],
                "closed": [
                    [day.isoformat() for day in days] for days in windows._closed_days()
                ],
            }

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, **options):
        """Let a till ask for some of its programs, the way Odoo finds all of them."""
        among = self.env.context.get(AMONG)
        if isinstance(among, Among):
            domain = Domain(domain) & among.domain
        return super()._search(domain, offset, limit, order, **options)

    def _unrelevant_records(self, config):
        valid = config._loyalty_programs_among([("id", "in", self.ids)])
        return (self - valid).ids

    @api.model
    def _load_pos_data_fields(self, config):
        """Tell the till whether our rules are on, and how points are given."""
        names = super()._load_pos_data_fields(config)
        if self.env.context.get("loyalty_uncounted"):
            names.remove("total_order_count")
        return [
            *names,
            "expire_after",
            "expire_inactive_days",
            "expire_month",
            "goodwill",
            "margin_guard",
            "pending_days",
            "points_step",
            "strict",
            "usage_plan",
        ]

    def _loyalty_is_earned_openly(self):
        """Return whether an order says by itself what it earns.

        Not with codes, which are entered at the till only, with a limit of uses, which
        gives nothing when it is reached, and where the same product tops up several
        programs: the till asked which.
        """
        self.ensure_one()
        codes = "with_code" in [self.trigger, *self.rule_ids.mapped("mode")]
        if self.limit_usage or codes:
            return False
        if not self.is_payment_program:
            return True
        products = self.trigger_product_ids
        return bool(products) and not self.search_count(
            [
                ("id", "!=", self.id),
                ("program_type", "in", ("ewallet", "gift_card")),
                ("trigger_product_ids", "in", products.ids),
            ],
            limit=1,
        )

    def _compute_total_order_count(self):
        # Odoo's till adds its orders to what is counted one by one already.
        counted = self._counted_one_by_one()
        others = super(LoyaltyProgram, self - counted)
        result = others._compute_total_order_count()
        counted._count_confirmed_uses()
        return result

    def _compute_pos_order_count(self):
        counts = self._count_orders("pos.order.line")
        for program in self:
            program.pos_order_count = counts.get(program._origin.id, 0)

    @api.model
    def _load_pos_data_read(self, records, config):
        """Count the uses of programs that are limited; of others nobody asks."""
        limited = records.filtered("limit_usage")
        rows = super()._load_pos_data_read(limited, config)
        uncounted = self.with_context(loyalty_uncounted=True)
        others = super(LoyaltyProgram, uncounted)._load_pos_data_read(
            records - limited, config
        )
        for row in others:
            row["total_order_count"] = 0
        places = {program_id: place for place, program_id in enumerate(records.ids)}
        return sorted([*rows, *others], key=lambda row: places[row["id"]])

    @api.model
    def _gate_channel_fields(self):
        words = self.env._("at the till")
        return {**super()._gate_channel_fields(), "pos": ("pos_ok", words)}

    @api.model
    def _gate_fetched_program_fields(self):
        return [*super()._gate_fetched_program_fields(), "pos_config_ids"]

    @api.model
    def _gate_channel(self, use):
        """Return a blocker at a till at which the program is not offered."""
        blockers = super()._gate_channel(use)
        till = self._gate_till(use)
        tills = use.program.pos_config_ids
        if blockers or not till or not tills or till in tills:
            return blockers
        message = self.env._(
            "%(program)s can be used at %(tills)s only.",
            program=use.program.name,
            tills=", ".join(tills.mapped("name")),
        )
        return [("shop", message)]

    @api.model
    def _gate_till(self, use):
        """Return the till that asks, None in other channels."""
        till = use.shop or (use.document and use.channel == "pos" and use.document)
        if till and till._name == "pos.order":
            till = till.config_id
        return till or None

    @api.model
    def _gate_own_holders(self, use):
        """A till may use what it leased itself."""
        holders = super()._gate_own_holders(use)
        till = self._gate_till(use)
        return holders | {till._loyalty_lease_holder()} if till else holders
