from . import loyalty_report_mixin
from . import loyalty_funnel_report
from . import loyalty_use_report
from . import loyalty_basket_report
from . import loyalty_points_report
from . import loyalty_retention_report
from . import loyalty_after_report
