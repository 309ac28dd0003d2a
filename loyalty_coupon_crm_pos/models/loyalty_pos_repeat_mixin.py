from odoo import models
from odoo.tools import SQL


class LoyaltyPosRepeatMixin(models.AbstractModel):
    """Odoo's call for the points of an order, answered when they are booked already.

    Payment books what the server knows by itself, and a till that did not hear the
    answer calls again: it gets what it would have heard.
    """

    _name = "loyalty.pos.repeat.mixin"
    _description = "Repeated Calls of a Till"

    def _loyalty_wait_for_retry(self):
        """Have two calls for one order follow each other.

        The second one fails to serialize, Odoo starts it anew, and it finds the rows
        of the first.
        """
        self.env.cr.execute(
            SQL("UPDATE pos_order SET write_date = write_date WHERE id = %s", self.id)
        )

    def _loyalty_done_entries(self, coupon_data):
        """Return the entries of `coupon_data` whose program this order already served.

        :return: dict of the same form
        """
        # The cashier may not read the ledger.
        moves = self.env["loyalty.point.move"].sudo()
        cards = self.env["loyalty.card"].sudo()
        moved = moves.search(
            [
                ("order_model", "=", self._name),
                ("order_id", "=", self.id),
                ("kind", "in", ("earn", "spend")),
            ]
        )
        # What was spent when the order was paid says nothing of what it earns.
        moved = moved.filtered(
            lambda move: not (move.request_key or "").endswith("/spend/paid")
        )
        created = cards.search([("source_pos_order_id", "=", self.id)])
        programs = moved.program_id | created.program_id
        return {
            key: vals
            for key, vals in coupon_data.items()
            if vals["program_id"] in programs.ids
        }

    def _loyalty_done_updates(self, done):
        """Return `coupon_updates` for entries that an earlier call served."""
        updates = []
        for key, vals in done.items():
            program = self.env["loyalty.program"].browse(vals["program_id"])
            if not program.is_nominative:
                continue
            card = self._loyalty_find_wallet(program)
            if card:
                updates.append(
                    {
                        "old_id": int(key) if int(key) < 0 else card.id,
                        "id": card.id,
                        "points": card.points,
                        "code": card.code,
                        "program_id": program.id,
                        "partner_id": card.partner_id.id,
                    }
                )
        return updates

    def _loyalty_add_done(self, result, done):
        """Add to Odoo's payload what earlier work for the order did.

        :param result: payload of Odoo's call; changed in place
        :param done: entries of the call that were served before
        """
        if not done:
            return
        result["coupon_updates"] += self._loyalty_done_updates(done)
        # How often a program was used is counted for who may not read it, too.
        programs = self.env["loyalty.program"].sudo()
        programs = programs.browse({vals["program_id"] for vals in done.values()})
        programs.invalidate_recordset(["total_order_count"])
        result["program_updates"] += [
            {"program_id": program.id, "usages": program.total_order_count}
            for program in programs
        ]
        # The cashier may not read all cards and programs of the company.
        created = self.sudo()._loyalty_own_cards()
        ids = [vals["program_id"] for vals in done.values()]
        created = created.filtered(
            lambda card: (
                card.program_id.id in ids and card.create_date >= self.create_date
            )
        )
        result["new_coupon_info"] += [
            {
                "program_name": card.program_id.name,
                "expiration_date": card.expiration_date,
                "code": card.code,
            }
            for card in created
            if card.program_id.applies_on == "future"
            and not card.program_id.is_payment_program
        ]
        for card in created:
            plans = card.program_id.communication_plan_ids
            for report in plans.filtered(
                lambda plan: plan.trigger == "create"
            ).pos_report_print_id:
                result["coupon_report"].setdefault(report.id, []).append(card.id)
