{
    "name": "Coupons & Loyalty CRM - Reports",
    "summary": "What was issued, used and earned",
    "version": "19.0.1.0.0",
    "category": "Sales/Loyalty",
    "author": "Coupons & Loyalty CRM maintainers",
    "license": "LGPL-3",
    "depends": ["loyalty_coupon_crm"],
}
