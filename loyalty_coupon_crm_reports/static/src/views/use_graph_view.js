import { GraphModel } from "@web/views/graph/graph_model";
import { completeCalendar } from "./calendar_points";
import { graphView } from "@web/views/graph/graph_view";
import { registry } from "@web/core/registry";

/** A chart by hour or weekday shows all of them, in the order of the day or week. */
export class LoyaltyUseGraphModel extends GraphModel {
    _getProcessedDataPoints() {
        const points = super._getProcessedDataPoints();
        const { fields, groupBy, mode, order } = this.metaData;
        if (mode === "pie" || order) {
            return points;
        }
        return completeCalendar(points, groupBy, fields);
    }
}

registry.category("views").add("loyalty_use_graph", {
    ...graphView,
    Model: LoyaltyUseGraphModel,
});
