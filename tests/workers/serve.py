"""Odoo's command line as a file: a server with processes starts itself by its name."""

import odoo.cli

if __name__ == "__main__":
    odoo.cli.main()
