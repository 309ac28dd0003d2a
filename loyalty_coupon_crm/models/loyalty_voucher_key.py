from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..tools import vouchers

# A key signs for a year; what it signed is accepted for another one.
ROTATE_DAYS = 365
TRUST_DAYS = 365


class LoyaltyVoucherKey(models.Model):
    """A pair of keys that signs vouchers; tills get to know the public one alone."""

    _name = "loyalty.voucher.key"
    _description = "Signing Key"
    _order = "id desc"

    company_id = fields.Many2one(
        "res.company",
        readonly=True,
        index=True,
        help="Empty for programs that all companies share.",
    )
    private_key = fields.Text(required=True, readonly=True, groups=fields.NO_ACCESS)
    public_key = fields.Char(required=True, readonly=True)
    retired_on = fields.Date(
        readonly=True, help="Since this day another key signs new codes."
    )
    trusted_until = fields.Date(
        readonly=True, help="Last day on which tills accept what the key has signed."
    )

    _current_unique = models.UniqueIndex(
        "(COALESCE(company_id, 0)) WHERE retired_on IS NULL",
        "Another key signs the codes of this company already.",
    )

    @api.depends("create_date")
    def _compute_display_name(self):
        for key in self:
            key.display_name = self.env._("Key %s", key.id)

    @api.model
    def _current(self, company):
        """Return the key that signs for a company, a new one when there is none.

        :param company: `res.company` of the program, empty for a shared one
        """
        # Nobody but the system signs.
        keys = self.sudo()
        current = keys.search(
            [("company_id", "=", company.id), ("retired_on", "=", False)], limit=1
        )
        return current or keys._create_key(company)

    @api.model
    def _create_key(self, company):
        """Return a new key; of two that are made at once, one is kept."""
        private = vouchers.generate_key()
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_voucher_key
                       (company_id, private_key, public_key,
                        create_uid, create_date, write_uid, write_date)
                VALUES (%(company)s, %(private)s, %(public)s,
                        %(user)s, %(now)s, %(user)s, %(now)s)
                    ON CONFLICT (COALESCE(company_id, 0)) WHERE retired_on IS NULL
                    DO UPDATE SET write_date = loyalty_voucher_key.write_date
             RETURNING id
                """,
                company=company.id or None,
                private=private,
                public=vouchers.public_key(private),
                user=self.env.uid,
                now=fields.Datetime.now(),
            )
        )
        [key_id] = self.env.cr.fetchone()
        return self.browse(key_id)

    def _sign(self, voucher):
        """Return a `Voucher` as the text of its QR code."""
        self.ensure_one()
        # Nobody but the system signs.
        return vouchers.sign(self.sudo().private_key, voucher)

    @api.model
    def _trusted(self, companies):
        """Return the public keys that tills accept.

        :param companies: `res.company` records of the till, parents included
        :return: dict of key id, as text, to `key` (base64) and `until` (last day or
            False)
        """
        today = self.env.company._loyalty_today()
        # Public keys are no secret, but the model is not the cashier's.
        keys = self.sudo().search(
            [
                ("company_id", "in", [False, *companies.ids]),
                "|",
                ("trusted_until", "=", False),
                ("trusted_until", ">=", today),
            ]
        )
        return {
            str(key.id): {
                "key": key.public_key,
                "until": fields.Date.to_string(key.trusted_until) or False,
            }
            for key in keys
        }

    def action_rotate(self):
        """Have a new key sign from now on; what this one signed stays good.

        :raise AccessError: for others than loyalty managers
        """
        self._check_manager()
        self._retire(TRUST_DAYS)

    def action_revoke(self):
        """Have tills accept nothing any more that this key has signed.

        The coupons stay good wherever there is a connection.

        :raise AccessError: for others than loyalty managers
        """
        self._check_manager()
        self._retire(-1)

    def _check_manager(self):
        self.check_access("read")
        if not self.env.user.has_group("loyalty_coupon_crm.group_loyalty_manager"):
            raise AccessError(
                self.env._("Only a loyalty manager changes signing keys.")
            )

    def _retire(self, days):
        """Have these keys sign no more, and be trusted for so many days from today."""
        # Keys are written by the system alone; the group was checked by the caller.
        keys = self.sudo()
        today = self.env.company._loyalty_today()
        for key in keys:
            key.trusted_until = fields.Date.add(today, days=days)
        signing = keys.filtered(lambda key: not key.retired_on)
        signing.retired_on = today
        signing.flush_recordset()
        for key in signing:
            keys._create_key(key.company_id)

    @api.autovacuum
    def _rotate_old(self):
        """Replace keys that have signed for a year."""
        old = self.search(
            [
                ("retired_on", "=", False),
                ("create_date", "<", f"-{ROTATE_DAYS}d"),
            ]
        )
        old._retire(TRUST_DAYS)
