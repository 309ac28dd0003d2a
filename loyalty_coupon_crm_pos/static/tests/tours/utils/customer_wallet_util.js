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
