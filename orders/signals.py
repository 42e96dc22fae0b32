"""News of orders, sent inside the transaction."""

from django.dispatch import Signal

order_booked = Signal()  # order, by, at
order_completed = Signal()  # order, visit, by, at: every line is fitted
rework_finished = Signal()  # order, visit, by, at: a rework visit is done
rework_failed = Signal()  # order, visit, by, at: a rework visit ended without the rework
visit_replaced = Signal()  # order, before, after, by, at: another visit does what the one before was for
