"""A cache that cannot be reached is an empty one."""

import pytest
from django.core.cache import cache

from repairhub.core.caches import COMPLAINT


@pytest.fixture
def gone(settings):
    """Valkey is down."""
    nowhere = settings.CACHES["default"] | {"LOCATION": "unix:///nowhere/valkey.sock?db=0"}
    settings.CACHES = settings.CACHES | {"default": nowhere}
    COMPLAINT.wake()


class TestACacheThatIsGone:
    def test_finds_nothing_and_keeps_nothing(self, gone):
        cache.set("one", 1)
        assert cache.get("one", "default") == "default"
        assert cache.add("one", 1)
        assert "one" not in cache
        assert not cache.touch("one")
        assert not cache.delete("one")
        assert cache.get_many(["one"]) == {}
        assert cache.set_many({"one": 1}) == ["one"]
        cache.delete_many(["one"])
        assert cache.get_or_set("one", lambda: 7) == 7
        assert not cache.clear()

    def test_counts_as_for_a_key_that_is_not_there(self, gone):
        with pytest.raises(ValueError, match="not found"):
            cache.incr("one")
        with pytest.raises(ValueError, match="not found"):
            cache.decr("one")

    def test_is_complained_of_once_a_minute(self, gone, caplog):
        for _each in range(5):
            cache.get("one")
        assert len([line for line in caplog.records if "everything is a miss" in line.message]) == 1


class TestACacheThatIsThere:
    def test_keeps_and_counts(self):
        cache.set("caches:one", 1)
        assert cache.incr("caches:one") == cache.get("caches:one") == 2
        assert not cache.add("caches:one", 5)
        assert cache.delete("caches:one")
