from . import dashboard_periods
