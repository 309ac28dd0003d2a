import { registry } from "@web/core/registry";
import { PivotModel } from "@web/views/pivot/pivot_model";
import { pivotView } from "@web/views/pivot/pivot_view";

/** A measure without value stays an empty cell, on the screen and in the exported file. */
export class LoyaltyReportPivotModel extends PivotModel {
    _getMeasurements() {
        const measurements = super._getMeasurements(...arguments);
        for (const [name, value] of Object.entries(measurements)) {
            if (value === false) {
                measurements[name] = undefined;
            }
        }
        return measurements;
    }
}

registry.category("views").add("loyalty_report_pivot", {
    ...pivotView,
    Model: LoyaltyReportPivotModel,
});
