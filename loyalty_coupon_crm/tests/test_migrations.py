from datetime import timedelta

from odoo import fields
from odoo.modules.module import load_script
from odoo.tests import tagged

from .common import LoyaltyCrmCommon


def _migrate(env, path):
    """Run a migration of the add-on as an upgrade from an older version would.

    :param path: of the script, below `migrations`
    """
    name = path.rpartition("/")[2].replace("-", "_")
    load_script(f"loyalty_coupon_crm/migrations/{path}.py", name).migrate(
        env.cr, "19.0.1.0.0"
    )


@tagged("post_install", "-at_install")
class TestMigrations(LoyaltyCrmCommon):
    """What an upgrade leaves as it is in old databases is brought up to date."""

    OLD_HOLD_RULE = (
        "['|', ('card_id.company_id', 'in', company_ids + [False]), "
        "('card_id.company_id', 'parent_of', company_ids)]"
    )

    def _hold_rule(self):
        return self.env.ref("loyalty_coupon_crm.loyalty_point_hold_company_rule").sudo()

    def test_holds_of_promotions_are_seen(self):
        hold = (
            self.env["loyalty.point.hold"]
            .sudo()
            .create(
                {
                    "program_id": self._create_coupon_program().id,
                    "points": 0,
                    "holder": "till 1",
                    "expires_at": fields.Datetime.now() + timedelta(hours=1),
                }
            )
        )
        group = "loyalty_coupon_crm.group_loyalty_auditor"
        auditor = self._create_user("loyalty_migrated", group)
        mine = hold.with_user(auditor)
        rule = self._hold_rule()
        new = rule.domain_force
        rule.domain_force = self.OLD_HOLD_RULE
        self.assertFalse(mine.search([("id", "=", hold.id)]))
        _migrate(self.env, "19.0.1.0.1/post-hold_rule")
        self.assertEqual(rule.domain_force, new)
        self.assertEqual(mine.search([("id", "=", hold.id)]), hold)

    def test_what_somebody_changed_stays(self):
        rule = self._hold_rule()
        rule.domain_force = "[('card_id.company_id', 'in', company_ids)]"
        _migrate(self.env, "19.0.1.0.1/post-hold_rule")
        self.assertIn("in', company_ids)]", rule.domain_force)
        rule.unlink()
        _migrate(self.env, "19.0.1.0.1/post-hold_rule")
        self.assertFalse(rule.exists())
