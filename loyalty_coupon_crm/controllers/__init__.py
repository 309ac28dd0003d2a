from . import best_offer
from . import card_pass
from . import cart_points
from . import claim_page
from . import portal_consent
from . import portal_coupon
from . import portal_pin
