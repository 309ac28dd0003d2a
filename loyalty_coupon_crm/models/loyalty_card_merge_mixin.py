from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tools import SQL, float_round
from odoo.tools.sql import column_exists, create_column

FLAG_WALLETS = """
    UPDATE loyalty_card card
       SET is_member_wallet = TRUE
      FROM loyalty_program program
     WHERE program.id = card.program_id AND program.strict
       AND %(nominative)s
       AND NOT EXISTS (
           SELECT 1 FROM loyalty_card other
            WHERE other.program_id = card.program_id
              AND other.partner_id = card.partner_id
              AND other.id != card.id AND other.active)
"""


class LoyaltyCardMergeMixin(models.AbstractModel):
    """One open wallet per member and program, and wallets that become one.

    The database keeps the rule for wallets of strict programs: Odoo's own flows and
    tests may have several cards of one customer elsewhere.
    """

    _name = "loyalty.card.merge.mixin"
    _description = "Merge of Wallets"

    is_member_wallet = fields.Boolean(
        compute="_compute_is_member_wallet",
        store=True,
        precompute=True,
        help="A wallet of a strict program: a member has one open one.",
    )
    merged_into_id = fields.Many2one(
        "loyalty.card",
        index="btree_not_null",
        readonly=True,
        copy=False,
        help="The wallet that has the points of this one since.",
    )

    @api.depends(
        "program_id.strict", "program_id.applies_on", "program_id.program_type"
    )
    def _compute_is_member_wallet(self):
        for card in self:
            program = card.program_id
            card.is_member_wallet = program.strict and program.is_nominative

    def _auto_init(self):
        """Set the new column in one statement; several wallets of one stay without."""
        if not column_exists(self.env.cr, "loyalty_card", "is_member_wallet"):
            create_column(self.env.cr, "loyalty_card", "is_member_wallet", "boolean")
            if column_exists(self.env.cr, "loyalty_program", "strict"):
                nominative = self.env["loyalty.program"]._nominative_sql()
                self.env.cr.execute(SQL(FLAG_WALLETS, nominative=nominative))
        return super()._auto_init()

    @api.model_create_multi
    def create(self, vals_list):
        """Create cards; who has a wallet in a strict program gets no second one.

        The wallet that is there stands in its place, in the order of the values, and
        takes the points that the new one would have had.

        :raise ConcurrencyError: when another transaction creates the wallet now, so
            that Odoo runs the request again
        """
        wallets = self._open_wallets(vals_list)
        keys = [self._wallet_key(vals) for vals in vals_list]
        first = {}
        for place, key in enumerate(keys):
            if key not in wallets:
                first.setdefault(key or place, place)
        try:
            created = super().create([vals_list[place] for place in first.values()])
        except UniqueViolation as error:
            if "member_wallet_unique" not in str(error):
                raise
            raise ConcurrencyError(str(error)) from error
        new = dict(zip(first, created, strict=True))
        ids = []
        for place, (key, vals) in enumerate(zip(keys, vals_list, strict=True)):
            card = wallets.get(key) or new[key or place]
            if first.get(key or place) != place and vals.get("points"):
                card.write({"points": card.points + vals["points"]})
            ids.append(card.id)
        return self.browse(ids)

    def write(self, vals):
        """Write cards; nobody gets a second open wallet in a strict program.

        :raise UserError: when the new owner has one
        """
        if vals.get("partner_id") or vals.get("active"):
            self._check_only_wallet(vals.get("partner_id"), vals.get("active"))
        return super().write(vals)

    def _check_only_wallet(self, partner_id, active):
        for card in self.filtered("is_member_wallet"):
            if not (active or card.active):
                continue
            owner_id = partner_id or card.partner_id.id
            # Whose wallet it is may be out of reach of who writes.
            other = self.sudo().search(
                [
                    ("program_id", "=", card.program_id.id),
                    ("partner_id", "=", owner_id),
                    ("id", "not in", card.ids),
                ],
                limit=1,
            )
            if owner_id and other:
                raise UserError(
                    self.env._(
                        "%(name)s has a wallet in %(program)s already: %(code)s. "
                        "Transfer the points into it instead.",
                        name=other.partner_id.display_name,
                        program=card.program_id.name,
                        code=other.code,
                    )
                )

    @api.model
    def _wallet_key(self, vals):
        """Return (program id, partner id) of the wallet that values would create.

        :return: None for what may be there several times
        """
        program = self.env["loyalty.program"].browse(vals.get("program_id") or [])
        if not program or not vals.get("partner_id") or not vals.get("active", True):
            return None
        # Odoo's flows create cards for customers and cashiers.
        program = program.sudo()
        if not program.strict or not program.is_nominative:
            return None
        return program.id, vals["partner_id"]

    @api.model
    def _open_wallets(self, vals_list):
        """Return {(program id, partner id): wallet} of those that are there."""
        keys = list(filter(None, map(self._wallet_key, vals_list)))
        if not keys:
            return {}
        programs, partners = zip(*keys, strict=True)
        # Odoo's flows create cards for customers and cashiers.
        cards = self.sudo().search(
            [
                ("is_member_wallet", "=", True),
                ("program_id", "in", programs),
                ("partner_id", "in", partners),
            ]
        )
        return {
            (card.program_id.id, card.partner_id.id): card.with_env(self.env)
            for card in cards
        }

    @api.model
    def _merge_double_wallets(self, programs=None):
        """Have every member one open wallet, with a row on either side.

        The oldest one stays: it is the one Odoo finds.

        :param programs: `loyalty.program` records, all by default
        :raise UserError: when an order uses one of the wallets at the moment
        """
        self.env.flush_all()
        groups = self.env.execute_query(
            SQL(
                """
                SELECT ARRAY_AGG(card.id ORDER BY card.id)
                  FROM loyalty_card card
                  JOIN loyalty_program program ON program.id = card.program_id
                 WHERE card.active AND card.partner_id IS NOT NULL
                   AND %(nominative)s
                   AND %(chosen)s
                 GROUP BY card.program_id, card.partner_id
                HAVING COUNT(*) > 1
                """,
                nominative=self.env["loyalty.program"]._nominative_sql(),
                chosen=SQL("TRUE")
                if programs is None
                else SQL("program.id = ANY(%s)", programs.ids),
            )
        )
        for [ids] in groups:
            # Whoever makes a program strict need not write the wallets of members.
            target, *others = self.sudo().browse(ids)
            self.browse(card.id for card in others)._merge_into(
                target, self.env._("Several wallets of one member")
            )

    def _merge_target(self, partner):
        """Return the open wallet of a customer in the program of this one."""
        self.ensure_one()
        return self.search(
            [
                ("program_id", "=", self.program_id.id),
                ("partner_id", "=", partner.id),
                ("id", "!=", self.id),
            ],
            order="id",
            limit=1,
        )

    def _plan_merge(self, scope, target, points, reason):
        """Plan the rows of a wallet whose points went into another one.

        Each award arrives with its terms. Of a wallet below zero what was taken there
        is taken from the other one, and means the same there: spent points are spent.

        :param scope: open wallet scope
        :param target: card that got the points
        :param points: points that went over
        :param reason: words for the rows
        :return: the request key of the wallet's own row
        """
        self.ensure_one()
        moves = self.move_ids.sorted("id")
        key = f"merge/{self.id}/{moves[-1:].id}"
        scope.plan(self.id, "transfer", -points, reason=reason, request_key=key)
        rows = [
            {"points": award.remaining, **award._terms()}
            for award in moves
            if award.remaining > 0
        ]
        if points < 0:
            rows += self.env["loyalty.point.move"]._open_debts(self, -points)
        rest = points - sum(row["points"] for row in rows)
        rows.append({"points": float_round(rest, precision_digits=2)})
        for place, row in enumerate(rows):
            scope.plan(
                target.id,
                "transfer",
                reason=reason,
                request_key=f"{key}/{place}",
                **row,
            )
        return key

    @api.model
    def _link_merge(self, key):
        """Have the rows of a merge name each other.

        :param key: request key of the emptied wallet's row
        :return: that row
        """
        # Rows are the wallet's to link, whoever lets wallets be merged.
        moves = self.env["loyalty.point.move"].sudo()
        given = moves.search([("request_key", "=", key)])
        taken = moves.search([("request_key", "=like", f"{key}/%")])
        with self._wallet_scope("transfer"):
            taken.write({"counterpart_id": given.id})
        return given

    def _merge_into(self, target, reason):
        """Move all points of these wallets into another one and archive them.

        :param target: card of the same program
        :param reason: words for the rows
        :raise UserError: when an order holds points of one
        """
        # The wallet moves points for whoever our own flows let merge.
        cards, target = self.sudo(), target.sudo()
        held = cards._live_holds().card_id[:1]
        if held:
            raise UserError(
                self.env._(
                    "%s is being used on an order at the moment. Try again when it is "
                    "released.",
                    held.code,
                )
            )
        cards._repoint_quotations(target)
        with cards._wallet_scope("transfer", reason=reason) as scope:
            keys = []
            for card in cards:
                if card.points:
                    keys.append(card._plan_merge(scope, target, card.points, reason))
                target.points += card.points
                card.points = 0
            cards.write({"active": False, "merged_into_id": target.id})
        for key in keys:
            self._link_merge(key)

    def _repoint_quotations(self, target):
        """Have quotations that use these wallets use the one with their points."""
        orders = self.env["sale.order"].search(
            [
                ("state", "in", ("draft", "sent")),
                "|",
                ("applied_coupon_ids", "in", self.ids),
                ("coupon_point_ids.coupon_id", "in", self.ids),
            ]
        )
        for order in orders:
            order.order_line.filtered(
                lambda line: line.coupon_id in self
            ).coupon_id = target
            entries = order.coupon_point_ids
            moved = entries.filtered(lambda entry: entry.coupon_id in self)
            if target in entries.coupon_id:
                moved.unlink()
            else:
                moved[1:].unlink()
                moved[:1].coupon_id = target
            if order.applied_coupon_ids & self:
                order.applied_coupon_ids = order.applied_coupon_ids - self | target
