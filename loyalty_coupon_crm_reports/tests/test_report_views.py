from lxml import etree

from odoo.tests import tagged

from .common import LoyaltyReportCommon
from .test_report_rights import REPORTS

# Those of the base are tables, not views: they are opened from the same menu.
OF_BASE = ("loyalty.campaign.result", "loyalty.stage.change", "loyalty.customer.metric")
MODES = {"list", "pivot", "graph"}


@tagged("post_install", "-at_install", "loyalty_plain")
class TestReportViews(LoyaltyReportCommon):
    """What every report has."""

    def _arch(self, model, view_type):
        arch = self.env[model].get_view(view_type=view_type)["arch"]
        return etree.fromstring(arch)

    def test_every_report_is_here(self):
        names = self.env["ir.model"].search([("model", "=like", "loyalty.%.report")])
        views = {name for name in names.mapped("model") if not self.env[name]._auto}
        rows_behind = {"loyalty.daily.customer.report"}
        self.assertEqual(views - rows_behind - {"loyalty.monthly.report"}, {*REPORTS})

    def test_screens_of_every_menu(self):
        menus = self.env["ir.ui.menu"].search(
            [("action", "like", "ir.actions.act_win")]
        )
        actions = {menu.action for menu in menus}
        opened = {action.res_model: action for action in actions}
        for name in (*REPORTS, *OF_BASE):
            with self.subTest(report=name):
                self.assertIn(name, opened)
        for action in actions:
            if action.res_model in REPORTS:
                with self.subTest(action=action.name):
                    modes = {mode for _view, mode in action.views}
                    self.assertLessEqual(MODES, modes)
                    self.assertTrue(action.help)

    def test_views(self):
        for name in (*REPORTS, *OF_BASE):
            with self.subTest(report=name):
                views = self.env["ir.ui.view"].search([("model", "=", name)])
                self.assertLessEqual({*MODES, "search"}, {*views.mapped("type")})
                search = self._arch(name, "search")
                filters = search.xpath("//filter")
                grouping = [
                    one for one in filters if "group_by" in one.get("context", "")
                ]
                self.assertTrue(grouping)
                self.assertGreater(len(filters), len(grouping))
                self.assertNotEqual(self._arch(name, "list").get("export_xlsx"), "0")
                measures = self._arch(name, "pivot").xpath("//field[@type='measure']")
                self.assertTrue(measures or name in OF_BASE)
                for node in measures:
                    field = self.env[name]._fields[node.get("name")]
                    self.assertTrue(field.help, f"{field} has no definition")

    def test_rows_behind_are_opened_by_readers_on_a_replica(self):
        for name in REPORTS:
            with self.subTest(report=name):
                self.assertTrue(self.env[name].action_open_rows._readonly)
                arch = self._arch(name, "list")
                self.assertEqual(arch.get("action"), "action_open_rows")
                button = arch.xpath("//header/button[@name='action_open_rows']")
                self.assertTrue(button)
                for method in ("web_search_read", "formatted_read_group"):
                    self.assertTrue(getattr(self.env[name], method)._readonly)

        for name, method in (
            ("loyalty.customer.metric", "action_open_partner"),
            ("loyalty.customer.event", "action_open"),
            ("loyalty.segment.overlap", "action_open_customers"),
            ("loyalty.dashboard", "get_figures"),
            ("loyalty.dashboard", "open_rows"),
        ):
            self.assertTrue(getattr(self.env[name], method)._readonly)

    def test_labels_of_a_field_taken_from_elsewhere_are_translated(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        for model, name, source in (
            ("loyalty.basket.report", "channel", "loyalty.purchase"),
            ("loyalty.daily.report", "channel", "loyalty.purchase"),
            ("loyalty.redemption", "channel", "loyalty.purchase"),
            ("loyalty.refusal", "channel", "loyalty.purchase"),
            ("loyalty.price.report", "rfm_segment", "loyalty.customer.metric"),
            ("loyalty.use.report", "program_type", "loyalty.program"),
            ("loyalty.points.report", "program_type", "loyalty.program"),
        ):
            with self.subTest(report=model, field=name):
                labels = self.env["ir.model.fields.selection"].search(
                    [("field_id.model", "=", source), ("field_id.name", "=", name)]
                )
                for label in labels:
                    label.with_context(lang="zh_CN").name = f"译 {label.value}"
                chinese = self.env[model].with_context(lang="zh_CN")
                shown = dict(chinese.fields_get([name])[name]["selection"])
                self.assertEqual(
                    shown, {label.value: f"译 {label.value}" for label in labels}
                )

    def test_rules_of_companies(self):
        for name in REPORTS:
            with self.subTest(report=name):
                rules = self.env["ir.rule"].search([("model_id.model", "=", name)])
                self.assertTrue(
                    [one for one in rules if "company_ids" in one.domain_force]
                )
