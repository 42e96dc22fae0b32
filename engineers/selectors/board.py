"""What the dispatch board shows of one city on one day: the tray, and how much there is to do."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _

from engineers import ports
from engineers.models import CityDay, Visit, VisitEvent
from engineers.planning import city_today
from engineers.ports import VisitDetails, visit_details
from engineers.querysets import IN_NEED, Urgency, VisitQuerySet, left_over
from engineers.services.planning import ARRIVE_WITHIN_WINDOW, ASSIGN_WITHIN
from engineers.wording import short_span, time_left
from repairhub.accounts.models import User
from repairhub.places.models import City
from repairhub.sla.models import SlaClock

TRAY_PAGE = 50
FOUND_LIMIT = 20
DAY_STRIP = 7
CLOCKS = (ASSIGN_WITHIN, ARRIVE_WITHIN_WINDOW)


@dataclass(frozen=True)
class Deadline:
    """A running clock of a visit as the desk reads it: "Assign", "12 min left"."""

    label: str
    state: str
    left: str


@dataclass(frozen=True)
class TrayRow:
    """One visit of the tray."""

    visit: Visit
    details: VisitDetails | None
    group: Urgency
    age: str
    deadlines: Sequence[Deadline]
    is_earlier: bool = False

    @property
    def tone(self) -> str:
        """The state whose colour the row wears."""
        if self.group == Urgency.UNASSIGNED:
            return "unassigned"
        return "at_risk" if self.group == Urgency.AT_RISK else str(self.visit.status)


@dataclass(frozen=True)
class TrayPage:
    """One page of the tray, and where it lies among all."""

    rows: Sequence[TrayRow]
    number: int
    pages: int
    total: int

    @property
    def first(self) -> int:
        """The place of the first row shown among all, from 1."""
        return (self.number - 1) * TRAY_PAGE + 1

    @property
    def last(self) -> int:
        """The place of the last row shown among all."""
        return self.first + len(self.rows) - 1

    @property
    def before(self) -> int:
        """The number of the page before, 0 on the first."""
        return self.number - 1

    @property
    def after(self) -> int:
        """The number of the page after, 0 on the last."""
        return self.number + 1 if self.number < self.pages else 0


@dataclass(frozen=True)
class DayInNeed:
    """A day of the strip above the board, with the visits on it that need a dispatcher."""

    on: date
    in_need: int
    is_shown: bool


def cities_of(user: User) -> list[City]:
    """The cities whose board this person may see: those named, or all."""
    named = list(user.cities.all())
    return named or list(City.objects.all())


def tray_page(
    visits: VisitQuerySet, *, total: int, number: int, at: datetime, today: date | None = None
) -> TrayPage:
    """A page of the visits in need among these, the most urgent first; the last page for one beyond it.

    With `today`, what is left over from the days before is in need as well, and marked.
    """
    pages = max(1, -(-total // TRAY_PAGE))
    number = min(max(1, number), pages)
    start = (number - 1) * TRAY_PAGE
    in_need = visits.in_need(today).by_urgency(today).with_board_data()
    found = list(in_need[start : start + TRAY_PAGE])
    return TrayPage(tray_rows(found, at, today), number, pages, total)


def tray_rows(visits: Sequence[Visit], at: datetime, today: date | None = None) -> list[TrayRow]:
    """Rows for visits that come with their `urgency`; details and clocks are read once for all."""
    details = visit_details(visits)
    deadlines = deadlines_of(visits, at)
    return [
        TrayRow(
            visit=visit,
            details=details.get(visit.pk),
            group=Urgency(visit.urgency),  # type: ignore[attr-defined]  # annotated by by_urgency
            age=short_span(at - visit.created_at),
            deadlines=deadlines.get(visit.pk, []),
            is_earlier=today is not None and visit.on < today,
        )
        for visit in visits
    ]


def deadlines_of(visits: Iterable[Visit], at: datetime) -> dict[int, list[Deadline]]:
    """The running clocks of these visits, the most pressing first. One query."""
    clocks = SlaClock.objects.open().for_subjects(visits).filter(target__key__in=CLOCKS)
    found: dict[int, list[Deadline]] = {}
    for clock in clocks.select_related("target").most_urgent_first():
        if clock.due_at is not None:
            label = _("Assign") if clock.target.key == ASSIGN_WITHIN else _("Arrive")
            deadline = Deadline(label, clock.shown_state(at), time_left(clock.due_at, at))
            found.setdefault(clock.object_id, []).append(deadline)
    return found


def found_visits(user: User, text: str, at: datetime) -> list[TrayRow]:
    """Visits of this person's cities whose reference or order's begins with the text, newest first."""
    text = text.strip().upper()
    visits = Visit.objects.for_dispatcher(user)
    matching = visits.filter(reference__startswith=text) | visits.filter(pk__in=ports.find_visits(text))
    newest = matching.by_urgency().with_board_data().order_by("-window_start_at", "-id")
    return tray_rows(list(newest[:FOUND_LIMIT]), at)


def day_strip(city: City, today: date, shown: date) -> list[DayInNeed]:
    """The next days from today, and the shown one where it is another, with how many visits need somebody.

    What is left over from the days before counts for today, whose board shows it.
    """
    days = sorted({today + timedelta(days=offset) for offset in range(DAY_STRIP)} | {shown})
    earlier = left_over(today)
    needed = Visit.objects.filter(Q(on__in=days) | earlier, city=city).in_need(today).order_by()
    in_need: dict[date, int] = defaultdict(int)
    for row in needed.values("on").annotate(
        own=Count("pk", filter=IN_NEED), earlier=Count("pk", filter=earlier)
    ):
        in_need[row["on"]] += row["own"]
        in_need[today] += row["earlier"]
    return [DayInNeed(on, in_need.get(on, 0), on == shown) for on in days]


def board_token(city: City, on: date, at: datetime) -> str:
    """Changes with everything the board of that day shows, and each minute for what is counted down."""
    shown = Visit.objects.of_board(city, on, city_today(city, at))
    version = CityDay.objects.filter(city=city, on=on).values_list("version", flat=True).first() or 0
    newest = VisitEvent.objects.filter(visit__in=shown.order_by()).aggregate(newest=Max("pk"))["newest"]
    return f"{version}.{newest or 0}.{int(at.timestamp()) // 60}"
