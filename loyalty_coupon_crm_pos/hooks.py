def post_init_hook(env):
    """Write the purchases and redemptions of the orders paid before us."""
    env["loyalty.pos.backfill"]._run()
