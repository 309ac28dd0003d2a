import base64
from datetime import datetime

from odoo.tests import tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestRedemptionImport(LoyaltyCrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program()
        cls.card = cls._create_card(cls.program, cls.partner, points=2)
        cls.env["loyalty.purchase"]._import_rows(
            [
                {
                    "external_ref": "B1",
                    "date": "2026-03-01 10:00:00",
                    "amount": 30,
                    "shop": "North",
                    "channel": "pos",
                }
            ]
        )

    def _imported(self, *lines, header="external_ref,date,code,discount,purchase_ref"):
        content = "\n".join([header, *lines]).encode()
        job = self.env["loyalty.import"].create(
            {
                "name": "uses.csv",
                "kind": "redemption",
                "data": base64.b64encode(content),
            }
        )
        job.action_import()
        return job

    def _uses(self):
        return self.env["loyalty.redemption"].search(
            [("card_id", "=", self.card.id)], order="date, id"
        )

    def test_uses_spend_the_points(self):
        job = self._imported(
            f"U2,2026-03-02 10:00:00,{self.card.code},3,",
            f"U1,2026-03-01 10:00:00,{self.card.code},4,B1",
        )
        self.assertEqual(job.state, "done", job.message)
        first, second = self._uses()
        self.assertEqual((first.external_ref, second.external_ref), ("U1", "U2"))
        self.assertEqual((first.discount_amount, first.order_amount), (4, 30))
        self.assertEqual((first.channel, first.shop), ("pos", "North"))
        self.assertEqual(first.partner_id, self.partner)
        purchase = self.env["loyalty.purchase"].browse(first.order_id)
        self.assertEqual(first.order_model, purchase._name)
        self.assertEqual(purchase.external_ref, "B1")
        self.assertEqual((second.channel, second.order_amount), ("import", 0))
        self.assertEqual(self.card.points, 0)
        self.assertEqual(sum(self.card.move_ids.mapped("points")), 0)
        self.assertEqual(self.card.state, "used")
        self.assertEqual(self.card.used_at, datetime(2026, 3, 2, 10))

        again = self._imported(f"U1,2026-03-01 10:00:00,{self.card.code},4,B1")
        self.assertEqual((again.done_count, again.known_count), (0, 1))
        self.assertEqual(len(self._uses()), 2)

    def test_wrong_uses_are_refused(self):
        code = self.card.code
        for lines in (
            ["U1,2026-03-01,044nobody,1,"],
            [f"U1,2026-03-01,{code},1,B0"],
            [f"U1,2026-03-01,{code},1,", f"U1,2026-03-02,{code},1,"],
            [f"U{n},2026-03-01,{code},1," for n in range(3)],
            [f"U1,2026-03-01,{code},much,"],
        ):
            with self.subTest(lines=lines):
                job = self._imported(*lines)
                self.assertEqual((job.state, job.error_count), ("failed", 1))
                self.assertFalse(self._uses())
                self.assertEqual(self.card.points, 2)
        job = self._imported(
            f"U1,2026-03-01,{code},-1", header="external_ref,date,code,points"
        )
        self.assertEqual(job.state, "failed")

    def test_card_of_another_company_is_unknown(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        program = self._create_coupon_program(company_id=other.id)
        card = self._create_card(program, self.partner)
        job = self._imported(f"U1,2026-03-01,{card.code},1,")
        self.assertEqual(job.state, "failed")
