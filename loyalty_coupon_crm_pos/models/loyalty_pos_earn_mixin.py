from odoo import fields, models
from odoo.tools import float_compare, float_is_zero

from odoo.addons.loyalty_coupon_crm.tools.rounding import POINTS_DIGITS, round_earned

CENT = 0.01


class LoyaltyPosEarnMixin(models.AbstractModel):
    """What a POS order earns, computed by the server from the lines it has.

    The till computes the same to show it; what it claims is compared, corrected, and
    told to whoever looks after the tills.
    """

    _name = "loyalty.pos.earn.mixin"
    _description = "Points earned at the Till"

    def _loyalty_checked_claims(self, coupon_data):
        """Return what the till claims, with what it may not claim corrected.

        Programs that are not strict keep Odoo's way.

        :param coupon_data: dict of card id to values, as Odoo's till sends it
        :return: dict of the same form
        """
        self.ensure_one()
        used = self._loyalty_used_lines()
        programs = self.env["loyalty.program"].sudo()
        claimed = {}
        for key, vals in coupon_data.items():
            claimed.setdefault(vals["program_id"], []).append(key)
        checked = dict(coupon_data)
        for program_id, keys in claimed.items():
            # The cashier may not read every program of the company.
            program = programs.browse(program_id).exists()
            if not program.strict:
                continue
            allowed = 0.0
            if program.applies_on != "current":
                allowed = self._loyalty_earned(program)
            for key in keys:
                card = self.env["loyalty.card"].browse(max(int(key), 0))
                lines = used.get(card, self.lines.browse())
                earned = coupon_data[key]["points"] + sum(lines.mapped("points_cost"))
                granted = 0.0
                if not card or self._loyalty_may_earn(card):
                    granted = self._loyalty_granted(program, earned, allowed)
                shown = granted
                if int(key) < 0 and program.applies_on == "current":
                    # What a promotion leaves unused is lost with the order.
                    shown = min(earned, self._loyalty_earned(program))
                self._loyalty_note_claim(program, earned, shown)
                points = granted - lines._loyalty_points_cost()
                checked[key] = {**coupon_data[key], "points": points}
                allowed = max(allowed - granted, 0.0)
                if self._loyalty_is_nothing(program, int(key), earned, granted):
                    checked.pop(key)
        return checked

    def _loyalty_note_booked(self, done):
        """Compare what a till claims with what payment booked.

        :param done: dict of card id to values, as Odoo's till sends it
        """
        booked = self._loyalty_moved_when_paid("earn").grouped("program_id")
        lines = self.lines._loyalty_sold()
        for program, moves in booked.items():
            own = lines.filtered(
                lambda line, program=program: line.reward_id.program_id == program
            )
            spent = sum(own.mapped("points_cost"))
            for vals in done.values():
                if vals["program_id"] == program.id:
                    self._loyalty_note_claim(
                        program, vals["points"] + spent, sum(moves.mapped("points"))
                    )

    def _loyalty_is_nothing(self, program, card_id, earned, granted):
        """Return whether a new card was claimed for points that were not earned."""
        new = card_id < 0 and program.applies_on != "current"
        return new and earned > CENT and granted <= 0

    def _loyalty_granted(self, program, earned, allowed):
        """Return how many points a card gets.

        :param earned: what the till claims
        :param allowed: what the server computes
        """
        if program.applies_on == "current":
            # A coupon brings its own point; one of a promotion lives with the order.
            # What it spends the lines of the order say.
            return 0.0
        if program.applies_on == "both" and not self._loyalty_may_be_less(program):
            return allowed
        return min(max(earned, 0.0), allowed)

    def _loyalty_may_be_less(self, program):
        """Return whether the order may earn less than its lines say.

        Codes of rules are activated at the till only, a program that reached its limit
        gives nothing, and payment programs split a sale over several cards.
        """
        return program.is_payment_program or not program._loyalty_is_earned_openly()

    def _loyalty_note_claim(self, program, earned, granted):
        """Flag a claim that is more than a step from what the server computes."""
        step = max(float(program.points_step), CENT)
        if program.applies_on == "current" and abs(earned) <= CENT:
            return
        difference = abs(earned - granted)
        if float_compare(difference, step, precision_digits=POINTS_DIGITS) <= 0:
            return
        self._loyalty_flag(
            self.env._(
                "The till gave %(claimed)s points of %(program)s, the order earns "
                "%(granted)s. The points were corrected.",
                claimed=round(earned, POINTS_DIGITS),
                granted=round(granted, POINTS_DIGITS),
                program=program.name,
            )
        )

    def _loyalty_flag(self, text):
        """Tell whoever looks after the tills what was wrong with an order.

        :param text: sentence
        """
        self.ensure_one()
        # The cashier who pays the order does not decide what is noted of it.
        order = self.sudo()
        if text in (order.loyalty_flag or ""):
            return
        order.loyalty_flag = "\n".join(filter(None, [order.loyalty_flag, text]))
        order._message_log(body=text)

    def _loyalty_earned(self, program):
        """Return the points that the order earns under a program.

        The same as the till's `pointsForPrograms`: rules in turn, each rounded down,
        without what a refund takes back, which is undone by itself.

        :param program: `loyalty.program` record
        """
        self.ensure_one()
        if not self._loyalty_applies(program):
            return 0.0
        lines = self.lines._loyalty_sold().filtered(
            lambda line: not line.combo_parent_id
        )
        if not lines._loyalty_goods():
            # Who only brings goods back bought nothing.
            return 0.0
        points = sum(
            self._loyalty_rule_points(rule, lines) for rule in program.rule_ids
        )
        if float_is_zero(points, precision_digits=POINTS_DIGITS):
            return 0.0
        if program._rounds_points():
            return program._round_earned(points)
        return round_earned(points, CENT)

    def _loyalty_applies(self, program):
        """Return whether the program runs on the day of the order, for its customer."""
        zone = self.company_id._loyalty_timezone()
        moment = self.with_context(tz=zone)
        day = fields.Datetime.context_timestamp(moment, self.date_order).date()
        if program.is_nominative and not self.partner_id:
            return False
        if program.date_from and program.date_from > day:
            return False
        if program.date_to and program.date_to < day:
            return False
        prices = program.pricelist_ids
        return not prices or self.pricelist_id in prices

    def _loyalty_rule_points(self, rule, lines):
        """Return the points of one rule, before the rounding of the program.

        :param lines: lines that sell something, parts of combos left out
        """
        program = rule.program_id
        counted = lines.filtered(lambda line: rule._loyalty_has(line.product_id))
        if rule.minimum_amount > self._loyalty_rule_amount(rule, lines):
            return 0.0
        paid = counted.filtered(
            lambda line: (
                line.reward_id.program_id != program
                and not line.reward_id.program_id.is_payment_program
            )
        )
        quantity = sum(paid._loyalty_goods().mapped("qty"))
        if quantity < rule.minimum_qty:
            return 0.0
        if rule.reward_point_mode == "order":
            return rule.reward_point_amount
        # What the program gives free was counted with the goods.
        free = lines.filtered(
            lambda line: (
                line.reward_id.program_id == program
                and line.reward_id.reward_type == "product"
                and rule._loyalty_has(line._loyalty_reward_product())
            )
        )
        if rule.reward_point_mode == "unit":
            return rule.reward_point_amount * (quantity - sum(free.mapped("qty")))
        amount = sum(line._loyalty_combo_amount() for line in paid + free)
        return round_earned(rule.reward_point_amount * amount, CENT)

    def _loyalty_rule_amount(self, rule, lines):
        """Return the amount that a rule compares with its minimum."""
        program = rule.program_id
        lines = lines.filtered(
            lambda line: (
                rule._loyalty_has(line.product_id)
                and not (
                    line.reward_id.reward_type == "discount"
                    and (
                        line.reward_id.program_id == program
                        or line.reward_id.program_id.trigger == "auto"
                    )
                )
            )
        )
        taxes = rule.minimum_amount_tax_mode == "incl"
        return sum(line._loyalty_combo_amount(taxes) for line in lines)
