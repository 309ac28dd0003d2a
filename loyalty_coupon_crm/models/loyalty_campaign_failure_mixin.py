import logging

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

# More failures in one batch are no matter of single customers: the campaign stops.
MOST_FAILED = 20
LONGEST_REASON = 200


class LoyaltyCampaignFailureMixin(models.AbstractModel):
    """Members whose offer cannot be issued: named with the reason, tried again."""

    _name = "loyalty.campaign.failure.mixin"
    _description = "Failures of Campaigns"

    failed_count = fields.Integer(string="Failed", compute="_compute_progress")

    def _issue_apart(self, rows, variant, failed):
        """Issue to members; when that fails, find those for whom it is not possible.

        :param rows: list of (member id, partner id)
        :param variant: their arm, may be empty
        :param failed: list to which the members that fail are added
        :return: number of members that have their offer
        :raise Exception: what made issuing fail for everybody
        """
        causes = []
        issued = self._issue_halves(rows, variant, failed, causes)
        if not issued and len(rows) > 1:
            # Nobody got anything: it is not about these customers.
            raise causes[0]
        return issued

    def _issue_halves(self, rows, variant, failed, causes):
        """Issue to members; when that fails, to each half of them.

        :param causes: list to which the errors are added
        :return: number of members that have their offer
        """
        try:
            with self.env.cr.savepoint():
                return self._issue_to_members(rows, variant)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:
            if len(failed) >= MOST_FAILED:
                raise
            causes.append(error)
            if len(rows) == 1:
                failed.append(rows[0][0])
                self._fail_member(rows[0][0], error)
                return 0
        half = len(rows) // 2
        return sum(
            self._issue_halves(part, variant, failed, causes)
            for part in (rows[:half], rows[half:])
        )

    def _fail_member(self, member_id, error):
        """Note why one member has no offer."""
        _logger.info("Campaign %s: member %s failed: %s", self.id, member_id, error)
        self.env.cr.execute(
            SQL(
                """
                UPDATE loyalty_campaign_member SET state = 'failed', reason = %s
                 WHERE id = %s
                """,
                " ".join(str(error).split())[:LONGEST_REASON],
                member_id,
            )
        )

    def action_retry_failed(self):
        """Issue once more to those for whom it failed.

        :raise UserError: when there is nobody, or the campaign was cancelled
        """
        self.check_access("write")
        self._expect_state("running", "paused", "done")
        for campaign in self:
            if not campaign._issue_again():
                raise UserError(
                    self.env._(
                        "Nobody failed in the campaign %(name)s: there is nothing to "
                        "try again.",
                        name=campaign.name,
                    )
                )
        self._trigger_issue()

    def _issue_again(self, members=None):
        """Let the runner issue once more to those for whom it failed.

        :param members: `loyalty.campaign.member` records, all of them by default
        :return: number of members that failed
        """
        self.ensure_one()
        self.env["loyalty.campaign.member"].flush_model()
        chosen = SQL() if members is None else SQL("AND id = ANY(%s)", members.ids)
        self.env.cr.execute(
            SQL(
                """
                UPDATE loyalty_campaign_member SET state = 'todo', reason = NULL
                 WHERE campaign_id = %s AND state = 'failed' %s
                """,
                self.id,
                chosen,
            )
        )
        count = self.env.cr.rowcount
        if count:
            self._log_batch(0, 0, 0.0, failed=-count)
            if self.state == "done":
                self._write_own({"state": "running"})
        return count

    def action_view_failed(self):
        """Open the members for whom issuing failed, with the reasons."""
        action = self.action_view_members()
        return {**action, "context": {"search_default_failed": 1}}
