from itertools import combinations

from odoo import models


class LoyaltyPosBestMixin(models.AbstractModel):
    """What the till has to know to search the best offer for an order."""

    _name = "loyalty.pos.best.mixin"
    _description = "Best Offer at the Till"

    def best_offer_facts(self, uuid, card_ids, program_ids, partner_id=False):
        """Return what is refused now, and which programs do not go together.

        :param uuid: uuid of the order, as the till made it
        :param card_ids: ids of cards that could be used on it
        :param program_ids: ids of their programs, and of promotions without a card
        :param partner_id: id of the customer on the order, or False
        :return: dict of `cards` and `programs`, ids of what the gate refuses, and
            `excluded`, pairs of ids of programs that are not combined
        """
        self.ensure_one()
        partner = self.env["res.partner"].browse(partner_id or []).exists()
        programs = self._loyalty_programs_among(
            [("id", "in", [int(program_id) for program_id in program_ids])]
        )
        cards = self.env["loyalty.card"].search([("id", "in", list(card_ids))])
        holder = self._loyalty_holder_of(uuid)
        gate = self.env["loyalty.program"]
        blockers = gate._redemption_blockers_of(
            cards, partner, "pos", shop=self, holder=holder
        )
        bare = programs - cards.program_id
        return {
            "cards": [card.id for card in cards if blockers[card]],
            "programs": [
                program.id
                for program in bare
                if program._redemption_blockers(
                    self.env["loyalty.card"], partner, "pos", shop=self, holder=holder
                )
            ],
            "excluded": [
                [one.id, other.id]
                # The cashier may not read every program of the company.
                for one, other in combinations(programs.sudo(), 2)
                if one._excludes_program(other)
            ],
        }
