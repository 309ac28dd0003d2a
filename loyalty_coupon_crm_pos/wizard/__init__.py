from . import loyalty_strict_check_line
