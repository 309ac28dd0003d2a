from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..tools import codes


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = [
        "loyalty.sale.cart.mixin",
        "loyalty.sale.best.mixin",
        "loyalty.sale.offer.mixin",
        "loyalty.sale.gate.mixin",
        "loyalty.sale.missing.mixin",
        "loyalty.sale.check.mixin",
        "loyalty.sale.prefilter.mixin",
        "loyalty.sale.choice.mixin",
        "loyalty.sale.payment.mixin",
        "loyalty.sale.rounding.mixin",
        "loyalty.sale.pool.mixin",
        "loyalty.sale.entry.mixin",
        "sale.order",
        "loyalty.panel.figures.mixin",
        "loyalty.panel.offer.mixin",
        "loyalty.sale.customer.mixin",
        "loyalty.sale.refund.mixin",
        "loyalty.sale.recommend.mixin",
        "loyalty.sale.facts.mixin",
        "loyalty.document.mixin",
    ]

    loyalty_confirmation = fields.Integer(
        string="Loyalty Confirmations",
        copy=False,
        readonly=True,
        help="How often the order was cancelled after it was confirmed.",
    )

    def action_confirm(self):
        """Confirm, book gross points, and write purchases and redemptions."""
        fresh = self.filtered(lambda order: order.state != "sale")
        fresh._loyalty_check_cards()
        cards = self.env["loyalty.card"]
        with cards._wallet_scope("adjust"):
            result = super().action_confirm()
            confirmed = fresh.filtered(lambda order: order.state == "sale")
            for order in confirmed:
                cards._wallet_plan_document(order)
        confirmed._loyalty_check_balances()
        confirmed._loyalty_check_payments()
        confirmed._loyalty_unhold()
        confirmed._loyalty_record()
        return result

    def _action_cancel(self):
        """Cancel, and reverse what our own rows say of the orders."""
        confirmed = self.filtered(lambda order: order.state == "sale")
        cards = self.env["loyalty.card"]
        # Booked first: an award gets back what refunds took before it is taken back.
        confirmed._loyalty_withdraw_refunds()
        with cards._wallet_scope("reverse"):
            result = super()._action_cancel()
            cancelled = confirmed.filtered(lambda order: order.state == "cancel")
            cards._wallet_reverse_documents(cancelled)
        (confirmed - cancelled)._loyalty_refit_refunds()
        self._loyalty_unhold()
        cancelled._loyalty_record_reversal()
        return result

    def write(self, vals):
        """Write orders; a quotation that is sent holds the points its rewards cost.

        A confirmed order whose customer changes is theirs in every room.
        """
        before = {}
        if "partner_id" in vals:
            confirmed = self.filtered(lambda order: order._loyalty_is_confirmed())
            before = {order: order.partner_id for order in confirmed}
        result = super().write(vals)
        for order, partner in before.items():
            if order.partner_id != partner:
                order._loyalty_change_customer(partner)
        if vals.get("state") == "sent":
            for order in self:
                order._loyalty_hold(order._loyalty_quotation_ttl())
        return result

    def unlink(self):
        """Delete orders and what they held."""
        self._loyalty_unhold()
        return super().unlink()

    def _loyalty_quotation_ttl(self):
        """Return for how many seconds a sent quotation holds points.

        To the end of its validity, or the hours of `loyalty_coupon_crm.hold_hours`.
        """
        self.ensure_one()
        settings = self.env["ir.config_parameter"].sudo()
        hours = int(settings.get_param("loyalty_coupon_crm.hold_hours", 72))
        if not self.validity_date:
            return hours * 3600
        days = (self.validity_date - self.company_id._loyalty_today()).days + 1
        return max(days, 1) * 24 * 3600

    def _loyalty_own_cards(self):
        return self.order_line.coupon_id.filtered(lambda card: card.order_id == self)

    def _get_real_points_for_coupon(self, coupon, post_confirm=False):
        """Return the usable points: not pending, held by others or over the choice."""
        points = super()._get_real_points_for_coupon(coupon, post_confirm=post_confirm)
        # The ledger and the holds of others are not the salesperson's to read.
        points -= coupon.sudo()._blocked_for(self._loyalty_holder())
        points -= self._loyalty_pending_gain(coupon)
        if self.state != "sale" and coupon.program_id.strict:
            holds = coupon.sudo()._live_holds(but=self._loyalty_holder())
            points -= sum(holds.mapped("points"))
        return self._loyalty_cap_points(points)

    def _loyalty_own_points(self, card):
        return self._loyalty_gain(card) - self._loyalty_pending_gain(card)

    def _loyalty_gain(self, coupon):
        """Return the points that the order gives, as Odoo lets it spend them."""
        if self.state == "sale" or coupon.program_id.applies_on == "future":
            return 0.0
        given = self.coupon_point_ids.filtered(lambda row: row.coupon_id == coupon)
        return sum(given.mapped("points"))

    def _loyalty_pending_gain(self, coupon):
        """Return the points that the order gives and that have to wait."""
        program = coupon.program_id
        if not program.pending_days or not program.is_nominative:
            return 0.0
        return self._loyalty_gain(coupon)

    def _add_points_for_coupon(self, coupon_points):
        """Give points to cards, booked when the order is already confirmed."""
        if self.state != "sale":
            return super()._add_points_for_coupon(coupon_points)
        given = dict(coupon_points)
        with self.env["loyalty.card"]._wallet_scope("earn", document=self) as scope:
            result = super()._add_points_for_coupon(coupon_points)
            for card, points in given.items():
                scope.plan(card.id, "earn", points, **self._loyalty_origin())
        return result

    def _update_programs_and_rewards(self):
        """Update rewards; on a confirmed order only what changes is booked."""
        with self._loyalty_line_scope():
            return super()._update_programs_and_rewards()

    def _apply_program_reward(self, reward, coupon, **kwargs):
        """Apply a reward; on a confirmed order only what changes is booked."""
        with self._loyalty_line_scope():
            return super()._apply_program_reward(reward, coupon, **kwargs)

    def _write_vals_from_reward_vals(self, reward_vals, old_lines, delete=True):
        """Write reward lines, as a part of one of Odoo's own flows."""
        with self.order_line._loyalty_reward_flow():
            return super()._write_vals_from_reward_vals(
                reward_vals, old_lines, delete=delete
            )

    @contextmanager
    def _loyalty_line_scope(self):
        """Open the wallet scope in which rewards of one order change.

        Odoo takes rewards off and puts them on again: within the scope only the
        difference is booked. An order that is not confirmed moves no points.
        """
        if self.state != "sale":
            yield
            return
        with self.env["loyalty.card"]._wallet_scope("spend", document=self):
            yield

    def _try_apply_code(self, code):
        """Ask the gate before Odoo applies a code.

        :return: Odoo's result, or a dict with `error`
        """
        storable = codes.is_storable(code)
        code = self.env["loyalty.card"]._normalize_code(code)
        throttle = self.env["loyalty.throttle"]
        if not storable:
            # As found: of a code that is not, Odoo's shop looks for a pricelist.
            throttle._note_failure(code)
            return {"error": self._loyalty_unknown(code)}
        until = throttle._locked_until(code)
        if until:
            blockers = [("locked", throttle._locked_message(until))]
            self.env["loyalty.refusal"]._log_refusal(
                self.env["loyalty.card"],
                self.partner_id,
                self._loyalty_channel(),
                self,
                code,
                blockers,
            )
            return self._loyalty_refusal(blockers, code)
        card = self.env["loyalty.card"].search([("code", "=", code)], limit=1)
        programs = self.env["loyalty.program"]
        programs._gate_fetch(card, programs, self.partner_id)
        program = card.program_id or self._loyalty_promotion(code)
        blockers = program._gate(
            card,
            self.partner_id,
            self._loyalty_channel(),
            at=self._loyalty_use_moment(),
            document=self,
            code=code,
        )
        if blockers:
            return self._loyalty_fail(self._loyalty_refusal(blockers, code), code)
        card.program_id._wait_for_issuing()
        with self._loyalty_let_through(card):
            result = super()._try_apply_code(code)
        if not result or "error" not in result:
            throttle._note_success(code)
            return result
        return self._loyalty_fail(
            self._loyalty_odoo_refusal(result, code, card, program), code
        )

    def _loyalty_promotion(self, code):
        """Return the program of a promotion code, empty when there is none."""
        domain = Domain(self._get_trigger_domain())
        domain &= Domain("mode", "=", "with_code") & Domain("code", "=", code)
        return self.env["loyalty.rule"].search(domain, limit=1).program_id

    def _loyalty_panel_depends(self):
        return [*super()._loyalty_panel_depends(), "order_line.coupon_id"]

    def _loyalty_panel_applied(self):
        self.ensure_one()
        return self.order_line.coupon_id

    def _loyalty_apply_card(self, card):
        """Apply a card of the panel: its reward, or the window when there is a choice.

        :param card: coupon or wallet, `loyalty.card` record
        :return: action of Odoo's reward window, or True
        :raise UserError: when the card gives nothing on this order
        """
        self.ensure_one()
        if card.program_id.is_nominative:
            self._update_programs_and_rewards()
            found = {card: self._get_claimable_rewards().get(card)}
        else:
            found = self._try_apply_code(card.code)
            if "error" in found:
                raise UserError(found["error"])
        rewards = found.get(card)
        if not rewards:
            raise UserError(
                self.env._(
                    "%(program)s gives nothing on this order: its points do not reach "
                    "a reward, or the reward is applied already.",
                    program=card.program_id.name,
                )
            )
        if len(rewards) > 1 or rewards.multi_product:
            action = self.env["ir.actions.act_window"]._for_xml_id(
                "sale_loyalty.sale_loyalty_reward_wizard_action"
            )
            action["context"] = {"active_id": self.id, "active_model": self._name}
            return action
        problem = self._apply_program_reward(rewards, card).get("error")
        if problem:
            raise UserError(problem)
        self._update_programs_and_rewards()
        return True

    def _loyalty_refusal(self, blockers, code):
        """Return the answer to a refused code: all reasons to staff, none to others.

        The public reads what Odoo says of a code that does not exist.

        :param blockers: list of (code, message) of the gate
        :return: dict as of `_try_apply_code`
        """
        if self.env.user._is_internal() or self._loyalty_may_tell(blockers):
            return {"error": self._loyalty_answer(blockers)}
        return {"error": self._loyalty_unknown(code), "not_found": True}

    @api.model
    def _loyalty_unknown(self, code):
        """Return what the public reads of every code that cannot be used."""
        return self.env._("This code is invalid (%s).", code)

    def _loyalty_check_balances(self):
        """Refuse orders that together spend more than a card holds.

        :raise ValidationError: when a strict program's card would end below zero
        """
        if self.order_line.coupon_id:
            self.env["loyalty.point.move"]._check_pending_spent(self)
        for card in self.order_line.coupon_id.filtered("program_id.strict"):
            if card.points < 0:
                raise ValidationError(
                    self.env._(
                        "The card %(code)s lacks %(points)s points for these orders. "
                        "Remove its reward from one of them and confirm again.",
                        code=card.code,
                        points=-card.points,
                    )
                )

    def _loyalty_record(self):
        """Write the purchases and redemptions of confirmed orders."""
        # Facts are written by the system, the salesperson only reads them.
        self.env["loyalty.purchase"].sudo()._record(self)
        self.env["loyalty.redemption"].sudo()._record(self)

    def _loyalty_record_reversal(self):
        """Write the reversals of the purchases and redemptions of cancelled orders."""
        # Facts are written by the system, the salesperson only reads them.
        self.env["loyalty.purchase"].sudo()._record_reversal(self)
        self.env["loyalty.redemption"].sudo()._record_reversal(self)
        self.env["loyalty.card"].sudo()._forget_issue(self)
        for order in self:
            order.loyalty_confirmation += 1

    def _loyalty_channel(self):
        website = "website_id" in self._fields and self.website_id
        return "website" if website else super()._loyalty_channel()

    def _loyalty_shop(self):
        self.ensure_one()
        website = "website_id" in self._fields and self.website_id
        return (website or self.team_id).display_name or ""

    def _loyalty_date(self):
        self.ensure_one()
        return self.date_order or super()._loyalty_date()

    def _loyalty_is_confirmed(self):
        self.ensure_one()
        return self.state == "sale"

    def _loyalty_attempt(self):
        self.ensure_one()
        return self.loyalty_confirmation
