"""Holds of promotions have no card: the program's company says who sees them.

An upgrade leaves record rules as they are, because somebody may have changed them.
"""

from odoo import SUPERUSER_ID, api

RULE = "loyalty_coupon_crm.loyalty_point_hold_company_rule"
BEFORE = (
    "['|', ('card_id.company_id', 'in', company_ids + [False]), "
    "('card_id.company_id', 'parent_of', company_ids)]"
)
AFTER = (
    "['|', '&', ('card_id', '!=', False), "
    "'|', ('card_id.company_id', 'in', company_ids + [False]), "
    "('card_id.company_id', 'parent_of', company_ids), "
    "'&', ('card_id', '=', False), "
    "'|', ('program_id.company_id', 'in', company_ids + [False]), "
    "('program_id.company_id', 'parent_of', company_ids)]"
)


def migrate(cr, version):
    """Give the rule its new domain where it still has the first one."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    rule = env.ref(RULE, raise_if_not_found=False)
    if rule and rule.domain_force == BEFORE:
        rule.domain_force = AFTER
