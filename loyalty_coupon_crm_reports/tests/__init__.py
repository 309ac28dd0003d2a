from . import test_funnel_report
from . import test_use_report
from . import test_basket_report
from . import test_points_report
from . import test_report_export
from . import test_report_rights
from . import test_retention_report
