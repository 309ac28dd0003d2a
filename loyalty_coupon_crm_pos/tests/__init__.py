from . import test_frontend
from . import test_pos_confirm
from . import test_pos_gate
from . import test_pos_pool
from . import test_pos_purchase
from . import test_pos_refund
from . import test_pos_rights
from . import test_pos_settle
