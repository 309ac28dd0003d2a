import random
from datetime import timedelta

from odoo import fields

from .trigger_common import TriggerCommon


class BacktestCommon(TriggerCommon):
    """Purchases of four months, and back-tests of the last two."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        chance = random.Random(7)
        now = fields.Datetime.now()
        cls.history = []
        for number in range(600):
            partner = chance.choice(cls.customers)
            moment = now - timedelta(days=chance.randrange(1, 120), seconds=number)
            amount = chance.randrange(10, 200)
            cls.history.append((moment, partner, amount))
            cls._buy(partner, amount=amount, date=moment, external_ref=f"till/{number}")
        cls.history.sort(key=lambda row: row[0])

    def _backtest(self, trigger, **values):
        # Demo data has purchases of its own.
        values.setdefault("segment_id", self.segment.id)
        campaign = self._create_trigger(trigger, launch=False, **values)
        return (
            self.env["loyalty.campaign.backtest"]
            .with_user(self.marketing)
            .create({"campaign_id": campaign.id, "days": 60})
        )

    def _recent(self):
        since = fields.Datetime.now() - timedelta(days=60)
        return [row for row in self.history if row[0] >= since]
