"""A row keeps its bar from above or from below, or has none."""

import pytest

from bench.rows import Row, readable


class TestBar:
    @pytest.mark.parametrize(("value", "ok"), [(7.39, True), (7.40, True), (7.41, False)])
    def test_at_most(self, value, ok):
        row = Row("travel", value, "min", 7.40)
        assert row.ok is ok
        assert str(row).endswith("bar at most 7.4 ok" if ok else "bar at most 7.4 SHORT")

    @pytest.mark.parametrize(("value", "ok"), [(2982, False), (2983, True), (2985, True)])
    def test_at_least(self, value, ok):
        row = Row("served", value, "", 2983, at_least=True)
        assert row.ok is ok
        assert str(row).endswith("bar at least 2983 ok" if ok else "bar at least 2983 SHORT")

    def test_without_one_it_is_for_information(self):
        row = Row("moves", 9977, "")
        assert row.ok
        assert "bar" not in str(row)

    def test_the_file_holds_five_keys(self):
        assert Row("served", 2983, "", 2983, at_least=True).as_dict() == {
            "name": "served",
            "value": 2983,
            "unit": "",
            "bar": 2983,
            "ok": True,
        }


class TestReadable:
    @pytest.mark.parametrize(
        ("value", "text"),
        [(2983, "2983"), (9977.4, "9977"), (116.24, "116.2"), (54.72, "54.72"), (7.4, "7.4"), (0, "0")],
    )
    def test_about_four_figures(self, value, text):
        assert readable(value) == text
