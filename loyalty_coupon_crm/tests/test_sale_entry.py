from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestSaleEntry(LoyaltyCrmCommon):
    """What promotions give on an order, each beside the others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.programs = cls.env["loyalty.program"].union(
            *(
                cls._create_coupon_program(
                    program_type="promotion",
                    trigger="auto",
                    rule_ids=[
                        Command.create(
                            {"reward_point_mode": "unit", "reward_point_amount": points}
                        )
                    ],
                )
                for points in (2, 3, 5)
            )
        )
        cls.order = cls._create_order(quantity=2)
        cls.order._update_programs_and_rewards()

    def test_each_card_has_its_own_points(self):
        entries = self.order.coupon_point_ids
        usable = {
            entry.coupon_id.program_id: self.order._get_real_points_for_coupon(
                entry.coupon_id
            )
            for entry in entries
        }
        self.assertEqual([usable[one] for one in self.programs], [4, 6, 10])
        self.assertEqual(self.order.coupon_point_ids, entries)
        stranger = self._create_card(self.programs[0], points=7)
        self.assertEqual(self.order._get_real_points_for_coupon(stranger), 7)

    def _places(self):
        """Return {points: where their row is}: a row that is written moves."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT points, ctid::text FROM sale_order_coupon_points "
            "WHERE order_id = %s",
            [self.order.id],
        )
        return dict(self.env.cr.fetchall())

    def test_points_that_stay_are_not_written(self):
        # As in another transaction, in which a write is noted with its time.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order_coupon_points SET write_date = '2020-01-01'"
        )
        self.env.invalidate_all()
        before = self._places()
        self.order._update_programs_and_rewards()
        self.assertEqual(self._places(), before)
        self.programs[1].rule_ids.reward_point_amount = 4
        self.order._update_programs_and_rewards()
        after = self._places()
        self.assertEqual(sorted(after), [4, 8, 10])
        self.assertEqual([after[4], after[10]], [before[4], before[10]])
