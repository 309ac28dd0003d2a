"""What is known, while Odoo's code changes points, about why they change."""


class WalletScope:
    """The cause of the point changes of one request, kept until they are booked."""

    def __init__(self, kind, origin):
        """Open a scope.

        :param kind: kind of the rows for changes nobody plans
        :param origin: values of those rows; empty ones are left out
        """
        self.kind = kind
        self.origin = {name: value for name, value in origin.items() if value}
        self.rows = []
        self.touched = set()

    def touch(self, *card_ids):
        """Note cards whose points may change."""
        self.touched.update(card_ids)

    def plan(self, card_id, kind, points, **origin):
        """Note a gross row that explains a change.

        :param points: points added (positive) or taken (negative)
        """
        self.touched.add(card_id)
        if points:
            self.rows.append(
                {"card_id": card_id, "kind": kind, "points": points, **origin}
            )

    def rows_of(self, card_id):
        """Return the planned rows of one card, without the card."""
        return [
            {name: value for name, value in row.items() if name != "card_id"}
            for row in self.rows
            if row["card_id"] == card_id
        ]

    def unplanned_row(self, points):
        """Return the row for a change nobody planned.

        Points that a spend gives back are a reversal.
        """
        kind = self.kind
        if kind == "spend" and points > 0:
            kind = "reverse"
        return {"kind": kind, "points": points, **self.origin}
