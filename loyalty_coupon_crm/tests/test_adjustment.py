from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, HttpCase, JsonRpcException, tagged
from odoo.tools import mute_logger

from .common import LoyaltyCrmCommon

SALESMAN = "sales_team.group_sale_salesman"
MANAGER = "loyalty_coupon_crm.group_loyalty_manager"


class AdjustmentCommon(LoyaltyCrmCommon):
    """Two managers, one salesperson who may change 50 points, and two wallets."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {
                "loyalty_adjust_limit_salesperson": 50,
                "loyalty_adjust_limit_marketing": 0,
                "loyalty_adjust_limit_manager": 1000,
            }
        )
        cls.program = cls._create_points_program()
        cls.card = cls._create_card(cls.program, cls.partner, 100)
        cls.reason = cls.env.ref("loyalty_coupon_crm.loyalty_adjust_reason_goodwill")
        cls.salesman = cls._create_user("adjust_salesman", SALESMAN)
        cls.manager = cls._create_user("adjust_manager", MANAGER)
        cls.second = cls._create_user("adjust_second", MANAGER)

    def _request(self, user, points, cards=None, **values):
        return (
            self.env["loyalty.adjustment"]
            .with_user(user)
            .create(
                {
                    "card_ids": [Command.set((cards or self.card).ids)],
                    "points": points,
                    "reason_id": self.reason.id,
                    **values,
                }
            )
        )

    def _assert_points(self, card, points):
        card.invalidate_recordset()
        self.assertEqual(card.points, points)
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())


@tagged("post_install", "-at_install", "loyalty_plain")
class TestAdjustment(AdjustmentCommon):
    """Points are changed by hand with a reason, within limits, or by two people."""

    def test_within_the_limit(self):
        request = self._request(self.salesman, 50, note="slow delivery")
        request.action_submit()
        self.assertEqual(request.state, "done")
        self._assert_points(self.card, 150)
        move = self.card.move_ids[:1]
        self.assertEqual(move.kind, "adjust")
        self.assertEqual(move.points, 50)
        self.assertEqual(move.reason, "Goodwill: slow delivery")
        self.assertEqual(move.user_id, self.salesman)
        self.assertFalse(move.approved_by_id)
        self.assertEqual(self.card.history_ids[:1].issued, 50)

    def test_the_limit_counts_for_the_day(self):
        self._request(self.salesman, 30).action_submit()
        request = self._request(self.salesman, -30)
        request.action_submit()
        self.assertEqual(request.state, "approve")
        self._assert_points(self.card, 130)
        other = self._create_card(self.program, self.other_partner, 10)
        request = self._request(self.salesman, 30, other)
        request.action_submit()
        self.assertEqual(request.state, "done")

    def test_above_the_limit_another_person_approves(self):
        request = self._request(self.salesman, 51)
        action = request.action_submit()
        self.assertEqual(action["tag"], "display_notification")
        self.assertEqual(request.state, "approve")
        self._assert_points(self.card, 100)
        self.assertIn(self.manager, request.sudo().activity_ids.user_id)
        with self.assertRaises(AccessError):
            request.action_approve()
        request.with_user(self.manager).action_approve()
        self._assert_points(self.card, 151)
        move = self.card.move_ids[:1]
        self.assertEqual(move.user_id, self.salesman)
        self.assertEqual(move.approved_by_id, self.manager)
        self.assertFalse(request.sudo().activity_ids)

    def test_a_manager_never_approves_oneself(self):
        request = self._request(self.manager, 1001)
        request.action_submit()
        self.assertEqual(request.state, "approve")
        self.assertNotIn(self.manager, request.sudo().activity_ids.user_id)
        with self.assertRaisesRegex(AccessError, "neither asked"):
            request.action_approve()
        request.with_user(self.second).action_approve()
        self._assert_points(self.card, 1101)

    def test_nobody_adjusts_the_own_card_alone(self):
        card = self._create_card(self.program, self.manager.partner_id, 10)
        request = self._request(self.manager, 1, card)
        request.action_submit()
        self.assertEqual(request.state, "approve")
        request = self._request(self.second, 2000, card)
        request.action_submit()
        self.assertNotIn(self.manager, request.sudo().activity_ids.user_id)
        with self.assertRaises(AccessError):
            request.with_user(self.manager).action_approve()

    def test_no_limit_no_change(self):
        self.company.loyalty_adjust_limit_salesperson = 0
        with self.assertRaisesRegex(AccessError, self.card.code):
            self._request(self.salesman, 1).action_submit()
        self._assert_points(self.card, 100)

    def test_refused(self):
        request = self._request(self.salesman, 51)
        request.action_submit()
        request.with_user(self.second).action_refuse()
        self.assertEqual(request.state, "refused")
        self._assert_points(self.card, 100)
        with self.assertRaises(UserError):
            request.with_user(self.second).action_approve()

    def test_twice_is_once(self):
        request = self._request(self.salesman, 50)
        request.action_submit()
        with self.assertRaises(UserError):
            request.action_submit()
        self._assert_points(self.card, 150)

    def test_never_below_what_orders_hold(self):
        self.env["loyalty.point.hold"].create(
            {
                "card_id": self.card.id,
                "points": 60,
                "holder": "sale.order,1",
                "expires_at": fields.Datetime.add(fields.Datetime.now(), hours=1),
            }
        )
        with self.assertRaisesRegex(UserError, "60"):
            self._request(self.manager, -50).action_submit()
        self._request(self.manager, -40).action_submit()
        self._assert_points(self.card, 60)

    def test_absurd_numbers(self):
        for points in (0, 0.001, 1e300, float("inf"), float("nan")):
            with self.subTest(points=points), self.assertRaises(ValidationError):
                self._request(self.manager, points)

    def test_void_cards_keep_their_points(self):
        self.card._void("lost")
        with self.assertRaisesRegex(UserError, "void"):
            self._request(self.manager, 5).action_submit()

    def test_several_cards_or_none(self):
        other = self._create_card(self.program, self.other_partner, 10)
        with self.assertRaisesRegex(UserError, other.code):
            self._request(self.manager, -50, self.card | other).action_submit()
        self._assert_points(self.card, 100)
        self._request(self.manager, -10, self.card | other).action_submit()
        self._assert_points(self.card, 90)
        self._assert_points(other, 0)

    def test_nobody_writes_the_state(self):
        request = self._request(self.salesman, 51)
        for values in (
            {"state": "done"},
            {"approved_by_id": self.manager.id},
            {"requested_by_id": self.manager.id},
        ):
            with self.subTest(values=values), self.assertRaises(AccessError):
                request.write(values)
            with self.subTest(values=values), self.assertRaises(AccessError):
                request.with_user(self.manager).write(values)

    def test_a_sent_request_stays_as_it_is(self):
        request = self._request(self.salesman, 51)
        with self.assertRaises(AccessError):
            request.with_user(self.manager).write({"points": 5000})
        request.action_submit()
        with self.assertRaises(UserError):
            request.write({"points": 5000})
        with self.assertRaises(UserError):
            request.unlink()

    def test_a_context_does_not_create_finished_requests(self):
        context = {
            "default_state": "done",
            "default_requested_by_id": self.second.id,
            "default_approved_by_id": self.second.id,
        }
        requests = self.env["loyalty.adjustment"].with_user(self.salesman)
        request = requests.with_context(**context).create(
            {"card_ids": self.card.ids, "points": 51, "reason_id": self.reason.id}
        )
        self.assertEqual(request.state, "draft")
        self.assertEqual(request.requested_by_id, self.salesman)
        self.assertFalse(request.approved_by_id)

    def test_salespersons_see_their_own(self):
        self._request(self.manager, 5)
        own = self._request(self.salesman, 5)
        found = self.env["loyalty.adjustment"].with_user(self.salesman).search([])
        self.assertEqual(found, own)

    def test_cards_of_another_company(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        program = self._create_points_program(company_id=company.id)
        card = self._create_card(program, self.partner, 10)
        with self.assertRaises(UserError):
            self._request(self.manager, 5, card).action_submit()
        self._assert_points(card, 10)
        stranger = self._create_user("adjust_stranger", MANAGER)
        stranger.write(
            {"company_ids": [Command.set(company.ids)], "company_id": company.id}
        )
        request = self._request(self.salesman, 51)
        request.action_submit()
        self.assertNotIn(stranger, request.sudo().activity_ids.user_id)
        with self.assertRaises(AccessError):
            request.with_user(stranger).action_approve()

    def test_the_form_warns(self):
        requests = self.env["loyalty.adjustment"].with_user(self.salesman)
        with Form(
            requests.with_context(
                active_model="loyalty.card", active_ids=self.card.ids
            ),
            "loyalty_coupon_crm.loyalty_adjustment_view_form_new",
        ) as form:
            form.points = 50
            form.reason_id = self.reason
            self.assertFalse(form.needs_approval)
            form.points = 51
            self.assertTrue(form.needs_approval)
            self.assertEqual(form.limit, 50)

    def test_odoo_s_window_follows_the_same_rules(self):
        values = {"card_id": self.card.id, "description": "Sorry"}
        windows = self.env["loyalty.card.update.balance"]
        window = windows.with_user(self.salesman).create({**values, "new_balance": 130})
        window.action_update_card_point()
        self._assert_points(self.card, 130)
        move = self.card.move_ids[:1]
        self.assertIn("Sorry", move.reason)
        self.assertEqual(move.user_id, self.salesman)
        window = windows.with_user(self.salesman).create({**values, "new_balance": 999})
        window.action_update_card_point()
        self._assert_points(self.card, 130)
        self.assertEqual(self.env["loyalty.adjustment"].search([])[:1].state, "approve")
        with self.assertRaises(ValidationError):
            windows.with_user(self.manager).create(
                {**values, "new_balance": -1}
            ).action_update_card_point()


@tagged("post_install", "-at_install", "loyalty_pages")
class TestAdjustmentClient(HttpCase, AdjustmentCommon):
    """A browser gets no further than the buttons."""

    def test_crafted_calls(self):
        request = self._request(self.salesman, 51)
        request.action_submit()
        self.authenticate("adjust_salesman", "adjust_salesman")
        crafted = {"su": True, "uid": self.manager.id, "install_mode": True}
        for method, arguments in (
            ("action_approve", []),
            ("write", [{"state": "done"}]),
            ("_post", []),
        ):
            with (
                self.subTest(method=method),
                mute_logger("odoo.http"),
                self.assertRaises(JsonRpcException),
            ):
                self.make_jsonrpc_request(
                    "/web/dataset/call_kw",
                    {
                        "model": "loyalty.adjustment",
                        "method": method,
                        "args": [request.ids, *arguments],
                        "kwargs": {"context": crafted},
                    },
                )
        self._assert_points(self.card, 100)


@tagged("post_install", "-at_install", "loyalty_plain")
class TestTransfer(AdjustmentCommon):
    """Points go from member to member with both rows linked."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.expire_after = 365

    def _transfer(self, points, user=None, **values):
        return self._request(
            user or self.manager,
            points,
            kind="transfer",
            **{"target_partner_id": self.other_partner.id, **values},
        )

    def test_both_rows_are_linked(self):
        self._transfer(40).action_submit()
        target = self.program.coupon_ids - self.card
        self.assertEqual(target.partner_id, self.other_partner)
        self._assert_points(self.card, 60)
        self._assert_points(target, 40)
        given, taken = self.card.move_ids[:1], target.move_ids
        self.assertEqual(given.kind, "transfer")
        self.assertEqual(taken.kind, "transfer")
        self.assertEqual(taken.counterpart_id, given)
        self.assertEqual(given.counterpart_ids, taken)
        self.assertEqual((given.points, taken.points), (-40, 40))

    def test_awards_keep_their_dates(self):
        day = fields.Date.add(self.company._loyalty_today(), days=10)
        self.card._post_move("earn", 25, expiration_date=day)
        self._transfer(75).action_submit()
        target = self.program.coupon_ids - self.card
        rows = {move.expiration_date: move.points for move in target.move_ids}
        self.assertEqual(rows[day], 25)
        self.assertEqual(sum(rows.values()), 75)
        self.assertEqual(len(rows), 2)
        self._assert_points(target, 75)

    def test_into_the_wallet_that_is_there(self):
        target = self._create_card(self.program, self.other_partner, 5)
        self._transfer(40).action_submit()
        self._assert_points(target, 45)
        self.assertEqual(len(self.program.coupon_ids), 2)

    def test_above_the_limit_is_approved(self):
        request = self._transfer(60, self.salesman)
        request.action_submit()
        self.assertEqual(request.state, "approve")
        self._assert_points(self.card, 100)
        request.with_user(self.second).action_approve()
        self._assert_points(self.card, 40)
        self.assertEqual(self.card.move_ids[:1].approved_by_id, self.second)

    def test_the_lowest_role(self):
        self._transfer(50, self.salesman).action_submit()
        self._assert_points(self.card, 50)

    def test_to_oneself_needs_approval(self):
        request = self._transfer(1, target_partner_id=self.manager.partner_id.id)
        request.action_submit()
        self.assertEqual(request.state, "approve")

    def test_what_is_refused(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self.env["res.partner"].create(
            {"name": "Stranger", "company_id": company.id}
        )
        coupon = self._create_card(self._create_coupon_program(), self.partner)
        cases = [
            ("cannot be taken", {"points": 101}),
            ("owns the wallet", {"target_partner_id": self.partner.id}),
            ("another company", {"target_partner_id": stranger.id}),
            ("no wallet", {"cards": coupon, "points": 1}),
            ("Choose the member", {"target_partner_id": False}),
            ("one wallet", {"cards": self.card | coupon, "points": 1}),
        ]
        for message, values in cases:
            with (
                self.subTest(message=message),
                self.assertRaisesRegex(UserError, message),
            ):
                self._transfer(**{"points": 10, **values}).action_submit()
        with self.assertRaises(ValidationError):
            self._transfer(-5)
        self._assert_points(self.card, 100)

    def test_only_transferable_programs(self):
        self.program.transferable = False
        with self.assertRaisesRegex(UserError, "not transferable"):
            self._transfer(10).action_submit()

    def test_void_and_expired(self):
        self.card.expiration_date = "2020-01-01"
        with self.assertRaisesRegex(UserError, "expired"):
            self._transfer(10).action_submit()
        self.card.expiration_date = False
        self.card._void("lost")
        with self.assertRaisesRegex(UserError, "void"):
            self._transfer(10).action_submit()
