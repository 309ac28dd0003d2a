from odoo.tests import tagged
from odoo.tests.common import freeze_time

from .liability_common import LiabilityCommon

SOON, LATER = "2026-08-31", "2027-06-30"


class LiabilityMovedCommon(LiabilityCommon):
    """Points that go into other wallets, and what is owed for them.

    100 points were earned in May and lapse soon, 50 in June and lapse later.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._create_card(cls.program, cls.other_partner, 0)
        cls._post("2026-05-05", "earn", 100, **cls._sale(1, SOON))
        cls._post("2026-06-05", "earn", 50, **cls._sale(2, LATER))

    @classmethod
    def _sale(cls, document, last_day):
        return {
            "order_model": "sale.order",
            "order_id": document,
            "expiration_date": last_day,
        }

    @classmethod
    def _post(cls, day, kind, points, card=None, **origin):
        """Move points at noon in Shanghai and return the movement."""
        card = card or cls.wallet
        with freeze_time(f"{day} 04:00:00"):
            card._post_move(kind, points, **origin)
        return card.move_ids.sorted("id")[-1]

    def _transfer(self, day, points, source=None, target=None):
        request = self.env["loyalty.adjustment"].create(
            {
                "kind": "transfer",
                "card_ids": (source or self.wallet).ids,
                "points": points,
                "target_partner_id": (target or self.other).partner_id.id,
                "company_id": self.company.id,
                "reason_id": self.env.ref(
                    "loyalty_coupon_crm.loyalty_adjust_reason_goodwill"
                ).id,
            }
        )
        with freeze_time(f"{day} 04:00:00"):
            request._post()

    def _merge(self, day, source=None, target=None):
        with freeze_time(f"{day} 04:00:00"):
            (source or self.wallet)._merge_into(target or self.other, "Double")

    def _merge_customers(self, day):
        wizard = self.env["base.partner.merge.automatic.wizard"]
        partners = self.partner | self.other_partner
        with freeze_time(f"{day} 04:00:00"):
            wizard._merge(partners.ids, self.other_partner, extra_checks=False)
        self.env.invalidate_all()
        return self.env["loyalty.partner.merge"].search([], limit=1)

    def _undo(self, day, merge):
        with freeze_time(f"{day} 04:00:00"):
            merge.action_undo()
        self.env.invalidate_all()

    def _assert_owed(self, day, expiring=None, **lines):
        """Check what is owed: (earned, used, lapsed, open) by month of earning."""
        row = self._propose(day)
        found = {
            f"{line.cohort:%B}".lower(): (
                line.earned,
                line.used,
                line.lapsed,
                line.open_points,
            )
            for line in row.line_ids
        }
        self.assertEqual(found, lines)
        self.assertEqual(row.outstanding, sum(line[3] for line in lines.values()))
        if expiring is not None:
            self.assertEqual(row.expiring, expiring)
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())
        return row


@tagged("post_install", "-at_install", "loyalty_plain")
class TestPointLiabilitySourceMixin(LiabilityMovedCommon):
    """Points that went into another wallet are owed as before."""

    def test_transfer(self):
        self._transfer("2026-06-10", 120)
        self.assertEqual((self.wallet.points, self.other.points), (30, 120))
        june = self._assert_owed(
            "2026-06-30", 100, may=(100, 0, 0, 100), june=(50, 0, 0, 50)
        )
        self.assertEqual((june.earned, june.redeemed), (150, 0))
        self._post("2026-07-05", "spend", -110, self.other)
        july = self._assert_owed(
            "2026-07-31", 0, may=(100, 100, 0, 0), june=(50, 10, 0, 40)
        )
        self.assertEqual((july.earned, july.redeemed), (0, 110))

    def test_part_is_transferred_and_all_lapses(self):
        self._transfer("2026-06-10", 40)
        self._post("2026-06-15", "spend", -25, self.other)
        self._assert_owed("2026-06-30", 75, may=(100, 25, 0, 75), june=(50, 0, 0, 50))
        self._post("2026-09-01", "expire", -15, self.other)
        self._post("2026-09-01", "expire", -60)
        self._assert_owed("2026-09-14", 0, may=(100, 25, 75, 0), june=(50, 0, 0, 50))

    def test_chain_and_back(self):
        third = self._create_card(
            self.program, self.env["res.partner"].create({"name": "Zhao Lei"}), 0
        )
        self._transfer("2026-06-10", 120)
        self._transfer("2026-06-11", 110, self.other, third)
        self._transfer("2026-06-12", 105, third, self.wallet)
        self._assert_owed("2026-06-30", 100, may=(100, 0, 0, 100), june=(50, 0, 0, 50))
        # 105 came back with their terms, beside the 30 that never left.
        self._post("2026-07-05", "spend", -135)
        self._assert_owed("2026-07-31", 0, may=(100, 100, 0, 0), june=(50, 35, 0, 15))

    def test_merge_of_wallets(self):
        self._merge("2026-06-10")
        self._assert_owed("2026-06-30", 100, may=(100, 0, 0, 100), june=(50, 0, 0, 50))
        # The purchase of June comes back, from the wallet that has its points.
        award = self.wallet.move_ids.filtered(lambda move: move.order_id == 2)
        undone = {"reversal_of_id": award.id}
        self._post("2026-07-05", "spend", -100, self.other)
        self._post("2026-07-06", "reverse", -20, self.other, **undone)
        self._assert_owed("2026-07-31", 0, may=(100, 100, 0, 0), june=(30, 0, 0, 30))

    def test_reissue_of_a_lost_card(self):
        self._post("2026-06-09", "spend", -10)
        with freeze_time("2026-06-10 04:00:00"):
            new = self.wallet._reissue("Lost")
            again = new._reissue("Lost, too")
        self.assertEqual((new.points, again.points), (0, 140))
        self._assert_owed("2026-06-30", 90, may=(100, 10, 0, 90), june=(50, 0, 0, 50))
        self._post("2026-07-05", "spend", -100, again)
        self._assert_owed("2026-07-31", 0, may=(100, 100, 0, 0), june=(50, 10, 0, 40))

    def test_merge_undone(self):
        merge = self._merge_customers("2026-06-10")
        self._undo("2026-06-11", merge)
        self.assertEqual((self.wallet.points, self.other.points), (150, 0))
        self._assert_owed("2026-06-30", 100, may=(100, 0, 0, 100), june=(50, 0, 0, 50))
        self._post("2026-07-05", "spend", -120)
        self._assert_owed("2026-07-31", 0, may=(100, 100, 0, 0), june=(50, 20, 0, 30))

    def test_merge_undone_after_a_part_was_spent(self):
        merge = self._merge_customers("2026-06-10")
        self._post("2026-06-11", "spend", -110, self.other)
        self._undo("2026-06-12", merge)
        self.assertEqual((self.wallet.points, self.other.points), (40, 0))
        self._assert_owed("2026-06-30", 0, may=(100, 100, 0, 0), june=(50, 10, 0, 40))
        self._post("2026-07-05", "expire", -40)
        self._assert_owed("2026-07-31", 0, may=(100, 100, 0, 0), june=(50, 10, 40, 0))

    def test_refund_after_the_wallet_was_merged(self):
        spend = self._post("2026-06-06", "spend", -60)
        self._merge("2026-06-10")
        undone = {"reversal_of_id": spend.id, "expiration_date": LATER}
        self._post("2026-06-20", "reverse", 60, self.other, **undone)
        self._assert_owed("2026-06-30", may=(100, 0, 0, 100), june=(50, 0, 0, 50))
        self._post("2026-07-05", "spend", -150, self.other)
        self._assert_owed("2026-07-31", may=(100, 100, 0, 0), june=(50, 50, 0, 0))

    def test_points_that_were_not_earned_stay_so(self):
        self._post("2026-06-06", "opening", 30, expiration_date="2026-08-01")
        self._transfer("2026-06-10", 80)
        self._assert_owed("2026-06-30", 100, may=(100, 0, 0, 100), june=(50, 0, 0, 50))
        self._post("2026-07-05", "spend", -40, self.other)
        self._assert_owed("2026-07-31", 90, may=(100, 10, 0, 90), june=(50, 0, 0, 50))

    def test_what_cannot_be_told_belongs_to_the_oldest(self):
        """120 of both awards arrived as one sum, without their terms."""
        given = self._post("2026-06-10", "transfer", -120)
        self._post("2026-06-10", "transfer", 120, self.other, counterpart_id=given.id)
        self._assert_owed("2026-06-30", may=(120, 0, 0, 120), june=(30, 0, 0, 30))
        self._post("2026-07-05", "spend", -120, self.other)
        self._assert_owed("2026-07-31", may=(120, 120, 0, 0), june=(30, 0, 0, 30))

    def test_points_that_went_nowhere_are_not_owed(self):
        self._post("2026-06-10", "transfer", -120)
        self._assert_owed("2026-06-30", 0, may=(0, 0, 0, 0), june=(30, 0, 0, 30))
