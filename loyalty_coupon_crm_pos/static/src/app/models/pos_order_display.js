import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { formatDate, deserializeDate } from "@web/core/l10n/dates";
import { patch } from "@web/core/utils/patch";
import { generateQRCodeDataUrl } from "@point_of_sale/utils";
import { formatPoints } from "@loyalty_coupon_crm_pos/app/utils/format_points";
// Ours goes on top, whatever the order of the files.
import "@loyalty_coupon_crm_pos/app/models/pos_order";

patch(PosOrder.prototype, {
    /**
     * Return what the customer's display shows of points and coupons, as plain texts.
     *
     * @returns {{points: Object[], coupons: Object[]}}
     */
    getLoyaltyForDisplay() {
        return {
            points: this.getPointsForDisplay(),
            coupons: this.finalized ? this.getCouponsForDisplay() : [],
        };
    },

    /**
     * Return points won, spent and left, and what is missing for the next reward.
     */
    getPointsForDisplay() {
        if (!this.getPartner() || !this.hasKnownCards()) {
            return [];
        }
        return this.getLoyaltyPoints().map(({ program, points }) => {
            const left = this.finalized ? points.balance : points.total;
            const next = this.getNextReward(program, left);
            return {
                name: points.name,
                won: points.won ? formatPoints(points.won) : "",
                spent: points.spent ? formatPoints(points.spent) : "",
                left: formatPoints(left),
                missing: next ? formatPoints(next.missing) : "",
                next: next?.description || "",
            };
        });
    },

    /**
     * Return whether the till knows every card that gets points: what is shown must not
     * create any.
     */
    hasKnownCards() {
        return Object.values(this.uiState.couponPointChanges).every(
            ({ coupon_id: id }) => this.models["loyalty.card"].get(id)
        );
    },

    getCouponsForDisplay() {
        return (this.new_coupon_info || []).map((coupon) => ({
            name: coupon.program_name,
            code: coupon.code,
            until: coupon.expiration_date
                ? formatDate(deserializeDate(coupon.expiration_date))
                : "",
            qr: generateQRCodeDataUrl(coupon.code),
        }));
    },
});
