import { Component, onWillStart, useState } from "@odoo/owl";
import {
    deserializeDate,
    deserializeDateTime,
    formatDateTime,
    serializeDate,
} from "@web/core/l10n/dates";
import {
    formatFloat,
    formatInteger,
    formatMonetary,
} from "@web/views/fields/formatters";
import { ControlPanel } from "@web/search/control_panel/control_panel";
import { DateTimeInput } from "@web/core/datetime/datetime_input";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { KeepLast } from "@web/core/utils/concurrency";
import { LoyaltyChart } from "./loyalty_chart";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { useService } from "@web/core/utils/hooks";
import { useSetupAction } from "@web/search/action_hook";

/**
 * Return the periods offered at the top.
 *
 * @param {luxon.DateTime} today
 * @returns {Object[]} `key`, `label`, and first and last day
 */
export function getPeriods(today) {
    const month = today.startOf("month");
    const lastMonth = month.minus({ months: 1 });
    return [
        {
            key: "last_7",
            label: _t("Last 7 Days"),
            days: [today.minus({ days: 6 }), today],
        },
        {
            key: "last_30",
            label: _t("Last 30 Days"),
            days: [today.minus({ days: 29 }), today],
        },
        {
            key: "last_90",
            label: _t("Last 90 Days"),
            days: [today.minus({ days: 89 }), today],
        },
        { key: "month", label: _t("This Month"), days: [month, today] },
        {
            key: "last_month",
            label: _t("Last Month"),
            days: [lastMonth, lastMonth.endOf("month")],
        },
        {
            key: "year",
            label: _t("This Year"),
            days: [today.startOf("year"), today],
        },
        {
            key: "last_year",
            label: _t("Last 12 Months"),
            days: [month.minus({ months: 12 }), month.minus({ days: 1 })],
        },
    ];
}

/** One page that says who comes back, what coupons cost and what they earned. */
export class LoyaltyDashboard extends Component {
    static template = "loyalty_coupon_crm_reports.LoyaltyDashboard";
    static components = {
        ControlPanel,
        DateTimeInput,
        Dropdown,
        DropdownItem,
        LoyaltyChart,
    };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.keepLast = new KeepLast();
        const choice = this.props.state?.choice || {};
        this.state = useState({ choice, data: null });
        useSetupAction({ getLocalState: () => ({ choice: { ...this.state.choice } }) });
        onWillStart(() => this.load({}));
    }

    /**
     * Ask for the figures of another choice; what was asked before is forgotten.
     *
     * @param {Object} changes of the choice
     */
    async load(changes) {
        const choice = { ...this.state.choice, ...changes };
        const data = await this.keepLast.add(
            this.orm.call("loyalty.dashboard", "get_figures", [], choice)
        );
        // The day is the company's, wherever the browser is.
        this.periods = getPeriods(deserializeDate(data.today));
        this.state.choice = choice;
        this.state.data = data;
    }

    // Choice -----------------------------------------------------------------

    onPeriod({ days: [first, last] }) {
        return this.load({
            date_from: serializeDate(first),
            date_to: serializeDate(last),
        });
    }

    onDay(name, day) {
        if (day) {
            const { date_from, date_to } = this.data.period;
            const days = { date_from, date_to, [name]: serializeDate(day) };
            if (days.date_from > days.date_to) {
                days.date_from = days.date_to = days[name];
            }
            this.load(days);
        }
    }

    getDay(name) {
        return deserializeDate(this.data.period[name]);
    }

    isChosenPeriod({ days: [first, last] }) {
        const { date_from, date_to } = this.data.period;
        return serializeDate(first) === date_from && serializeDate(last) === date_to;
    }

    get periodLabel() {
        const period = this.periods.find((one) => this.isChosenPeriod(one));
        return period ? period.label : _t("Chosen Days");
    }

    get companyLabel() {
        const { companies, company_ids } = this.data;
        const chosen = companies.filter(({ id }) => company_ids.includes(id));
        return chosen.length === companies.length
            ? _t("All Companies")
            : chosen.map(({ name }) => name).join(", ");
    }

    toggleCompany(id) {
        const chosen = this.data.company_ids;
        const company_ids = chosen.includes(id)
            ? chosen.filter((one) => one !== id)
            : [...chosen, id];
        const everyone = company_ids.length === this.data.companies.length;
        return this.load({ company_ids: everyone ? null : company_ids, shop: null });
    }

    // Values -----------------------------------------------------------------

    get data() {
        return this.state.data;
    }

    get refreshedAt() {
        const moment = this.data.refreshed_at;
        return moment && formatDateTime(deserializeDateTime(moment));
    }

    get isEmpty() {
        return this.data.sections.every(({ figures }) =>
            figures.every(({ value }) => !value)
        );
    }

    format(value, unit) {
        if (value === null || value === undefined) {
            return "–";
        }
        if (unit === "money") {
            return formatMonetary(value, { currencyId: this.data.currency_id });
        }
        if (unit === "percent") {
            return `${formatFloat(value, { digits: [16, 1] })} %`;
        }
        return unit === "points" && value % 1
            ? formatFloat(value, { digits: [16, 2] })
            : formatInteger(Math.round(value));
    }

    formatChange({ change, unit }) {
        if (change === null) {
            return "";
        }
        const text = formatFloat(Math.abs(change), { digits: [16, 1] });
        return unit === "percent" ? _t("%s percentage points", text) : `${text}\u00a0%`;
    }

    getChangeClass({ change, rising }) {
        if (!rising || !change) {
            return "text-muted";
        }
        return change * rising > 0 ? "text-success" : "text-danger";
    }

    getChangeIcon({ change }) {
        if (!change) {
            return "fa-minus";
        }
        return change > 0 ? "fa-arrow-up" : "fa-arrow-down";
    }

    // Charts -----------------------------------------------------------------

    get nothing() {
        return _t("Nothing on these days.");
    }

    get timeCharts() {
        const { labels, series } = this.data.charts.time;
        return [
            {
                key: "sales",
                label: _t("Net Sales"),
                figure: "net_sales",
                labels,
                stacked: true,
                series: [
                    {
                        label: _t("With coupon"),
                        unit: "money",
                        values: series.coupon_amount,
                    },
                    {
                        label: _t("Without coupon"),
                        unit: "money",
                        values: series.other_amount,
                    },
                ],
            },
            {
                key: "uses",
                label: _t("Redemptions and Discount"),
                figure: "redemptions",
                labels,
                series: [
                    { label: _t("Redemptions"), values: series.use_count },
                    {
                        axis: "second",
                        label: _t("Discount given"),
                        type: "line",
                        unit: "money",
                        values: series.use_discount,
                    },
                ],
            },
            {
                key: "points",
                label: _t("Points"),
                figure: "points_earned",
                labels,
                series: [
                    { label: _t("Earned"), values: series.points_earned },
                    { label: _t("Spent"), values: series.points_spent },
                    { label: _t("Lapsed"), values: series.points_lapsed },
                ],
            },
        ];
    }

    get customerCharts() {
        const { customers } = this.data.charts;
        const titles = {
            rfm_segment: _t("Customers by RFM Segment"),
            stage: _t("Customers by Life-Cycle Stage"),
            clv_band: _t("Customers by Lifetime Value"),
        };
        const screens = {
            rfm_segment: "loyalty_coupon_crm.loyalty_customer_metric_action_rfm",
            stage: "loyalty_coupon_crm.loyalty_stage_change_action",
            clv_band: "loyalty_coupon_crm_reports.loyalty_customer_metric_action_clv",
        };
        const links = {
            rfm_segment: _t("RFM Matrix"),
            stage: _t("Life-Cycle Flows"),
            clv_band: _t("Lifetime Value"),
        };
        const nothing = {
            rfm_segment: _t("Nobody has bought yet."),
            stage: _t("Nobody has bought yet."),
            clv_band: _t("No lifetime value yet: the loyalty settings say why."),
        };
        return Object.entries(customers).map(([name, bars]) => ({
            name,
            nothing: nothing[name],
            label: titles[name],
            link: links[name],
            screen: screens[name],
            bars,
            labels: bars.map(({ label }) => label),
            series: [
                { label: _t("Customers"), values: bars.map(({ count }) => count) },
            ],
        }));
    }

    // Rows behind ------------------------------------------------------------

    /**
     * Open the rows behind a figure.
     *
     * @param {string} key of the figure
     * @param {Object} [changes] of the choice, for this screen only
     */
    async openRows(key, changes = {}) {
        const { date_from, date_to } = this.data.period;
        const action = await this.orm.call("loyalty.dashboard", "open_rows", [key], {
            company_ids: this.state.choice.company_ids,
            shop: this.state.choice.shop,
            date_from,
            date_to,
            ...changes,
        });
        if (action) {
            this.action.doAction(action);
        }
    }

    async openCustomers(name, { key }) {
        const action = await this.orm.call(
            "loyalty.dashboard",
            "open_customers",
            [name, key],
            { company_ids: this.state.choice.company_ids }
        );
        if (action) {
            this.action.doAction(action);
        }
    }
}

registry.category("actions").add("loyalty_dashboard", LoyaltyDashboard);
