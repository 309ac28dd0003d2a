from uuid import uuid4

from odoo.fields import Command
from odoo.tests import new_test_user

from odoo.addons.loyalty_coupon_crm.tests.common import LoyaltyCrmCommon
from odoo.addons.point_of_sale.tests.common import CommonPosTest

TESTER = (
    "account.group_account_manager",
    "base.group_partner_manager",
    "base.group_system",
    "loyalty_coupon_crm.group_loyalty_auditor",
    "point_of_sale.group_pos_manager",
    "stock.group_stock_manager",
)


class LoyaltyCrmPosCommon(LoyaltyCrmCommon):
    """A till, a cashier who may do nothing else, and orders with rewards on it.

    The till is one of the company that is there: Odoo's own tests create a company with
    a chart of accounts for each class, which takes longer than most of our classes.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not cls.company.chart_template:
            charts = cls.env["account.chart.template"]
            charts.try_loading("generic_coa", cls.company, install_demo=False)
        # Goods leave the stock when the session closes, not with each order.
        cls.company.point_of_sale_update_stock_quantities = "closing"
        # The one who tests reads all facts; the cashier does not.
        tester = cls._create_pos_user("loyalty_tester", *TESTER)
        cls.env = cls.env(user=tester, su=False)
        cls.cashier = cls._create_pos_user("loyalty_cashier")
        cls.config = cls._create_till("Till")
        # Odoo's builder of orders takes it when no till is named.
        cls.pos_config_usd = cls.config
        for name in ("company", "category", "product", "gift", "partner"):
            setattr(cls, name, getattr(cls, name).with_env(cls.env))
        cls.other_partner = cls.other_partner.with_env(cls.env)
        (cls.product + cls.gift).available_in_pos = True

    @classmethod
    def _create_pos_user(cls, login, *groups):
        """Return a user of the till, of our company alone."""
        return new_test_user(
            cls.env,
            login=login,
            groups=",".join(["point_of_sale.group_pos_user", *groups]),
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def _create_till(cls, name, **values):
        """Return a till whose customers pay by bank; `bank_payment_method`."""
        if not hasattr(cls, "bank_payment_method"):
            journal = cls.env["account.journal"].create(
                {"name": "Till Bank", "type": "bank", "code": "LCTB"}
            )
            cls.bank_payment_method = cls.env["pos.payment.method"].create(
                {"name": "Bank", "journal_id": journal.id}
            )
        return cls.env["pos.config"].create(
            {
                "name": name,
                "payment_method_ids": [Command.set(cls.bank_payment_method.ids)],
                **values,
            }
        )

    @classmethod
    def _reward_line(cls, card, amount, cost=1.0, code="reward", reward=None):
        """Return the values of a reward line that takes `amount` off."""
        reward = reward or card.program_id.reward_ids[:1]
        return {
            "product_id": reward.discount_line_product_id.id,
            "qty": 1,
            "price_unit": -amount,
            "tax_ids": [Command.clear()],
            "is_reward_line": True,
            "reward_id": reward.id,
            "coupon_id": card.id,
            "points_cost": cost,
            "reward_identifier_code": code,
        }

    @classmethod
    def _pay_order(cls, quantity=1, rewards=(), partner=None, product=None, **order):
        """Return a paid POS order of one product line and reward lines."""
        line = {"product_id": (product or cls.product).id, "qty": quantity}
        paid, _refund = CommonPosTest.create_backend_pos_order(
            cls,
            {
                "pos_config": order.pop("pos_config", cls.config),
                "order_data": {"partner_id": (partner or cls.partner).id, **order},
                "line_data": [line, *rewards],
                "payment_data": [{"payment_method_id": cls.bank_payment_method.id}],
            },
        )
        return paid

    @classmethod
    def _refund(cls, order, quantities=None):
        """Return a paid refund of an order.

        :param quantities: {line: quantity that comes back}, everything by default
        """
        refund = cls.env["pos.order"].browse(order.refund()["res_id"])
        if quantities is not None:
            for line in refund.lines:
                line.qty = -quantities.get(line.refunded_orderline_id, 0)
            refund.lines.filtered(lambda line: not line.qty).unlink()
            refund.lines._onchange_amount_line_all()
            refund._compute_prices()
        context = {"active_ids": refund.ids, "active_id": refund.id}
        payment = cls.env["pos.make.payment"].with_context(**context)
        payment.create({"payment_method_id": cls.bank_payment_method.id}).check()
        return refund

    @classmethod
    def _coupon_data(cls, card, points, **values):
        """Return what the till sends about one card: the net points of an order."""
        return {
            str(card.id): {
                "points": points,
                "program_id": card.program_id.id,
                "coupon_id": card.id,
                "barcode": False,
                **values,
            }
        }

    def _till_line(self, product, quantity=1, **values):
        """Return what the till sends of a line."""
        amount = values.get("price_unit", product.lst_price) * quantity
        return {
            "product_id": product.id,
            "qty": quantity,
            "price_unit": product.lst_price,
            "price_subtotal": amount,
            "price_subtotal_incl": amount,
            **values,
        }

    def _till_reward(self, card, amount, **values):
        """Return what the till sends of a reward line, as of `_reward_line`."""
        return {
            **self._reward_line(card, amount, **values),
            "price_subtotal": -amount,
            "price_subtotal_incl": -amount,
        }

    def _sync(self, lines, user=None, partner=None, **values):
        """Return the order that the till sends in one go, paid by card.

        :param user: who runs the till, the one who tests by default
        """
        self.config.open_ui()
        # Of orders that take back, tills send the amounts of what comes back.
        sign = -1 if values.get("is_refund") else 1
        total = sum(line["price_subtotal_incl"] for line in lines)
        payment = {"amount": total, "payment_method_id": self.bank_payment_method.id}
        data = {
            "access_token": False,
            "uuid": str(uuid4()),
            "state": "paid",
            "session_id": self.config.current_session_id.id,
            "partner_id": (partner or self.partner).id,
            "lines": [
                Command.create(
                    {
                        **line,
                        "price_subtotal": sign * line["price_subtotal"],
                        "price_subtotal_incl": sign * line["price_subtotal_incl"],
                    }
                )
                for line in lines
            ],
            "payment_ids": [Command.create(payment)],
            "amount_total": total,
            "amount_paid": total,
            "amount_tax": 0,
            "amount_return": 0,
            **values,
        }
        orders = self.env["pos.order"].with_user(user or self.env.user)
        answer = orders.sync_from_ui([data])
        return orders.browse(answer["pos.order"][-1]["id"])

    def _payment_program(self, kind, product):
        """Return a strict eWallet or gift card that a product tops up."""
        action = self.env["loyalty.program"].create_from_template(kind)
        program = self.env["loyalty.program"].browse(action["res_id"])
        program.write({"strict": True, "pos_ok": True})
        program.rule_ids.product_ids = product
        return program

    def _moves(self, card, *orders):
        """Return [(kind, points)] of a card, of all or of some orders, oldest first."""
        moves = self.env["loyalty.point.move"].search(
            [("card_id", "=", card.id)], order="id"
        )
        if orders:
            ids = [order.id for order in orders]
            moves = moves.filtered(
                lambda move: move.order_model == "pos.order" and move.order_id in ids
            )
        return [(move.kind, move.points) for move in moves]

    def _purchases(self, order):
        """Return the purchases of a POS order, oldest first."""
        return self.env["loyalty.purchase"].search(
            [("order_model", "=", "pos.order"), ("order_id", "in", order.ids)],
            order="id",
        )

    def _uses(self, order):
        """Return the redemptions of a POS order, oldest first."""
        return self.env["loyalty.redemption"].search(
            [("order_model", "=", "pos.order"), ("order_id", "=", order.id)], order="id"
        )

    def assertLedger(self, *cards):
        """Check that the balance of each card is the sum of its movements."""
        for card in cards:
            total = sum(points for _kind, points in self._moves(card))
            self.assertAlmostEqual(card.points, total, 2)
