import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import { takeScreenshot } from "@loyalty_coupon_crm/../tests/tours/utils/screenshot_util";
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

/** Pay a refund out, and go on with the next order. */
export function payBack(paymentMethod) {
    return [
        ...PaymentScreen.clickPaymentMethod(paymentMethod),
        ...[PaymentScreen.clickValidate()].flat(),
        {
            content: "The refund is written; start the next order",
            trigger: ".receipt-screen .button.next",
            timeout: 60000,
            run: "click",
        },
    ];
}

export function findMember(text) {
    return [
        {
            content: `Look for the member ${text}`,
            trigger: ".member-text",
            run: `edit ${text}`,
        },
        { trigger: ".member-confirm:enabled", run: "click" },
    ];
}

export function joinMember(name) {
    return [
        {
            content: `Nobody has this number yet: ${name} joins`,
            trigger: ".member-name",
            run: `edit ${name}`,
        },
        ...takeScreenshot("till-member"),
        { trigger: ".member-confirm:contains('Join'):enabled", run: "click" },
        { trigger: "body:not(:has(.modal))" },
    ];
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
