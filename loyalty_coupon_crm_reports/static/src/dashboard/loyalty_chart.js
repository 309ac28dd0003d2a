import { Component, onWillStart, onWillUnmount, useEffect, useRef } from "@odoo/owl";
import { cookie } from "@web/core/browser/cookie";
import { getColor, getCustomColor } from "@web/core/colors/colors";
import { loadBundle } from "@web/core/assets";

/** A chart by Odoo's chart library, in the colors of the light or dark theme. */
export class LoyaltyChart extends Component {
    static template = "loyalty_coupon_crm_reports.LoyaltyChart";
    static props = {
        label: String,
        labels: Array,
        // {label, values, type?, axis?, stack?} each, drawn in the order of the palette
        series: Array,
        horizontal: { type: Boolean, optional: true },
        stacked: { type: Boolean, optional: true },
        format: { type: Function, optional: true },
        // said instead of a chart without a value
        nothing: { type: String, optional: true },
        onClick: { type: Function, optional: true },
    };

    setup() {
        this.canvas = useRef("canvas");
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => this.draw(),
            () => [JSON.stringify([this.props.labels, this.props.series])]
        );
        onWillUnmount(() => this.chart?.destroy());
    }

    get isEmpty() {
        return this.props.series.every(({ values }) => values.every((value) => !value));
    }

    draw() {
        this.chart?.destroy();
        this.chart = new Chart(this.canvas.el, this.getConfig());
    }

    getConfig() {
        const { horizontal, labels, onClick, series } = this.props;
        const scheme = cookie.get("color_scheme");
        return {
            type: "bar",
            data: {
                labels,
                datasets: series.map((one, index) => this.getDataset(one, index)),
            },
            options: {
                animation: false,
                indexAxis: horizontal ? "y" : "x",
                interaction: {
                    axis: horizontal ? "y" : "x",
                    intersect: false,
                    mode: "index",
                },
                maintainAspectRatio: false,
                onClick: onClick
                    ? (event, elements) => elements.length && onClick(elements[0].index)
                    : undefined,
                onHover: (event, elements) => {
                    const pointer = onClick && elements.length;
                    event.native.target.style.cursor = pointer ? "pointer" : "";
                },
                plugins: {
                    legend: {
                        display: series.length > 1,
                        labels: {
                            color: getCustomColor(scheme, "#111827", "#ffffff"),
                        },
                    },
                    tooltip: {
                        callbacks: {
                            label: ({ dataset, raw }) =>
                                `${dataset.label}: ${this.format(raw, dataset)}`,
                        },
                    },
                },
                scales: this.getScales(scheme),
            },
        };
    }

    getDataset(one, index) {
        const color = getColor(index, cookie.get("color_scheme"), "sm");
        return {
            backgroundColor: color,
            borderColor: color,
            data: one.values,
            label: one.label,
            order: one.type === "line" ? 0 : 1,
            pointRadius: 2,
            type: one.type || "bar",
            unit: one.unit,
            [this.props.horizontal ? "xAxisID" : "yAxisID"]: one.axis || "value",
        };
    }

    getScales(scheme) {
        const { horizontal, series, stacked } = this.props;
        const ticks = { color: getCustomColor(scheme, "#111827", "#E4E4E4") };
        const grid = {
            color: getCustomColor(scheme, "rgba(0,0,0,.1)", "rgba(255,255,255,.15)"),
        };
        const value = { beginAtZero: true, grid, stacked, ticks: { ...ticks } };
        value.ticks.precision = 0;
        const scales = {
            value: { ...value, axis: horizontal ? "x" : "y" },
            [horizontal ? "y" : "x"]: { grid: { display: false }, stacked, ticks },
        };
        if (series.some((one) => one.axis === "second")) {
            scales.second = {
                ...value,
                axis: "y",
                grid: { display: false },
                position: "right",
            };
        }
        return scales;
    }

    format(value, dataset) {
        return this.props.format ? this.props.format(value, dataset.unit) : value;
    }
}
