import { registry } from "@web/core/registry";
import { takeScreenshot } from "@loyalty_coupon_crm/../tests/tours/utils/screenshot_util";

/** Go to another screen as a menu does, which looks different on a phone. */
const goTo = (action) => ({
    content: `Go to ${action}`,
    trigger: ".o_action_manager",
    run() {
        const { services } = odoo.__WOWL_DEBUG__.root.env;
        return services.action.doAction(action, { clearBreadcrumbs: true });
    },
});

// The colors of the dark may have to be compiled first.
const PATIENT = { timeout: 60000 };

registry.category("web_tour.tours").add("loyalty_crm_report_pictures", {
    steps: () => [
        {
            content: "The customer's figures",
            ...PATIENT,
            trigger: ".o_notebook .nav-link:contains('Loyalty')",
            run: "click",
        },
        {
            content: "They are below the address on a phone",
            trigger: ".o_notebook .tab-pane.active [name='loyalty_stage']",
            run: () => document.querySelector(".o_notebook").scrollIntoView(),
        },
        ...takeScreenshot("report-customer"),
        goTo("loyalty_coupon_crm.loyalty_customer_event_action"),
        {
            content: "What customers did, as cards on a phone",
            trigger: ".o_list_view .o_data_row, .o_kanban_view .o_kanban_record .badge",
        },
        ...takeScreenshot("report-timeline"),
        goTo("loyalty_coupon_crm_reports.loyalty_dashboard_action"),
        {
            content: "The charts are drawn",
            trigger: ".o_loyalty_chart canvas[height]",
        },
        {
            content: "Redemptions are older than a month",
            trigger: ".o_loyalty_period",
            run: "click",
        },
        {
            trigger: ".o-dropdown-item:contains('Last 90 Days')",
            run: "click",
        },
        {
            trigger: ".o_loyalty_period:contains('Last 90 Days')",
        },
        {
            trigger: ".o_loyalty_chart canvas[height]",
        },
        ...takeScreenshot("report-dashboard"),
        {
            content: "The charts are below the figures",
            trigger: ".o_loyalty_chart canvas[height]",
            run: () => document.querySelector(".o_loyalty_chart").scrollIntoView(),
        },
        ...takeScreenshot("report-dashboard-charts"),
        {
            content: "Customers are at the end",
            trigger: ".o_loyalty_chart canvas[height]",
            run() {
                const charts = document.querySelectorAll(".o_loyalty_chart");
                charts[charts.length - 1].scrollIntoView();
            },
        },
        {
            content: "A chart without a value says why",
            trigger: ".o_loyalty_nothing:contains('No lifetime value yet')",
        },
        ...takeScreenshot("report-dashboard-customers"),
        goTo("loyalty_coupon_crm.loyalty_customer_metric_action_rfm"),
        {
            ...PATIENT,
            content: "A cell of the matrix",
            trigger: ".o_pivot:contains('Recency 5') .o_pivot_cell_value",
        },
        {
            content: "The matrix fits the screen, a phone's too",
            trigger: ".o_loyalty_rfm_pivot_view .o_pivot",
            run() {
                if (this.anchor.scrollWidth > this.anchor.clientWidth) {
                    throw new Error("The RFM matrix is wider than the screen.");
                }
            },
        },
        ...takeScreenshot("report-rfm-matrix"),
        goTo("loyalty_coupon_crm.loyalty_campaign_result_action"),
        {
            content: "The result of the campaign",
            trigger: ".o_data_row:contains('Autumn') .o_data_cell",
            run: "click",
        },
        {
            trigger: ".o_form_view [name='verdict']",
        },
        ...takeScreenshot("report-campaign-result"),
    ],
});
