"""What the dispatch board shows of one city on one day: the tray, the counts, the days around it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Exists, Max, OuterRef, Q, Subquery, Value
from django.utils.translation import gettext as _

from engineers import ports
from engineers.forms import BoardFilters
from engineers.models import CityDay, Engineer, Visit, VisitEvent
from engineers.planning import CityClock, city_today
from engineers.ports import VisitTitle, visit_titles
from engineers.querysets import IN_NEED, Urgency, left_over
from engineers.services.planning import ARRIVE_WITHIN_WINDOW, ASSIGN_WITHIN
from engineers.states import AWAITED, MOVABLE
from engineers.wording import short_span, time_left
from repairhub.accounts.models import User
from repairhub.places.models import City
from repairhub.sla.models import SlaClock

TRAY_PAGE = 50
FOUND_LIMIT = 20
DAY_STRIP = 7
CLOCKS = (ASSIGN_WITHIN, ARRIVE_WITHIN_WINDOW)


@dataclass(frozen=True)
class BoardDay:
    """All that the board shows of a city's day, most urgent visit first. Two queries however many there are.

    `today` is None for other days, which have nothing left over from the days before. A visit comes with its
    `urgency` and its engineer; an engineer with the day's shift, and with a skill asked for, `has_skill`.
    """

    city: City
    on: date
    today: date | None
    visits: Sequence[Visit]
    engineers: Sequence[Engineer]


@dataclass(frozen=True)
class Counts:
    """How many visits the day has in all and in each group of the tray. `earlier` are at risk as well."""

    total: int
    earlier: int
    unassigned: int
    at_risk: int
    unconfirmed: int
    late: int


@dataclass(frozen=True)
class Deadline:
    """A running clock of a visit as the desk reads it: "Assign", "12 min left"."""

    label: str
    state: str
    left: str


@dataclass(frozen=True)
class TrayRow:
    """One visit of the tray. `tone`: the state whose colour the row wears; `promised`: seconds of its day."""

    visit: Visit
    details: VisitTitle | None
    group: Urgency
    tone: str
    age: str
    deadlines: Sequence[Deadline]
    promised: str = ""
    is_earlier: bool = False

    @property
    def may_move(self) -> bool:
        """Whether it may be dragged to another place."""
        return self.visit.status in MOVABLE


@dataclass(frozen=True)
class TrayPage:
    """One page of the tray, and where it lies among all."""

    visits: Sequence[Visit]
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
        return self.first + len(self.visits) - 1

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
    """The cities whose board this person may see: those named, or all. One query."""
    named = User.cities.through.objects.filter(user=user)
    return list(City.objects.filter(Q(pk__in=named.values("city")) | ~Exists(named)))


def board_day(filters: BoardFilters) -> BoardDay:
    """The visits and engineers of the filters' city and day; visits left over are on today's board."""
    city, on = filters.city, filters.on
    today = filters.today if on == filters.today else None
    visits = list(Visit.objects.of_board(city, on, filters.today).by_urgency(today))
    holders = {visit.engineer_id for visit in visits if visit.engineer_id is not None}
    rows = Engineer.objects.filter(Q(city=city) | Q(pk__in=holders)).with_shift(on)
    if filters.skill:
        rows = rows.with_skill(filters.skill, on)
    engineers = list(rows.select_related("user").order_by("number"))
    by_id = {engineer.pk: engineer for engineer in engineers}
    for visit in visits:
        visit.city = city
        if visit.engineer_id is not None:
            visit.engineer = by_id[visit.engineer_id]
    return BoardDay(city=city, on=on, today=today, visits=visits, engineers=engineers)


def urgency_of(visit: Visit) -> int:
    """The group (Urgency) of a visit that was loaded `by_urgency`."""
    return visit.urgency  # type: ignore[attr-defined, no-any-return]  # annotated


def tone_of(visit: Visit) -> str:
    """The state that the board shows of a visit, and whose colour it wears there."""
    group = urgency_of(visit)
    if group == Urgency.UNASSIGNED:
        return "unassigned"
    return "at_risk" if group == Urgency.AT_RISK else str(visit.status)


def counts_of(visits: Iterable[Visit], at: datetime, today: date | None = None) -> Counts:
    """The numbers above the board. With `today`, what is left over from before counts as `earlier` too."""
    groups: dict[int, int] = defaultdict(int)
    total = earlier = late = 0
    for visit in visits:
        groups[urgency_of(visit)] += 1
        if today is not None and visit.on < today:
            earlier += 1
        else:
            total += 1
        if visit.window_end_at < at and visit.status in AWAITED:
            late += 1
    return Counts(
        total=total,
        earlier=earlier,
        unassigned=groups[Urgency.UNASSIGNED],
        at_risk=groups[Urgency.AT_RISK],
        unconfirmed=groups[Urgency.UNCONFIRMED],
        late=late,
    )


def tray_page(visits: Iterable[Visit], number: int, *, state: str = "") -> TrayPage:
    """A page of the visits in need among these, or of those in one state; the last page for one beyond it."""
    if state:
        shown = [visit for visit in visits if tone_of(visit) == state]
    else:
        shown = [visit for visit in visits if urgency_of(visit) != Urgency.REST]
    pages = max(1, -(-len(shown) // TRAY_PAGE))
    number = min(max(1, number), pages)
    start = (number - 1) * TRAY_PAGE
    return TrayPage(shown[start : start + TRAY_PAGE], number, pages, len(shown))


def tray_rows(
    visits: Sequence[Visit], titles: Mapping[int, VisitTitle], at: datetime, today: date | None = None
) -> list[TrayRow]:
    """Rows for visits that come with their `urgency`; the clocks are read once for all."""
    deadlines = deadlines_of(visits, at)
    return [
        TrayRow(
            visit=visit,
            details=titles.get(visit.pk),
            group=Urgency(urgency_of(visit)),
            tone=tone_of(visit),
            age=short_span(at - visit.created_at),
            deadlines=deadlines.get(visit.pk, []),
            promised=_promised(visit),
            is_earlier=today is not None and visit.on < today,
        )
        for visit in visits
    ]


def _promised(visit: Visit) -> str:
    clock = CityClock.of(visit.city, visit.on)
    return f"{clock.seconds(visit.window_start_at)}-{clock.seconds(visit.window_end_at)}"


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
    found = list(newest[:FOUND_LIMIT])
    return tray_rows(found, visit_titles(found), at)


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
    """Changes with everything the board of that day shows, and each minute for what is counted down.

    One query: it is all that a look at an unchanged board costs besides the sign-in.
    """
    shown = Visit.objects.of_board(city, on, city_today(city, at)).order_by()
    events = VisitEvent.objects.filter(visit__in=shown).order_by().values(all=Value(1))
    version, newest = (
        City.objects.filter(pk=city.pk)
        .annotate(
            version=Subquery(CityDay.objects.filter(city=OuterRef("pk"), on=on).values("version")[:1]),
            newest=Subquery(events.annotate(newest=Max("pk")).values("newest")),
        )
        .values_list("version", "newest")
        .get()
    )
    return f"{version or 0}.{newest or 0}.{int(at.timestamp()) // 60}"
