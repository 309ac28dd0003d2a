def post_init_hook(env):
    """Write the purchases and redemptions of the orders paid before us; count them."""
    env["loyalty.pos.backfill"]._run()
    env["loyalty.pos.customer"]._cron_count_orders()
