from odoo.tests import tagged

from .campaign_common import CampaignCommon
from .test_point_liability_source_mixin import LATER, SOON, LiabilityMovedCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestPointDebtMixin(LiabilityMovedCommon):
    """What was taken below zero is paid by what comes, and means what it meant."""

    def test_open_debts_are_the_latest_that_were_taken(self):
        card = self._create_card(self.program, self.partner, 5)
        moves = self.env["loyalty.point.move"]
        self.assertEqual(moves._open_debts(card, 0), [])
        spend = self._post("2026-06-06", "spend", -12, card)
        undone = self._post("2026-06-07", "spend", -4, card)
        self._post("2026-06-07", "reverse", 4, card, reversal_of_id=undone.id)
        lost = self._post("2026-06-08", "adjust", -6, card)
        self.assertEqual(card.points, -13)
        for points, parts in ((13, (7, 6)), (8, (2, 6)), (100, (7, 6))):
            with self.subTest(points=points):
                debts = moves._open_debts(card, points)
                expected = zip(parts, (spend, lost), strict=True)
                self.assertEqual(
                    debts,
                    [
                        {"points": -part, "debt_of_id": move.id}
                        for part, move in expected
                    ],
                )
        self.assertEqual(
            moves._open_debts(card, 6), [{"points": -6, "debt_of_id": lost.id}]
        )

    def test_a_debt_remembers_where_it_was_taken(self):
        third = self._create_card(
            self.program, self.env["res.partner"].create({"name": "Zhao Lei"}), 0
        )
        spend = self._post("2026-06-06", "spend", -30, third)
        self._merge("2026-06-10", third, self.other)
        self.assertEqual((third.points, self.other.points), (0, -30))
        self.assertEqual(
            self.env["loyalty.point.move"]._open_debts(self.other, 30),
            [{"points": -30, "debt_of_id": spend.id}],
        )

    def test_arriving_points_pay_a_debt(self):
        self._post("2026-05-06", "spend", -30, self.other)
        self._transfer("2026-06-10", 40)
        june = self._assert_owed(
            "2026-06-30", 70, may=(100, 30, 0, 70), june=(50, 0, 0, 50)
        )
        self.assertEqual(june.redeemed, 30)
        self._propose("2026-07-31")

    def test_a_debt_of_a_merged_wallet_is_redeemed(self):
        """30 were spent below zero; the award of May pays them when wallets merge."""
        self._post("2026-05-06", "spend", -30, self.other)
        self._assert_owed("2026-05-31", may=(100, 0, 0, 100))
        self._merge("2026-06-10", self.other, self.wallet)
        self.assertEqual((self.wallet.points, self.other.points), (120, 0))
        june = self._assert_owed(
            "2026-06-30", 70, may=(100, 30, 0, 70), june=(50, 0, 0, 50)
        )
        self.assertEqual((june.earned, june.redeemed), (50, 30))

    def test_a_debt_keeps_its_meaning(self):
        """Of 40 below zero 25 lapsed by mistake, 10 were spent, 5 were adjusted."""
        self._post("2026-05-06", "spend", -10, self.other)
        self._post("2026-05-07", "expire", -25, self.other)
        self._post("2026-05-08", "adjust", -5, self.other)
        self._merge("2026-06-10", self.other, self.wallet)
        self._assert_owed("2026-06-30", 60, may=(95, 10, 25, 60), june=(50, 0, 0, 50))

    def test_a_debt_that_is_merged_twice_and_paid_later(self):
        third = self._create_card(
            self.program, self.env["res.partner"].create({"name": "Zhao Lei"}), 0
        )
        fourth = self._create_card(
            self.program, self.env["res.partner"].create({"name": "Li Na"}), 0
        )
        self._post("2026-05-06", "spend", -30, third)
        self._post("2026-05-07", "spend", -5, self.other)
        self._merge("2026-06-10", third, self.other)
        self.assertEqual(self.other.points, -35)
        self._merge("2026-06-11", self.other, fourth)
        self.assertEqual(fourth.points, -35)
        self._assert_owed("2026-06-20", 100, may=(100, 0, 0, 100), june=(50, 0, 0, 50))
        self._post("2026-06-25", "earn", 40, fourth, **self._sale(3, LATER))
        june = self._assert_owed(
            "2026-06-30", 100, may=(100, 0, 0, 100), june=(90, 35, 0, 55)
        )
        self.assertEqual(june.redeemed, 35)

    def test_merge_of_a_debt_undone(self):
        self._post("2026-05-06", "spend", -30)
        # Below zero: what was earned is spent, and 20 more.
        self._post("2026-06-06", "spend", -140)
        self._post("2026-06-07", "earn", 60, self.other, **self._sale(3, LATER))
        merge = self._merge_customers("2026-06-10")
        self.assertEqual((self.wallet.points, self.other.points), (0, 40))
        self._assert_owed("2026-06-10", 0, may=(100, 100, 0, 0), june=(110, 70, 0, 40))
        self._undo("2026-06-11", merge)
        self.assertEqual((self.wallet.points, self.other.points), (-20, 60))
        self._assert_owed("2026-06-12", 0, may=(100, 100, 0, 0), june=(110, 50, 0, 60))
        self._post("2026-06-13", "earn", 30, **self._sale(4, LATER))
        self._assert_owed("2026-06-30", 0, may=(100, 100, 0, 0), june=(140, 70, 0, 70))

    def test_refund_of_a_debt_after_the_merge(self):
        """What the debt took from the other wallet's award is owed again."""
        spend = self._post("2026-05-06", "spend", -30, self.other)
        self._merge("2026-06-10", self.other, self.wallet)
        undone = {"reversal_of_id": spend.id, "expiration_date": SOON}
        self._post("2026-06-20", "reverse", 30, **undone)
        self._assert_owed("2026-06-30", may=(100, 0, 0, 100), june=(50, 0, 0, 50))
        self._post("2026-07-05", "spend", -150)
        self._assert_owed("2026-07-31", may=(100, 100, 0, 0), june=(50, 50, 0, 0))


@tagged("post_install", "-at_install", "loyalty_plain")
class TestPointDebtOfMany(CampaignCommon):
    """Points that a campaign gives to many at once pay debts, too."""

    def _indebted(self, program, customer):
        """Return a wallet below zero: one spend open, one in part, one given back."""
        card = self._create_card(program, customer, points=0)
        card._post_move("earn", 5)
        card._post_move("spend", -12)
        card._post_move("spend", -4)
        undone = card.move_ids[:1]
        card._post_move("reverse", 4, reversal_of_id=undone.id)
        card._post_move("adjust", -6)
        return card

    def _ledger_of(self, card):
        """Return movements and draws of a card, with their place in it as id."""
        moves = card.move_ids.sorted("id")
        places = {move: place for place, move in enumerate(moves)}
        names = ("kind", "points", "balance_after", "remaining")
        drawn = self.env["loyalty.point.allocation"].search(
            [("spend_id", "in", moves.ids)], order="id"
        )
        return (
            [tuple(move[name] for name in names) for move in moves],
            [(places[one.spend_id], places[one.award_id], one.points) for one in drawn],
        )

    def test_points_of_many_pay_debts_as_points_of_one_do(self):
        points = self._create_points_program()
        other = self._create_points_program()
        bulk = [self._indebted(points, one) for one in self.customers[:3]]
        single = [self._indebted(other, one) for one in self.customers[:3]]
        for given in (10, 10):
            campaign = self._create_campaign(
                program_id=points.id,
                points=given,
                control_percent=0,
                no_control_reason="Test",
            )
            campaign.action_launch()
            self._run(campaign)
            for card in single:
                card._post_move("issue", given)
        self.env.invalidate_all()
        for one, many in zip(single, bulk, strict=True):
            self.assertEqual(self._ledger_of(many), self._ledger_of(one))
            draws = self._ledger_of(many)[1]
            # The first award pays the spend and a part of the rest, the next all.
            self.assertEqual([row for row in draws if row[1] in (5, 6)][0], (1, 5, 7))
            self.assertEqual(sum(row[2] for row in draws if row[1] == 6), 3)
            self.assertEqual(many.points, 7)
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())
