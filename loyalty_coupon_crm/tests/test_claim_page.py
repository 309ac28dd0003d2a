from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .campaign_common import CampaignCommon


@tagged("post_install", "-at_install", "loyalty_pages")
class TestClaimPage(CampaignCommon, HttpCase):
    """Visitors scan a QR code, leave an address, and get one coupon."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.country_id = cls.env.ref("base.be")
        cls.campaign = cls._create_campaign(
            name="Poster",
            trigger="claim",
            segment_id=False,
            control_percent=0,
            no_control_reason="A claim",
            mail_template_id=cls.env.ref("loyalty_coupon_crm.mail_template_coupon").id,
            sms_template_id=cls.env.ref("loyalty_coupon_crm.sms_template_coupon").id,
            claim_terms="I agree to take part.",
        )
        cls.campaign.with_user(cls.marketing).action_launch()
        cls.path = f"/loyalty/claim/{cls.campaign.claim_token}"
        cls.consents = cls.env["loyalty.consent"]

    def setUp(self):
        super().setUp()
        self.authenticate(None, None)
        # What is written when a request has ended is written beside the test.
        self.env["loyalty.throttle"].search([("scope", "=", "claim")]).unlink()

    def _token(self):
        """Return what the form of the page carries against forged requests."""
        self.env.flush_all()
        page = self.url_open(self.path)
        self.assertEqual(page.status_code, 200)
        return page.text.split('name="csrf_token" value="')[1].split('"')[0]

    def _claim(self, agrees="1", **values):
        """Return the page after a visitor has sent the form."""
        data = {"csrf_token": self._token(), "agrees": agrees, **values}
        return self.url_open(self.path, data=data)

    def _take(self):
        """Do what the scheduled actions do."""
        self.campaign.sudo()._look_for_events()
        self.campaign.sudo()._run_batch()
        while self.campaign.sudo()._send_message_batch():
            pass
        self.env.invalidate_all()

    def test_a_new_customer_gets_one_coupon(self):
        before = self.env["res.partner"].search_count([])
        mails = self.env["mail.mail"].search([])
        answers = set()
        for email in ("New.Guest@Example.com", "new.guest@example.com "):
            answer = self._claim(
                name="New Guest", email=email, phone="0475 66 60 00", allows_sms="1"
            )
            answers.add(answer.text.partition("Thank you")[2][:80])
        self.assertEqual(len(answers), 1)
        self._take()
        partner = self.env["res.partner"].search([("name", "=", "New Guest")])
        self.assertEqual(len(partner), 1)
        self.assertEqual(self.env["res.partner"].search_count([]), before + 1)
        self.assertEqual(partner.email_normalized, "new.guest@example.com")
        self.assertEqual(partner.phone_sanitized, "+32475666000")
        # The next time only the number is left: the same person, the same coupon.
        self._claim(name="N. Guest", phone="+32 475 666 000")
        self._take()
        self.assertEqual(self.env["res.partner"].search_count([]), before + 1)
        member = self.campaign.member_ids
        self.assertEqual((member.partner_id, member.state), (partner, "issued"))
        self.assertEqual(member.card_id.partner_id, partner)
        sent = self.env["mail.mail"].search([]) - mails
        self.assertEqual(len(sent), 1)
        self.assertIn(member.card_id.code_grouped, sent.body_html)
        claims = self.campaign.claim_ids
        self.assertEqual(set(claims.mapped("state")), {"done"})
        self.assertEqual(claims.mapped("is_new_customer"), [False, False, True])
        self.assertFalse(any(claims.mapped("email") + claims.mapped("phone")))
        given = self.consents.search([("partner_id", "=", partner.id)])
        self.assertEqual(set(given.mapped("purpose")), {"programme", "sms"})
        self.assertEqual(set(given.mapped("is_given")), {True})
        self.assertEqual(set(given.mapped("source")), {"claim"})
        self.assertEqual(set(given.mapped("wording")), {"I agree to take part."})
        self.assertTrue(all(given.mapped("date")))

    def test_nobody_learns_whether_somebody_is_known(self):
        known = self.customers[0]
        refused = self.customers[1]
        self.consents._note(
            refused, {"programme": False}, company_id=self.company.id, source="staff"
        )
        pages = [
            self._claim(name="Somebody", email=email)
            for email in (known.email, refused.email, "unknown@example.com")
        ]
        self.assertEqual({page.status_code for page in pages}, {200})
        self.assertEqual(len({page.text.count("Thank you") for page in pages}), 1)
        bodies = {page.text.partition('id="wrap"')[2][:2000] for page in pages}
        self.assertEqual(len(bodies), 1, "all read the same")
        self._take()
        # A page neither changes a contact nor takes a refusal back.
        self.assertEqual(known.name, "Customer 0")
        self.assertFalse(known.phone)
        members = self.campaign.member_ids
        self.assertIn(known, members.partner_id)
        self.assertNotIn(refused, members.partner_id)
        held = self.consents._last(refused, ["programme"], self.company)
        self.assertFalse(held[refused.id, "programme"])

    def test_what_has_to_be_corrected(self):
        for values, words in (
            ({"name": "", "email": "a@example.com"}, "Enter your name"),
            ({"name": "A"}, "Enter an e-mail address or a phone number"),
            ({"name": "A", "email": "nonsense"}, "no e-mail address"),
            ({"name": "A", "phone": "12"}, "no phone number"),
            ({"name": "A", "email": "a@example.com", "agrees": ""}, "Tick the first"),
        ):
            with self.subTest(words=words):
                page = self._claim(**values)
                self.assertIn(words, page.text)
        evil = self._claim(name="<script>x</script>", email="nonsense")
        self.assertNotIn("<script>x", evil.text)
        robot = self._claim(name="A", email="a@example.com", homepage="http://x")
        self.assertIn("Thank you", robot.text)
        self.assertFalse(self.campaign.claim_ids)
        with mute_logger("odoo.http"):
            forged = self.url_open(self.path, data={"name": "A", "agrees": "1"})
        self.assertEqual(forged.status_code, 400)

    def test_other_pages(self):
        self.env.flush_all()
        for token in ("nonsense", "%27%3B--"):
            self.assertEqual(
                self.url_open(f"/loyalty/claim/{token}").status_code, 404, token
            )
        draft = self.campaign.copy()
        self.env.flush_all()
        self.assertNotEqual(draft.claim_token, self.campaign.claim_token)
        page = self.url_open(f"/loyalty/claim/{draft.claim_token}")
        self.assertEqual(page.status_code, 404, "a draft is nobody's business")
        self.campaign.with_user(self.marketing).action_stop()
        self.env.flush_all()
        page = self.url_open(self.path)
        self.assertIn("ended", page.text)
        self.assertNotIn("csrf_token", page.text.partition('id="wrap"')[2])

    def test_claims_are_throttled(self):
        throttle = self.env["loyalty.throttle"]
        for _number in range(31):
            throttle._count_failure("claim", "127.0.0.1")
        page = self._claim(name="A", email="a@example.com")
        self.assertEqual(page.status_code, 429)
        self.assertFalse(self.campaign.claim_ids)
        # Who looks up a code in the same shop does not wait for that.
        self.assertFalse(throttle._locked_keys_until({"ip": "127.0.0.1"}))

    def test_the_budget_closes_the_page(self):
        self.campaign.sudo().budget_coupons = 1
        self._claim(name="A", email="a@example.com")
        self._take()
        self.env.flush_all()
        self.assertIn("ended", self.url_open(self.path).text)

    def test_refused_launches(self):
        draft = self.campaign.copy({"control_percent": 10})
        draft.write({"mail_template_id": False, "sms_template_id": False})
        with self.assertRaisesRegex(UserError, "control group(.|\n)*address"):
            draft.with_user(self.marketing).action_launch()

    def test_poster(self):
        report = self.env["ir.actions.report"].with_user(self.marketing)
        html, _kind = report._render_qweb_html(
            "loyalty_coupon_crm.report_claim_poster_document", self.campaign.ids
        )
        self.assertIn(self.campaign.claim_url, html.decode())
        self.assertIn("data:image/png", html.decode())

    def test_customers_see_and_withdraw_in_the_portal(self):
        user = self._create_user("guest_portal", "base.group_portal")
        self.authenticate("guest_portal", "guest_portal")
        page = self.url_open("/my/consent")
        token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
        answer = self.url_open(
            "/my/consent", data={"csrf_token": token, "programme": "1", "sms": "1"}
        )
        self.assertIn("Saved", answer.text)
        rows = self.consents.search([("partner_id", "=", user.partner_id.id)])
        self.assertEqual(
            {(row.purpose, row.is_given, row.source) for row in rows},
            {("email", False, "portal"), ("profiling", False, "portal")},
        )
        # Saved once more, nothing new was decided.
        self.url_open(
            "/my/consent", data={"csrf_token": token, "programme": "1", "sms": "1"}
        )
        self.assertEqual(
            self.consents.search_count([("partner_id", "=", user.partner_id.id)]), 2
        )

    def test_rights(self):
        salesperson = self._create_user(
            "claims_sp", "loyalty_coupon_crm.group_loyalty_salesperson"
        )
        self.campaign.sudo()._write_claim({"name": "A", "email": "a@example.com"})
        for model in ("loyalty.claim", "loyalty.consent", "loyalty.outbox"):
            rows = self.env[model].with_user(salesperson)
            rows.search([])
            for operation in ("create", "write", "unlink"):
                self.assertFalse(rows.has_access(operation), (model, operation))
            with self.assertRaises(AccessError):
                self.env[model].with_user(self.env.ref("base.public_user")).search([])
        consent = self.consents.with_user(self.marketing).create(
            {
                "partner_id": self.partner.id,
                "purpose": "email",
                "is_given": True,
                "source": "portal",
                "date": "2020-01-01",
            }
        )
        self.assertEqual((consent.source, consent.user_id), ("staff", self.marketing))
        self.assertGreater(str(consent.date), "2025")
        with self.assertRaises(AccessError):
            consent.sudo().is_given = False
        with self.assertRaises(AccessError):
            consent.unlink()
        stranger = self._create_user(
            "elsewhere", "loyalty_coupon_crm.group_loyalty_marketing"
        )
        other = self.env["res.company"].create({"name": "Elsewhere"})
        stranger.sudo().write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        self.assertFalse(self.env["loyalty.claim"].with_user(stranger).search([]))
        self.assertFalse(self.consents.with_user(stranger).search([]))
