from . import loyalty_monthly_report
