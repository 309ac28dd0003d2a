from . import base_partner_merge
from . import loyalty_strict_check_line
