import { takeScreenshot } from "@loyalty_coupon_crm/../tests/tours/utils/screenshot_util";
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("loyalty_crm_campaign_calendar", {
    steps: () => [
        {
            content: "A campaign that gives every day has every day of the month",
            trigger: ".o_calendar_view:has(.fc-event:contains('Every Day'):eq(3))",
        },
        ...takeScreenshot("campaign-calendar"),
        {
            trigger: ".o_calendar_view .fc-event:contains('Every Day')",
            run: "click",
        },
        {
            content: "A day says what will happen",
            trigger: ".o_cw_popover:contains('goes to the audience')",
        },
        ...takeScreenshot("campaign-calendar-day"),
        {
            trigger: ".o_cw_popover .o_cw_popover_edit",
            run: "click",
        },
        {
            content: "It tells how many customers there are today",
            trigger:
                ".o_form_view .o_field_widget[name='customer_count']:contains('100')",
        },
        ...takeScreenshot("campaign-calendar-form"),
        {
            trigger: ".o_form_view button[name='action_open_campaign']",
            run: "click",
        },
        {
            trigger: ".o_form_view button[name='action_view_planned']",
        },
    ],
});
