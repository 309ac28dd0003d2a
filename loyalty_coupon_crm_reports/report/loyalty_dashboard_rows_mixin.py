from odoo import api, fields, models
from odoo.fields import Domain

from .dashboard_figures import FIGURES

LISTS = [(False, "list"), (False, "pivot"), (False, "graph")]
CUSTOMER_CHARTS = ("rfm_segment", "stage", "clv_band")
FORMS = [(False, "list"), (False, "form")]
SUMS = [(False, "pivot"), (False, "list"), (False, "graph")]
# How the days open that a sum of all days is made of.
CONTEXTS = {
    "rises": {
        "group_by": ["program_id", "day:month"],
        "pivot_measures": ["points_change"],
        "pivot_row_groupby": ["program_id", "day:month"],
        "graph_measure": "points_change",
    }
}


class LoyaltyDashboardRowsMixin(models.AbstractModel):
    """From a figure of the dashboard to the rows it was computed from."""

    _name = "loyalty.dashboard.rows.mixin"
    _description = "Rows behind the Dashboard"

    @api.model
    @api.readonly
    def open_rows(
        self,
        key,
        date_from=None,
        date_to=None,
        company_ids=None,
        shop=None,
        program_id=None,
    ):
        """Return the action that shows the rows behind a figure.

        :param key: of a figure; the others as of `get_figures`
        :param program_id: only rows of that program
        """
        figure = next((one for one in FIGURES if one.key == key), None)
        if figure is None:
            return False
        self.env["loyalty.daily.report"].check_access("read")
        choice = self._read_choice(date_from, date_to, company_ids, shop)
        model, domain, views = getattr(self, f"_rows_{figure.rows}")(choice)
        if program_id:
            domain &= Domain("program_id", "=", int(program_id))
        action = self._window(self.env._(figure.label), model, domain, views)
        action["context"].update(CONTEXTS.get(figure.rows, {}))
        return action

    @api.model
    @api.readonly
    def open_customers(self, name, value, company_ids=None):
        """Return the action that shows the customers of a bar.

        :param name: `rfm_segment`, `stage` or `clv_band`
        :param value: of that field
        """
        choice = self._read_choice(None, None, company_ids, None)
        metrics = self.env["loyalty.customer.metric"]
        metrics.check_access("read")
        if name not in CUSTOMER_CHARTS:
            return False
        labels = dict(metrics._fields[name]._description_selection(self.env))
        domain = Domain("company_id", "in", choice["companies"].ids)
        domain &= Domain(name, "=", value)
        title = labels.get(value, self.env._("Customers"))
        return self._window(title, metrics._name, domain, LISTS)

    @api.model
    def _window(self, title, model, domain, views):
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": model,
            "views": views,
            "domain": list(domain),
            "target": "current",
            "context": {"create": False, "active_test": False},
        }

    @api.model
    def _rows_baskets(self, choice):
        return "loyalty.basket.report", self._domain(choice, "purchase_date"), LISTS

    @api.model
    def _rows_baskets_with(self, choice):
        model, domain, views = self._rows_baskets(choice)
        return model, domain & Domain("coupon", "=", "with"), views

    @api.model
    def _rows_baskets_without(self, choice):
        model, domain, views = self._rows_baskets(choice)
        return model, domain & Domain("coupon", "=", "without"), views

    @api.model
    def _rows_uses(self, choice):
        return "loyalty.use.report", self._domain(choice, "use_date"), LISTS

    @api.model
    def _rows_coupons(self, choice):
        domain = self._domain(choice, "issue_date", shop=False)
        issued = Domain("outcome", "!=", "offered")
        return "loyalty.funnel.report", domain & issued, LISTS

    @api.model
    def _rows_reversals(self, choice):
        back = Domain("reversal_of_id", "!=", False)
        nothing = Domain("points", "=", 0) & Domain("discount_amount", "<", 0)
        domain = self._moments(choice) & back & (Domain("points", "<", 0) | nothing)
        return "loyalty.redemption", domain & self._at_shop(choice), FORMS

    @api.model
    def _rows_refusals(self, choice):
        domain = self._moments(choice) & self._at_shop(choice)
        return "loyalty.refusal", domain, [(False, "list")]

    @api.model
    def _rows_moves(self, choice):
        """Movements know no shop: of one shop, the days are shown."""
        if choice["shop"]:
            domain = self._domain(choice) & self._points_domain()
            return "loyalty.daily.report", domain, LISTS
        domain = self._moments(choice) & self._points_domain()
        return "loyalty.point.move", domain, FORMS

    @api.model
    def _rows_rises(self, choice):
        """Movements do not add up to balances above zero; what these rose by does."""
        ever = {**choice, "first": fields.Date.to_date("1970-01-01"), "shop": ""}
        domain = self._domain(ever) & self._points_domain()
        return "loyalty.daily.report", domain & Domain("points_change", "!=", 0), SUMS

    @api.model
    def _at_shop(self, choice):
        shop = choice["shop"]
        return Domain("shop", "=", shop) if shop else Domain.TRUE

    @api.model
    def _moments(self, choice):
        """Return the domain of facts on the days of a choice, company by company."""
        parts = []
        main = self.env["loyalty.daily.refresh"]._main_company()
        clocks = {company.id: company for company in choice["companies"]}
        if choice["companies"] == self.env.companies:
            clocks[False] = main
        for company_id, clock in clocks.items():
            end = fields.Date.add(choice["last"], days=1)
            parts.append(
                Domain("company_id", "=", company_id)
                & Domain("date", ">=", clock._loyalty_day_start(choice["first"]))
                & Domain("date", "<", clock._loyalty_day_start(end))
            )
        return Domain.OR(parts)
