from . import base_partner_merge
from . import loyalty_card_update_balance
from . import loyalty_generate_wizard
from . import loyalty_card_change
from . import loyalty_point_statement
from . import loyalty_point_statement_line
from . import loyalty_segment_add
from . import sale_loyalty_reward_wizard
