from odoo import api, fields, models
from odoo.tools import SQL

from .loyalty_customer_event_page_mixin import TABLES
from .loyalty_customer_metric import STAGES
from .loyalty_purchase import CHANNELS

KINDS = [
    ("purchase", "Purchase"),
    ("refund", "Refund"),
    ("coupon", "Coupon Issued"),
    ("use", "Redemption"),
    ("undo", "Redemption Reversed"),
    ("earn", "Points Earned"),
    ("spend", "Points Spent"),
    ("lapse", "Points Lapsed"),
    ("points", "Points Moved"),
    ("message", "Message"),
    ("answer", "Message from the Customer"),
    ("visit", "Website Page Viewed"),
    ("undelivered", "Message Not Delivered"),
    ("opened", "Message Opened"),
    ("clicked", "Link Followed"),
    ("survey", "Survey Answered"),
    ("stage", "Change of Stage"),
]
# A row of every table has these columns; a part names those that it fills.
COLUMNS = {
    "customer_id": "int",
    "partner_id": "int",
    "company_id": "int",
    "date": "timestamp",
    "kind": "varchar",
    "program_id": "int",
    "campaign_id": "int",
    "amount": "numeric",
    "points": "float",
    "channel": "varchar",
    "shop": "varchar",
    "stage": "varchar",
    "note": "varchar",
    "order_model": "varchar",
    "order_id": "int",
    "source_model": "varchar",
    "source_id": "int",
}


class LoyaltyCustomerEvent(models.Model):
    """What happened with a customer, one row per event: read from the facts.

    Of one customer, contacts included, every part is found by an index. Of all of them
    the latest page is found part by part, by the index on its date.
    """

    _name = "loyalty.customer.event"
    _description = "Customer Timeline"
    _inherit = [
        "loyalty.event.contact.mixin",
        "loyalty.event.message.mixin",
        "loyalty.customer.event.page.mixin",
    ]
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "date"
    _depends = {
        "loyalty.purchase": [
            "amount",
            "channel",
            "commercial_partner_id",
            "company_id",
            "date",
            "order_id",
            "order_model",
            "partner_id",
            "reversal_of_id",
            "shop",
        ],
        "loyalty.redemption": [
            "campaign_id",
            "channel",
            "company_id",
            "date",
            "discount_amount",
            "order_id",
            "order_model",
            "partner_id",
            "points",
            "program_id",
            "reversal_of_id",
            "shop",
            "used_by_id",
        ],
        "loyalty.card": [
            "campaign_id",
            "company_id",
            "issued_at",
            "partner_id",
            "points",
            "program_id",
        ],
        "loyalty.point.move": [
            "card_id",
            "company_id",
            "date",
            "kind",
            "order_id",
            "order_model",
            "partner_id",
            "points",
            "program_id",
            "reason",
        ],
        "loyalty.campaign": ["company_id"],
        "loyalty.campaign.member": [
            "campaign_id",
            "clicked_at",
            "company_id",
            "issued_at",
            "message_at",
            "message_state",
            "opened_at",
            "partner_id",
            "reason",
        ],
        "loyalty.point.reminder": [
            "company_id",
            "created_at",
            "partner_id",
            "points",
            "program_id",
            "state",
        ],
        "loyalty.stage.change": ["company_id", "date", "partner_id", "stage_to"],
        "loyalty.program": ["applies_on", "program_type"],
        "mail.mail": ["mail_message_id", "mailing_id"],
        "mail.message": [
            "author_id",
            "date",
            "is_internal",
            "message_type",
            "model",
            "res_id",
            "subject",
            "subtype_id",
        ],
        "res.partner": ["commercial_partner_id", "company_id"],
    }

    customer_id = fields.Many2one("res.partner", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Contact", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Datetime(readonly=True)
    kind = fields.Selection(KINDS, string="Event", readonly=True)
    program_id = fields.Many2one("loyalty.program", readonly=True)
    campaign_id = fields.Many2one("loyalty.campaign", readonly=True)
    amount = fields.Monetary(
        readonly=True,
        help="Net amount of a purchase or refund, discount of a redemption.",
    )
    points = fields.Float(readonly=True)
    channel = fields.Selection(CHANNELS, readonly=True)
    shop = fields.Char(readonly=True)
    stage = fields.Selection(STAGES, readonly=True)
    note = fields.Char(readonly=True)
    order_model = fields.Char(string="Document Model", readonly=True)
    order_id = fields.Many2oneReference(
        string="Document", model_field="order_model", readonly=True
    )
    source_model = fields.Char(readonly=True)
    source_id = fields.Many2oneReference(
        string="Row", model_field="source_model", readonly=True
    )

    @property
    def _table_query(self):
        parts = self._parts()
        rows = self._chosen_rows() or dict.fromkeys(range(len(parts)))
        return SQL(" UNION ALL ").join(
            self._part_sql(place, *parts[place], ids=ids) for place, ids in rows.items()
        )

    @api.model
    def _part_sql(self, place, source, columns, ids=None):
        """Return the rows of one table.

        :param place: number of the table, so that ids differ
        :param source: SQL behind FROM; the table of the rows is called `row`
        :param columns: dict of column name to SQL; the others stay empty
        :param ids: list of ids of the table, None for all rows
        """
        values = [
            SQL(
                "%s::%s AS %s",
                columns.get(name, SQL("NULL")),
                SQL(kind),
                SQL.identifier(name),
            )
            for name, kind in COLUMNS.items()
        ]
        return SQL(
            "SELECT row.id::bigint * %s + %s AS id, %s FROM %s %s",
            TABLES,
            place,
            SQL(", ").join(values),
            source,
            SQL() if ids is None else SQL("WHERE row.id = ANY(%s)", ids),
        )

    @api.model
    def _parts(self):
        """Hook: return the tables of the timeline, at most 16.

        :return: list of pairs as of `_part_sql`; new ones are added at the end
        """
        return [
            self._purchase_part(),
            self._use_part(),
            self._coupon_part(),
            self._move_part(),
            self._message_part(),
            self._reminder_part(),
            self._stage_part(),
            *([self._survey_part()] if "survey.user_input" in self.env else []),
            *self._contact_parts(),
            self._answer_part("opened_at", "opened"),
            self._answer_part("clicked_at", "clicked"),
        ]

    @api.model
    def _of_contact(self, table, contact="partner_id"):
        """Return SQL of a table's rows with the contact as `contact`."""
        return SQL(
            "%s row JOIN res_partner contact ON contact.id = row.%s",
            SQL.identifier(table),
            SQL.identifier(contact),
        )

    @api.model
    def _columns_of(self, *names, model):
        """Return the columns that a table has by the same name, and where they are.

        :param model: name of the model
        """
        return {
            **{name: SQL.identifier("row", name) for name in names},
            "source_model": SQL("%s", model),
            "source_id": SQL("row.id"),
        }

    @api.model
    def _purchase_part(self):
        columns = self._columns_of(
            "partner_id",
            "company_id",
            "date",
            "amount",
            "channel",
            "shop",
            "order_model",
            "order_id",
            model="loyalty.purchase",
        )
        return SQL("loyalty_purchase row"), {
            **columns,
            "customer_id": SQL("row.commercial_partner_id"),
            "kind": SQL(
                "CASE WHEN row.reversal_of_id IS NULL AND row.amount >= 0"
                " THEN 'purchase' ELSE 'refund' END"
            ),
        }

    @api.model
    def _use_part(self):
        columns = self._columns_of(
            "partner_id",
            "company_id",
            "date",
            "program_id",
            "campaign_id",
            "points",
            "channel",
            "shop",
            "order_model",
            "order_id",
            model="loyalty.redemption",
        )
        return self._of_contact("loyalty_redemption"), {
            **columns,
            "customer_id": SQL("contact.commercial_partner_id"),
            "amount": SQL("row.discount_amount"),
            "kind": SQL(
                "CASE WHEN row.reversal_of_id IS NULL THEN 'use' ELSE 'undo' END"
            ),
        }

    @api.model
    def _coupon_part(self):
        columns = self._columns_of(
            "partner_id",
            "company_id",
            "program_id",
            "campaign_id",
            model="loyalty.card",
        )
        source = SQL(
            "%s JOIN loyalty_program program ON program.id = row.program_id"
            " AND row.issued_at IS NOT NULL AND NOT COALESCE(%s, FALSE)"
            " LEFT JOIN loyalty_campaign campaign ON campaign.id = row.campaign_id",
            self._of_contact("loyalty_card"),
            self.env["loyalty.program"]._nominative_sql(),
        )
        return source, {
            **columns,
            # A program of all companies has cards of none; a campaign has one.
            "company_id": SQL("COALESCE(row.company_id, campaign.company_id)"),
            "customer_id": SQL("contact.commercial_partner_id"),
            "date": SQL("row.issued_at"),
            "kind": SQL("'coupon'"),
        }

    @api.model
    def _move_part(self):
        columns = self._columns_of(
            "partner_id",
            "company_id",
            "date",
            "program_id",
            "points",
            "order_model",
            "order_id",
            model="loyalty.point.move",
        )
        source = SQL(
            "%s JOIN loyalty_program program ON program.id = row.program_id AND %s",
            self._of_contact("loyalty_point_move"),
            self.env["loyalty.program"]._nominative_sql(),
        )
        return source, {
            **columns,
            "customer_id": SQL("contact.commercial_partner_id"),
            "note": SQL("row.reason"),
            "kind": SQL(
                "CASE row.kind WHEN 'earn' THEN 'earn' WHEN 'spend' THEN 'spend'"
                " WHEN 'expire' THEN 'lapse' ELSE 'points' END"
            ),
        }

    @api.model
    def _stage_part(self):
        columns = self._columns_of(
            "partner_id", "company_id", "date", model="loyalty.stage.change"
        )
        return self._of_contact("loyalty_stage_change"), {
            **columns,
            "customer_id": SQL("contact.commercial_partner_id"),
            "stage": SQL("row.stage_to"),
            "kind": SQL("'stage'"),
        }

    @api.model
    def _survey_part(self):
        columns = self._columns_of("partner_id", model="survey.user_input")
        source = SQL(
            "%s JOIN survey_survey survey ON survey.id = row.survey_id"
            " AND row.state = 'done' AND row.test_entry IS NOT TRUE",
            self._of_contact("survey_user_input"),
        )
        return source, {
            **columns,
            "customer_id": SQL("contact.commercial_partner_id"),
            "date": SQL("COALESCE(row.end_datetime, row.create_date)"),
            "kind": SQL("'survey'"),
            "note": SQL(
                "COALESCE(survey.title ->> %s, survey.title ->> 'en_US')",
                self.env.lang or "en_US",
            ),
        }

    @api.readonly
    def action_open(self):
        """Open the document of an event, or the row that it was read from.

        What the user may not read stays closed.
        """
        self.ensure_one()
        for model, record_id in (
            (self.order_model, self.order_id),
            (self.source_model, self.source_id),
        ):
            if not model or model not in self.env or not record_id:
                continue
            record = self.env[model].browse(record_id).exists()
            if record and record.has_access("read"):
                return {
                    "type": "ir.actions.act_window",
                    "res_model": model,
                    "res_id": record.id,
                    "views": [(False, "form")],
                }
        return False
