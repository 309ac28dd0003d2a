import unittest
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ..tools import occasions
from .common import LoyaltyCrmCommon

try:
    import holidays
except ImportError:
    holidays = None


@tagged("post_install", "-at_install", "loyalty_plain")
class TestHoliday(LoyaltyCrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.marketing = cls._create_user(
            "hm", "loyalty_coupon_crm.group_loyalty_marketing"
        )

    def test_marketing_keeps_the_calendar(self):
        holiday = (
            self.env["loyalty.holiday"]
            .with_user(self.marketing)
            .create({"name": "Member Day", "month": 8, "day": 8})
        )
        year = self.company._loyalty_today().year
        self.assertEqual(
            [str(day) for day in holiday.date_ids.mapped("date")],
            [f"{year + number}-08-08" for number in range(3)],
        )
        holiday.day = 9
        self.assertEqual(holiday.date_ids[-1].date.day, 9)
        before = len(holiday.date_ids)
        holiday.action_fill()
        self.assertEqual(len(holiday.date_ids), before)
        salesperson = self._create_user(
            "hs", "loyalty_coupon_crm.group_loyalty_salesperson"
        )
        self.assertTrue(holiday.with_user(salesperson).name)
        with self.assertRaises(AccessError):
            holiday.with_user(salesperson).name = "Mine"

    def test_no_such_day(self):
        for values in ({"month": 13}, {"day": 0}, {"calendar": "lunar", "day": 31}):
            with self.assertRaises(ValidationError):
                self.env["loyalty.holiday"].create({"name": "Never", **values})

    @unittest.skipUnless(occasions.has_lunar(), "the package lunardate is not there")
    def test_festivals_of_the_lunar_year(self):
        festival = self.env.ref("loyalty_coupon_crm.loyalty_holiday_spring_festival")
        year = self.company._loyalty_today().year
        self.assertEqual(
            {row.date.year for row in festival.date_ids}, {year, year + 1, year + 2}
        )

    @unittest.skipUnless(holidays, "the package holidays is not there")
    def test_fill_a_country_twice(self):
        wizard = (
            self.env["loyalty.holiday.fill"]
            .with_user(self.marketing)
            .create({"country_id": self.env.ref("base.cn").id, "years": 2})
        )
        found = self.env["loyalty.holiday"].search(wizard.action_fill()["domain"])
        self.assertIn("National Day", found.mapped("name"))
        national = found.filtered(lambda one: one.name == "National Day")
        self.assertEqual(
            {(row.date.month, row.date.day) for row in national.date_ids}, {(10, 1)}
        )
        again = self.env["loyalty.holiday"].search(wizard.action_fill()["domain"])
        self.assertEqual(again, found)
        self.assertEqual(len(national.date_ids), 2)

    def test_without_the_package(self):
        wizard = self.env["loyalty.holiday.fill"].create(
            {"country_id": self.env.ref("base.cn").id}
        )
        with (
            patch.dict("sys.modules", {"holidays": None}),
            self.assertRaisesRegex(UserError, "not installed"),
        ):
            wizard.action_fill()

    def test_other_company_sees_nothing(self):
        other = self.env["res.company"].create({"name": "Other"})
        holiday = self.env["loyalty.holiday"].create(
            {"name": "Theirs", "company_id": other.id}
        )
        mine = self.env["loyalty.holiday"].with_user(self.marketing)
        self.assertFalse(mine.search([("id", "=", holiday.id)]))
        dates = self.env["loyalty.holiday.date"].with_user(self.marketing)
        self.assertFalse(dates.search([("holiday_id", "=", holiday.id)]))
