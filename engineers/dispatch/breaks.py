"""The clock of a day with breaks: when a drive ends, when a service may start, and both backwards.

Each function never decreases in its first argument. That is why one latest start per stop is
enough to answer an insertion, breaks or not (see ``schedule``).
"""

Breaks = tuple[tuple[int, int], ...]


def arrival(departure: int, drive: int, breaks: Breaks) -> int:
    """Return when a drive of so many seconds ends that starts at ``departure`` and rests in breaks."""
    now = departure
    for start, end in breaks:
        if end <= now:
            continue
        if now < start and now + drive <= start:
            break
        if now < start:
            drive -= start - now
        if drive <= 0:
            break
        now = end
    return now + drive


def departure(latest_arrival: int, drive: int, breaks: Breaks) -> int:
    """Return the latest departure from which ``arrival`` is not after ``latest_arrival``."""
    now = latest_arrival
    if drive <= 0:
        return now
    for start, end in reversed(breaks):
        if start >= now:
            continue
        if now > end and now - drive >= end:
            break
        if now > end:
            drive -= now - end
        now = start
    return now - drive


def service_start(earliest: int, service: int, breaks: Breaks) -> int:
    """Return the first start from ``earliest`` on whose service overlaps no break."""
    start = earliest
    for break_start, break_end in breaks:
        if start < break_end and start + service > break_start:
            start = break_end
    return start


def latest_service_start(latest: int, service: int, breaks: Breaks) -> int:
    """Return the last start up to ``latest`` whose service overlaps no break."""
    start = latest
    for break_start, break_end in reversed(breaks):
        if start < break_end and start + service > break_start:
            start = break_start - service
    return start
