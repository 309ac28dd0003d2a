import secrets

from odoo import api, fields, models
from odoo.tools import SQL

TOKEN_BYTES = 16


class LoyaltyCampaignClaimMixin(models.AbstractModel):
    """A public page on which a visitor leaves an address and gets the offer."""

    _name = "loyalty.campaign.claim.mixin"
    _description = "Claim Page of Campaigns"

    claim_token = fields.Char(
        compute="_compute_claim_token",
        store=True,
        precompute=True,
        copy=False,
        index=True,
        help="Makes the address of the claim page.",
    )
    claim_url = fields.Char(string="Claim Page", compute="_compute_claim_url")
    claim_qr = fields.Binary(string="QR Code", compute="_compute_claim_url")
    claim_terms = fields.Text(
        string="Words of the Consent",
        translate=True,
        default=lambda self: self.env._(
            "I want to get this offer. My details are kept for it and for the "
            "customer program; I may withdraw at any time."
        ),
        help="What the visitor agrees to; kept with the consent, word for word.",
    )
    claim_ids = fields.One2many("loyalty.claim", "campaign_id", string="Claims")
    claim_count = fields.Integer(compute="_compute_claim_count")

    def _compute_claim_token(self):
        for campaign in self:
            campaign.claim_token = secrets.token_urlsafe(TOKEN_BYTES)

    @api.depends("claim_token", "trigger")
    def _compute_claim_url(self):
        cards = self.env["loyalty.card"]
        for campaign in self:
            url = f"{campaign.get_base_url()}/loyalty/claim/{campaign.claim_token}"
            is_claimed = campaign.trigger == "claim"
            campaign.claim_url = url
            campaign.claim_qr = is_claimed and cards._render_qr(url)

    def _compute_claim_count(self):
        counts = dict(
            self.env["loyalty.claim"]._read_group(
                [("campaign_id", "in", self.ids)], ["campaign_id"], ["__count"]
            )
        )
        for campaign in self:
            campaign.claim_count = counts.get(campaign._origin, 0)

    def action_view_claims(self):
        """Open what visitors of the claim page left."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_claim_action"
        )
        return {**action, "domain": [("campaign_id", "=", self.id)], "context": {}}

    def _claim_problems(self):
        """Return a sentence for everything that speaks against a claim page."""
        problems = []
        if self.control_percent:
            problems.append(
                self.env._(
                    "Whoever claims the offer gets it: set the control group to 0."
                )
            )
        if not (self.mail_template_id or self.sms_template_id):
            problems.append(
                self.env._(
                    "The coupon goes to the address that was left: choose an e-mail or "
                    "a text message."
                )
            )
        if not (self.claim_terms or "").strip():
            problems.append(self.env._("Say what visitors of the page agree to."))
        return problems

    @api.onchange("trigger")
    def _onchange_trigger_claim(self):
        if self.trigger == "claim" and self.state == "draft":
            self.control_percent = 0.0
            self.no_control_reason = self.env._("Whoever claims the offer gets it")

    def _claim_is_open(self):
        """Tell whether the claim page takes claims now."""
        self.ensure_one()
        if self.trigger != "claim" or self.state != "running" or self._is_over():
            return False
        return not self.budget_coupons or self.treated_count < self.budget_coupons

    def _claim_asks(self):
        """Return which addresses a visitor has to leave one of."""
        self.ensure_one()
        return [
            name
            for name, template in (
                ("email", self.mail_template_id),
                ("phone", self.sms_template_id),
            )
            if template
        ]

    def _write_claim(self, values):
        """Write down what a visitor left, and wake the job that takes it.

        :param values: dict of fields of `loyalty.claim`
        """
        self.ensure_one()
        claim = self.env["loyalty.claim"].create(
            {
                **values,
                "campaign_id": self.id,
                "company_id": self.company_id.id,
                "date": fields.Datetime.now(),
                "wording": self.claim_terms,
            }
        )
        self.env.ref("loyalty_coupon_crm.ir_cron_campaign_triggers")._trigger()
        return claim

    def _candidates_claim(self):
        """Customers who claimed the offer on its page; once per customer."""
        # Contacts are entered for whoever runs the campaign, as the system.
        claims = self.env["loyalty.claim"].sudo()
        claims._take(self)
        claims.flush_model()
        return SQL(
            """
            SELECT DISTINCT claim.partner_id, ''::varchar AS occasion,
                   NULL::integer AS card_id
              FROM loyalty_claim claim
             WHERE claim.campaign_id = %s
               AND claim.state = 'done'
               AND claim.partner_id IS NOT NULL
            """,
            self.id,
        )
