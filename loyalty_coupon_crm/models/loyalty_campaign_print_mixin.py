from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

# Fifty sheets: as many as a browser waits for.
PRINT_SIZE = 500


class LoyaltyCampaignPrintMixin(models.AbstractModel):
    """Coupons on paper, for those whom no message reaches."""

    _name = "loyalty.campaign.print.mixin"
    _description = "Printed Coupons of Campaigns"

    to_print_count = fields.Integer(
        string="To Print",
        compute="_compute_to_print_count",
        help="Coupons that no message, call or sheet has brought to the customer.",
    )

    def _to_print_domain(self):
        """Return the domain of the members whose coupon has no other way."""
        return (
            Domain("campaign_id", "in", self.ids)
            & Domain("state", "=", "issued")
            & Domain("message_state", "in", (False, "skipped"))
            & Domain("card_id.campaign_member_id", "!=", False)
            & Domain("card_id.active", "=", True)
        )

    def _compute_to_print_count(self):
        counts = dict(
            self.env["loyalty.campaign.member"]._read_group(
                self._to_print_domain(), ["campaign_id"], ["__count"]
            )
        )
        for campaign in self:
            campaign.to_print_count = counts.get(campaign._origin, 0)

    def action_print_coupons(self):
        """Print the coupons that reach nobody otherwise, and note that they are.

        :return: the PDF; at most `PRINT_SIZE` coupons, the next ones when pressed again
        :raise UserError: when there is none left
        """
        self.ensure_one()
        self.check_access("write")
        members = self.env["loyalty.campaign.member"].search(
            self._to_print_domain(), order="id", limit=PRINT_SIZE
        )
        if not members:
            raise UserError(
                self.env._(
                    "Every coupon of %(name)s went out by message, call or sheet. To "
                    "print some once more, choose them under Cards and press Print.",
                    name=self.name,
                )
            )
        # Members are closed to clients; who may run the campaign was just checked.
        members.sudo().write({"message_state": "printed", "reason": False})
        return self.env.ref("loyalty_coupon_crm.report_coupon_sheet").report_action(
            members.card_id, config=False
        )
