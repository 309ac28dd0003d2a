from odoo import api, fields, models
from odoo.tools import SQL

BATCH_SIZE = 200


class LoyaltyPointReminder(models.Model):
    """That a customer was told, or could not be told, of points that lapse on a day.

    There is one row per card and day: whatever happens in between, nobody is told
    twice. The row and the mail in Odoo's queue are written in one transaction.
    """

    _name = "loyalty.point.reminder"
    _description = "Expiry Reminder"
    _order = "id desc"
    _log_access = False
    _rec_name = "card_id"

    card_id = fields.Many2one(
        "loyalty.card", required=True, ondelete="cascade", index=True
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null"
    )
    program_id = fields.Many2one("loyalty.program", required=True, ondelete="cascade")
    company_id = fields.Many2one("res.company")
    date = fields.Date(
        string="Last Day", required=True, help="Last day of the points it is about."
    )
    points = fields.Float(help="Points that lapse after that day.")
    created_at = fields.Datetime(string="Reminded on", required=True)
    state = fields.Selection(
        [
            ("todo", "To write"),
            ("queued", "In the mail queue"),
            ("no_email", "No e-mail address"),
            ("blacklisted", "On the blacklist"),
            ("refused", "No consent to e-mail"),
        ],
        required=True,
        default="todo",
    )

    refuses_email = fields.Boolean(
        string="Refuses E-mail", compute="_compute_refuses_email"
    )

    _card_day_unique = models.Constraint(
        "UNIQUE(card_id, date)", "The customer was already told of this day."
    )
    _todo_index = models.Index("(id) WHERE state = 'todo'")

    @api.depends("company_id", "partner_id")
    def _compute_refuses_email(self):
        purposes = ["programme", "email"]
        # The cron asks for everybody; the rows are told to nobody.
        consents = self.env["loyalty.consent"].sudo()
        for company, rows in self.grouped("company_id").items():
            held = consents._last(
                rows.partner_id, purposes, company or self.env.company
            )
            for row in rows:
                row.refuses_email = not all(
                    held.get((row.partner_id.id, purpose), True) for purpose in purposes
                )

    @api.model
    def _cron_send_reminders(self):
        """Note what lapses soon and write the mails, batch by batch."""
        cron = self.env["ir.cron"]
        self._collect()
        cron._commit_progress(remaining=self.search_count([("state", "=", "todo")]))
        while done := self._send_batch(BATCH_SIZE):
            if not cron._commit_progress(done):
                return

    @api.model
    def _collect(self):
        """Note what lapses within the days of its program and was not noted before.

        :return: number of new rows
        """
        lapses = self.env["loyalty.point.lapse"]
        lapses._flush_open_awards()
        self.env["loyalty.card"].flush_model(["active", "voided_at"])
        self.env["loyalty.program"].flush_model(["active", "expiry_reminder_days"])
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_point_reminder
                       (card_id, partner_id, program_id, company_id, date, points,
                        created_at, state)
                SELECT lapse.card_id, lapse.partner_id, lapse.program_id,
                       lapse.company_id, lapse.date, SUM(lapse.points),
                       NOW() AT TIME ZONE 'UTC', 'todo'
                  FROM (%s) lapse
                  JOIN loyalty_program program ON program.id = lapse.program_id
                  JOIN loyalty_card card ON card.id = lapse.card_id
                 WHERE program.active AND card.active AND card.voided_at IS NULL
                   AND lapse.partner_id IS NOT NULL
                   AND lapse.days_left <= NULLIF(program.expiry_reminder_days, 0)
                 GROUP BY lapse.card_id, lapse.partner_id, lapse.program_id,
                          lapse.company_id, lapse.date
                    ON CONFLICT DO NOTHING
                """,
                lapses._table_query,
            )
        )
        count = self.env.cr.rowcount
        self.invalidate_model()
        return count

    @api.model
    def _send_batch(self, size):
        """Write the mails of a batch; several days of one card are one mail.

        :param size: at most so many rows
        :return: number of rows done
        """
        todo = self.search([("state", "=", "todo")], order="id", limit=size)
        reminders = todo.try_lock_for_update()
        waiting = reminders.filtered(lambda row: row._blocker() == "todo")
        for state, rows in (
            (reminders - waiting).grouped(lambda r: r._blocker()).items()
        ):
            rows.write({"state": state})
        for template, rows in waiting.grouped(lambda r: r._template()).items():
            template.send_mail_batch(
                rows.card_id.ids,
                email_layout_xmlid="mail.mail_notification_light",
            )
        waiting.write({"state": "queued"})
        return len(reminders)

    def _blocker(self):
        """Return the state of a row that gets no mail, `todo` for one that does."""
        self.ensure_one()
        if not self.partner_id.email_normalized:
            return "no_email"
        if self.partner_id.is_blacklisted:
            return "blacklisted"
        if self.refuses_email:
            return "refused"
        return "todo"

    def _template(self):
        """Return the template of the mail: the program's, or ours."""
        self.ensure_one()
        ours = self.env.ref("loyalty_coupon_crm.mail_template_expiry")
        return self.program_id.expiry_template_id or ours
