import random
from datetime import date, timedelta

from odoo.tests import tagged
from odoo.tests.common import freeze_time

from .liability_common import LiabilityCommon

BEFORE = date(2026, 4, 1)
DAYS = (date(2026, 3, 31), date(2026, 5, 31), date(2026, 8, 31))


class Undone(Exception):
    """What was done for a look is undone."""


@tagged("post_install", "-at_install", "loyalty_plain")
class TestLiabilityFolded(LiabilityCommon):
    """Points are owed after old movements were folded as they were before."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.write({"refund_grace_days": 40, "points_value": 0.07})
        partners = cls.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(6)]
        )
        cls.wallets = [cls._create_card(cls.program, one, 0) for one in partners]
        cls.archives = cls.env["loyalty.point.archive"]
        cls.moves = cls.env["loyalty.point.move"]
        cls.document = 0

    def _post(self, day, kind, points, card=None, **origin):
        card = card or self.wallet
        with freeze_time(f"{day} 04:00:00"):
            card._post_move(kind, points, **origin)
        return card.move_ids.sorted("id")[-1]

    def _sell(self, day, card, points, **terms):
        """Write a sale and what it earned, through the wallet."""
        type(self).document += 1
        origin = {"order_model": "sale.order", "order_id": self.document}
        self.env["loyalty.purchase"].create(
            {
                "partner_id": card.partner_id.id,
                "commercial_partner_id": card.partner_id.id,
                "company_id": self.company.id,
                "date": f"{day} 04:00:00",
                "amount": points * 10,
                "channel": "sale",
                **origin,
            }
        )
        return self._post(day, "earn", points, card, **origin, **terms)

    def _live(self, chance, first, count):
        """Earn, spend, give back, take back, lapse: a movement every few days."""
        day = first
        for _number in range(count):
            day += timedelta(days=chance.choice((0, 1, 2)))
            card = chance.choice(self.wallets)
            self._lapse(day, card)
            what = chance.random()
            points = round(chance.uniform(1, 60), 2)
            if what < 0.4:
                last = chance.choice((None, 20, 60))
                last = last and str(day + timedelta(days=last))
                terms = {"expiration_date": last} if last else {}
                self._sell(day, card, points, **terms)
            elif what < 0.7:
                self._post(day, "spend", -points, card)
            elif what < 0.85:
                self._give_back(chance, day, card)
            elif what < 0.92:
                self._take_back(chance, day, card)
            else:
                kind = chance.choice(("adjust", "issue", "void", "expire"))
                sign = 1 if kind == "issue" else -1
                self._post(day, kind, sign * points, card)
        self.env.flush_all()

    def _lapse(self, day, card):
        for award in card.move_ids.sorted("id"):
            last = award.expiration_date
            if award.remaining > 0 and last and last < day:
                self._post(day, "expire", -award.remaining, card)

    def _not_undone(self, day, card, kind):
        """Return the last movement of a kind that nothing reverses, nor was folded."""
        undone = card.move_ids.reversal_of_id
        moves = card.move_ids.filtered(lambda move: move.kind == kind) - undone
        recent = f"{max(BEFORE, day - timedelta(days=60))}"
        if day >= BEFORE:
            moves = moves.filtered(lambda move: str(move.date) >= recent)
        return moves.sorted("id")[-1:]

    def _give_back(self, chance, day, card):
        if spend := self._not_undone(day, card, "spend"):
            part = chance.choice((1, 1, 0.5))
            points = round(-spend.points * part, 2)
            self._post(day, "reverse", points, card, reversal_of_id=spend.id)

    def _take_back(self, chance, day, card):
        if award := self._not_undone(day, card, "earn"):
            self._post(day, "reverse", -award.points, card, reversal_of_id=award.id)

    def _fold(self, before=BEFORE):
        count = self.moves.search_count([])
        self.archives._fold_batch(self.company, self.company, before, 100)
        self.env.invalidate_all()
        self.assertFalse(self.moves._ledger_differences())
        return count - self.moves.search_count([])

    def _owed(self, days=DAYS):
        """Return all figures of proposals that follow each other, rounded."""
        liabilities = self.env["loyalty.point.liability"]
        found = []
        for day in days:
            rows = liabilities.create(
                liabilities._prepare(self.company, self.program, day)
            )
            for row in (*rows, *rows.line_ids.sorted("cohort")):
                values = row.read()[0]
                found.append(
                    {
                        name: round(value, 6) if isinstance(value, float) else value
                        for name, value in values.items()
                        if not name.startswith(("id", "line", "lia", "display", "wri"))
                        and not name.startswith(("create", "__"))
                    }
                )
        return found

    def _for_a_look(self, look):
        """Return what a function returns, and undo what it did."""
        try:
            with self.env.cr.savepoint():
                found = look()
                raise Undone
        except Undone:
            self.env.invalidate_all()
            return found

    def test_random_lives(self):
        """What was owed is owed, and so is what happens afterwards."""
        folded = set()
        for seed in range(2):
            self._live(random.Random(seed), date(2025, 9, 1), 110)
            self._live(random.Random(seed + 50), BEFORE, 40)

            def afterwards(seed=seed):
                self._live(random.Random(seed + 100), date(2026, 7, 1), 30)
                return self._owed()

            before = self._for_a_look(self._owed)
            later = self._for_a_look(afterwards)
            self.assertTrue(any(row.get("redeemed") for row in before))
            for turns in ((BEFORE,), (date(2026, 1, 1), date(2026, 2, 20), BEFORE)):
                with self.subTest(seed=seed, turns=turns):

                    def look(turns=turns, after=afterwards):
                        gone = sum(map(self._fold, turns))
                        refs = self.env["loyalty.point.folded"].search([])
                        kinds = set(refs.mapped("meaning"))
                        kinds |= {"kept"} if any(refs.mapped("move_ref")) else set()
                        now = self._for_a_look(self._owed)
                        return gone, kinds, now, after()

                    gone, kinds, now, then = self._for_a_look(look)
                    folded |= kinds
                    self.assertGreater(gone, 10)
                    self.assertEqual(now, before)
                    self.assertEqual(then, later)
        self.assertLessEqual({"award", "spend", "expire", "void", "earn"}, folded)

    def test_points_that_a_refund_kept(self):
        """They lapsed, came back for the days of grace, and were spent later."""
        self._sell("2025-09-01", self.wallet, 100, expiration_date="2025-10-31")
        spend = self._post("2025-09-05", "spend", -80)
        self._post("2025-11-01", "expire", -20)
        self._post("2025-12-01", "reverse", 50, reversal_of_id=spend.id)
        kept = self.wallet.move_ids.sorted("id")[-1]
        self.assertEqual(
            (kept.remaining, str(kept.expiration_date)), (50, "2026-01-10")
        )
        self._post("2025-12-05", "spend", -15)
        self._post("2026-04-10", "spend", -35)
        before = self._for_a_look(self._owed)
        self.assertGreater(self._fold(), 2)
        self.assertEqual(kept.kind, "opening")
        self.assertEqual(self._for_a_look(self._owed), before)
        march, line = before[0], before[1]
        self.assertEqual((march["outstanding"], line["used"]), (35, 45))

    def test_only_what_no_sale_earned_is_not_owed(self):
        """Opening rows of an import are, and stay, what others earned."""
        self._post("2025-09-01", "opening", 40)
        self._sell("2025-09-02", self.wallet, 10)
        self._post("2025-09-03", "spend", -45)
        self._post("2026-05-03", "spend", -5)
        before = self._for_a_look(self._owed)
        self.assertEqual([row["outstanding"] for row in before[::2]], [5, 0, 0])
        self.assertGreater(self._fold(), 0)
        self.assertEqual(self._for_a_look(self._owed), before)

    def test_who_reads_what_was_folded(self):
        self._sell("2025-09-02", self.wallet, 10)
        self._post("2025-09-03", "spend", -10)
        self._fold()
        rows = self.env["loyalty.point.folded"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(set(rows.mapped("meaning")), {"award", "spend"})
        auditor = self._create_user(
            "loyalty_folded_auditor", "loyalty_coupon_crm.group_loyalty_auditor"
        )
        self.assertFalse(rows.with_user(auditor).has_access("write"))
        elsewhere = self.env["loyalty.point.folded"].with_user(auditor)
        self.assertFalse(set(rows.ids) & set(elsewhere.search([]).ids))
        auditor.company_ids |= self.company
        both = elsewhere.with_context(allowed_company_ids=auditor.company_ids.ids)
        self.assertLessEqual(set(rows.ids), set(both.search([]).ids))
        seller = self._create_user(
            "loyalty_folded_seller", "loyalty_coupon_crm.group_loyalty_salesperson"
        )
        self.assertFalse(rows.with_user(seller).has_access("read"))
