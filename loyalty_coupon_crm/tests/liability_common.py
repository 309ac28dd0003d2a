from odoo.fields import Command
from odoo.tests.common import freeze_time

from .common import LoyaltyCrmCommon


class LiabilityCommon(LoyaltyCrmCommon):
    """A shop whose points have a value, and its bookkeeper."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls._create_shop("Tea House")
        cls.program = cls._create_points_program(
            company_id=cls.company.id, points_value=1.0, expected_breakage=5.0
        )
        cls.wallet = cls._create_card(cls.program, cls.partner, 0)
        cls.accounts = cls._create_accounts(cls.company)
        cls.bookkeeper = cls._create_bookkeeper(cls.company)

    @classmethod
    def _create_shop(cls, name, **values):
        shop = cls.env["res.company"].create({"name": name, **values})
        shop.partner_id.tz = "Asia/Shanghai"
        cls.env.user.company_ids |= shop
        return shop

    @classmethod
    def _create_bookkeeper(cls, company):
        user = cls._create_user(
            f"books_{company.id}", "account.group_account_invoice,base.group_user"
        )
        user.write(
            {
                "company_ids": [Command.set(company.ids)],
                "company_id": company.id,
            }
        )
        return user

    @classmethod
    def _create_accounts(cls, company):
        """Return values of the wizard: journal and accounts of a company."""
        accounts = cls.env["account.account"].with_company(company)
        values = {"company_ids": [Command.set(company.ids)]}
        revenue = accounts.create(
            {"code": "900100", "name": "Sales", "account_type": "income", **values}
        )
        owed = accounts.create(
            {
                "code": "900200",
                "name": "Points",
                "account_type": "liability_current",
                **values,
            }
        )
        journal = cls.env["account.journal"].create(
            {
                "name": "Miscellaneous",
                "code": "PTS",
                "type": "general",
                "company_id": company.id,
            }
        )
        return {
            "journal_id": journal.id,
            "revenue_account_id": revenue.id,
            "liability_account_id": owed.id,
        }

    def _earn(self, points, amount, moment, document, **values):
        """Write what a sale earned, and the sale."""
        company = values.get("company", self.company)
        card = values.get("card", self.wallet)
        origin = {"order_model": "sale.order", "order_id": document}
        self.env["loyalty.purchase"].create(
            {
                "partner_id": self.partner.id,
                "commercial_partner_id": self.partner.id,
                "company_id": company.id,
                "date": moment,
                "amount": amount,
                "channel": "sale",
                **origin,
            }
        )
        return self.env["loyalty.point.move"].create(
            {
                "card_id": card.id,
                "partner_id": self.partner.id,
                "program_id": card.program_id.id,
                "company_id": company.id,
                "date": moment,
                "kind": "earn",
                "points": points,
                "remaining": points,
                **origin,
                **values.get("terms", {}),
            }
        )

    def _draw(self, points, moment, kind="spend", card=None, **values):
        card = card or self.wallet
        move = self.env["loyalty.point.move"].create(
            {
                "card_id": card.id,
                "partner_id": self.partner.id,
                "program_id": card.program_id.id,
                "company_id": self.company.id,
                "date": moment,
                "kind": kind,
                "points": -points,
                **values,
            }
        )
        move._allocate()
        return move

    def _propose(self, day, user=None, company=None, accounts=None, **values):
        """Return the new row, proposed by a bookkeeper."""
        company = company or self.company
        wizard = (
            self.env["loyalty.liability.propose"]
            .with_user(user or self.bookkeeper)
            .with_company(company)
            .create(
                {
                    "company_id": company.id,
                    "date": day,
                    **(accounts or self.accounts),
                    **values,
                }
            )
        )
        with freeze_time("2026-09-15 12:00:00"):
            wizard.action_propose()
        return self.env["loyalty.point.liability"].search(
            [("company_id", "=", company.id), ("date", "=", day)]
        )
