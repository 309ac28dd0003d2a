{
    "name": "Coupons & Loyalty CRM - Reports",
    "summary": "What was issued, used and earned",
    "version": "19.0.1.0.0",
    "category": "Sales/Loyalty",
    "author": "Coupons & Loyalty CRM maintainers",
    "license": "LGPL-3",
    "depends": ["loyalty_coupon_crm"],
    "data": [
        "security/ir.model.access.csv",
        "security/ir_rules.xml",
        "views/loyalty_funnel_report_views.xml",
        "views/loyalty_use_report_views.xml",
        "views/loyalty_basket_report_views.xml",
        "views/loyalty_points_report_views.xml",
        "views/loyalty_retention_report_views.xml",
        "views/loyalty_after_report_views.xml",
        "views/loyalty_report_menus.xml",
    ],
    "assets": {
        "web.assets_backend": ["loyalty_coupon_crm_reports/static/src/**/*"],
        "web.assets_unit_tests": ["loyalty_coupon_crm_reports/static/tests/**/*"],
    },
}
