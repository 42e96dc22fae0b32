"""The PROBLEM format: read strictly, and every mistake named."""

import copy
import json

import pytest

from engineers.dispatch.files import BadProblemError, answer, read_problem

GOOD = {
    "engineers": [
        {"id": 1, "base": [31.2, 121.4], "shift": [28800, 61200], "skills": [0, 2], "stock": [1, 0]}
    ],
    "orders": [
        {
            "id": 7,
            "at": [31.21, 121.41],
            "window": [36000, 43200],
            "service": 1800,
            "skills": [2],
            "part": 0,
            "weight": 3,
        },
        {
            "id": 8,
            "at": [31.22, 121.41],
            "window": [36000, 43200],
            "service": 1800,
            "skills": [],
            "part": None,
            "weight": 1,
        },
    ],
}
WRONG = [
    ("engineers", None, "engineers: a list is needed"),
    ("orders", {}, "orders: a list is needed"),
    ("engineers.0", 3, r"engineers\[0\]: an object is needed"),
    ("engineers.0.id", None, r"engineers\[0\].id"),
    ("engineers.0.id", True, r"engineers\[0\].id"),
    ("engineers.0.base", [1], r"engineers\[0\].base"),
    ("engineers.0.base", [91, 0], r"engineers\[0\].base"),
    ("engineers.0.base", [float("nan"), 0], r"engineers\[0\].base"),
    ("engineers.0.shift", [61200, 28800], r"engineers\[0\].shift: the end 28800 is before the start"),
    ("engineers.0.shift", "day", r"engineers\[0\].shift"),
    ("engineers.0.skills", "02", r"engineers\[0\].skills"),
    ("engineers.0.skills", [None], r"engineers\[0\].skills"),
    ("engineers.0.stock", None, r"engineers\[0\].stock"),
    ("engineers.0.stock", [-1], r"engineers\[0\].stock\[0\]"),
    ("orders.1.id", 7, r"orders\[1\].id: 7 comes twice"),
    ("orders.0.at", None, r"orders\[0\].at"),
    ("orders.0.at", ["31", "121"], r"orders\[0\].at"),
    ("orders.0.window", [36000.5, 43200], r"orders\[0\].window"),
    ("orders.0.window", [36000], r"orders\[0\].window"),
    ("orders.0.service", -5, r"orders\[0\].service"),
    ("orders.0.service", None, r"orders\[0\].service"),
    ("orders.0.part", 2, r"orders\[0\].part: 2 is in no engineer's stock"),
    ("orders.0.part", -1, r"orders\[0\].part"),
    ("orders.0.part", "0", r"orders\[0\].part"),
    ("orders.0.weight", "heavy", r"orders\[0\].weight"),
    ("orders.0.weight", 10**12, r"orders\[0\].weight"),
]


def spoiled(path: str, value: object) -> str:
    """The good problem with one value put wrong."""
    data = copy.deepcopy(GOOD)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    here = data
    for step in way:
        here = here[step]
    here[last] = value
    return json.dumps(data)


class TestReadProblem:
    def test_a_good_one(self):
        plan, stops = read_problem(json.dumps(GOOD))
        (day,) = plan
        assert (day.engineer_id, day.shift_start, day.skills, day.van) == (
            1,
            28800,
            {"0": 1, "2": 1},
            {0: 1, 1: 0},
        )
        assert [(stop.visit_id, stop.weight, stop.parts, stop.promised) for stop in stops] == [
            (7, 3, {0: 1}, False),
            (8, 1, {}, False),
        ]

    @pytest.mark.parametrize(("path", "value", "message"), WRONG)
    def test_a_mistake_is_named_by_its_field(self, path, value, message):
        with pytest.raises(BadProblemError, match=message):
            read_problem(spoiled(path, value))

    @pytest.mark.parametrize("text", ["", "{", "[]", "7", "[" * 100_000, b"\xff\xfe"])
    def test_what_is_no_problem_at_all_is_refused(self, text):
        with pytest.raises(BadProblemError):
            read_problem(text)

    def test_nobody_and_nothing_is_a_problem_too(self):
        plan, stops = read_problem('{"engineers": [], "orders": []}')
        assert (len(plan), stops) == (0, [])


class TestAnswer:
    def reason(self, **order: object) -> str:
        data = copy.deepcopy(GOOD)
        data["orders"][0].update(order)
        plan, stops = read_problem(json.dumps(data))
        return answer(plan, stops[:1], 0.5)["unserved"][0]["reason"]

    def test_an_empty_plan(self):
        plan, stops = read_problem(json.dumps(GOOD))
        given = answer(plan, stops, 0.25)
        assert given["routes"] == {"1": []}
        assert (given["travel_s"], given["cpu_s"]) == (0, 0.25)
        assert [row["id"] for row in given["unserved"]] == [7, 8]

    def test_why_a_visit_is_unserved(self):
        assert "has the skills 5" in self.reason(skills=[5])
        assert "has part 1 left" in self.reason(part=1)
        assert "on shift in its window" in self.reason(window=[70000, 71000])
        assert "nearest misses it by" in self.reason(window=[28800, 28800])
        assert "weight 0" in self.reason(weight=0)
