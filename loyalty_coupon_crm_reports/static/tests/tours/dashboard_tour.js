import { registry } from "@web/core/registry";

const value = (key, text) =>
    `.o_loyalty_figure[data-figure='${key}'] .o_loyalty_value:contains('${text}')`;

registry.category("web_tour.tours").add("loyalty_crm_dashboard", {
    steps: () => [
        {
            content: "Two purchases of the last thirty days",
            trigger: value("net_sales", "150.00"),
        },
        {
            trigger: value("redemptions", "1"),
        },
        {
            content: "The charts are drawn",
            trigger: ".o_loyalty_chart canvas[height]",
        },
        {
            content: "Choose other days",
            trigger: ".o_loyalty_period",
            run: "click",
        },
        {
            trigger: ".o-dropdown-item:contains('Last 90 Days')",
            run: "click",
        },
        {
            content: "A third purchase is there",
            trigger: value("net_sales", "170.00"),
        },
        {
            content: "One shop only",
            trigger: ".o_loyalty_shop",
            run: "click",
        },
        {
            trigger: ".o-dropdown-item:contains('North')",
            run: "click",
        },
        {
            trigger: value("net_sales", "100.00"),
        },
        {
            content: "The purchases behind the sales",
            trigger: ".o_loyalty_figure[data-figure='net_sales']",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('North')",
        },
        {
            content: "Back: the choice is as it was",
            trigger:
                ".o_breadcrumb .o_back_button, .breadcrumb-item a:contains('Dashboard')",
            run: "click",
        },
        {
            trigger: value("net_sales", "100.00"),
        },
        {
            content: "The redemptions of a program",
            trigger: ".o_loyalty_dashboard tr:contains('Tea Coupon')",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('Tea Coupon')",
        },
    ],
});
