{
    "name": "Coupons & Loyalty CRM - Point of Sale",
    "summary": "Coupons, points and customers at the till",
    "version": "19.0.1.0.0",
    "category": "Sales/Point of Sale",
    "author": "Coupons & Loyalty CRM maintainers",
    "license": "LGPL-3",
    "depends": ["loyalty_coupon_crm", "pos_loyalty"],
    "data": [
        "security/loyalty_groups.xml",
        "security/ir.model.access.csv",
        "security/ir_rules.xml",
        "data/customer_cron.xml",
        "data/pos_cron.xml",
        "views/pos_order_views.xml",
        "views/res_config_settings_views.xml",
    ],
    "assets": {
        "point_of_sale._assets_pos": [
            "loyalty_coupon_crm_pos/static/src/**/*",
            ("remove", "loyalty_coupon_crm_pos/static/src/customer_display/**/*"),
        ],
        "point_of_sale.customer_display_assets": [
            "loyalty_coupon_crm_pos/static/src/customer_display/**/*",
        ],
        "point_of_sale.customer_display_assets_test": [
            "loyalty_coupon_crm_pos/static/tests/customer_display/**/*",
        ],
        "web.assets_tests": ["loyalty_coupon_crm_pos/static/tests/tours/**/*"],
        "web.assets_unit_tests": ["loyalty_coupon_crm_pos/static/tests/unit/**/*"],
    },
    "post_init_hook": "post_init_hook",
    "auto_install": True,
}
