from odoo import api, fields, models
from odoo.tools import SQL

# Movements that are folded, and the awards of sales that their points come from: their
# own, or those of refunds that kept points that had lapsed. Of awards that were folded
# already it is known.
TABLES = """
    WITH RECURSIVE folded AS (SELECT move.*, fold.last_id %(folded)s),
    link AS (
        SELECT noted.spend_id AS move_id, noted.award_id
          FROM folded
          JOIN loyalty_point_allocation noted ON noted.spend_id = folded.id
         WHERE noted.points < 0 AND folded.kind = 'reverse'
         UNION
        SELECT known.move_ref, known.award_ref
          FROM folded JOIN loyalty_point_folded known ON known.move_ref = folded.id
    ),
    kept AS (
        SELECT move_id, award_id FROM link
         UNION
        SELECT kept.move_id, link.award_id
          FROM kept JOIN link ON link.move_id = kept.award_id
    ),
    award AS (
        SELECT known.award_ref AS id, known.date, known.program_id,
               COALESCE(known.company_id, program.company_id) AS owner_id
          FROM loyalty_point_folded known
          JOIN loyalty_program program ON program.id = known.program_id
         WHERE known.meaning = 'award'
           AND known.award_ref IN (SELECT id FROM folded
                                    UNION ALL SELECT award_id FROM kept)
    )
"""


class LoyaltyPointFolded(models.Model):
    """What the liability needs of movements that were folded into opening rows.

    An award that a sale earned, what was drawn from one, and from which awards an
    opening row comes. No card and no customer: what is owed is a sum. Rows are written
    by the archive and never change.
    """

    _name = "loyalty.point.folded"
    _description = "Folded Points"
    _log_access = False
    _rec_name = "meaning"

    program_id = fields.Many2one(
        "loyalty.program", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", readonly=True)
    award_ref = fields.Integer(
        string="Award",
        required=True,
        readonly=True,
        aggregator=None,
        help="Number of the movement that was the award.",
    )
    move_ref = fields.Integer(
        string="Opening Row",
        readonly=True,
        aggregator=None,
        help="Number of the opening row whose points come from the award.",
    )
    meaning = fields.Char(
        readonly=True, help="`award`, or the kind of movement that drew from it."
    )
    date = fields.Datetime(readonly=True)
    points = fields.Float(readonly=True)
    expiration_date = fields.Date(readonly=True)
    order_model = fields.Char(string="Document Model", readonly=True)
    order_id = fields.Many2oneReference(
        string="Document", model_field="order_model", readonly=True
    )

    _program_index = models.Index("(program_id, meaning)")
    _award_index = models.Index("(award_ref) WHERE meaning = 'award'")
    _move_index = models.Index("(move_ref) WHERE move_ref IS NOT NULL")

    @api.model
    def _remember(self, folded):
        """Note what the liability needs of movements that are about to be folded.

        :param folded: SQL from which `move` and `fold.last_id` are read
        """
        tables = SQL(TABLES, folded=folded)
        self._remember_awards(folded)
        self._remember_draws(tables)
        self._remember_openings(tables)

    def _remember_awards(self, folded):
        """Note the awards of sales."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_point_folded
                       (program_id, company_id, award_ref, meaning, date, points,
                        expiration_date, order_model, order_id)
                SELECT move.program_id, move.company_id, move.id, 'award', move.date,
                       move.points, move.expiration_date, move.order_model,
                       move.order_id
                %s
                  JOIN loyalty_program program
                    ON program.id = move.program_id
                   AND program.program_type = 'loyalty'
                 WHERE move.kind = 'earn' AND move.points > 0
                """,
                folded,
            )
        )

    def _remember_draws(self, tables):
        """Note what folded movements drew from awards; of several from the oldest."""
        self.env.cr.execute(
            SQL(
                """
                %s, source AS (
                    SELECT id AS move_id, id AS award_id, date, program_id, owner_id
                      FROM award
                     UNION ALL
                    SELECT oldest.move_id, award.id, GREATEST(move.date, award.date),
                           award.program_id, award.owner_id
                      FROM (SELECT kept.move_id, MIN(award.id) AS award_id
                              FROM kept JOIN award ON award.id = kept.award_id
                          GROUP BY kept.move_id, award.owner_id) oldest
                      JOIN award ON award.id = oldest.award_id
                      JOIN folded move ON move.id = oldest.move_id)
                INSERT INTO loyalty_point_folded
                       (program_id, company_id, award_ref, meaning, date, points)
                SELECT source.program_id, source.owner_id, source.award_id,
                       COALESCE(origin.kind, spend.kind),
                       GREATEST(spend.date, source.date), SUM(drawn.points)
                  FROM source
                  JOIN loyalty_point_allocation drawn
                    ON drawn.award_id = source.move_id
                  JOIN folded spend ON spend.id = drawn.spend_id
             LEFT JOIN folded origin
                    ON origin.id = spend.reversal_of_id AND spend.kind = 'reverse'
              GROUP BY 1, 2, 3, 4, 5
                """,
                tables,
            )
        )

    def _remember_openings(self, tables):
        """Note of which awards the points are that stay in opening rows."""
        self.env.cr.execute(
            SQL(
                """
                %s
                INSERT INTO loyalty_point_folded
                       (program_id, company_id, award_ref, move_ref)
                SELECT award.program_id, award.owner_id, award.id, kept.move_id
                  FROM kept
                  JOIN award ON award.id = kept.award_id
                  JOIN folded ON folded.id = kept.move_id
                 WHERE EXISTS (
                       SELECT FROM loyalty_point_allocation drawn
                        WHERE drawn.award_id = folded.id
                          AND drawn.spend_id > folded.last_id)
                   AND NOT EXISTS (
                       SELECT FROM loyalty_point_folded known
                        WHERE known.move_ref = kept.move_id
                          AND known.award_ref = award.id)
                """,
                tables,
            )
        )
