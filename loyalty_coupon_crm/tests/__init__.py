from . import test_point_expiry
from . import test_point_hold
from . import test_redemption
from . import test_wallet
from . import test_wallet_rights
from . import test_codes
from . import test_purchase
