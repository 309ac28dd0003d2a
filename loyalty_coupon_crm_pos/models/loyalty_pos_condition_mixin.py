from odoo import models


class LoyaltyPosConditionMixin(models.AbstractModel):
    """What a POS order lacks for a program, and which margin it leaves.

    Counted as on a sales order, from the lines the order has; of an order that is not
    saved yet, from those the till tells.
    """

    _name = "loyalty.pos.condition.mixin"
    _description = "Conditions at the Till"

    def _loyalty_missing(self, program):
        """Return what the order lacks for a program: money, or products.

        Of several rules of a program the nearest counts.
        """
        self.ensure_one()
        direct = program.applies_on == "current" and not program.is_nominative
        if not direct or not program.rule_ids:
            return []
        # Goods of a sales order that is settled count at the till, too.
        lines = self.lines.filtered(
            lambda line: not line._loyalty_takes_back() and not line.combo_parent_id
        )
        gaps = []
        for rule in program.rule_ids:
            goods = lines._loyalty_goods().filtered(
                lambda line, rule=rule: rule._loyalty_has(line.product_id)
            )
            gaps.append(
                rule._gap(
                    self.currency_id,
                    self._loyalty_rule_amount(rule, lines),
                    [sum(goods.mapped("qty"))],
                )
            )
            if not gaps[-1]:
                return []
        _size, code, message = min(gaps)
        return [(code, message)]

    def _loyalty_margin_gaps(self, program):
        """Return [(product, amount)] of lines that a program takes below its floor.

        All discounts on the order count; only lines that the program lowers are told.
        What costs nothing, or nobody knows what, has no margin to guard.
        """
        self.ensure_one()
        total, own = self._loyalty_line_discounts(program)
        currency = self.company_id.currency_id
        gaps = []
        for line, discount in total.items():
            if not own.get(line):
                continue
            cost = line._loyalty_cost(line.product_id, line.qty)
            net = self._loyalty_to_company(line._loyalty_signed() - discount)
            gap = program._margin_gap(net, cost, currency)
            if gap:
                gaps.append((line.product_id.display_name, gap))
        return gaps

    def _loyalty_line_discounts(self, program):
        """Return how much rewards take off each line, untaxed, in order currency.

        :return: two dicts {line: amount}: of all programs, and of this one
        """
        total, own = {}, {}
        discounts = self.lines._loyalty_sold().filtered(
            lambda line: (
                line.reward_id.reward_type == "discount"
                and not line.reward_id.program_id.is_payment_program
            )
        )
        for reward, lines in discounts.grouped("reward_id").items():
            given = -sum(line._loyalty_signed() for line in lines)
            lowered = self._loyalty_rewarded_goods(reward)
            base = sum(line._loyalty_signed() for line in lowered)
            for line in lowered:
                share = given * line._loyalty_signed() / base if base else 0.0
                total[line] = total.get(line, 0.0) + share
                if reward.program_id == program:
                    own[line] = own.get(line, 0.0) + share
        return total, own

    def _loyalty_condition_blockers(self, program, card):
        """Return what on the order speaks against a program and no manager allowed.

        :param program: `loyalty.program` record
        :param card: the `loyalty.card` used, may be empty
        :return: list of (code, message)
        """
        self.ensure_one()
        found = [*self._loyalty_missing(program), *program._margin_blockers(self)]
        if not found:
            return []
        granted = self.env["loyalty.concession"]._granted(self._loyalty_holder())
        allowed = granted.get((program.id, card.id), ())
        return [one for one in found if one[0] not in allowed]
