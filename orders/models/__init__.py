from .catalogue import Repair
from .credits import Credit, LatePolicy
from .fittings import Fitting, HandOver, HandOverPhoto
from .orders import BookingDraft, OrderContact, OrderVisit, RepairOrder
from .proposals import Proposal
from .quotes import Quote, QuoteApproval, QuoteLine
from .timeline import OrderEvent

__all__ = [
    "BookingDraft",
    "Credit",
    "Fitting",
    "HandOver",
    "HandOverPhoto",
    "LatePolicy",
    "OrderContact",
    "OrderEvent",
    "OrderVisit",
    "Proposal",
    "Quote",
    "QuoteApproval",
    "QuoteLine",
    "Repair",
    "RepairOrder",
]
