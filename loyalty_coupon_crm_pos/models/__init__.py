from . import loyalty_card
from . import loyalty_point_move
from . import loyalty_pos_backfill
from . import loyalty_purchase
from . import loyalty_redemption
from . import pos_config
from . import pos_order
from . import pos_order_line
