import uuid

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_amount

from ..tools.offers import apply_offers


class LoyaltySaleOfferMixin(models.AbstractModel):
    """Offers on several items on a sales order, which the website's cart is, too.

    Offers come before other discounts, in the order of their programs: the result does
    not depend on which one was put on the order first.
    """

    _name = "loyalty.sale.offer.mixin"
    _description = "Offers on Sales Orders"

    loyalty_offer_text = fields.Text(
        string="Offers on This Order",
        compute="_compute_loyalty_offer_text",
        compute_sudo=True,
        help="What offers on several items took off, and what is missing for more.",
    )

    def _compute_loyalty_offer_text(self):
        for order in self:
            offers = order._loyalty_sorted_offers(order.order_line.reward_id)
            order.loyalty_offer_text = "\n".join(
                order._loyalty_offer_explained(reward, result)
                for reward, result in order._loyalty_offer_results(offers).items()
            )

    def _update_programs_and_rewards(self):
        """Update rewards, offers on several items first."""
        self._loyalty_sort_offers()
        before = len(self.order_line)
        result = super()._update_programs_and_rewards()
        offers = self._loyalty_sorted_offers(self.order_line.reward_id)
        if len(offers) > 1 and len(self.order_line) != before:
            # Odoo writes over the lines of offers whose items then are not taken.
            self._loyalty_sort_offers()
            result = super()._update_programs_and_rewards()
        return result

    def _loyalty_sort_offers(self):
        """Move the lines of offers before those of other rewards, in their order."""
        self.ensure_one()
        lines = self.order_line.filtered("reward_id")
        if not lines.reward_id.filtered("offer_kind"):
            return

        def rank(line):
            reward = line.reward_id
            return (0, reward._offer_rank()) if reward.offer_kind else (1, ())

        wanted = lines.sorted(rank)
        if wanted.ids == lines.ids:
            return
        goods = self.order_line - lines
        base = max(goods.mapped("sequence"), default=10)
        for number, line in enumerate(wanted, 1):
            line.sequence = base + number
        self.invalidate_recordset(["order_line"])

    def _get_reward_line_values(self, reward, coupon, **kwargs):
        """Return the lines of a reward; other rewards stand below offers."""
        values = super()._get_reward_line_values(reward, coupon, **kwargs)
        if not reward.offer_kind and self.order_line.reward_id.filtered("offer_kind"):
            for line in values:
                if "sequence" in line:
                    line["sequence"] += 1
        return values

    def _get_reward_values_discount(self, reward, coupon, **kwargs):
        """Return the lines of a discount; offers are computed item by item.

        :raise UserError: when the offer finds nothing to give, with what is missing
        """
        if not reward.offer_kind:
            return super()._get_reward_values_discount(reward, coupon, **kwargs)
        result = self._loyalty_offer_result(reward)
        if not result["total"]:
            raise UserError(self._loyalty_offer_explained(reward, result))
        taxes = self._loyalty_offer_taxes()
        cost = reward.required_points
        if reward.clear_wallet:
            cost = self._get_real_points_for_coupon(coupon)
        goods = self.order_line.filtered(lambda line: not line.reward_id)
        code = uuid.uuid4().hex
        values = []
        for key, amount in result["amounts"].items():
            name = reward.description
            if len(result["amounts"]) > 1 and taxes[key]:
                name = self.env._(
                    "%(offer)s - On products with the following taxes: %(taxes)s",
                    offer=name,
                    taxes=", ".join(taxes[key].mapped("name")),
                )
            values.append(
                {
                    "product_id": reward.discount_line_product_id.id,
                    "product_uom_qty": 1.0,
                    "name": name,
                    "price_unit": -amount,
                    "tax_ids": [Command.set(taxes[key].ids)],
                    "reward_id": reward.id,
                    "coupon_id": coupon.id,
                    "points_cost": 0 if values else cost,
                    "sequence": max(goods.mapped("sequence"), default=10) + 1,
                    "reward_identifier_code": code,
                }
            )
        return values

    def _get_reward_values_product(self, reward, coupon, product=None, **kwargs):
        """Return the lines of a free product: no more uses of the card than allowed."""
        order, uses = self, reward.offer_times
        if not reward.clear_wallet:
            chosen = (self.loyalty_chosen_points or {}).get(
                self._loyalty_choice_key(reward, coupon)
            )
            most = uses * reward.required_points if uses else None
            caps = [cap for cap in (chosen, most) if cap is not None]
            if caps:
                order = self.with_context(loyalty_points_cap=min(caps))
        return super(LoyaltySaleOfferMixin, order)._get_reward_values_product(
            reward, coupon, product=product, **kwargs
        )

    def _loyalty_is_chosen(self, reward):
        """Return whether the points for a reward are to choose: uses of a card, too.

        In the website's cart the limit of the reward decides.
        """
        if reward.reward_type != "product":
            return super()._loyalty_is_chosen(reward)
        program = reward.program_id
        return (
            program.strict
            and program.trigger == "with_code"
            and not reward.clear_wallet
            and self._loyalty_channel() != "website"
        )

    def _loyalty_most_points(self, reward, coupon):
        """Return the most points that a reward can take, of products by their uses."""
        if reward.reward_type != "product":
            return super()._loyalty_most_points(reward, coupon)
        applied = self._loyalty_chosen_lines(reward, coupon)
        usable = self._get_real_points_for_coupon(coupon)
        usable += sum(applied.mapped("points_cost"))
        uses = max(usable // reward.required_points, 0)
        if reward.offer_times:
            uses = min(uses, reward.offer_times)
        return uses * reward.required_points

    def _loyalty_points_worth(self, reward, points):
        """Return what points are worth in words: of products how many are free."""
        if reward.reward_type != "product":
            return super()._loyalty_points_worth(reward, points)
        uses = points // reward.required_points
        return self.env._(
            "%(count)s × %(reward)s",
            count=f"{uses * reward.reward_product_qty:g}",
            reward=reward.description,
        )

    def _apply_program_reward(self, reward, coupon, **kwargs):
        """Apply a reward; an offer without effect says what is missing.

        :return: Odoo's result: a dict, with `error` when it is refused
        """
        if reward.offer_kind:
            result = self._loyalty_offer_result(reward)
            if not result["total"]:
                return {"error": self._loyalty_offer_explained(reward, result)}
        return super()._apply_program_reward(reward, coupon, **kwargs)

    def _get_claimable_rewards(self, forced_coupons=None):
        """Leave out offers that would take nothing off now."""
        rewards = super()._get_claimable_rewards(forced_coupons=forced_coupons)
        if forced_coupons:
            # Whoever enters a code reads what is missing.
            return rewards
        for card in list(rewards):
            kept = rewards[card].filtered(
                lambda reward: (
                    not reward.offer_kind or self._loyalty_offer_result(reward)["total"]
                )
            )
            if kept:
                rewards[card] = kept
            else:
                del rewards[card]
        return rewards

    def _loyalty_sorted_offers(self, rewards):
        """Return the offers among rewards: the first takes its items first."""
        return rewards.filtered("offer_kind").sorted(lambda one: one._offer_rank())

    def _loyalty_offer_result(self, reward):
        """Return what an offer takes off, after those that come before it.

        :return: dict as of `apply_offers`
        """
        self.ensure_one()
        live = self.order_line.filtered("price_unit").reward_id
        before = live.filtered(
            lambda one: one.offer_kind and one._offer_rank() < reward._offer_rank()
        )
        offers = self._loyalty_sorted_offers(before) + reward
        return self._loyalty_offer_results(offers)[reward]

    def _loyalty_offer_results(self, offers):
        """Return what offers take off together.

        :param offers: `loyalty.reward` records, sorted
        :return: {reward: dict as of `apply_offers`}
        """
        self.ensure_one()
        if not offers:
            return {}
        lines = self._loyalty_offer_lines()
        products = self._loyalty_offer_goods().product_id
        given = self.order_line.filtered(lambda line: line.reward_id in offers)
        limit = max(self.amount_total - sum(given.mapped("price_total")), 0.0)
        results = apply_offers(
            lines,
            [self._loyalty_offer_data(reward, products) for reward in offers],
            self.currency_id.rounding,
            limit,
        )
        return dict(zip(offers, results, strict=True))

    def _loyalty_offer_data(self, reward, products):
        """Return an offer, its amounts in the currency of the order."""
        data = reward._offer_data(products)
        if "price" in data:
            data["price"] = self._loyalty_offer_money(reward, data["price"])
        data["most"] = self._loyalty_offer_money(reward, reward.discount_max_amount)
        return data

    def _loyalty_offer_money(self, reward, amount):
        return reward.currency_id._convert(
            amount,
            self.currency_id,
            self.company_id,
            fields.Date.context_today(self),
        )

    def _loyalty_offer_goods(self):
        """Return the lines that may take part: a combo counts as one item."""
        goods = (self.order_line - self._get_no_effect_on_threshold_lines()).filtered(
            lambda line: (
                line.product_id
                and line.product_uom_qty
                and not line.display_type
                and not line.reward_id
                and not line.combo_item_id
                and not line.is_downpayment
            )
        )
        topups = self._loyalty_offer_topups(goods.product_id)
        return goods.filtered(lambda line: line.product_id not in topups)

    def _loyalty_offer_topups(self, products):
        """Return the products that are money: gift cards and top-ups take no part."""
        # Programs of a colleague's team top up just as well.
        programs = self.env["loyalty.program"].sudo()
        programs = programs.search([("program_type", "in", ("ewallet", "gift_card"))])
        refused = products.browse()
        for program in programs.filtered("trigger_product_ids"):
            for rule in program.rule_ids:
                refused |= products.filtered_domain(rule._get_valid_product_domain())
        return refused

    def _loyalty_offer_lines(self):
        """Return the lines that may take part as `apply_offers` takes them."""
        rows = []
        for line in self._loyalty_offer_goods():
            unit, product = line.product_uom_id, line.product_id
            quantity = line.product_uom_qty
            if unit != product.uom_id:
                quantity = unit._compute_quantity(quantity, product.uom_id, round=False)
            parts = []
            for priced in line._get_lines_with_price():
                price = priced.price_unit * (1 - priced.discount / 100)
                if priced.product_uom_qty != quantity:
                    price = price * (priced.product_uom_qty / quantity)
                parts.append(
                    {
                        "tax": self._loyalty_offer_tax_key(priced),
                        "price": price,
                        "total": priced.price_total / quantity,
                    }
                )
            rows.append({"product": product.id, "quantity": quantity, "parts": parts})
        return rows

    def _loyalty_offer_taxes(self):
        """Return the taxes of the goods by their key."""
        lines = self._loyalty_offer_goods()
        priced = lines.browse().union(*(line._get_lines_with_price() for line in lines))
        return {
            self._loyalty_offer_tax_key(line): self._loyalty_offer_line_taxes(line)
            for line in priced
        }

    def _loyalty_offer_line_taxes(self, line):
        # A fixed tax, such as a deposit, is not discounted.
        return line.tax_ids.filtered(lambda tax: tax.amount_type != "fixed")

    def _loyalty_offer_tax_key(self, line):
        taxes = self._loyalty_offer_line_taxes(line)
        return ",".join(str(number) for number in sorted(taxes.ids))

    def _loyalty_offer_explained(self, reward, result):
        """Return what an offer took off, and what is missing for more, in words."""
        sentences = []
        if result["total"]:
            amount = format_amount(self.env, result["total"], self.currency_id)
            sentences.append(self._loyalty_offer_given(reward, result, amount))
        missing = f"{round(result['missing'], 3):g}"
        if result["missing"] and result["next_percent"]:
            sentences.append(
                self.env._(
                    "%(missing)s more for %(percent)s%% off.",
                    missing=missing,
                    percent=f"{result['next_percent']:g}",
                )
            )
        elif result["missing"]:
            sentences.append(self.env._("%s more for a bundle.", missing))
        if not sentences:
            sentences.append(self.env._("No item on the order takes part."))
        return f"{reward.description}: {' '.join(sentences)}"

    def _loyalty_offer_given(self, reward, result, amount):
        """Return what an offer took off in words."""
        if reward.offer_kind == "ladder":
            return self.env._(
                "%(quantity)s items, %(percent)s%% off: %(amount)s saved.",
                quantity=f"{round(result['quantity'], 3):g}",
                percent=f"{result['percent']:g}",
                amount=amount,
            )
        return self.env._(
            "%(times)s times, %(amount)s saved.", times=result["times"], amount=amount
        )
