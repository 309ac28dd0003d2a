"""Everything from nothing to a running Odoo with the three add-ons."""
