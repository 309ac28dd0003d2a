from odoo.tests import freeze_time

from .common import LoyaltyCrmCommon


class PointExpiryCommon(LoyaltyCrmCommon):
    """Wallets whose points lapse, in the time zone of the company."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.tz = "Asia/Shanghai"
        cls.moves = cls.env["loyalty.point.move"]

    def _expire(self, at):
        with freeze_time(at):
            return self.moves._expire_awards(limit=100)

    def _wallet(self, at, points=10, **terms):
        """Return the wallet of a program with these terms, given points at a time."""
        program = self._create_points_program(**terms)
        with freeze_time(at):
            return self._create_card(program, self.partner, points)
