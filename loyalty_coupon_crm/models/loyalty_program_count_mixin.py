from odoo import models
from odoo.tools import SQL


class LoyaltyProgramCountMixin(models.AbstractModel):
    """How many orders used a program, in one query for all programs.

    Odoo looks at every order once per program, which takes seconds where there are
    many of both.
    """

    _name = "loyalty.program.count.mixin"
    _description = "Orders per Program"

    def _compute_order_count(self):
        counts = self._count_orders("sale.order.line")
        for program in self:
            program.order_count = counts.get(program._origin.id, 0)

    def _count_orders(self, model):
        """Return {program id: number of orders} with a reward of these programs.

        :param model: name of the model of order lines, with `order_id` and `reward_id`
        """
        lines = self.env[model]
        lines.flush_model(["order_id", "reward_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT reward.program_id, COUNT(DISTINCT line.order_id)
                  FROM %(lines)s line
                  JOIN loyalty_reward reward ON reward.id = line.reward_id
                 WHERE line.reward_id = ANY(%(rewards)s)
                 GROUP BY reward.program_id
                """,
                lines=SQL.identifier(lines._table),
                rewards=self._origin.reward_ids.ids,
            )
        )
        return dict(rows)
