"""Days, moments and arrival windows as people read them: in the place's zone and the reader's language."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import dateformat
from django.utils.translation import get_language

# Django's date format characters, by the first letters of the active language
FORMATS = {
    "en": {"day": "D j M", "date": "j M Y", "time": "H:i", "join": "{day}, {time}"},
    "zh": {"day": "n月j日 D", "date": "Y年n月j日", "time": "H:i", "join": "{day} {time}"},
}


def zone_of(place: object | None) -> ZoneInfo:
    """The zone of `place`: anything with a `.zone`, a zone's name, a ZoneInfo; the site's zone for None."""
    zone = getattr(place, "zone", place)
    if isinstance(zone, ZoneInfo):
        return zone
    return ZoneInfo(str(zone) if zone else settings.TIME_ZONE)


def format_day(on: date) -> str:
    """Such as "Tue 24 Nov" or "11月24日 周二"."""
    # Django's Chinese catalogue only knows the long "星期二"
    return dateformat.format(on, _formats()["day"]).replace("星期", "周")


def format_date(on: date) -> str:
    """Such as "24 Nov 2026" or "2026年11月24日"."""
    return dateformat.format(on, _formats()["date"])


def format_time(at: datetime, place: object | None = None) -> str:
    """The clock at the place, such as "10:05"."""
    return dateformat.format(at.astimezone(zone_of(place)), _formats()["time"])


def format_moment(at: datetime, place: object | None = None) -> str:
    """Such as "Tue 24 Nov, 10:05" or "11月24日 周二 10:05", by the clock of the place."""
    local = at.astimezone(zone_of(place))
    return _formats()["join"].format(day=format_day(local), time=format_time(at, place))


def format_window(start_at: datetime, end_at: datetime, place: object | None = None) -> str:
    """Such as "Tue 24 Nov, 10:00–12:00"; the second day is named where the window ends on another one."""
    zone = zone_of(place)
    if start_at.astimezone(zone).date() != end_at.astimezone(zone).date():
        return f"{format_moment(start_at, zone)} – {format_moment(end_at, zone)}"
    times = f"{format_time(start_at, zone)}–{format_time(end_at, zone)}"
    return _formats()["join"].format(day=format_day(start_at.astimezone(zone)), time=times)


def _formats() -> dict[str, str]:
    return FORMATS["zh" if (get_language() or "en").startswith("zh") else "en"]
