from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import format_amount

# Bounds of the search: rewards looked at, ways continued from, rewards together.
MOST_REWARDS, WIDTH, DEPTH = 8, 2, 4
MOST_COUPONS = 8


class LoyaltySaleBestMixin(models.AbstractModel):
    """The best combination of rewards that the rules allow, for the customer.

    Open coupons of the customer take part, whether their codes were entered or not.
    Each combination is really put on the order and taken off again: the gate, stacking
    and Odoo's own rules decide what goes together, and the amounts are those to pay.
    """

    _name = "loyalty.sale.best.mixin"
    _description = "Best Offer on Sales Orders"

    def action_loyalty_best_offer(self):
        """Put the best combination of rewards on the order and say what it saves.

        :raise UserError: when the order is confirmed, cancelled or locked
        """
        self.ensure_one()
        self.check_access("write")
        if self.state not in ("draft", "sent"):
            raise UserError(
                self.env._(
                    "%s is no quotation any more: the best offer is looked for before "
                    "an order is confirmed.",
                    self.display_name,
                )
            )
        saved = self._loyalty_take_best()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if saved else "info",
                "title": self.env._("Best Offer"),
                "message": saved or self._loyalty_no_best_text(),
                "sticky": bool(saved),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _loyalty_take_best(self):
        """Put the best combination of rewards on the order.

        :return: what it saves, in words, a line each; "" when there is none
        """
        self.ensure_one()
        found = self._loyalty_best_rewards()
        if not found:
            return ""
        self._loyalty_clear_rewards()
        added = self._loyalty_add_open_coupons()
        self._update_programs_and_rewards()
        self._loyalty_claim(found[0][1])
        self.applied_coupon_ids -= added - self.order_line.coupon_id
        return self._loyalty_best_text(found)

    def _loyalty_no_best_text(self):
        """Return in words that there is nothing to take."""
        return self.env._("No coupon and no offer takes anything off now.")

    def _loyalty_add_open_coupons(self):
        """Put open coupons of the customer on the order as if they had been entered.

        :return: those that the rules and the gate let pass
        """
        added = self.env["loyalty.card"]
        for card in self._loyalty_open_coupons():
            if "error" not in self._try_apply_program(card.program_id, card):
                added |= card
        self.applied_coupon_ids |= added
        return added

    def _loyalty_open_coupons(self):
        """Return coupons of the customer that are not on the order, what ends first."""
        cards = self.env["loyalty.card"].search(
            Domain(
                [
                    ("partner_id", "=", self.partner_id.id),
                    ("program_type", "=", "coupons"),
                    ("points", ">", 0),
                    ("id", "not in", self.applied_coupon_ids.ids),
                    "|",
                    ("expiration_date", "=", False),
                    ("expiration_date", ">=", self.company_id._loyalty_today()),
                ]
            )
            & Domain("program_id", "any", self._get_program_domain()),
            order="expiration_date, id",
            limit=MOST_COUPONS,
        )
        blockers = self._loyalty_blockers_of(cards)
        return cards.filtered(lambda card: not blockers[card])

    def _loyalty_best_rewards(self):
        """Return combinations of rewards, what saves most first.

        :return: list of (amount saved, `loyalty.reward` records), at most one for each
            combination that was tried and that saves something
        """
        self.ensure_one()
        with self.env.cr.savepoint() as savepoint:
            self._loyalty_clear_rewards()
            self._loyalty_add_open_coupons()
            self._update_programs_and_rewards()
            claimable = self._loyalty_claimable_discounts()
            rewards = self.env["loyalty.reward"].browse(
                [reward.id for reward in claimable]
            )
            saved = self._loyalty_tried_all(rewards[:MOST_REWARDS])
            savepoint.rollback()
        self.env.invalidate_all()
        found = [
            (amount, self.env["loyalty.reward"].browse(sorted(ids)))
            for ids, amount in saved.items()
            if self.currency_id.compare_amounts(amount, 0) > 0
        ]
        # Of equal ones the customer keeps the coupons that the shorter one leaves.
        return sorted(found, key=lambda one: (-one[0], len(one[1]), one[1].ids))

    def _loyalty_tried_all(self, rewards):
        """Return what combinations save: {frozenset of reward ids: amount}.

        Every reward alone, then the best ones together with each other reward.
        """
        saved, starts = {}, [frozenset()]
        for _depth in range(DEPTH):
            tried = {
                start | {reward.id}
                for start in starts
                for reward in rewards
                if reward.id not in start
            }
            level = {}
            for ids in sorted(tried, key=sorted):
                amount = self._loyalty_tried(rewards.browse(sorted(ids)))
                if amount is not None:
                    level[ids] = amount
            better = [
                ids
                for ids, amount in level.items()
                if amount > max((saved.get(ids - {one}, 0) for one in ids), default=0)
            ]
            saved.update(level)
            starts = sorted(better, key=lambda ids: (-level[ids], sorted(ids)))[:WIDTH]
            if not starts:
                break
        return saved

    def _loyalty_tried(self, rewards):
        """Return what rewards save together, None when the rules do not allow it."""
        before = self._loyalty_goods_total()
        with self.env.cr.savepoint() as savepoint:
            legal = self._loyalty_claim(rewards)
            after = self._loyalty_goods_total()
            savepoint.rollback()
        self.env.invalidate_all()
        return before - after if legal else None

    def _loyalty_claim(self, rewards):
        """Put rewards on the order; return whether all of them are on it."""
        for reward in rewards:
            card = self._loyalty_claimable_discounts().get(reward)
            if not card:
                return False
            try:
                if self._apply_program_reward(reward, card).get("error"):
                    return False
            except UserError:
                # Odoo says so when an order leaves nothing to discount.
                return False
            self._update_programs_and_rewards()
        return rewards <= self.order_line.reward_id

    def _loyalty_claimable_discounts(self):
        """Return {reward: card} of what lowers the price and needs no choice.

        Points and payments are the customer's money: they are not spent unasked.
        """
        return {
            reward: card
            for card, rewards in self._get_claimable_rewards().items()
            for reward in rewards
            if self._loyalty_may_choose(reward)
        }

    def _loyalty_may_choose(self, reward):
        """Return whether the search may put a reward on an order, and take it off."""
        program = reward.program_id
        return (
            reward.reward_type == "discount"
            and not program.is_nominative
            and not program.is_payment_program
        )

    def _loyalty_clear_rewards(self):
        """Take off the rewards that the search may choose; codes stay on the order."""
        lines = self.order_line.filtered(
            lambda line: self._loyalty_may_choose(line.reward_id)
        )
        with self.order_line._loyalty_reward_flow():
            lines._reset_loyalty(True)
            self.order_line = [Command.delete(line.id) for line in lines]

    def _loyalty_goods_total(self):
        """Return the total before gift cards and eWallets pay."""
        lines = self.order_line.filtered(
            lambda line: not line.reward_id.program_id.is_payment_program
        )
        return sum(lines.mapped("price_total"))

    def _loyalty_best_text(self, found):
        """Return in words what the best combination saves, and what the next would.

        :param found: as of `_loyalty_best_rewards`
        """
        saved, rewards = found[0]
        lines = [
            self.env._("%s saved:", format_amount(self.env, saved, self.currency_id))
        ]
        for reward in rewards:
            own = self.order_line.filtered(
                lambda line, one=reward: line.reward_id == one
            )
            lines.append(
                self.env._(
                    "%(program)s: %(amount)s",
                    program=reward.program_id.name,
                    amount=format_amount(
                        self.env, -sum(own.mapped("price_total")), self.currency_id
                    ),
                )
            )
        others = [one for one in found[1:] if not one[1] <= rewards]
        if others:
            amount, second = others[0]
            lines.append(
                self.env._(
                    "Next best: %(programs)s, %(amount)s.",
                    programs=", ".join(second.program_id.mapped("name")),
                    amount=format_amount(self.env, amount, self.currency_id),
                )
            )
        return "\n".join(lines)
