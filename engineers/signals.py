"""News of visits, sent inside the transaction. Every receiver gets `visit`, `by` and `at`."""

from django.dispatch import Signal

visit_planned = Signal()  # a window was promised and stands in a route
visit_confirmed = Signal()  # a dispatcher named the engineer (also when another one is named later)
visit_set_out = Signal()
visit_turned_back = Signal()  # something is in the way of the engineer who had set out
visit_arrived = Signal()
visit_ended = Signal()  # done, cannot complete, no access or cancelled: see the status
visit_unconfirmed = Signal()  # its engineer cannot come any more; also kwarg was_confirmed
visit_running_late = Signal()
"""The engineer is expected later: also kwargs minutes (after the planned start) and expected_at. Sent for the
visit that it was said of, and for each later one of the route whose window can no longer be kept."""
visit_in_time_again = Signal()  # was at risk, and another route keeps its window
visits_at_risk = Signal()  # kwargs: visits (a batch), at
