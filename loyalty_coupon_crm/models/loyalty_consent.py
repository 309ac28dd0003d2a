from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

PURPOSES = [
    ("programme", "Take part and get offers"),
    ("email", "E-mail"),
    ("sms", "Text messages"),
    ("profiling", "Offers chosen by what was bought"),
]
SOURCES = [
    ("staff", "Told to staff"),
    ("claim", "Claim page"),
    ("portal", "Customer portal"),
    ("till", "Joined at the till"),
    ("system", "Another system"),
]


class LoyaltyConsent(models.Model):
    """One decision of one person about one purpose in one company.

    Rows are added and never changed: the last one of a purpose holds, those before it
    prove what held at the time.
    """

    _name = "loyalty.consent"
    _description = "Consent"
    _order = "id desc"
    _log_access = False
    _rec_name = "partner_id"
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner",
        string="Person",
        required=True,
        ondelete="cascade",
        check_company=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    purpose = fields.Selection(PURPOSES, required=True)
    is_given = fields.Boolean(
        string="Given", help="Given, or else refused or withdrawn."
    )
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    source = fields.Selection(SOURCES, required=True, readonly=True, default="staff")
    campaign_id = fields.Many2one(
        "loyalty.campaign",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="Campaign on whose page it was given.",
    )
    user_id = fields.Many2one("res.users", string="Noted by", readonly=True)
    wording = fields.Text(help="What the person agreed to or refused, word for word.")

    _last_index = models.Index("(partner_id, purpose, company_id, id)")
    _refused_index = models.Index("(partner_id) WHERE is_given IS NOT TRUE")

    @api.model_create_multi
    def create(self, vals_list):
        """Note decisions; a client says whose and which, not when and by whom."""
        if not self.env.su:
            own = {
                "date": fields.Datetime.now(),
                "source": "staff",
                "campaign_id": False,
                "user_id": self.env.uid,
            }
            vals_list = [{**vals, **own} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        """Refuse to change a decision: another one is added.

        Only the person changes, when contacts are merged.

        :raise AccessError: for everything else
        """
        if set(vals) - {"partner_id"}:
            raise AccessError(
                self.env._(
                    "A consent is never changed: add a row with the new decision."
                )
            )
        return super().write(vals)

    @api.model
    def _note(self, partners, decisions, **origin):
        """Note what persons decided where it differs from what held.

        :param partners: `res.partner` records
        :param decisions: {purpose: whether it is given}
        :param origin: further values: `company_id`, `source`, `wording`, …
        :return: the new rows
        """
        company = self.env["res.company"].browse(origin["company_id"])
        # Whoever may note a decision may not read those before it.
        own = self.sudo()
        held = own._last(partners, list(decisions), company)
        return own.create(
            [
                {
                    "partner_id": partner.id,
                    "purpose": purpose,
                    "is_given": is_given,
                    "user_id": self.env.uid,
                    **origin,
                }
                for partner in partners
                for purpose, is_given in decisions.items()
                if held.get((partner.id, purpose)) != is_given
            ]
        )

    @api.model
    def _last(self, partners, purposes, company):
        """Return what holds now: {(partner id, purpose): given}, without the unasked.

        :param company: whose programme it is about; a branch goes by its parents, too
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (partner_id, purpose)
                       partner_id, purpose, is_given IS TRUE
                  FROM loyalty_consent
                 WHERE partner_id = ANY(%s) AND purpose = ANY(%s)
                   AND company_id = ANY(%s)
                 ORDER BY partner_id, purpose, id DESC
                """,
                partners.ids,
                list(purposes),
                company.parent_ids.ids,
            )
        )
        return {(partner_id, purpose): given for partner_id, purpose, given in rows}

    @api.model
    def _refused_sql(self, partner, purposes, company):
        """Return the condition that somebody last refused one of the purposes.

        :param partner: SQL of the id of a contact
        :param purposes: list of keys of `PURPOSES`
        :param company: as for `_last`
        """
        self.flush_model()
        return SQL(
            """
            EXISTS (
                SELECT FROM loyalty_consent refused
                 WHERE refused.partner_id = %(partner)s
                   AND refused.purpose = ANY(%(purposes)s)
                   AND refused.company_id = ANY(%(companies)s)
                   AND refused.is_given IS NOT TRUE
                   AND NOT EXISTS (
                       SELECT FROM loyalty_consent later
                        WHERE later.partner_id = refused.partner_id
                          AND later.purpose = refused.purpose
                          AND later.company_id = ANY(%(companies)s)
                          AND later.id > refused.id))
            """,
            partner=partner,
            purposes=list(purposes),
            companies=company.parent_ids.ids,
        )
