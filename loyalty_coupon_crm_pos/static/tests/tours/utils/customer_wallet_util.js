import * as PosLoyalty from "@pos_loyalty/../tests/tours/utils/pos_loyalty_util";

/**
 * Pay an order. Between the payment and the receipt the server writes the order, its
 * pickings and its points: on a busy machine that takes longer than a step may.
 *
 * `onReceipt` are steps that look at the receipt.
 */
export function finalizeOrder(paymentMethod, amount, onReceipt = []) {
    const steps = PosLoyalty.finalizeOrder(paymentMethod, amount).flat();
    // The first step there is the one that leaves it.
    const receipt = steps.findIndex((step) =>
        step.trigger?.includes(".receipt-screen")
    );
    return steps
        .toSpliced(receipt, 0, ...onReceipt)
        .map((step) =>
            step.trigger?.includes(".receipt-screen")
                ? { ...step, timeout: 60000 }
                : step
        );
}

export function receiptShowsLapse(points) {
    return [
        {
            content: `The receipt says when ${points} lapse`,
            trigger: `.receipt-screen .loyalty-lapse .ms-auto:contains("${points}")`,
        },
    ];
}

export function hasPoints(text) {
    return [
        {
            content: `The wallet of the customer shows ${text}`,
            trigger: `.customer-wallet-points:contains("${text}")`,
        },
    ];
}

export function hasCoupon(name, status) {
    return [
        {
            content: `The coupon ${name} is ${status}`,
            trigger: `.customer-wallet-coupon[data-status="${status}"]:contains("${name}")`,
        },
    ];
}

export function hasReason(name, reason) {
    return [
        {
            content: `The coupon ${name} says: ${reason}`,
            trigger: `.customer-wallet-coupon:contains("${name}") .customer-wallet-reason:contains("${reason}")`,
        },
    ];
}

export function hasNoCoupon() {
    return [
        {
            content: "The customer has no open coupon",
            trigger: ".customer-wallet:not(:has(.customer-wallet-coupon))",
        },
    ];
}

export function openList() {
    return [
        {
            content: "Show all coupons of the customer",
            trigger: '.customer-wallet-title[aria-expanded="false"]',
            run: "click",
        },
    ];
}

export function applyCoupon(name) {
    return [
        {
            content: `Apply the coupon ${name}`,
            trigger: `.customer-wallet-coupon:contains("${name}") .customer-wallet-apply:enabled`,
            run: "click",
        },
    ];
}
