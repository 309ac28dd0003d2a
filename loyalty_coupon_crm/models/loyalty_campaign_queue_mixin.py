import logging

from odoo import SUPERUSER_ID, api, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

_logger = logging.getLogger(__name__)

# So many jobs of one campaign run at once, on whatever machines there are.
CHAINS = 2


class LoyaltyCampaignQueueMixin(models.AbstractModel):
    """Batches as jobs of OCA's `queue_job`, where it is installed.

    A job is one batch and orders the next one. The scheduled action stays as it is: it
    issues where no job runner is at work, and shares the members with the jobs.
    """

    _name = "loyalty.campaign.queue.mixin"
    _description = "Jobs of Campaigns"

    @api.model
    def _has_job_queue(self):
        """Tell whether batches can be handed to a job queue."""
        return hasattr(self, "with_delay") and "queue.job" in self.env

    @api.model
    def _delay_issue(self):
        """Order jobs for all campaigns with members a runner has still to see."""
        # Whoever woke the runner need not see what else there is to issue.
        waiting = (
            self.env["loyalty.campaign.member"]
            .sudo()
            ._read_group(
                [
                    ("state", "=", "todo"),
                    ("campaign_id.state", "in", ("running", "cancelled")),
                ],
                ["campaign_id"],
            )
        )
        campaigns = self.browse([campaign.id for [campaign] in waiting])
        for campaign in campaigns:
            for chain in range(CHAINS):
                campaign._delay_batch(chain)

    def _delay_batch(self, chain):
        """Order one batch; not twice while one of the same chain waits."""
        # The runner is the system, as in the scheduled action.
        runner = self.with_user(SUPERUSER_ID)
        runner.with_delay(
            description=runner.env._("Issue the offers of %(name)s", name=runner.name),
            identity_key=f"{self._name}/{self.id}/{chain}",
        )._job_issue(chain)

    def _job_issue(self, chain):
        """Issue one batch as a job and order the next one.

        :param chain: which of the jobs that run beside each other it is
        :return: what is shown as the job's result
        :raise psycopg2.Error: for a conflict, after which the job is tried again
        """
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                done = self._issue_batch()
                self.env.flush_all()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:
            _logger.exception("Campaign %s stopped", self.id)
            self.env.invalidate_all(flush=False)
            self._stop_on_error(error)
            return str(error)
        if done:
            self._delay_batch(chain)
        return f"{done} members"
