import math

from odoo import api, models
from odoo.exceptions import ValidationError

from odoo.addons.loyalty_coupon_crm.tools.spread import spread

from .loyalty_pos_waiting_mixin import OPENING, Opening

PAID_STATES = ("paid", "done", "invoiced")
# No card has more; of much more a balance would lose its last digits.
MOST_POINTS = 1e9
QUANTITY_DIGITS = 6


class PosOrderLine(models.Model):
    _inherit = "pos.order.line"

    # An index of its own goes with the add-on, one of Odoo's field would stay behind.
    _coupon_index = models.Index("(coupon_id) WHERE coupon_id IS NOT NULL")
    _reward_index = models.Index("(reward_id) WHERE reward_id IS NOT NULL")

    @api.model
    def _load_pos_data_read(self, records, config):
        """Note the programs of open orders: a till that opens needs them."""
        opening = self.env.context.get(OPENING)
        if isinstance(opening, Opening):
            opening.on_orders.update(records._loyalty_programs().ids)
        return super()._load_pos_data_read(records, config)

    def _loyalty_programs(self):
        """Return the programs of rewards and cards on the lines."""
        # The cashier may not read every program of the company.
        lines = self.sudo()
        return lines.reward_id.program_id | lines.coupon_id.program_id

    @api.constrains("refunded_orderline_id")
    def _check_refund_of_refund(self):
        """Refuse to refund a refund that moved coupons or points.

        :raise ValidationError: says what to do instead
        """
        again = self.refunded_orderline_id.filtered("refunded_orderline_id")
        orders = again.order_id | again.refunded_orderline_id.order_id
        if not orders:
            return
        # The cashier may not read the ledger.
        moved = self.env["loyalty.point.move"].sudo()
        if moved.search_count(
            [
                ("order_model", "=", "pos.order"),
                ("order_id", "in", orders.ids),
                ("program_id.strict", "=", True),
            ],
            limit=1,
        ):
            raise ValidationError(
                self.env._(
                    "%(orders)s gave goods back already, with their coupons and "
                    "points. A refund is not refunded: sell the goods again.",
                    orders=", ".join(again.order_id.mapped("display_name")),
                )
            )

    def _loyalty_is_settled(self):
        """Return whether the line settles a sales order, which is a purchase itself."""
        # `pos_sale` brings the field, it need not be installed.
        return bool(
            "sale_order_origin_id" in self._fields
            and self.sale_order_origin_id
            and not self.refunded_orderline_id
        )

    def _loyalty_sold(self):
        """Return the lines that sell something here: no refunds, no settled orders."""
        return self.filtered(
            lambda line: (
                not line._loyalty_takes_back() and not line._loyalty_is_settled()
            )
        )

    def _loyalty_takes_back(self):
        """Return whether the line really gives back the one that it says it refunds.

        Who runs a till may name any line. What does not take that line back sells.
        """
        self.ensure_one()
        origin = self.refunded_orderline_id
        if not origin or self.qty * origin.qty > 0:
            return False
        return not self._loyalty_reward() or self._loyalty_takes_back_reward()

    def _loyalty_takes_back_reward(self):
        """Return whether a reward line gives back what the refunded one took."""
        self.ensure_one()
        origin = self.refunded_orderline_id
        order = origin.order_id
        return (
            order.state in PAID_STATES
            and order != self.order_id
            and order.company_id == self.order_id.company_id
            and self.product_id == origin.product_id
            # A till may leave away what the refunded line says.
            and not (self.reward_id - origin.reward_id)
            and not (self.coupon_id - origin.coupon_id)
            and self.qty * self.price_unit * origin.qty * origin.price_unit <= 0
        )

    def _loyalty_is_too_much_back(self):
        """Return whether more of a reward came back than was given, or for less money.

        Each piece that comes back is paid at the price at which it was given.
        """
        self.ensure_one()
        origin = self.refunded_orderline_id
        others = origin._loyalty_refunds() - self
        back = abs(self.qty + sum(others.mapped("qty")))
        most = abs(origin.qty) + 10**-QUANTITY_DIGITS
        price, paid = abs(self.price_unit), abs(origin.price_unit)
        return back > most or self.currency_id.compare_amounts(price, paid) < 0

    def _loyalty_reward(self):
        """Return the reward of the line, for a refund the one of the refunded line."""
        self.ensure_one()
        return self.reward_id or self.refunded_orderline_id.reward_id

    def _loyalty_payments(self):
        """Return the lines on which a gift card or an eWallet pays."""
        return self.filtered(
            lambda line: line._loyalty_reward().program_id.is_payment_program
        )

    def _loyalty_discounts(self):
        """Return the reward lines that lower the price, free products included."""
        rewards = self.filtered(lambda line: line._loyalty_reward())
        return rewards - self._loyalty_payments()

    def _loyalty_combo_amount(self, taxes=True):
        """Return the amount of a line, of a combo with its parts."""
        self.ensure_one()
        lines = self.combo_line_ids or self
        name = "price_subtotal_incl" if taxes else "price_subtotal"
        return sum(line._loyalty_signed(name) for line in lines)

    def _loyalty_points_cost(self):
        """Return the points that reward lines of one card cost, at least their price.

        The till says what they cost; a reward is never cheaper than its program says.
        """
        asked = min(sum(self.mapped("points_cost")), MOST_POINTS)
        lines = self.filtered("reward_id")
        programs = lines.reward_id.program_id | lines.coupon_id.program_id
        if not programs.filtered("strict"):
            return asked
        least = 0.0
        for reward, own in lines.grouped("reward_id").items():
            price = -own._loyalty_total()
            per_point = reward.reward_type == "discount" and (
                reward.discount_mode == "per_point"
            )
            if per_point and reward.discount and not reward.clear_wallet:
                # What is rounded, and a last step that is worth more, cost nothing.
                least += max(math.floor(price / reward.discount), 0)
            else:
                least += reward.required_points
        return max(asked, least)

    def _loyalty_goods(self):
        """Return the lines of products, without rewards."""
        return self.filtered(lambda line: not line._loyalty_reward())

    def _loyalty_reward_product(self):
        """Return the product that a free-product line gives.

        The till does not say which of several it was: the first of them on the order.
        """
        self.ensure_one()
        products = self._loyalty_reward().reward_product_ids
        on_order = self.order_id.lines._loyalty_goods().product_id & products
        return (on_order or products)[:1]

    def _loyalty_earning(self, program):
        """Return the product lines that a program counts."""
        goods = self._loyalty_goods()
        rules = program.rule_ids
        if not rules or any(rule.any_product for rule in rules):
            payments = self.env["loyalty.program"].search(
                [("program_type", "in", ("gift_card", "ewallet"))]
            )
            return goods.filtered(
                lambda line: line.product_id not in payments.trigger_product_ids
            )
        return goods.filtered(lambda line: line.product_id in rules.valid_product_ids)

    def _loyalty_refunded_share(self, by_quantity=False):
        """Return which part of the lines came back, between 0 and 1.

        Both what tills took back and what credit notes of the invoice credited count.

        :param by_quantity: count units, also where the lines have a price
        """
        credited = {}
        for order in self.order_id:
            credited.update(order._loyalty_credited_parts())
        total = refunded = 0.0
        by_quantity = by_quantity or not any(line.price_subtotal for line in self)
        for line in self.filtered("qty"):
            weight = abs(line.qty if by_quantity else line.price_subtotal)
            part = line._loyalty_returned_part() + credited.get(line, 0.0)
            total += weight
            refunded += weight * min(1.0, part)
        share = refunded / total if total else 0.0
        return 1.0 if share > 1 - 1e-6 else max(0.0, share)

    def _loyalty_returned_part(self):
        """Return which part of the line tills took back."""
        self.ensure_one()
        returned = -sum(self._loyalty_refunds().mapped("qty"))
        return returned / self.qty if self.qty else 0.0

    def _loyalty_notes(self):
        """Return [(credit note, part of the line that it takes back)]."""
        self.ensure_one()
        return [
            (note, parts[self])
            for note, parts in self.order_id._loyalty_credits()
            if self in parts
        ]

    def _loyalty_settled_orders(self):
        """Return the sales orders that the lines settle."""
        settled = self.filtered(lambda line: line._loyalty_is_settled())
        if not settled:
            return self.env["sale.order"]
        return settled.sale_order_origin_id

    def _loyalty_refunds(self):
        """Return the lines of paid orders that take these lines back."""
        return self.refund_orderline_ids.filtered(
            lambda line: (
                line.order_id.state in PAID_STATES and line._loyalty_takes_back()
            )
        )

    def _loyalty_amounts(self):
        """Return the totals of the lines in the currency of the order.

        :return: dict as of `_loyalty_purchase_amounts`
        """
        lines = self - self._loyalty_payments()
        given = lines._loyalty_discounts().filtered(
            lambda line: line._loyalty_reward().reward_type == "discount"
        )
        return {
            "amount": sum(line._loyalty_signed() for line in lines),
            "amount_total": lines._loyalty_total(),
            "discount_amount": -sum(line._loyalty_signed() for line in given),
        }

    def _loyalty_signed(self, name="price_subtotal"):
        """Return an amount of the line, negative where it is given back.

        Refunds of the back office have it so; those of tills have the amounts of the
        line that they take back, whose sign is that of the quantity.

        :param name: field of the amount
        """
        self.ensure_one()
        return math.copysign(self[name], self.qty * self.price_unit or self[name])

    def _loyalty_total(self):
        """Return the amount with taxes, negative where more is given back than sold."""
        return sum(line._loyalty_signed("price_subtotal_incl") for line in self)

    def _loyalty_net_amounts(self, rounding):
        """Return {product line: amount net of rewards} in the currency of the order.

        A free product lowers the lines of that product, a discount all of them.

        :param rounding: function that rounds an amount
        """
        goods = self._loyalty_goods()
        net = {line: line._loyalty_signed() for line in goods}
        for reward_line in self._loyalty_discounts():
            targets = reward_line._loyalty_lowered(goods)
            parts = spread(
                reward_line._loyalty_signed(),
                [net[line] for line in targets],
                rounding,
            )
            for line, part in zip(targets, parts, strict=True):
                net[line] += part
        return net

    def _loyalty_lowered(self, goods):
        """Return the product lines whose amount the reward line lowers.

        :param goods: product lines of the order
        """
        self.ensure_one()
        if self._loyalty_reward().reward_type != "product":
            return goods
        product = self._loyalty_reward_product()
        return goods.filtered(lambda line: line.product_id == product) or goods

    def _loyalty_cost(self, product, quantity):
        """Return what a quantity of a product costs, in company currency."""
        company = self.order_id.company_id
        cost = product.with_company(company).standard_price
        return company.currency_id.round(cost * quantity)
