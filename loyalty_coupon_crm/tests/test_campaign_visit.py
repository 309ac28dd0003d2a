from datetime import timedelta
from unittest import SkipTest

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .trigger_common import TriggerCommon


# Runs beside Odoo's eCommerce only; the other class runs without it.
@tagged("post_install", "-at_install", "loyalty_pages")
class TestCampaignVisit(TriggerCommon):
    """Who looked at a product and went away is reached; a buyer is left alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "website" not in cls.env:
            raise SkipTest("Odoo's eCommerce is not installed")
        cls.website = cls.env["website"].search([], limit=1)
        cls.website.company_id = cls.company
        cls.now = fields.Datetime.now()
        cls.campaign = cls._create_trigger(
            "browsed", launch=False, trigger_days=3, segment_id=cls.segment.id
        )
        with freeze_time(cls.now - timedelta(days=20)):
            cls.campaign.with_user(cls.marketing).action_launch()

    @classmethod
    def _visit(cls, partner, days, product=None, website=None):
        """Note that a customer looked at a product so many days ago."""
        visitors = cls.env["website.visitor"]
        visitor = visitors.search([("partner_id", "=", partner.id)]) or visitors.create(
            {
                "access_token": str(partner.id),
                "website_id": (website or cls.website).id,
            }
        )
        cls.env["website.track"].create(
            {
                "visitor_id": visitor.id,
                "url": "/shop/tea",
                "product_id": (product or cls.product).id,
                "visit_datetime": cls.now - timedelta(days=days),
            }
        )
        cls.env.flush_all()

    def _run_batches(self):
        while self.campaign.sudo()._run_batch():
            pass

    def test_who_neither_came_back_nor_bought(self):
        gone, back, buyer, late, old = self.customers[:5]
        self._visit(gone, 6)
        self._visit(gone, 5)
        self._visit(back, 5)
        self._visit(back, 1)
        self._visit(buyer, 5)
        self._buy(buyer, date=self.now - timedelta(days=4))
        self._visit(late, 2)
        self._visit(old, 25)
        self._look()
        self._look()
        self.assertEqual(self._who(self.campaign), gone)
        day = self.company._loyalty_local(self.now - timedelta(days=5)).date()
        self.assertEqual(self.campaign.member_ids.occasion, str(day))
        self.assertIn("any product", self.campaign.trigger_sentence)
        self._run_batches()
        card = self.campaign.member_ids.card_id
        self.assertIn("looked at on our website", card._reason_text())

    def test_products_and_categories(self):
        bread = self._create_product("Bread", 5.0, 2.0)
        other = self.env["product.category"].create({"name": "Other"})
        lamp = self._create_product("Lamp", 5.0, 2.0, categ_id=other.id)
        one, two, three = self.customers[:3]
        for partner, product in ((one, self.product), (two, bread), (three, lamp)):
            self._visit(partner, 5, product)
        since = self.now - timedelta(days=20)
        for values, expected in (
            ({"trigger_product_ids": bread.ids}, two),
            ({"trigger_categ_ids": other.ids}, three),
            ({"trigger_categ_ids": self.category.ids}, one | two),
        ):
            campaign = self._create_trigger(
                "browsed",
                launch=False,
                trigger_days=3,
                segment_id=self.segment.id,
                **values,
            )
            found = {offer.partner_id for offer in campaign._replay(since)}
            self.assertEqual(found, set(expected.ids))

    def test_replay_counts_each_time(self):
        partner = self.customers[0]
        for days in (30, 29, 20, 10, 9, 1):
            self._visit(partner, days)
        self._buy(partner, date=self.now - timedelta(days=18))
        offers = self.campaign._replay(self.now - timedelta(days=60))
        moments = [self.now - timedelta(days=days - 3) for days in (29, 9)]
        self.assertEqual([offer.moment for offer in offers], moments)

    def test_pages_of_another_company(self):
        other = self.env["res.company"].create({"name": "Coffee House"})
        site = self.env["website"].create({"name": "Coffee", "company_id": other.id})
        self._visit(self.customers[0], 5, website=site)
        self._look()
        self.assertFalse(self.campaign.member_ids)

    def test_who_refuses_profiling_is_left_alone(self):
        one, two = self.customers[:2]
        self._visit(one, 5)
        self._visit(two, 5)
        self.env["loyalty.consent"]._note(
            one, {"profiling": False}, company_id=self.company.id
        )
        self._look()
        self.assertEqual(self._who(self.campaign), two)


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCampaignVisitUnknown(TriggerCommon):
    """A campaign that nothing could trigger is not launched."""

    def test_launch_needs_days_and_a_shop(self):
        campaign = self._create_trigger(
            "browsed", launch=False, segment_id=self.segment.id
        )
        with self.assertRaises(UserError):
            campaign.action_launch()
        campaign.trigger_days = 3
        known = campaign._knows_visits()
        self.assertEqual(known, "website_sale" in self.env.registry._init_modules)
        self.assertEqual(bool(campaign._trigger_problems()), not known)
        self.assertEqual(campaign._replay(fields.Datetime.now()), [])
