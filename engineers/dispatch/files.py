"""One city-day as a JSON file: the PROBLEM format of ``plan_file`` (issue "Dispatch"), read strictly.

{"engineers": [{"id", "base": [lat, lon], "shift": [s, e], "skills": [..], "stock": [..]}],
 "orders": [{"id", "at": [lat, lon], "window": [s, e], "service": s, "skills": [..],
             "part": index or null, "weight": w}]}
Times are whole seconds from midnight; ``stock[i]`` counts the pieces of part i. Other keys are ignored.
"""

import json
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from engineers.dispatch.explain import ReasonCode, unserved_because
from engineers.dispatch.plan import DayPlan
from engineers.dispatch.problem import EngineerDay, HaversineTravel, Place, Stop

SPEED_KMH = 25.0
LATEST = 10**8
"""Far beyond any day: what is larger is a mistake, and would slow nothing but the reader."""


class BadProblemError(ValueError):
    """A file that is no problem; the message names the field, as in ``orders[3].window``."""


def read_problem(text: str | bytes) -> tuple[DayPlan, list[Stop]]:
    """Return the empty plan of the engineers and the visits to plan. Raise BadProblemError."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadProblemError(f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise BadProblemError("the file must hold an object with engineers and orders")
    days = [_engineer(row, f"engineers[{n}]") for n, row in enumerate(_rows(data, "engineers"))]
    stops = [_stop(row, f"orders[{n}]") for n, row in enumerate(_rows(data, "orders"))]
    # the routes are keyed by the id as text, so 1 and "1" would be one engineer
    _once([str(day.engineer_id) for day in days], "engineers")
    _once([stop.visit_id for stop in stops], "orders")
    kinds = max((len(day.van or ()) for day in days), default=0)
    for n, stop in enumerate(stops):
        for part in stop.parts:
            if days and isinstance(part, int) and part >= kinds:
                raise BadProblemError(f"orders[{n}].part: {part} is in no engineer's stock list")
    return DayPlan(days, [], HaversineTravel(SPEED_KMH)), stops


def answer(plan: DayPlan, unserved: Iterable[Stop], cpu_seconds: float) -> dict[str, Any]:
    """Return the plan as ``plan_file`` prints it."""
    return {
        "routes": {
            str(day.engineer_id): [stop.visit_id for stop in plan.routes[day.engineer_id].stops]
            for day in plan
        },
        "unserved": [{"id": stop.visit_id, "reason": _sentence(stop, plan)} for stop in unserved],
        "travel_s": plan.travel_seconds,
        "cpu_s": round(cpu_seconds, 3),
    }


def _sentence(stop: Stop, plan: DayPlan) -> str:
    if stop.weight == 0:
        return "it has weight 0, so serving it gains nothing for the drive"
    reason = unserved_because(stop, plan)
    data: Mapping[str, Any] = reason.data
    if reason.code is ReasonCode.NOBODY_QUALIFIED:
        return f"no engineer has the skills {', '.join(sorted(map(str, data['skills'])))}"
    if reason.code is ReasonCode.NOBODY_HAS_PARTS:
        return f"no qualified engineer has part {', '.join(map(str, data['parts']))} left in the van"
    if reason.code is ReasonCode.NOBODY_ON_SHIFT:
        return f"none of the {data['qualified']} engineers who could do it is on shift in its window"
    minutes = -(-int(data.get("late_by", 0)) // 60)
    return (
        f"all {data['on_shift']} engineers who could do it are busy; the nearest misses it by {minutes} min"
    )


def _rows(data: Mapping[str, Any], field: str) -> list[Any]:
    rows = data.get(field)
    if not isinstance(rows, list):
        raise BadProblemError(f"{field}: a list is needed")
    return rows


def _engineer(row: Any, field: str) -> EngineerDay:
    _object(row, field)
    start, end = _span(row, f"{field}.shift", "shift")
    stock = row.get("stock")
    if not isinstance(stock, list):
        raise BadProblemError(f"{field}.stock: a list of pieces is needed")
    return EngineerDay(
        _id(row, field),
        _place(row.get("base"), f"{field}.base"),
        start,
        end,
        _skills(row, field),
        van={part: _whole(pieces, f"{field}.stock[{part}]") for part, pieces in enumerate(stock)},
    )


def _stop(row: Any, field: str) -> Stop:
    _object(row, field)
    start, end = _span(row, f"{field}.window", "window")
    part = row.get("part")
    return Stop(
        _id(row, field),
        _place(row.get("at"), f"{field}.at"),
        start,
        end,
        _whole(row.get("service"), f"{field}.service"),
        _skills(row, field),
        weight=_whole(row.get("weight"), f"{field}.weight"),
        parts={} if part is None else {_whole(part, f"{field}.part"): 1},
        promised=False,
    )


def _object(row: Any, field: str) -> None:
    if not isinstance(row, dict):
        raise BadProblemError(f"{field}: an object is needed")


def _id(row: Mapping[str, Any], field: str) -> int | str:
    value = row.get("id")
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise BadProblemError(f"{field}.id: a whole number or a text is needed")
    return value


def _place(value: Any, field: str) -> Place:
    if not isinstance(value, list) or len(value) != 2:
        raise BadProblemError(f"{field}: [latitude, longitude] is needed")
    for degrees, most in zip(value, (90, 180), strict=True):
        number = isinstance(degrees, int | float) and not isinstance(degrees, bool)
        if not number or not isfinite(degrees) or abs(degrees) > most:
            raise BadProblemError(f"{field}: degrees from -{most} to {most} are needed, not {degrees!r}")
    return float(value[0]), float(value[1])


def _span(row: Mapping[str, Any], field: str, key: str) -> tuple[int, int]:
    value = row.get(key)
    if not isinstance(value, list) or len(value) != 2:
        raise BadProblemError(f"{field}: [start, end] in seconds is needed")
    start, end = (_whole(second, field) for second in value)
    if end < start:
        raise BadProblemError(f"{field}: the end {end} is before the start {start}")
    return start, end


def _skills(row: Mapping[str, Any], field: str) -> dict[str, int]:
    skills = row.get("skills")
    if not isinstance(skills, list) or not all(
        isinstance(skill, int | str) and not isinstance(skill, bool) for skill in skills
    ):
        raise BadProblemError(f"{field}.skills: a list of numbers or texts is needed")
    return {str(skill): 1 for skill in skills}


def _whole(value: Any, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LATEST:
        raise BadProblemError(f"{field}: a whole number from 0 on is needed, not {value!r}")
    return value


def _once(ids: list[Any], field: str) -> None:
    seen = set()
    for n, key in enumerate(ids):
        if key in seen:
            raise BadProblemError(f"{field}[{n}].id: {key!r} comes twice")
        seen.add(key)
