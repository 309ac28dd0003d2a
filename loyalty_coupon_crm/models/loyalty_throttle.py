import hashlib
from datetime import timedelta

from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError
from odoo.http import request
from odoo.tools import SQL, format_datetime

from ..tools import codes
from ..tools.answer_time import ANSWER_SECONDS, wait_for_full
from ..tools.backoff import Backoff
from ..tools.transaction_end import call_at_end

SCOPES = {
    "session": Backoff(free=5, first=30, most=3600),
    "user": Backoff(free=10, first=30, most=3600),
    "ip": Backoff(free=20, first=30, most=3600),
    # Others may want to enter a good code that begins like that: a short wait.
    "prefix": Backoff(free=100, first=10, most=300),
    "staff": Backoff(free=20, first=10, most=300),
    # Every claim counts, right or wrong: a shop's guests share one address.
    "claim": Backoff(free=30, first=30, most=3600),
    # The search for the best offer is work: who goes on at once waits a while.
    "search": Backoff(free=10, first=10, most=600),
    "search_ip": Backoff(free=60, first=10, most=600),
    # A PIN is short: a few tries, then long waits.
    "member": Backoff(free=5, first=60, most=86400),
    "manager": Backoff(free=5, first=60, most=86400),
}
PREFIX_LENGTH = 5
# Wrong codes are forgotten after so many seconds without another one, and one of them
# after so many: who errs now and then is nobody who guesses.
MEMORY = 3600
FADES = 180
ALERT_MANAGERS = 10
# Whoever does too much of these guesses nothing: nobody is told.
UNTOLD = ("claim", "search", "search_ip")
FORGIVEN = ("session", "user", "staff")
USER_SCOPES = ("user", "staff", "manager")


class LoyaltyThrottle(models.Model):
    """Wrong codes of one visitor, user, address or beginning of a code.

    Rows are written by a cursor of their own when the request has ended, so that they
    outlive a refused transaction.
    """

    _name = "loyalty.throttle"
    _description = "Failed Look-ups"
    _log_access = False
    _rec_name = "key"
    _order = "last_at desc, id desc"

    scope = fields.Selection(
        [
            ("session", "Visitor"),
            ("user", "Customer"),
            ("ip", "Address"),
            ("prefix", "Beginning of a code"),
            ("staff", "Staff"),
            ("claim", "Address that claims"),
            ("search", "Visitor that searches offers"),
            ("search_ip", "Address that searches offers"),
            ("member", "PIN of a member"),
            ("manager", "PIN of a manager"),
        ],
        required=True,
    )
    key = fields.Char(
        required=True, help="Of a visitor a checksum: the session itself is secret."
    )
    user_id = fields.Many2one("res.users", compute="_compute_user_id")
    partner_id = fields.Many2one(
        "res.partner", string="Member", compute="_compute_partner_id"
    )
    failures = fields.Integer(required=True, default=0)
    first_at = fields.Datetime(string="First on", required=True)
    last_at = fields.Datetime(string="Last on", required=True)
    locked_until = fields.Datetime()

    _scope_key_unique = models.Constraint(
        "UNIQUE(scope, key)", "Failures of this are counted already."
    )

    @api.depends("scope", "key")
    def _compute_user_id(self):
        for row in self:
            is_user = row.scope in USER_SCOPES and row.key.isdecimal()
            row.user_id = is_user and self.env["res.users"].browse(int(row.key))

    @api.depends("scope", "key")
    def _compute_partner_id(self):
        for row in self:
            is_member = row.scope == "member" and row.key.isdecimal()
            row.partner_id = is_member and self.env["res.partner"].browse(int(row.key))

    def action_release(self):
        """Forget the failures, for a manager.

        :raise AccessError: for anybody else
        """
        if not self.env.user.has_group("loyalty_coupon_crm.group_loyalty_manager"):
            raise AccessError(
                self.env._("Only a loyalty manager lets somebody enter codes again.")
            )
        # Rows are written by the throttle alone; the group was checked above.
        self.sudo().unlink()

    @api.model
    def _keys(self, code):
        """Return whom a look-up of a code counts for, as {scope: key}.

        Staff count for themselves only: a shop has one address for many tills.
        """
        user = self.env.user
        if user._is_internal():
            return {"staff": str(user.id)}
        keys = {}
        if not user._is_public():
            keys["user"] = str(user.id)
        if request:
            keys["session"] = self._session_key()
            keys["ip"] = request.httprequest.remote_addr or ""
        beginning = code.upper()[:PREFIX_LENGTH]
        # Our own codes all begin alike, and are too long to be guessed.
        if beginning and not codes.is_ours(code):
            keys["prefix"] = beginning
        return keys

    @api.model
    def _session_key(self):
        """Return what tells the visitor's session from others, but not the session."""
        secret = request.session.sid or ""
        return hashlib.sha256(secret.encode()).hexdigest()[:32]

    @api.model
    def _search_keys(self):
        """Return whom a search for the best offer counts for, as {scope: key}."""
        if not request:
            return {}
        address = request.httprequest.remote_addr or ""
        return {"search": self._session_key(), "search_ip": address}

    @api.model
    def _searches_locked_until(self):
        """Return until when the visitor may search no best offer, or None."""
        return self._locked_keys_until(self._search_keys())

    @api.model
    def _note_search(self):
        """Count a search of the visitor when the transaction has ended, either way."""
        self._note_keys(self._search_keys())

    @api.model
    def _locked_until(self, code):
        """Return until when the one who asks may not look up a code, or None.

        :param code: the code as it was entered
        :return: naive datetime in UTC
        """
        return self._locked_keys_until(self._keys(code or ""))

    @api.model
    def _locked_keys_until(self, keys):
        """Return until when one of the keys is locked, or None.

        :param keys: {scope: key}
        :return: naive datetime in UTC
        """
        keys = tuple(keys.items())
        if not keys:
            return None
        [(until,)] = self.env.execute_query(
            SQL(
                """
                SELECT MAX(locked_until) FROM loyalty_throttle
                 WHERE (scope, key) IN %s AND locked_until > %s
                """,
                keys,
                fields.Datetime.now(),
            )
        )
        return until

    @api.model
    def _locked_message(self, until):
        """Return what staff read while they have to wait."""
        company = self.env.company
        return self.env._(
            "Too many wrong codes were entered. Wait until %(time)s, or ask a loyalty "
            "manager to release you (Offers, Failed Look-ups).",
            time=format_datetime(
                self.env, until, tz=company._loyalty_timezone(), dt_format="HH:mm:ss"
            ),
        )

    @api.model
    def _pin_locked_message(self, until):
        """Return what is read while nobody may try a PIN again."""
        company = self.env.company
        return self.env._(
            "Too many wrong PINs were entered. Wait until %(time)s, or ask a loyalty "
            "manager to release it (Offers, Failed Look-ups).",
            time=format_datetime(
                self.env, until, tz=company._loyalty_timezone(), dt_format="HH:mm:ss"
            ),
        )

    @api.model
    def _note_failure(self, code):
        """Count a wrong code when the transaction has ended, either way.

        A visitor whose page tries one wrong code again and again counts once. Visitors
        are answered at full `ANSWER_SECONDS`: how long a code was looked at would
        tell whoever asks often whether it was ever good.

        :param code: the code as it was entered
        """
        code = code or ""
        if request and not self.env.user._is_internal():
            call_at_end(self.env.cr, lambda: wait_for_full(ANSWER_SECONDS))
            digest = hashlib.sha256(code.encode()).hexdigest()
            if request.session.get("loyalty_refused_code") == digest:
                return
            request.session["loyalty_refused_code"] = digest
        self._note_keys(self._keys(code))

    @api.model
    def _note_keys(self, keys):
        """Count a wrong try when the transaction has ended, either way.

        :param keys: {scope: key} of whom it counts for
        """
        registry = self.env.registry
        call_at_end(self.env.cr, lambda: self._write_failures(registry, keys))

    @api.model
    def _claim_keys(self):
        """Return whom a claim counts for, as {scope: key}."""
        address = request.httprequest.remote_addr if request else None
        return {"claim": address} if address else {}

    @api.model
    def _claims_locked_until(self):
        """Return until when the visitor's address may claim nothing, or None."""
        return self._locked_keys_until(self._claim_keys())

    @api.model
    def _note_claim(self):
        """Count a claim of the visitor when the transaction has ended, either way."""
        self._note_keys(self._claim_keys())

    @api.model
    def _note_success(self, code):
        """Forget the wrong codes of one who then entered a good one.

        What counts for an address, or the beginning of a code, is of others, too.

        :param code: the code as it was entered
        """
        self._forget_keys(
            {
                scope: key
                for scope, key in self._keys(code or "").items()
                if scope in FORGIVEN
            }
        )

    @api.model
    def _forget_keys(self, keys):
        """Forget wrong tries when the transaction is committed.

        :param keys: {scope: key} of whom they counted for
        """
        keys = tuple(keys.items())
        if not keys:
            return
        rows = self.env.execute_query(
            SQL("SELECT id FROM loyalty_throttle WHERE (scope, key) IN %s", keys)
        )
        if rows:
            registry, ids = self.env.registry, [row_id for [row_id] in rows]
            self.env.cr.postcommit.add(lambda: self._forget_failures(registry, ids))

    @staticmethod
    def _forget_failures(registry, ids):
        """Remove rows in a transaction of its own: others may count at this moment."""
        with registry.cursor() as cursor:
            cursor.execute(SQL("DELETE FROM loyalty_throttle WHERE id = ANY(%s)", ids))

    @staticmethod
    def _write_failures(registry, keys):
        """Count a wrong code in a transaction of its own.

        :param keys: {scope: key}
        """
        with registry.cursor() as cursor:
            if cursor.connection.info.transaction_status == TRANSACTION_STATUS_IDLE:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            # Nobody may write here but the throttle, which counts for every role.
            rows = api.Environment(cursor, SUPERUSER_ID, {})["loyalty.throttle"]
            for scope, key in sorted(keys.items()):
                rows._count_failure(scope, key)

    @api.model
    def _count_failure(self, scope, key):
        """Count one wrong code, lock and tell when there were too many."""
        backoff, now = SCOPES[scope], fields.Datetime.now()
        [(row_id, failures)] = self.env.execute_query(
            SQL(
                """
                INSERT INTO loyalty_throttle AS row
                       (scope, key, failures, first_at, last_at)
                VALUES (%(scope)s, %(key)s, 1, %(now)s, %(now)s)
                    ON CONFLICT (scope, key) DO UPDATE
                   SET failures = CASE WHEN row.last_at < %(forgotten)s THEN 1
                                       ELSE 1 + GREATEST(0, row.failures - FLOOR(
                                           EXTRACT(EPOCH FROM %(now)s - row.last_at)
                                           / %(fades)s)::int) END,
                       first_at = CASE WHEN row.last_at < %(forgotten)s THEN %(now)s
                                       ELSE row.first_at END,
                       last_at = %(now)s
                RETURNING id, failures
                """,
                scope=scope,
                key=key,
                now=now,
                forgotten=now - timedelta(seconds=MEMORY),
                fades=FADES,
            )
        )
        row = self.browse(row_id)
        wait = backoff.wait(failures)
        if wait:
            row.locked_until = now + timedelta(seconds=wait)
            row.flush_recordset()
        if scope not in UNTOLD and backoff.is_alert(failures):
            row._alert()

    def _alert(self):
        """Tell managers of somebody who tries one wrong code after the other."""
        self.invalidate_recordset()
        managers = self.env.ref("loyalty_coupon_crm.group_loyalty_manager")
        people = managers.all_user_ids.filtered(lambda user: user.id != SUPERUSER_ID)
        labels = dict(self._fields["scope"]._description_selection(self.env))
        self.env["mail.activity"].create(
            [
                {
                    "summary": self.env._(
                        "%(count)s wrong coupon codes: %(scope)s %(key)s",
                        count=self.failures,
                        scope=labels[self.scope],
                        key=self.user_id.name or self.partner_id.name or self.key,
                    ),
                    "note": self.env._(
                        "Somebody may be guessing codes. They wait longer after each "
                        "further one; see Offers, Failed Look-ups."
                    ),
                    "user_id": user.id,
                    "activity_type_id": self.env.ref("mail.mail_activity_data_todo").id,
                }
                for user in people[:ALERT_MANAGERS] or self.env.ref("base.user_admin")
            ]
        )

    @api.autovacuum
    def _gc_forgotten(self):
        """Remove what is a month old: addresses of people are not kept longer."""
        old = self.search([("last_at", "<", "-30d")], limit=10000)
        old.unlink()
        return len(old), len(old) == 10000
