from .catalogue import Repair
from .fittings import Fitting, HandOver, HandOverPhoto
from .orders import BookingDraft, OrderContact, OrderVisit, RepairOrder
from .quotes import Quote, QuoteApproval, QuoteLine
from .timeline import OrderEvent

__all__ = [
    "BookingDraft",
    "Fitting",
    "HandOver",
    "HandOverPhoto",
    "OrderContact",
    "OrderEvent",
    "OrderVisit",
    "Quote",
    "QuoteApproval",
    "QuoteLine",
    "Repair",
    "RepairOrder",
]
