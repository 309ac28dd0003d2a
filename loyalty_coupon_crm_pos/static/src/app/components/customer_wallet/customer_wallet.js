import { Component, useEffect, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { formatDate, deserializeDate } from "@web/core/l10n/dates";
import { ConnectionLostError } from "@web/core/network/rpc";
import { useService } from "@web/core/utils/hooks";
import { usePos } from "@point_of_sale/app/hooks/pos_hook";
import {
    daysLeft,
    sortCoupons,
} from "@loyalty_coupon_crm_pos/app/utils/customer_wallet";
import { companyNow } from "@loyalty_coupon_crm_pos/app/utils/usage_window";
import { formatPoints } from "@loyalty_coupon_crm_pos/app/utils/format_points";

const SOON_DAYS = 7;

/**
 * The open coupons and the points of the customer on the order.
 *
 * Asks the server once per customer and order, so that no card is loaded beforehand and
 * what is shown is what is true now.
 */
export class CustomerWallet extends Component {
    static template = "loyalty_coupon_crm_pos.CustomerWallet";
    static props = {};

    setup() {
        this.pos = usePos();
        this.ui = useService("ui");
        this.notification = useService("notification");
        this.state = useState({
            partnerId: false,
            wallet: null,
            failed: false,
            applying: false,
            // Until the cashier decides, see `isOpen`.
            open: null,
        });
        useEffect(
            () => {
                this.load();
            },
            () => [this.order?.uuid, this.partner?.id, this.order?.uiState.goodwillCode]
        );
    }

    get order() {
        return this.pos.getOrder();
    }

    get partner() {
        return this.order?.getPartner();
    }

    /**
     * Fetch the wallet of the customer on the order; the till works on without it.
     */
    async load() {
        const partnerId = this.partner?.id || false;
        Object.assign(this.state, {
            partnerId,
            wallet: null,
            failed: false,
            open: null,
        });
        // A customer who was not sent yet has no coupon.
        if (typeof partnerId !== "number" || !this.hasPrograms) {
            return;
        }
        const wallet = await this.pos.data.silentCall(
            "pos.config",
            "get_customer_wallet",
            [[this.pos.config.id], partnerId]
        );
        await this.pos.tryLoadPrograms(
            (wallet?.coupons || []).map((coupon) => coupon.program_id)
        );
        // The cashier may have chosen another customer meanwhile.
        if (this.state.partnerId === partnerId) {
            Object.assign(this.state, { wallet: wallet || null, failed: !wallet });
        }
    }

    get hasPrograms() {
        const { models, config } = this.pos;
        return models["loyalty.program"].length > 0 || config._loyalty_waits;
    }

    get isShown() {
        const { failed, wallet } = this.state;
        return Boolean(
            this.partner &&
                (failed ||
                    this.wallets.length ||
                    wallet?.coupons.length ||
                    wallet?.offer)
        );
    }

    get wallets() {
        return this.state.wallet?.wallets || [];
    }

    get coupons() {
        return sortCoupons(this.state.wallet?.coupons || [], {
            isEmpty: this.order.isEmpty(),
            appliedCodes: this.appliedCodes,
            meetsConditions: (programId) => this.meetsConditions(programId),
            gainOf: (coupon) => this.order.getCouponGain(coupon),
        });
    }

    saves({ gain }) {
        return gain > 0 ? _t("saves %s", this.env.utils.formatCurrency(gain)) : "";
    }

    /**
     * An empty order leaves room for the whole list; later its lines need the room, and
     * the best coupon is enough.
     */
    get isOpen() {
        return this.state.open ?? (this.order.isEmpty() && !this.ui.isSmall);
    }

    get shownCoupons() {
        return this.isOpen ? this.coupons : this.coupons.slice(0, 1);
    }

    get appliedCodes() {
        const rewardCards = this.order
            ._get_reward_lines()
            .map((line) => line.coupon_id);
        return [...this.order._code_activated_coupon_ids, ...rewardCards]
            .map((card) => card?.code)
            .filter(Boolean);
    }

    meetsConditions(programId) {
        const program = this.pos.models["loyalty.program"].get(programId);
        return Boolean(
            program &&
                this.order._canGenerateRewards(
                    program,
                    this.order.priceIncl,
                    this.order.priceExcl
                )
        );
    }

    get title() {
        const count = this.state.wallet?.coupons.length || 0;
        if (!count) {
            return _t("No coupons");
        }
        return count === 1
            ? _t("1 coupon")
            : _t("%s coupons", count + this.state.wallet.more);
    }

    /**
     * Return what can be spent of a wallet now.
     */
    balance(wallet) {
        const points = this.amount(wallet, wallet.available ?? wallet.points);
        return wallet.worth
            ? `${points} (${this.env.utils.formatCurrency(wallet.worth)})`
            : points;
    }

    /**
     * Return since when the customer is a member and when they were here last.
     */
    get memberTerms() {
        const { since, last_visit: lastVisit } = this.state.wallet?.member || {};
        const day = (text) => formatDate(deserializeDate(text));
        return [
            since && _t("Member since %s", day(since)),
            lastVisit && _t("last visit %s", day(lastVisit)),
        ]
            .filter(Boolean)
            .join(" · ");
    }

    amount(wallet, points) {
        if (wallet.money) {
            return this.env.utils.formatCurrency(points);
        }
        return `${formatPoints(points)} ${wallet.unit}`;
    }

    /**
     * Return what is not available yet and what lapses when, a sentence for each.
     */
    terms(wallet) {
        const lines = [];
        if (wallet.pending) {
            lines.push(_t("%s not available yet", this.amount(wallet, wallet.pending)));
        }
        for (const lapse of wallet.lapses || []) {
            lines.push(
                _t("%(points)s until %(day)s", {
                    points: this.amount(wallet, lapse.points),
                    day: formatDate(deserializeDate(lapse.date)),
                })
            );
        }
        return lines;
    }

    gives(coupon) {
        return coupon.gives.join(", ");
    }

    /**
     * Return how many days a coupon can still be used, by the company's calendar.
     */
    daysLeft(coupon) {
        const now = companyNow(this.pos.config.loyalty_timezone);
        return daysLeft(coupon.expiration_date, now);
    }

    until(coupon) {
        const days = this.daysLeft(coupon);
        if (days === false) {
            return _t("no end date");
        }
        if (days === 0) {
            return _t("last day today");
        }
        return _t("until %s", formatDate(deserializeDate(coupon.expiration_date)));
    }

    endsSoon(coupon) {
        const days = this.daysLeft(coupon);
        return days !== false && days < SOON_DAYS;
    }

    /**
     * Return why the coupon cannot be applied now, in words.
     */
    reason(coupon) {
        if (coupon.status === "refused") {
            return coupon.reasons.join(" ");
        }
        if (coupon.status !== "waiting") {
            return "";
        }
        if (this.order.isEmpty()) {
            return _t("Add products first.");
        }
        if (coupon.minimum) {
            return _t(
                "For orders from %s.",
                this.env.utils.formatCurrency(coupon.minimum)
            );
        }
        return _t("The order lacks products for this coupon.");
    }

    /**
     * Return whether a manager may perhaps allow a coupon: the server knows.
     */
    mayAskManager(coupon) {
        const program = this.pos.models["loyalty.program"].get(coupon.program_id);
        const isRefused = coupon.status === "refused" && coupon.allowable;
        return Boolean(
            program?.strict &&
                !this.order.isEmpty() &&
                (isRefused || this.isBelowMinimum(coupon))
        );
    }

    isBelowMinimum(coupon) {
        return Boolean(
            ["applied", "waiting"].includes(coupon.status) &&
                coupon.minimum &&
                !this.meetsConditions(coupon.program_id)
        );
    }

    managerLabel({ name }) {
        return _t("Ask a Manager: %s", name);
    }

    applyLabel({ name }) {
        return _t("Apply %s", name);
    }

    askManager(coupon) {
        return this.pos.askConcession(this.order, {
            code: coupon.code,
            minimum: this.isBelowMinimum(coupon),
        });
    }

    toggle() {
        this.state.open = !this.isOpen;
    }

    /**
     * Apply a coupon as if its code were scanned.
     */
    async apply(coupon) {
        if (this.state.applying) {
            return;
        }
        this.state.applying = true;
        try {
            const result = await this.pos.activateCode(coupon.code);
            if (result !== true) {
                this.notification.add(result, { type: "danger" });
            } else if (!this.pos.isOffered(coupon.code)) {
                this.explain(coupon);
            }
        } catch (error) {
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
            this.notification.add(
                _t(
                    "There is no connection: the coupon cannot be checked. Try again later."
                ),
                { type: "danger" }
            );
        } finally {
            this.state.applying = false;
        }
    }

    /**
     * Say what is left to do when a coupon was taken but gave nothing yet.
     */
    explain(coupon) {
        const isOnOrder = this.order
            ._get_reward_lines()
            .some((line) => line.coupon_id?.id === coupon.id);
        if (isOnOrder) {
            return;
        }
        const message = this.order.getClaimableRewards(coupon.id).length
            ? _t("Choose what %s gives with the Reward button.", coupon.name)
            : _t("%s gives nothing on this order yet.", coupon.name);
        this.notification.add(message, { type: "warning" });
    }
}
