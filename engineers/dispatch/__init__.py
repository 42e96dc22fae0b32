"""The dispatch engine: promises backed by plans, in pure Python on plain data.

Callers load one city's day into a ``DayPlan`` and ask: ``feasible_windows`` before a promise,
``candidates`` for the board, ``best_insertion`` and ``insert`` when booking under the lock,
``check_change`` before anything is written. Units and rules: ``problem``.
"""

from engineers.dispatch.check import Violation, ViolationCode, check_change, check_plan
from engineers.dispatch.clock import Clock, Pace, clock_of
from engineers.dispatch.explain import Reason, ReasonCode, qualification, unserved_because
from engineers.dispatch.insertion import (
    Candidate,
    WindowAnswer,
    best_insertion,
    candidate_for,
    candidates,
    earliest_arrival,
    feasible_windows,
    insert,
    least_late,
)
from engineers.dispatch.lanes import Prices
from engineers.dispatch.plan import DayPlan
from engineers.dispatch.problem import (
    EngineerDay,
    EngineerId,
    HaversineTravel,
    Place,
    PlannedVisit,
    Route,
    Stop,
    Travel,
    VisitId,
)
from engineers.dispatch.schedule import Timetable
from engineers.dispatch.search import Found, search
from engineers.dispatch.windows import (
    DEFAULT_LEAD,
    DEFAULT_LENGTH,
    DEFAULT_OPENING,
    DEFAULT_SLACK,
    Window,
    arrival_windows,
    earliest_start,
    nearest_windows,
)

__all__ = [
    "DEFAULT_LEAD",
    "DEFAULT_LENGTH",
    "DEFAULT_OPENING",
    "DEFAULT_SLACK",
    "Candidate",
    "Clock",
    "DayPlan",
    "EngineerDay",
    "EngineerId",
    "Found",
    "HaversineTravel",
    "Pace",
    "Place",
    "PlannedVisit",
    "Prices",
    "Reason",
    "ReasonCode",
    "Route",
    "Stop",
    "Timetable",
    "Travel",
    "Violation",
    "ViolationCode",
    "VisitId",
    "Window",
    "WindowAnswer",
    "arrival_windows",
    "best_insertion",
    "candidate_for",
    "candidates",
    "check_change",
    "check_plan",
    "clock_of",
    "earliest_arrival",
    "earliest_start",
    "feasible_windows",
    "insert",
    "least_late",
    "nearest_windows",
    "qualification",
    "search",
    "unserved_because",
]
