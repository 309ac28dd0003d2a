from contextlib import contextmanager

from odoo import api, fields, models

LET_THROUGH_KEY = "loyalty_coupon_crm.let_through"

# What a customer can do something about; it tells nothing that Odoo would not.
PUBLIC_REASONS = {"minimum", "quantity"}


class BelowMarginError(Exception):
    """A reward that was applied takes more than the margin guard allows."""


class LoyaltySaleGateMixin(models.AbstractModel):
    """A sales order, or cart, at the gate: when offered, applied and confirmed."""

    _name = "loyalty.sale.gate.mixin"
    _description = "Sales Order at the Gate"

    def _get_confirmed_tx_create_date(self):
        """Return the day that decides on programs, by the clock of the company.

        Odoo's website asks the salesperson's time zone first.
        """
        zone = self.company_id._loyalty_timezone()
        # A customer may not read transactions.
        done = self.sudo().transaction_ids.filtered(
            lambda one: one.state in ("done", "authorized")
        )
        moments = done.mapped("create_date")
        order = self.with_context(tz=zone)
        return fields.Date.context_today(order, min(moments) if moments else None)

    def _loyalty_blockers(self, card, program=None):
        """Return what keeps a card, or program, from being used on the order.

        :param card: `loyalty.card` record, may be empty when a program is given
        :return: list of (code, message)
        """
        program = program or card.program_id
        return program._redemption_blockers(
            card,
            self.partner_id,
            self._loyalty_channel(),
            at=self._loyalty_use_moment(),
            document=self,
        )

    def _loyalty_blockers_of(self, cards):
        """Return {card: list of (code, message)} for cards, read at once."""
        passed = cards & self._loyalty_passed()
        return dict.fromkeys(passed, []) | self.env[
            "loyalty.program"
        ]._redemption_blockers_of(
            cards - passed,
            self.partner_id,
            self._loyalty_channel(),
            at=self._loyalty_use_moment(),
            document=self,
        )

    @contextmanager
    def _loyalty_let_through(self, card):
        """Spare a card that the gate has just let pass further questions.

        Odoo computes the points of an entered code and offers its rewards at once: the
        gate would be asked the same twice more. The note is kept on the cursor, where
        no client reaches it.

        :param card: `loyalty.card` record, may be empty
        """
        cache = self.env.cr.cache
        cache[LET_THROUGH_KEY] = (self, card.ids)
        try:
            yield
        finally:
            cache.pop(LET_THROUGH_KEY, None)

    def _loyalty_passed(self):
        """Return the cards that the gate has just let pass for the order."""
        order, ids = self.env.cr.cache.get(LET_THROUGH_KEY, (None, ()))
        return self.env["loyalty.card"].browse(ids if order == self else ())

    def _update_programs_and_rewards(self):
        """Update rewards; after that the gate is asked about every card again."""
        self.env.cr.cache.pop(LET_THROUGH_KEY, None)
        return super()._update_programs_and_rewards()

    def _try_apply_program(self, program, coupon=None):
        """Apply a program; what is missing for a strict one is said in words.

        The context key `loyalty_crm_explain` is read by
        `_program_check_compute_points` only.
        """
        order = self.with_context(loyalty_crm_explain=True)
        return super(LoyaltySaleGateMixin, order)._try_apply_program(program, coupon)

    def _program_check_compute_points(self, programs):
        """Say what is missing for strict programs, and ask the gate about the rest."""
        result = super()._program_check_compute_points(programs)
        if self.state == "sale":
            return result
        offered = self.env["loyalty.program"]
        for program, status in result.items():
            if not program.strict or not self._loyalty_is_direct(program):
                continue
            if "error" not in status:
                offered |= program
            elif self.env.context.get("loyalty_crm_explain"):
                missing = self._loyalty_missing(program)
                if missing:
                    status["error"] = self._loyalty_answer(missing)
        for program, blockers in self._loyalty_offer_blockers(offered).items():
            if blockers and not self._loyalty_honours(program):
                result[program] = {"error": self._loyalty_answer(blockers)}
        return result

    def _loyalty_offer_blockers(self, programs):
        """Return {program: list of (code, message)} of what speaks against an offer."""
        programs -= self._loyalty_passed().program_id
        if not programs:
            return {}
        nothing = self.env["loyalty.card"]
        uses = programs._gate_uses(
            [(program, nothing) for program in programs],
            self.partner_id,
            self._loyalty_channel(),
            self._loyalty_use_moment(),
            self,
        )
        return {
            program: program._gate_offer(use)
            for program, use in zip(programs, uses, strict=True)
        }

    @api.model
    def _loyalty_is_direct(self, program):
        """Return whether a program gives its reward on the order that earns it."""
        return program.applies_on == "current" and not program.is_nominative

    def _get_claimable_rewards(self, forced_coupons=None):
        """Leave out what the gate refuses."""
        rewards = super()._get_claimable_rewards(forced_coupons=forced_coupons)
        cards = self.env["loyalty.card"].union(*rewards)
        strict = cards.filtered("program_id.strict")
        refused = self._loyalty_blockers_of(strict)
        for card in cards - strict:
            refused[card] = self._loyalty_beside(card.program_id)
        for card, blockers in refused.items():
            if blockers:
                del rewards[card]
        return rewards

    def _apply_program_reward(self, reward, coupon, **kwargs):
        """Ask the gate before a reward is applied, and about the prices after it.

        :return: Odoo's result: a dict, with `error` when it is refused
        """
        program, code = reward.program_id, coupon.code
        blockers = (
            self._loyalty_blockers(coupon)
            if program.strict
            else self._loyalty_beside(program)
        )
        if blockers:
            return self._loyalty_reward_refusal(coupon, code, blockers)
        if not program.strict or not program.margin_guard:
            return super()._apply_program_reward(reward, coupon, **kwargs)
        try:
            # Odoo writes a new reward over the lines of the one it replaces.
            with self.env.cr.savepoint():
                result = super()._apply_program_reward(reward, coupon, **kwargs)
                blockers = self._loyalty_blockers(coupon)
                blockers = [one for one in blockers if one[0] == "margin"]
                if blockers:
                    raise BelowMarginError
        except BelowMarginError:
            return self._loyalty_reward_refusal(coupon.exists(), code, blockers)
        return result

    def _loyalty_beside(self, program):
        """Return why a program that is not strict does not go with those on the order.

        A strict one that stands alone is not joined either.

        :return: list of (code, message)
        """
        # The salesperson may not read every program of the company.
        used = self.sudo()._loyalty_used_programs().filtered("strict")
        return program.sudo()._stacking_blockers(used - program)

    def _loyalty_reward_refusal(self, card, code, blockers):
        """Log that a reward is refused and return the answer."""
        self.env["loyalty.refusal"]._log_refusal(
            card, self.partner_id, self._loyalty_channel(), self, code, blockers
        )
        return {"error": self._loyalty_answer(blockers)}

    def _loyalty_answer(self, blockers):
        """Return why something is refused: all reasons to staff, one word to others."""
        if self.env.user._is_internal() or self._loyalty_may_tell(blockers):
            return super()._loyalty_answer(blockers)
        return self.env._("This offer cannot be used on this order.")

    def _loyalty_odoo_refusal(self, result, code, card, program):
        """Log what Odoo refused, and return its answer as the user may read it.

        Odoo says in words of its own that a code is used or expired: to the public all
        codes without a future are the same.

        :param result: dict as of `_try_apply_code`, with `error`
        """
        reason = "unknown" if result.get("not_found") else "odoo"
        self.env["loyalty.refusal"]._log_refusal(
            card,
            self.partner_id,
            self._loyalty_channel(),
            self,
            code,
            [(reason, result["error"])],
            program,
        )
        internal = self.env.user._is_internal()
        if internal or not self._loyalty_is_dead(card, program):
            return result
        return self._loyalty_refusal([(reason, result["error"])], code)

    def _loyalty_fail(self, result, code):
        """Count a look-up that failed, and return its result.

        Of staff only codes that do not exist count: they scan what customers bring.

        :param result: dict as of `_try_apply_code`
        """
        if result.get("not_found"):
            self.env["loyalty.throttle"]._note_failure(code)
        return result

    @api.model
    def _loyalty_is_dead(self, card, program):
        """Return whether Odoo refused a code because nothing is left of it.

        It says so in words of its own; to the public all such codes are the same.
        """
        if not card:
            return bool(
                program.limit_usage
                and not program.strict
                and program.total_order_count >= program.max_usage
            )
        today = self._get_confirmed_tx_create_date()
        required = min(card.program_id.reward_ids.mapped("required_points"), default=0)
        return bool(
            (card.expiration_date and card.expiration_date < today)
            or card.points < required
        )

    @api.model
    def _loyalty_may_tell(self, blockers):
        """Return whether the public may read the reasons."""
        return all(code in PUBLIC_REASONS for code, _message in blockers)

    def _loyalty_used_programs(self):
        self.ensure_one()
        return self.order_line.reward_id.program_id

    def _loyalty_margin_gaps(self, program):
        """Return [(product, amount)] of lines that a program takes below its floor.

        All discounts on the order count; only lines that the program lowers are told.
        """
        self.ensure_one()
        total, own = self._loyalty_line_discounts(program)
        gaps = []
        for line, discount in total.items():
            if not own.get(line):
                continue
            quantity = line.product_uom_id._compute_quantity(
                line.product_uom_qty, line.product_id.uom_id
            )
            cost = line.product_id.with_company(self.company_id).standard_price
            net = self._loyalty_to_company(line.price_subtotal - discount)
            gap = program._margin_gap(net, cost * quantity, self.company_id.currency_id)
            if gap:
                gaps.append((line.product_id.display_name, gap))
        return gaps

    def _loyalty_line_discounts(self, program):
        """Return how much rewards take off each line, untaxed, in order currency.

        :return: two dicts {line: amount}: of all programs, and of this one
        """
        total, own = {}, {}
        discounts = self._loyalty_discount_lines()
        for reward, lines in discounts.grouped("reward_id").items():
            given = -sum(lines.mapped("price_subtotal"))
            lowered = self._loyalty_lowered_lines(reward)
            base = sum(lowered.mapped("price_subtotal"))
            for line in lowered:
                share = given * line.price_subtotal / base if base else 0.0
                total[line] = total.get(line, 0.0) + share
                if reward.program_id == program:
                    own[line] = own.get(line, 0.0) + share
        return total, own

    def _loyalty_lowered_lines(self, reward):
        """Return the product lines that a discount applies to."""
        if reward.discount_applicability == "cheapest":
            return self._cheapest_line(reward) or self.order_line.browse()
        if reward.discount_applicability == "specific":
            return self._get_specific_discountable_lines(reward)
        lines = self._loyalty_product_lines() - self._get_no_effect_on_threshold_lines()
        return lines.filtered(lambda line: not line.reward_id)
