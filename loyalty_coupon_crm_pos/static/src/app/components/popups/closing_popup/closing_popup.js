import { ClosePosPopup } from "@point_of_sale/app/components/popups/closing_popup/closing_popup";
import { patch } from "@web/core/utils/patch";
import { formatPoints } from "@loyalty_coupon_crm_pos/app/utils/format_points";

ClosePosPopup.props = [...ClosePosPopup.props, "loyalty_details?"];

patch(ClosePosPopup.prototype, {
    get loyaltyDetails() {
        const details = this.props.loyalty_details;
        return details && Object.values(details).some(Boolean) ? details : null;
    },

    formatPoints(points) {
        return formatPoints(points);
    },
});
