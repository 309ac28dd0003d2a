import base64
import gzip
import hashlib
from io import BytesIO

from odoo import models
from odoo.tools import SQL


class LoyaltyPointArchiveFileMixin(models.AbstractModel):
    """Writes the movements that are folded, and their draws, into files."""

    _name = "loyalty.point.archive.file.mixin"
    _description = "Archive of Points: Files"

    def _write_files(self, folded):
        """Return the values of the two files, from SQL of the folded movements."""
        moves = SQL(
            """
            SELECT move.*, card.code AS card_code, program.name AS program_name,
                   partner.name AS partner_name
            %s
              JOIN loyalty_card card ON card.id = move.card_id
              JOIN loyalty_program program ON program.id = move.program_id
              LEFT JOIN res_partner partner ON partner.id = move.partner_id
             ORDER BY move.id
            """,
            folded,
        )
        draws = SQL(
            """
            SELECT drawn.* FROM loyalty_point_allocation drawn
             WHERE drawn.spend_id IN (SELECT move.id %(folded)s)
                OR drawn.award_id IN (SELECT move.id %(folded)s)
             ORDER BY drawn.id
            """,
            folded=folded,
        )
        values = {}
        for name, query in (("move", moves), ("allocation", draws)):
            content = self._copy_csv(query)
            values[f"{name}_file"] = base64.b64encode(content)
            values[f"{name}_checksum"] = hashlib.sha256(content).hexdigest()
        return values

    def _copy_csv(self, query):
        """Return the rows of a query as compressed CSV with a head line."""
        stream = BytesIO()
        statement = self.env.cr.mogrify(query).decode()
        with gzip.GzipFile(fileobj=stream, mode="wb", mtime=0) as packed:
            self.env.cr.copy_expert(
                f"COPY ({statement}) TO STDOUT WITH (FORMAT csv, HEADER)", packed
            )
        return stream.getvalue()
