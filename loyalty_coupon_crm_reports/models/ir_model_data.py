import base64

from odoo import api, models
from odoo.fields import Command
from odoo.tools import file_open

ADDON = "loyalty_coupon_crm_reports"
DASHBOARDS = "spreadsheet_dashboard"
SPREADSHEET = f"{ADDON}/data/files/loyalty_dashboard.json"
READERS = ("marketing", "auditor")


class IrModelData(models.Model):
    """Puts our spreadsheet dashboard beside Odoo's own where those are installed."""

    _inherit = "ir.model.data"

    @api.model
    def _process_end(self, modules):
        """Load the dashboard whichever of the two add-ons was installed later.

        Odoo comes here once per installation or update, with all models in place.
        """
        if "spreadsheet.dashboard" in self.env and {ADDON, DASHBOARDS} & set(modules):
            self._load_loyalty_spreadsheet()
        return super()._process_end(modules)

    @api.model
    def _load_loyalty_spreadsheet(self):
        """Create or update the dashboard; its external identifier goes with us."""
        with file_open(SPREADSHEET, "rb") as stream:
            content = base64.b64encode(stream.read())
        groups = [f"loyalty_coupon_crm.group_loyalty_{name}" for name in READERS]
        group = self.env.ref(f"{DASHBOARDS}.spreadsheet_dashboard_group_marketing")
        values = {
            "name": "Coupons and Points",
            "dashboard_group_id": group.id,
            "group_ids": [Command.set([self.env.ref(name).id for name in groups])],
            "sequence": 100,
            "spreadsheet_binary_data": content,
        }
        dashboards = self.env["spreadsheet.dashboard"].with_context(lang="en_US")
        dashboard = dashboards._load_records(
            [{"xml_id": f"{ADDON}.spreadsheet_dashboard", "values": values}]
        )
        for code, _name in self.env["res.lang"].get_installed():
            translated = dashboard.with_context(lang=code)
            translated.name = translated.env._("Coupons and Points")
