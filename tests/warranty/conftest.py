import pytest

from tests.factories.warranty import Workshop


@pytest.fixture
def workshop(db: None, settings: object, tmp_path: object) -> Workshop:
    """A city at work; what it stores of photos is gone after the test."""
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    return Workshop.open()
