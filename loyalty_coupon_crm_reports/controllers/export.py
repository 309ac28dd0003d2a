import json

from odoo.http import request

from odoo.addons.web.controllers.export import ExcelExport


class LoyaltyReportExport(ExcelExport):
    """Odoo computes the heads of exported groups from the rows below them.

    That adds up distinct customers and averages rates, so for our reports the heads are
    asked of the database, as the list on the screen does.
    """

    def from_group_data(self, fields, columns_headers, groups):
        model = groups._model
        if isinstance(model, model.pool["loyalty.report.mixin"]):
            self._loyalty_measure_groups(model, fields, groups)
        return super().from_group_data(fields, columns_headers, groups)

    def _loyalty_measure_groups(self, model, fields, root):
        """Give every group of an export the measures of its rows.

        :param root: `GroupsTreeNode` at the top of the groups
        """
        params = json.loads(request.params["data"])
        ids, groupby = params["ids"], params["groupby"]
        domain = [("id", "in", ids)] if ids else params["domain"]
        names = [field["name"] for field in fields]
        specs = {
            name: f"{name}:{model._fields[name].aggregator}"
            for name in names
            if name in model._fields and model._fields[name].aggregator
        }
        for depth in range(1, len(groupby) + 1):
            path = groupby[:depth]
            for group in model.formatted_read_group(domain, path, [*specs.values()]):
                node = root
                for spec in path:
                    node = node.child(group[spec])
                node.aggregated_values = {
                    name: None if group[spec] is False else group[spec]
                    for name, spec in specs.items()
                }
