import logging
import time
from collections import Counter

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, float_round, mute_logger

from ..tools import codes
from ..tools.arrays import as_array
from ..tools.rounding import POINTS_DIGITS

_logger = logging.getLogger(__name__)

BATCH_SIZE = 5000
# Which of several campaigns issues first.
RUN_ORDER = "priority desc, launched_at, id"
MAX_ATTEMPTS = 5
CODE_CONSTRAINT = "loyalty_card_card_code_unique"


class LoyaltyCampaignRunnerMixin(models.AbstractModel):
    """Issues what was assigned, batch after batch.

    A batch is one transaction: it locks members that nobody else works on, writes
    their cards, movements and states, and is committed as a whole. A runner that dies
    leaves its members to the next one; two runners share the members.
    """

    _name = "loyalty.campaign.runner.mixin"
    _description = "Runner of Campaigns"

    @api.model
    def _trigger_issue(self):
        """Wake what issues: the job queue where there is one, else the cron."""
        if self._has_job_queue():
            self._delay_issue()
            return
        self.env.ref("loyalty_coupon_crm.ir_cron_issue_campaigns")._trigger()

    @api.model
    def _cron_issue(self):
        """Issue for all running campaigns until all is done or the time is up."""
        cron = self.env["ir.cron"]
        # Apart: of running ones nobody asks whether all their members are done.
        campaigns = self.search([("state", "=", "running")], order=RUN_ORDER)
        campaigns += self.search(
            [("state", "=", "cancelled"), ("member_ids.state", "=", "todo")],
            order=RUN_ORDER,
        )
        cron._commit_progress(remaining=campaigns._count_open())
        for campaign in campaigns:
            done = True
            while done:
                done = campaign._attempt_batch()
                left = campaigns._count_open()
                if not cron._commit_progress(done, remaining=left):
                    return

    def _count_open(self):
        """Return how many members of the campaigns a runner has still to see."""
        open_ones = self.filtered(lambda one: one.state in ("running", "cancelled"))
        return sum(open_ones.mapped("todo_count"))

    def _attempt_batch(self):
        """Issue one batch; stop the campaign when that is not possible.

        :return: number of members done
        """
        for attempt in range(MAX_ATTEMPTS):
            try:
                done = self._issue_batch()
                # Another runner may have ended the campaign: it shows here, not later.
                self.env.flush_all()
                return done
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                # Another runner or a till was faster; what it did is visible now.
                self.env.cr.rollback()
                _logger.info("Campaign %s: batch retried (%s)", self.id, attempt + 1)
            except Exception as error:
                self.env.cr.rollback()
                _logger.exception("Campaign %s stopped", self.id)
                self._stop_on_error(error)
                return 0
        return 0

    def _stop_on_error(self, error):
        """Stop issuing because a batch failed as a whole."""
        self._stop_with_reason(
            self.env._(
                "Issuing stopped by an error: %(error)s Nothing of the last batch was "
                "issued; press Resume when the cause is gone.",
                error=error,
            )
        )

    def _run_batch(self, size=None):
        """Issue one batch.

        The caller commits. A campaign with nothing left becomes done.

        :param size: number of members, by default the setting
            `loyalty.issue_batch_size`
        :return: number of members that are left
        """
        self._issue_batch(size)
        return self.todo_count

    def _issue_batch(self, size=None):
        """Issue one batch and return the number of members done."""
        self.ensure_one()
        start = time.monotonic()
        self.invalidate_recordset()
        size = size or self._batch_size()
        if self.state == "cancelled":
            return self._skip_cancelled(size)
        if self.state != "running" or self._waits_for_other_campaign():
            return 0
        if problems := self._offer_problems():
            self._stop_with_reason("\n".join(problems))
            return 0
        rows = self._lock_members(size)
        gone = [row[0] for row in rows if not row[2]]
        reason = self.env._("The customer was archived or deleted.")
        skipped = self._skip_members(gone, reason)
        rows, refused = self._skip_refused(rows)
        skipped += refused
        by_variant = {}
        for member_id, partner_id, active, variant_id in rows:
            if active:
                by_variant.setdefault(variant_id, []).append((member_id, partner_id))
        skipped += self._skip_beyond_budget(by_variant)
        variants = self.env["loyalty.campaign.variant"]
        failed = []
        issued = sum(
            self._issue_apart(chosen, variants.browse(variant_id), failed)
            for variant_id, chosen in by_variant.items()
        )
        done = issued + skipped + len(failed)
        if done:
            seconds = time.monotonic() - start
            self._log_batch(issued, skipped, seconds, failed=len(failed))
        if done < size:
            self._finish()
        return done

    @api.model
    def _batch_size(self):
        """Return how many members a batch has, at least 1."""
        # The setting belongs to the administrator; the runner only reads it.
        parameters = self.env["ir.config_parameter"].sudo()
        try:
            size = int(parameters.get_param("loyalty.issue_batch_size", BATCH_SIZE))
        except ValueError:
            size = BATCH_SIZE
        return max(1, size)

    def _waits_for_other_campaign(self):
        """Tell whether an earlier campaign puts points into wallets of the program.

        Two campaigns at once would each create a wallet for a customer without one.
        """
        wallets = self._offered_programs().filtered("is_nominative")
        if not wallets:
            return False
        return bool(
            self.sudo().search_count(
                [
                    ("state", "=", "running"),
                    "|",
                    ("program_id", "in", wallets.ids),
                    ("variant_ids.program_id", "in", wallets.ids),
                    ("id", "<", self.id),
                    ("member_ids.state", "=", "todo"),
                ],
                limit=1,
            )
        )

    def _lock_members(self, size):
        """Lock up to `size` members without an offer that nobody else works on.

        :return: list of (member id, partner id, whether the customer is active,
            variant id)
        """
        self.env["loyalty.campaign.member"].flush_model()
        return self.env.execute_query(
            SQL(
                """
                SELECT member.id, member.partner_id, partner.active,
                       member.variant_id
                  FROM loyalty_campaign_member member
                  LEFT JOIN res_partner partner ON partner.id = member.partner_id
                 WHERE member.campaign_id = %s AND member.state = 'todo'
                 ORDER BY member.id
                 LIMIT %s
                   FOR UPDATE OF member SKIP LOCKED
                """,
                self.id,
                size,
            )
        )

    def _skip_members(self, member_ids, reason):
        """Note that members get nothing.

        :param reason: words for the list of members
        :return: number of members
        """
        if member_ids:
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE loyalty_campaign_member SET state = 'skipped', reason = %s
                     WHERE id = ANY(%s)
                    """,
                    reason,
                    member_ids,
                )
            )
        return len(member_ids)

    def _skip_beyond_budget(self, by_variant):
        """Give nothing to members for whom a program may issue no coupon any more.

        :param by_variant: {variant id: list of (member id, partner id)}, shortened
        :return: number of members
        """
        beyond = []
        by_program = {}
        for variant_id, rows in by_variant.items():
            variant = self.env["loyalty.campaign.variant"].browse(variant_id)
            program, _points = self._offer_of(variant)
            by_program.setdefault(program, []).append(rows)
        for program, lists in by_program.items():
            left = None if program.is_nominative else program._lock_coupons_left()
            for rows in lists if left is not None else ():
                beyond += rows[left:]
                del rows[left:]
                left -= len(rows)
        return self._skip_members(
            [member_id for member_id, _partner_id in beyond],
            self.env._("The program may issue no more coupons."),
        )

    def _skip_cancelled(self, size):
        """Give nothing to one batch of members of a cancelled campaign.

        :return: number of members
        """
        member_ids = [row[0] for row in self._lock_members(size)]
        skipped = self._skip_members(
            member_ids, self.env._("The campaign was cancelled.")
        )
        if skipped:
            self._log_batch(0, skipped, 0.0)
        return skipped

    def _issue_to_members(self, rows, variant):
        """Write card, movement and state of members in one statement.

        A code that exists already makes the statement fail as a whole; the batch is
        written again with other codes.

        :param rows: list of (member id, partner id)
        :param variant: their arm, may be empty
        :return: number of members that have their offer
        """
        if not rows:
            return 0
        values = self._issue_values(variant)
        parts = self._once_per_partner(rows) if values["is_wallet"] else [rows]
        return sum(self._write_offers(part, values) for part in parts)

    @api.model
    def _once_per_partner(self, rows):
        """Return the rows in parts with each customer once: a wallet is written once.

        :param rows: list of (member id, partner id)
        """
        parts, seen = [], Counter()
        for row in rows:
            turn = seen[row[1]]
            seen[row[1]] += 1
            if turn == len(parts):
                parts.append([])
            parts[turn].append(row)
        return parts

    def _write_offers(self, rows, values):
        """Write what members get in one statement, with other codes when one exists.

        :param rows: list of (member id, partner id)
        :param values: dict of `_issue_values`
        :return: number of members
        """
        issue = self._award_to_wallets if values["is_wallet"] else self._issue_coupons
        self.env["loyalty.card"].flush_model()
        member_ids, partner_ids = map(list, zip(*rows, strict=True))
        for _attempt in range(MAX_ATTEMPTS):
            new_codes = codes.generate_codes(len(rows))
            try:
                with self.env.cr.savepoint(flush=False), mute_logger("odoo.sql_db"):
                    written = issue(member_ids, partner_ids, new_codes, values)
                    self._expect_written(written, len(rows))
            except UniqueViolation as clash:
                if clash.diag.constraint_name != CODE_CONSTRAINT:
                    raise
            else:
                return len(rows)
        raise RuntimeError(f"No new coupon codes in {MAX_ATTEMPTS} attempts")

    def _expect_written(self, written, count):
        """Refuse a statement that left out members: a batch is written as a whole."""
        if written != count:
            raise RuntimeError(f"Wrote {written} of {count} members")

    def _issue_values(self, variant):
        """Return what all rows of a batch have in common.

        :param variant: their arm, may be empty
        """
        now = fields.Datetime.now()
        program, points = self._offer_of(variant)
        validity = self.validity_days
        last_day = (
            fields.Date.add(self.company_id._loyalty_today(now), days=validity)
            if validity
            else None
        )
        return {
            "campaign": self.id,
            "offer": program,
            "is_wallet": program.is_nominative,
            "program": program.id,
            "card_company": program.company_id.id or None,
            "company": self.company_id.id,
            "points": float_round(points, precision_digits=POINTS_DIGITS),
            "last_day": last_day,
            "now": now,
            "user": self.launched_by_id.id or self.env.uid,
            "reason": self.name,
            "message": "todo" if self._has_message(variant) else None,
            "message_at": self._message_moment(variant, now),
        }

    def _issue_coupons(self, member_ids, partner_ids, new_codes, values):
        """Write one card for each member, as the wallet would book it.

        :return: number of members written
        """
        self.env.cr.execute(
            SQL(
                """
                WITH card AS (
                    INSERT INTO loyalty_card
                           (program_id, company_id, partner_id, points, code,
                            expiration_date, active, campaign_id, campaign_member_id,
                            issued_at, issued_by_id,
                            create_uid, create_date, write_uid, write_date)
                    SELECT %(program)s, %(card_company)s, partner_id, %(points)s, code,
                           %(last_day)s, TRUE, %(campaign)s, member_id,
                           %(now)s, %(user)s, %(user)s, %(now)s, %(user)s, %(now)s
                      FROM unnest(%(members)s::int[], %(partners)s::int[],
                                  %(codes)s::varchar[])
                           AS todo (member_id, partner_id, code)
                 RETURNING id, partner_id, campaign_member_id AS member_id
                ), award AS (
                    INSERT INTO loyalty_point_move
                           (card_id, partner_id, program_id, company_id, date, kind,
                            points, balance_after, remaining, expiration_date, reason,
                            user_id, request_key)
                    SELECT id, partner_id, %(program)s, %(company)s, %(now)s, 'issue',
                           %(points)s, %(points)s, %(points)s, %(last_day)s, %(reason)s,
                           %(user)s, 'campaign/' || member_id
                      FROM card
                )
                UPDATE loyalty_campaign_member member
                   SET state = 'issued', card_id = card.id, issued_at = %(now)s,
                       message_state = %(message)s, message_at = %(message_at)s
                  FROM card
                 WHERE member.id = card.member_id
                   AND member.id BETWEEN %(first)s AND %(last)s
                """,
                **values,
                members=as_array(member_ids),
                partners=as_array(partner_ids),
                codes=as_array(new_codes),
                first=min(member_ids),
                last=max(member_ids),
            )
        )
        return self.env.cr.rowcount

    def _log_batch(self, issued, skipped, seconds, failed=0):
        """Add a batch to the log, from which progress is counted."""
        # Whoever may press the buttons may not write the log.
        self.env["loyalty.campaign.batch"].sudo().create(
            {
                "campaign_id": self.id,
                "company_id": self.company_id.id,
                "date": fields.Datetime.now(),
                "issued_count": issued,
                "skipped_count": skipped,
                "failed_count": failed,
                "seconds": seconds,
            }
        )
        for model in ("loyalty.campaign.member", "loyalty.card", "loyalty.point.move"):
            self.env[model].invalidate_model()
        self.invalidate_recordset()
        if issued:
            self._trigger_messages()

    def _finish(self):
        """Mark the campaign done when nobody is left, not even with another runner.

        Not while more members may come.
        """
        if self._waits_for_event():
            return
        left = self.env["loyalty.campaign.member"].search_count(
            [("campaign_id", "=", self.id), ("state", "=", "todo")], limit=1
        )
        if not left:
            self._write_own({"state": "done"})

    def _stop_with_reason(self, reason):
        """Stop issuing and say why, to whoever follows the campaign."""
        self._write_own({"state": "paused", "stop_reason": reason})
        self.message_post(body=reason)
