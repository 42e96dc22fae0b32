"""News of people, sent inside the transaction that changes them."""

from django.dispatch import Signal

# Somebody's account was opened or closed, or their role is another. kwargs: user, by, at.
# A receiver may return a sentence: what has followed from it, for whoever made the change.
standing_changed = Signal()
