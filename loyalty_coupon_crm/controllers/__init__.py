from . import portal_coupon
