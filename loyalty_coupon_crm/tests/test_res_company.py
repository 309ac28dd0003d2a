from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestResCompany(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create({"name": "Shop in Shanghai"})

    def test_new_company_has_the_time_zone_of_the_setting(self):
        self.assertEqual(self.company._loyalty_timezone(), "UTC")
        self.env["ir.config_parameter"].set_param("loyalty.timezone", "Asia/Shanghai")
        self.assertEqual(self.company._loyalty_timezone(), "Asia/Shanghai")

    def test_zone_of_the_partner_wins_as_soon_as_it_changes(self):
        for zone in ("Asia/Tokyo", "Europe/Paris"):
            self.company.partner_id.tz = zone
            self.assertEqual(self.company._loyalty_timezone(), zone)

    def test_another_partner_of_the_company_brings_its_zone(self):
        self.assertEqual(self.company._loyalty_timezone(), "UTC")
        self.company.partner_id = self.env["res.partner"].create(
            {"name": "Head office", "is_company": True, "tz": "Asia/Tokyo"}
        )
        self.assertEqual(self.company._loyalty_timezone(), "Asia/Tokyo")

    def test_archived_company_keeps_its_day(self):
        self.company.partner_id.tz = "Asia/Tokyo"
        self.company.action_archive()
        zones = self.env["res.company"]._loyalty_timezones()
        self.assertEqual(zones[self.company.id], "Asia/Tokyo")

    def test_company_not_saved_yet_has_a_zone(self):
        draft = self.env["res.company"].new({"name": "Draft"})
        self.assertEqual(draft._loyalty_timezone(), "UTC")
