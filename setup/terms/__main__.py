"""Entry of `setup/i18n`, in Odoo's environment."""

import sys

from provision import shell

from . import command

sys.exit(shell.main(command.main))
