from odoo import models
from odoo.exceptions import UserError

from ..tools import pin as pins


class LoyaltyPinMixin(models.AbstractModel):
    """A PIN that somebody types at the till: only its hash is kept.

    The model says in which field, and for which kind of look-up wrong PINs count.
    """

    _name = "loyalty.pin.mixin"
    _description = "Person with a PIN"

    _loyalty_pin_field = ""
    _loyalty_pin_scope = ""

    def _loyalty_pin_hash(self):
        """Return the hash of the PIN, empty without one."""
        self.ensure_one()
        # The hash is for nobody to read; it is compared and goes nowhere.
        return self.sudo()[self._loyalty_pin_field] or ""

    def _loyalty_set_pin(self, pin):
        """Give a person a new PIN, or none.

        :param pin: text of 4 to 8 digits; empty takes the PIN away
        :raise UserError: when anybody could guess it
        """
        self.ensure_one()
        problem = pin and pins.pin_problem(pin)
        if problem == "digits":
            raise UserError(
                self.env._(
                    "A PIN has %(least)s to %(most)s digits and nothing else.",
                    least=pins.LEAST,
                    most=pins.MOST,
                )
            )
        if problem:
            raise UserError(
                self.env._(
                    "Everybody tries such a PIN first. Choose digits that are neither "
                    "all the same nor in a row."
                )
            )
        context = self.env["res.users"]._crypt_context()
        # Nobody may write the hash but this method; callers ask for the right to.
        self.sudo()[self._loyalty_pin_field] = pin and context.hash(pin)

    def _loyalty_pin_problem(self, pin):
        """Return why a PIN is not accepted, as a sentence, or None.

        Who types wrong ones waits longer each time; it counts for the person whose PIN
        it is, whoever types at whatever till.

        :param pin: text as it was typed
        """
        self.ensure_one()
        throttle = self.env["loyalty.throttle"]
        keys = {self._loyalty_pin_scope: str(self.id)}
        until = throttle._locked_keys_until(keys)
        if until:
            return throttle._pin_locked_message(until)
        hashed = self._loyalty_pin_hash()
        if not hashed:
            return self.env._("%s has no PIN yet.", self.display_name)
        context = self.env["res.users"]._crypt_context()
        if context.verify(str(pin or ""), hashed):
            throttle._forget_keys(keys)
            return None
        throttle._note_keys(keys)
        return self.env._("This is not the PIN of %s.", self.display_name)
