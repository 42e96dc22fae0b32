"""News of places, sent inside the transaction."""

from django.dispatch import Signal

travel_changed = Signal()  # how long drives or services take in a city has changed; kwargs: city, by, at
