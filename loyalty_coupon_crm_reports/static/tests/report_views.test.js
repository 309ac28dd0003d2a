import {
    defineModels,
    fields,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import { expect, test } from "@odoo/hoot";
import { completeCalendar } from "@loyalty_coupon_crm_reports/views/calendar_points";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { queryAllTexts } from "@odoo/hoot-dom";

const FIELDS = {
    hour: {
        selection: [
            ["00", "00:00"],
            ["01", "01:00"],
            ["02", "02:00"],
        ],
    },
    weekday: {
        selection: [
            ["1", "Monday"],
            ["2", "Tuesday"],
            ["3", "Wednesday"],
        ],
    },
    shop: {},
};

function point(value, ...labels) {
    return { count: 1, labels, value };
}

function complete(points, ...names) {
    const groupBy = names.map((fieldName) => ({ fieldName }));
    return completeCalendar(points, groupBy, FIELDS).map(({ labels, value }) => [
        ...labels,
        value,
    ]);
}

test("every hour is on the axis", async () => {
    expect(complete([point(5, "01:00")], "hour")).toEqual([
        ["00:00", 0],
        ["01:00", 5],
        ["02:00", 0],
    ]);
});

test("weekdays are stacked in the order of the week", async () => {
    const points = [point(2, "00:00", "Wednesday"), point(3, "01:00", "Monday")];
    expect(complete(points, "hour", "weekday").slice(0, 4)).toEqual([
        ["00:00", "Monday", 0],
        ["00:00", "Wednesday", 2],
        ["01:00", "Monday", 3],
        ["01:00", "Wednesday", 0],
    ]);
});

test("a chart by something else is left alone", async () => {
    const points = [point(2, "Station"), point(3, "Harbour")];
    expect(complete(points, "shop")).toEqual([
        ["Station", 2],
        ["Harbour", 3],
    ]);
    expect(complete([], "hour")).toEqual([]);
});

class Report extends models.Model {
    _name = "report";

    name = fields.Char();
    rate = fields.Float({ aggregator: "avg", groupable: false });
    r_score = fields.Integer();
    fm_score = fields.Integer();

    _records = [
        { id: 1, name: "North", rate: 10, r_score: 5, fm_score: 1 },
        { id: 2, name: "South", rate: 50, r_score: 4, fm_score: 1 },
    ];
}

defineMailModels();
defineModels([Report]);

test("a rate of zero is shown, one without value is an empty cell", async () => {
    onRpc("formatted_read_grouping_sets", async ({ parent }) => {
        const sets = await parent();
        for (const group of sets.flat()) {
            group["rate:avg"] = { North: 0, South: false }[group.name] ?? 25;
        }
        return sets;
    });
    await mountView({
        type: "pivot",
        resModel: "report",
        arch: `
            <pivot js_class="loyalty_report_pivot">
                <field name="name" type="row" />
                <field name="rate" type="measure" />
            </pivot>`,
    });
    expect(queryAllTexts(".o_pivot tbody td")).toEqual(["25.00", "0.00", ""]);
});

test("the heads of the RFM matrix name their score", async () => {
    await mountView({
        type: "pivot",
        resModel: "report",
        arch: `
            <pivot js_class="loyalty_rfm_pivot">
                <field name="r_score" type="row" />
                <field name="fm_score" type="col" />
            </pivot>`,
    });
    expect(queryAllTexts(".o_pivot tbody th")).toEqual([
        "Total",
        "Recency 4",
        "Recency 5",
    ]);
    expect(queryAllTexts(".o_pivot thead th:contains('F+M')")).toEqual(["F+M 1"]);
});
