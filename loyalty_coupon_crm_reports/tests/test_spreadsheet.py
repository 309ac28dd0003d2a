import json
from unittest.mock import patch

from odoo.fields import Domain
from odoo.tests import tagged

from odoo.addons.base.models.ir_model import IrModelData

from ..models.ir_model_data import ADDON, DASHBOARDS
from .common import LoyaltyReportCommon

NAME = f"{ADDON}.spreadsheet_dashboard"


@tagged("post_install", "-at_install")
class TestSpreadsheet(LoyaltyReportCommon):
    """Sales, which the base needs, brings Odoo's spreadsheet dashboards with it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dashboard = cls.env.ref(NAME)
        cls.data = json.loads(cls.dashboard.spreadsheet_data)
        cls.readers = [
            cls._create_user(
                f"sheet_{name}", f"loyalty_coupon_crm.group_loyalty_{name}"
            )
            for name in ("marketing", "auditor")
        ]

    def _charts(self):
        """Return the definitions of the charts that read a model."""
        figures = [figure["data"] for figure in self.data["sheets"][0]["figures"]]
        return [figure for figure in figures if "metaData" in figure]

    def test_readers_of_reports_see_it(self):
        for reader in self.readers:
            with self.subTest(reader=reader.login):
                dashboard = self.dashboard.with_user(reader)
                loaded = json.loads(dashboard._get_serialized_readonly_dashboard())
                self.assertEqual(loaded["snapshot"]["pivots"], self.data["pivots"])
                self.assertEqual(loaded["translation_namespace"], ADDON)
                for menu in set(self.data["chartOdooMenusReferences"].values()):
                    self.assertIn(
                        self.env.ref(menu),
                        self.env["ir.ui.menu"].with_user(reader).search([]),
                    )
        clerk = self._create_user("sheet_clerk", "base.group_user")
        seen = self.env["spreadsheet.dashboard"].with_user(clerk).search([])
        self.assertNotIn(self.dashboard, seen)

    def test_every_pivot_and_chart_is_read(self):
        """What the sheet names exists, and the lowest reader gets an answer."""
        self.dashboard._check_spreadsheet_data()
        for pivot in self.data["pivots"].values():
            with self.subTest(pivot=pivot["name"]):
                rows = [
                    ":".join(filter(None, (row["fieldName"], row.get("granularity"))))
                    for row in pivot["rows"]
                ]
                measures = [measure["fieldName"] for measure in pivot["measures"]]
                self._read(pivot["model"], pivot["domain"], rows, measures)
        for chart in self._charts():
            with self.subTest(chart=chart["chartId"]):
                meta = chart["metaData"]
                domain = chart["searchParams"]["domain"]
                measures = [meta["measure"]]
                self._read(meta["resModel"], domain, meta["groupBy"], measures)

    def _read(self, model, domain, groupby, measures):
        report = self.env[model].with_user(self.readers[1])
        specs = [f"{name}:{report._fields[name].aggregator}" for name in measures]
        self.assertNotIn("None", "".join(specs))
        report.formatted_read_group(domain, groupby, specs)

    def test_filters_reach_every_source(self):
        """Days, program and shop narrow whatever knows of them."""
        keys = {one["id"]: one["type"] for one in self.data["globalFilters"]}
        sources = [*self.data["pivots"].values(), *self._charts()]
        for source in sources:
            model = source.get("model") or source["metaData"]["resModel"]
            chains = {key: one["chain"] for key, one in source["fieldMatching"].items()}
            self.assertEqual(
                set(keys) - set(chains),
                {"shop"} - set(self.env[model]._fields),
                source,
            )
            self.env[model].search(
                Domain.AND(Domain(chain, "!=", False) for chain in chains.values()),
                limit=1,
            )

    def test_comes_whichever_was_installed_later(self):
        """Gone or outdated, it is as in our file again; nobody else's run does it."""
        self.dashboard.unlink()
        names = self.env["ir.model.data"]
        with patch.object(IrModelData, "_process_end", return_value=True):
            names._process_end(["web"])
            self.assertFalse(self.env.ref(NAME, raise_if_not_found=False))
            for module in (DASHBOARDS, ADDON):
                names._process_end([module])
                dashboard = self.env.ref(NAME)
                self.assertEqual(json.loads(dashboard.spreadsheet_data), self.data)
                dashboard.spreadsheet_data = "{}"
        group = self.env.ref(f"{DASHBOARDS}.spreadsheet_dashboard_group_marketing")
        self.assertEqual(dashboard.dashboard_group_id, group)

    def test_no_dashboards_installed(self):
        """Without Odoo's add-on nothing is loaded and nothing is said."""
        registry = self.env.registry
        models = {
            name: model
            for name, model in registry.models.items()
            if name != "spreadsheet.dashboard"
        }
        with (
            patch.object(registry, "models", models),
            patch.object(IrModelData, "_process_end", return_value=True),
            self.assertNoLogs("odoo", "WARNING"),
        ):
            self.assertTrue(self.env["ir.model.data"]._process_end([ADDON]))
