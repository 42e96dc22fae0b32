"""News of the clocks, sent inside the transaction that records it, in batches."""

from django.dispatch import Signal

# kwargs: clocks (list of SlaClock), at. A DomainError of a receiver undoes the record of its batch.
clocks_warned = Signal()
clocks_breached = Signal()
