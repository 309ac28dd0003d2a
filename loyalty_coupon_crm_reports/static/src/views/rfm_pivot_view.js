import { PivotModel } from "@web/views/pivot/pivot_model";
import { _t } from "@web/core/l10n/translation";
import { pivotView } from "@web/views/pivot/pivot_view";
import { registry } from "@web/core/registry";

/** The heads of the matrix say which score a number is. */
export class LoyaltyRfmPivotModel extends PivotModel {
    _sanitizeLabel(value, groupBy) {
        if (value && groupBy === "r_score") {
            return _t("Recency %s", value);
        }
        if (value && groupBy === "fm_score") {
            return _t("F+M %s", value);
        }
        return super._sanitizeLabel(...arguments);
    }
}

registry.category("views").add("loyalty_rfm_pivot", {
    ...pivotView,
    Model: LoyaltyRfmPivotModel,
});
