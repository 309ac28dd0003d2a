from . import dashboard_periods
from . import date_span
