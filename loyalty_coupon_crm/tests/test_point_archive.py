import base64
import csv
import gzip
import hashlib
from datetime import date

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .common import LoyaltyCrmCommon

BEFORE = date(2025, 1, 1)


@tagged("post_install", "-at_install", "loyalty_plain")
class TestPointArchive(LoyaltyCrmCommon):
    """Old rows become one; balances, open awards and draws stay as they are."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.tz = "Asia/Shanghai"
        cls.program = cls._create_points_program(company_id=cls.company.id)
        cls.card = cls._create_card(cls.program, cls.partner, 0)
        cls.archives = cls.env["loyalty.point.archive"]
        cls.allocations = cls.env["loyalty.point.allocation"]

    def _post(self, at, kind, points, card=None, **origin):
        with freeze_time(f"{at} 04:00:00"):
            (card or self.card)._post_move(kind, points, **origin)
        return (card or self.card).move_ids.sorted("id")[-1]

    def _fold(self, limit=100, after=0):
        known = self.archives.search([])
        done = self.archives._fold_batch(
            self.company, self.company, BEFORE, limit, after
        )
        return done, self.archives.search([]) - known

    def _rows(self, content):
        text = gzip.decompress(base64.b64decode(content)).decode()
        return list(csv.DictReader(text.splitlines()))

    def _history(self):
        self._post("2023-01-01", "earn", 100)
        self._post("2023-02-01", "spend", -60)
        self._post("2023-03-01", "earn", 50)
        self._post("2025-06-01", "spend", -90)
        return self._post("2025-07-01", "earn", 5)

    def test_old_rows_become_one(self):
        self._history()
        balances = [self.card._balance_on(date(2025, month, 1)) for month in (3, 6, 8)]
        names = ["id", "points", "balance_after", "remaining", "date"]
        kept = self.card.move_ids.sorted("id")[3:].read(names)
        _done, archive = self._fold()
        rows = self.card.move_ids.sorted("id")
        # What the spend drew, of each award.
        self.assertEqual(rows.mapped("kind"), ["opening", "opening", "spend", "earn"])
        self.assertEqual(rows[:2].mapped("points"), [40, 50])
        self.assertEqual(rows[:2].mapped("balance_after"), [40, 90])
        self.assertEqual(rows[2:].read(names), kept)
        self.assertEqual(
            [self.card._balance_on(date(2025, month, 1)) for month in (3, 6, 8)],
            balances,
        )
        self.assertEqual(self.card.points, 5)
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())
        self.assertEqual((archive.card_count, archive.move_count), (1, 3))
        self.assertEqual(archive.points, 90)

    def _statement(self, start, end):
        return self.env["loyalty.point.statement"].create(
            {"partner_id": self.partner.id, "date_from": start, "date_to": end}
        )

    def test_before_the_opening_row_nothing_is_known(self):
        self._history()
        self._fold()
        days = (date(2023, 2, 28), date(2023, 3, 1), date(2025, 6, 1))
        self.assertEqual(
            [self.card._balance_on(day)[self.card.id] for day in days], [None, 90, 0]
        )

    def test_statement_says_from_which_day_it_knows(self):
        self._history()
        self._fold()
        line = self._statement("2022-01-01", "2025-12-31").line_ids
        self.assertEqual(
            (line.opening, line.added, line.taken, line.closing), (90, 5, -90, 5)
        )
        self.assertEqual(line.known_from, date(2023, 3, 1))
        self.assertIn("03/01/2023", line.statement_id.unknown)
        [section] = line.statement_id._card_sections()
        self.assertEqual([row["balance"] for row in section["rows"]], [0, 5])
        early = self._statement("2022-01-01", "2022-12-31")
        self.assertFalse(early.line_ids.is_known)
        content, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "loyalty_coupon_crm.report_point_statement", early.ids
        )
        self.assertIn("known from", content.decode())
        self.assertNotIn("Closing balance", content.decode())
        late = self._statement("2024-01-01", "2025-12-31")
        self.assertFalse(late.unknown)
        self.assertEqual(late.line_ids.opening, 90)

    def test_draws_of_later_spends_are_kept(self):
        self._history()
        self._fold()
        *openings, spend = self.card.move_ids.sorted("id")[:3]
        drawn = self.allocations.search([("spend_id", "=", spend.id)], order="id")
        self.assertEqual(
            [(one.award_id, one.points) for one in drawn],
            [(opening, opening.points) for opening in openings],
        )
        self.assertEqual([opening.remaining for opening in openings], [0, 0])

    def test_an_award_keeps_its_terms(self):
        """What a refund gives back lapses when it would have."""
        terms = {"expiration_date": "2030-01-31", "inactive_days": 700}
        self._post("2023-01-01", "earn", 100, **terms)
        self._post("2023-02-01", "spend", -60)
        spend = self._post("2025-06-01", "spend", -40)
        self._fold()
        [opening] = self.card.move_ids.filtered(lambda move: move.kind == "opening")
        self._post("2025-07-01", "reverse", 40, reversal_of_id=spend.id)
        self.assertEqual((opening.remaining, opening.inactive_days), (40, 700))
        self.assertEqual(str(opening.expiration_date), "2030-01-31")

    def test_a_debt_stays_until_it_is_paid(self):
        self._post("2023-01-01", "earn", 10)
        self._post("2023-02-01", "spend", -30)
        self._fold()
        self.assertEqual(
            self.card.move_ids.sorted("id").mapped("kind"), ["earn", "spend"]
        )

    def test_what_moved_between_wallets_stays(self):
        other = self._create_card(self.program, self.other_partner, 0)
        self._post("2023-01-01", "earn", 10, other)
        self._post("2023-01-02", "spend", -5, other)
        self._post("2023-01-03", "earn", 10, other)
        with freeze_time("2023-02-01 04:00:00"):
            other._merge_into(self.card, "Double")
        self._post("2023-03-01", "spend", -10)
        self._fold()
        self.env.invalidate_all()
        gone = other.move_ids.sorted("id")
        self.assertEqual(gone.mapped("kind"), ["opening", "opening", "transfer"])
        came = self.card.move_ids.sorted("id")
        self.assertEqual(came.mapped("kind"), ["transfer", "transfer", "spend"])
        self.assertEqual(came[:2].counterpart_id, gone[2])

    def test_open_awards_stay(self):
        self._post("2023-01-01", "earn", 100)
        self._post("2023-02-01", "spend", -100)
        award = self._post("2023-03-01", "earn", 50)
        self._post("2023-04-01", "spend", -10)
        self._fold()
        rows = self.card.move_ids.sorted("id")
        self.assertEqual(rows.mapped("points"), [0, 50, -10])
        self.assertEqual(rows.mapped("remaining"), [0, 40, 0])
        self.assertEqual(rows[1], award)

    def test_a_spend_stays_with_its_reversal(self):
        self._post("2023-01-01", "earn", 100)
        self._post("2023-01-05", "spend", -100)
        earn = self._post("2023-02-01", "earn", 30)
        self._post("2025-02-01", "reverse", -30, reversal_of_id=earn.id)
        self._fold()
        rows = self.card.move_ids.sorted("id")
        self.assertEqual(rows.mapped("kind"), ["opening", "earn", "reverse"])
        self.assertEqual(rows[2].reversal_of_id, earn)

    def test_rows_of_a_younger_redemption_stay(self):
        order = self._create_order()
        origin = {"order_model": order._name, "order_id": order.id}
        self._post("2023-01-01", "earn", 100)
        self._post("2023-02-01", "spend", -100, **origin)
        self.env["loyalty.redemption"].create(
            {
                "card_id": self.card.id,
                "program_id": self.program.id,
                "company_id": self.company.id,
                "channel": "sale",
                "date": "2025-03-01 04:00:00",
                "points": 100,
                **origin,
            }
        )
        self.assertFalse(self._fold()[1])
        self.assertEqual(len(self.card.move_ids), 2)

    def test_a_held_card_is_left_alone(self):
        self._history()
        self.env["loyalty.point.hold"].create(
            {
                "card_id": self.card.id,
                "points": 1,
                "holder": "sale.order,0",
                "expires_at": "2099-01-01 00:00:00",
            }
        )
        self.assertFalse(self._fold()[1])

    def test_files_hold_every_row(self):
        self._history()
        before = self.card.move_ids.sorted("id")[:3]
        expected = [(move.id, move.points, move.kind) for move in before]
        draws = self.allocations.search([("award_id", "in", before.ids)]).ids
        _done, archive = self._fold()
        rows = self._rows(archive.move_file)
        self.assertEqual(
            [(int(row["id"]), float(row["points"]), row["kind"]) for row in rows],
            expected,
        )
        self.assertEqual(rows[0]["card_code"], self.card.code)
        found = [int(row["id"]) for row in self._rows(archive.allocation_file)]
        self.assertEqual(found, draws)
        content = base64.b64decode(archive.move_file)
        self.assertEqual(archive.move_checksum, hashlib.sha256(content).hexdigest())

    def test_twice_changes_nothing(self):
        self._history()
        self._fold()
        rows = self.card.move_ids.ids
        self.assertFalse(self._fold()[1])
        self.assertEqual(self.card.move_ids.ids, rows)

    def test_batches(self):
        cards = self.card
        for _count in range(4):
            cards |= self._create_card(self.program, self.other_partner, 0)
        for card in cards:
            self._post("2023-01-01", "earn", 10, card)
            self._post("2023-01-02", "spend", -10, card)
        first, _archive = self._fold(limit=3)
        self.assertEqual(first, (3, cards.ids[2]))
        second, archive = self._fold(limit=3, after=first[1])
        self.assertEqual(second, (2, cards.ids[4]))
        self.assertEqual(archive.card_count, 2)
        self.assertEqual(set(cards.move_ids.mapped("kind")), {"opening"})

    def test_a_wrong_card_is_left_for_the_auditor(self):
        self._history()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE loyalty_point_move SET points = points + 1 WHERE id = %s",
            [min(self.card.move_ids.ids)],
        )
        self.env.invalidate_all()
        self.assertFalse(self._fold()[1])

    def test_companies_decide_for_themselves(self):
        self._history()
        self.env["res.company"].create({"name": "Keeps all"})
        cron = self.env.ref("loyalty_coupon_crm.ir_cron_archive_moves")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertEqual(len(self.card.move_ids), 5)
        self.company.loyalty_retention_years = 1
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(self.card.move_ids.sorted("id").mapped("points"), [0, 5])

    def test_the_cron_is_off(self):
        cron = self.env.ref("loyalty_coupon_crm.ir_cron_archive_moves")
        self.assertFalse(cron.active)

    def test_who_reads_it(self):
        self._history()
        _done, archive = self._fold()
        auditor = self._create_user(
            "loyalty_archive_auditor", "loyalty_coupon_crm.group_loyalty_auditor"
        )
        self.assertTrue(self._rows(archive.with_user(auditor).move_file))
        self.assertFalse(archive.with_user(auditor).has_access("create"))
        seller = self._create_user(
            "loyalty_archive_seller", "loyalty_coupon_crm.group_loyalty_salesperson"
        )
        self.assertFalse(archive.with_user(seller).has_access("read"))

    def test_guards_stay(self):
        self._history()
        _done, archive = self._fold()
        with self.assertRaises(UserError):
            archive.points = 0
        with self.assertRaises(UserError):
            archive.unlink()
        with self.assertRaises(UserError):
            self.card.move_ids[:1].unlink()
