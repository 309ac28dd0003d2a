from datetime import timedelta

from odoo.tests import HttpCase, freeze_time, tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestPointReminder(LoyaltyCrmCommon):
    """Customers hear once of points that lapse soon."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_points_program(
            expire_after=10, expiry_reminder_days=7, portal_point_name="Stars"
        )
        cls.card = cls._create_card(cls.program, cls.partner, 0)
        cls.reminders = cls.env["loyalty.point.reminder"]

    def _award(self, points, days_ago, card=None):
        today = self.company._loyalty_today()
        with freeze_time(f"{today - timedelta(days=days_ago)} 12:00:00"):
            (card or self.card)._post_move("issue", points)

    def _run(self):
        """Remind once; return the mails that were written."""
        before = self.env["mail.mail"].search([])
        self.reminders._collect()
        while self.reminders._send_batch(100):
            pass
        return self.env["mail.mail"].search([]) - before

    def test_one_mail_says_all_days(self):
        self._award(10, 8)
        self._award(20, 5)
        self._award(40, 1)
        mail = self._run()
        self.assertEqual(len(mail), 1)
        self.assertEqual(mail.recipient_ids, self.partner)
        for text in ("10 Stars", "20 Stars", "40 Stars", "Li Wei"):
            self.assertIn(text, mail.body_html)
        rows = self.reminders.search([("card_id", "=", self.card.id)])
        self.assertEqual(sorted(rows.mapped("points")), [10, 20])
        self.assertEqual(set(rows.mapped("state")), {"queued"})

    def test_never_twice(self):
        self._award(10, 8)
        self.assertEqual(len(self._run()), 1)
        self.card._post_move("spend", -4)
        self.assertFalse(self._run())

    def test_not_too_early_and_not_without_the_setting(self):
        self._award(10, 2)
        self.assertFalse(self._run())
        self.program.expiry_reminder_days = 0
        self._award(10, 8)
        self.assertFalse(self._run())
        self.assertFalse(self.reminders.search([("card_id", "=", self.card.id)]))

    def test_spent_points_are_not_mentioned(self):
        self._award(10, 8)
        self.card._post_move("spend", -10)
        self.assertFalse(self._run())

    def test_who_cannot_be_reached_is_listed(self):
        silent = self.env["res.partner"].create({"name": "Without address"})
        refused = self.other_partner
        self.env["mail.blacklist"]._add(refused.email)
        withdrawn = self.env["res.partner"].create(
            {"name": "Withdrawn", "email": "withdrawn@example.com"}
        )
        self.env["loyalty.consent"]._note(
            withdrawn, {"email": False}, company_id=self.company.id, source="staff"
        )
        people = (silent, refused, withdrawn)
        cards = [self._create_card(self.program, who, 0) for who in people]
        for card in cards:
            self._award(5, 8, card)
        self.assertFalse(self._run())
        states = [
            self.reminders.search([("card_id", "=", card.id)]).state for card in cards
        ]
        self.assertEqual(states, ["no_email", "blacklisted", "refused"])
        lapse = self.env["loyalty.point.lapse"]._of_cards(cards[0])
        self.assertEqual(lapse.reminder_state, "no_email")

    def test_void_cards_are_left_alone(self):
        self._award(10, 8)
        self.card.voided_at = "2026-01-01 00:00:00"
        self.assertFalse(self._run())

    def test_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.partner.lang = "zh_CN"
        template = self.env.ref("loyalty_coupon_crm.mail_template_expiry")
        template.with_context(lang="zh_CN").subject = "您的积分即将到期"
        self._award(10, 8)
        self.assertEqual(self._run().subject, "您的积分即将到期")

    def test_own_template(self):
        ours = self.env.ref("loyalty_coupon_crm.mail_template_expiry")
        self.program.expiry_template_id = ours.copy({"subject": "Hurry up"})
        self._award(10, 8)
        self.assertEqual(self._run().subject, "Hurry up")

    def test_cron_ends(self):
        self._award(10, 8)
        with self.enter_registry_test_mode():
            cron = self.env.ref("loyalty_coupon_crm.ir_cron_remind_expiry")
            cron.method_direct_trigger()
        rows = self.reminders.search([("card_id", "=", self.card.id)])
        self.assertEqual(rows.state, "queued")

    def test_salesperson_reads_the_list(self):
        self._award(10, 8)
        self._run()
        user = self._create_user(
            "loyalty_reminder_reader", "loyalty_coupon_crm.group_loyalty_salesperson"
        )
        rows = self.reminders.with_user(user).search([("card_id", "=", self.card.id)])
        self.assertEqual(rows.state, "queued")
        self.assertFalse(rows.has_access("write"))


@tagged("post_install", "-at_install", "loyalty_pages")
class TestPortalPoints(LoyaltyCrmCommon, HttpCase):
    """What a customer sees of a wallet on the portal."""

    def test_portal_says_what_waits_and_what_lapses(self):
        program = self._create_points_program(
            expire_after=30, pending_days=5, portal_point_name="Stars"
        )
        user = self._create_user("loyalty_portal_customer", "base.group_portal")
        card = self._create_card(program, user.partner_id, 0)
        today = self.company._loyalty_today()
        card._post_move("earn", 40)
        with freeze_time(f"{today - timedelta(days=10)} 12:00:00"):
            card._post_move("earn", 7)
        self.authenticate(user.login, user.login)
        page = self.url_open("/my").text
        for text in ("40 Stars", "7 Stars", "cannot be spent yet"):
            self.assertIn(text, page)
        # Odoo renders the side column twice, for small screens and for large ones.
        self.assertEqual(page.count("o_loyalty_lapse"), 4)
