from odoo.fields import Command

from .common import LoyaltyCrmCommon


class CampaignCommon(LoyaltyCrmCommon):
    """A coupon program, an audience of a hundred customers, and campaigns on them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Tests are run at any hour.
        cls.company.write({"loyalty_quiet_from": 0, "loyalty_quiet_to": 0})
        cls.program = cls._create_coupon_program()
        cls.customers = cls._create_customers(100)
        cls.segment = cls._create_segment(cls.customers)
        cls.marketing = cls._create_user(
            "marketing", "loyalty_coupon_crm.group_loyalty_marketing"
        )

    @classmethod
    def _create_customers(cls, count, **values):
        """Return so many customers with an e-mail address each."""
        return cls.env["res.partner"].create(
            [
                {
                    "name": f"Customer {number}",
                    "email": f"customer{number}@example.com",
                    **values,
                }
                for number in range(count)
            ]
        )

    @classmethod
    def _create_segment(cls, customers, **values):
        """Return a fixed list of customers."""
        return cls.env["loyalty.segment"].create(
            {
                "name": "Tea lovers",
                "kind": "static",
                "member_ids": [
                    Command.create(
                        {"partner_id": customer.id, "date_from": "2026-01-01"}
                    )
                    for customer in customers
                ],
                **values,
            }
        )

    @classmethod
    def _create_campaign(cls, **values):
        """Return a draft with our audience and offer."""
        return cls.env["loyalty.campaign"].create(
            {
                "name": "Autumn",
                "program_id": cls.program.id,
                "segment_id": cls.segment.id,
                "control_percent": 20.0,
                **values,
            }
        )

    def _run(self, campaign, size=1000):
        """Run a campaign to its end, as the cron would."""
        batches = 0
        while campaign.state == "running":
            campaign.sudo()._run_batch(size)
            batches += 1
            self.assertLess(batches, 1000, "the campaign does not come to an end")

    def _treated(self, campaign):
        return campaign.member_ids.filtered(lambda member: member.arm == "treated")

    def _control(self, campaign):
        return campaign.member_ids.filtered(lambda member: member.arm == "control")
