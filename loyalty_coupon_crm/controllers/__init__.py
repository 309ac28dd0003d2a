from . import cart_points
from . import portal_coupon
