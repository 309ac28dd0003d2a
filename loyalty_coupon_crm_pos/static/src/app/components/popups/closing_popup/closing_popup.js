import { ClosePosPopup } from "@point_of_sale/app/components/popups/closing_popup/closing_popup";
import { formatFloat } from "@web/core/utils/numbers";
import { patch } from "@web/core/utils/patch";

ClosePosPopup.props = [...ClosePosPopup.props, "loyalty_details?"];

patch(ClosePosPopup.prototype, {
    get loyaltyDetails() {
        const details = this.props.loyalty_details;
        return details && Object.values(details).some(Boolean) ? details : null;
    },

    formatPoints(points) {
        return formatFloat(points, { digits: [69, 2], trailingZeros: false });
    },
});
