"""Questions about engineers and visits, in the words of the dispatch desk."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Prefetch, Q, Subquery, When
from django.utils.translation import gettext_lazy as _

from engineers import states
from repairhub.accounts.states import Role

if TYPE_CHECKING:
    from engineers.models import (  # noqa: F401
        Absence,
        AccessNote,
        BrandAuthorisation,
        Engineer,
        EngineerCertificate,
        EngineerRequest,
        PlanRun,
        Visit,
    )
    from repairhub.places.models import City


class Urgency(models.IntegerChoices):
    """The groups of the board's tray, the first one first."""

    UNASSIGNED = 0, _("Without an engineer")
    AT_RISK = 1, _("At risk")
    UNCONFIRMED = 2, _("Unconfirmed")
    REST = 3, _("In hand")


# an engineer who cannot sign in sees no route: a closed account ends the work as leaving us does
WORKING = Q(is_active=True, user__is_active=True, user__role=Role.ENGINEER)
UNASSIGNED = Q(engineer=None, status__in=states.MOVABLE)
AT_RISK = Q(at_risk_at__isnull=False, status__in=states.AWAITED)
UNCONFIRMED = Q(status=states.VisitStatus.PLANNED)
IN_NEED = UNASSIGNED | AT_RISK | UNCONFIRMED


def left_over(today: date | None) -> Q:
    """Visits of days before `today` that nobody came to: promises still to be kept. None of None."""
    return Q(status__in=states.AWAITED, on__lt=today or date.min)


def shifts_of(first: date, last: date) -> Q:
    """Shifts of every week, and those of one day among these days."""
    return Q(on=None) | Q(on__range=(first, last))


class EngineerQuerySet(models.QuerySet["Engineer"]):
    def working(self) -> "EngineerQuerySet":
        """Engineers who work for us now, with an open account of that role."""
        return self.filter(WORKING)

    def working_in(self, city: "City") -> "EngineerQuerySet":
        """Engineers of the city who work for us now."""
        return self.working().filter(city=city).select_related("user")

    def for_manager(self, user: Any) -> "EngineerQuerySet":
        """Engineers of the cities this person works for (none named: all)."""
        cities = list(user.cities.values_list("pk", flat=True))
        return self.filter(city_id__in=cities) if cities else self.all()

    def with_shift(self, on: date) -> "EngineerQuerySet":
        """Annotates the day's hours and absence. No query more.

        `shift_starts_at` to `shift_ends_at`; `is_absent` all day, or away from `away_from_at` until
        `away_until_at`, of which either may be None.
        """
        from engineers.models import Absence, WeeklyShift

        shift = WeeklyShift.objects.filter(
            shifts_of(on, on), engineer=OuterRef("pk"), weekday=on.weekday()
        ).order_by(F("on").desc(nulls_last=True))
        away = Absence.objects.filter(engineer=OuterRef("pk"), from_on__lte=on, until_on__gte=on)
        absent = Absence.objects.of_whole_day(on).filter(engineer=OuterRef("pk"))
        since = away.filter(from_on=on).exclude(from_at=None).order_by("from_at")
        until = away.filter(until_on=on).exclude(until_at=None).order_by("-until_at")
        return self.annotate(
            away_from_at=Subquery(since.values("from_at")[:1]),
            away_until_at=Subquery(until.values("until_at")[:1]),
            shift_starts_at=Subquery(shift.values("starts_at")[:1]),
            shift_ends_at=Subquery(shift.values("ends_at")[:1]),
            is_absent=Exists(absent),
        )

    def with_skill(self, key: str, on: date) -> "EngineerQuerySet":
        """Annotates `has_skill`: whether a certificate for it counts on that day."""
        from engineers.models import EngineerCertificate

        valid = EngineerCertificate.objects.valid(on).filter(engineer=OuterRef("pk"), skill__key=key)
        return self.annotate(has_skill=Exists(valid))

    def with_day(self, first: date, last: date) -> "EngineerQuerySet":
        """Loads what a plan of these days needs: shifts, absences, certificates, authorisations."""
        from engineers.models import Absence, BrandAuthorisation, EngineerCertificate, WeeklyShift

        return self.prefetch_related(
            Prefetch("shifts", WeeklyShift.objects.filter(shifts_of(first, last))),
            Prefetch("absences", Absence.objects.filter(from_on__lte=last, until_on__gte=first)),
            Prefetch("certificates", EngineerCertificate.objects.select_related("skill", "suspension")),
            Prefetch(
                "authorisations",
                BrandAuthorisation.objects.filter(
                    valid_from_on__lte=last, valid_until_on__gte=first
                ).select_related("brand"),
            ),
        )


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def of_whole_day(self, on: date) -> "AbsenceQuerySet":
        """Absences that take all of that day."""
        return self.filter(
            Q(from_on__lt=on) | Q(from_on=on, from_at=None),
            Q(until_on__gt=on) | Q(until_on=on, until_at=None),
        )


class CertificateQuerySet(models.QuerySet["EngineerCertificate"]):
    def valid(self, on: date) -> "CertificateQuerySet":
        """Certificates that count on that day."""
        return self.filter(suspended_at=None, valid_from_on__lte=on, valid_until_on__gte=on)

    def ending(self, on: date, by: date) -> "CertificateQuerySet":
        """Certificates that count on `on` and end before `by` is over, with no other one to go on with."""
        from engineers.models import EngineerCertificate

        renewed = EngineerCertificate.objects.filter(
            engineer=OuterRef("engineer"),
            skill=OuterRef("skill"),
            level__gte=OuterRef("level"),
            suspended_at=None,
            valid_from_on__lte=OuterRef("valid_until_on"),
            valid_until_on__gt=by,
        )
        return self.valid(on).filter(~Exists(renewed), valid_until_on__lte=by)

    def of_working(self) -> "CertificateQuerySet":
        """Those of engineers who work for us now."""
        from engineers.models import Engineer

        return self.filter(engineer__in=Engineer.objects.working())


class AuthorisationQuerySet(models.QuerySet["BrandAuthorisation"]):
    def ending(self, on: date, by: date) -> "AuthorisationQuerySet":
        """Authorisations that count on `on` and end before `by` is over, with no other one to go on with."""
        from engineers.models import BrandAuthorisation

        renewed = BrandAuthorisation.objects.filter(
            engineer=OuterRef("engineer"),
            brand=OuterRef("brand"),
            valid_from_on__lte=OuterRef("valid_until_on"),
            valid_until_on__gt=by,
        )
        return self.filter(~Exists(renewed), valid_from_on__lte=on, valid_until_on__range=(on, by))

    def of_working(self) -> "AuthorisationQuerySet":
        """Those of engineers who work for us now."""
        from engineers.models import Engineer

        return self.filter(engineer__in=Engineer.objects.working())


class EngineerRequestQuerySet(models.QuerySet["EngineerRequest"]):
    def pending(self) -> "EngineerRequestQuerySet":
        """Requests that somebody has still to answer."""
        return self.filter(status=states.RequestStatus.PENDING)

    def of_engineer(self, user: Any) -> "EngineerRequestQuerySet":
        """This engineer's own."""
        return self.filter(engineer__user=user)

    def for_desk(self, user: Any) -> "EngineerRequestQuerySet":
        """Those of engineers in the cities this person works for (none named: all)."""
        cities = list(user.cities.values_list("pk", flat=True))
        return self.filter(engineer__city_id__in=cities) if cities else self.all()


class VisitQuerySet(models.QuerySet["Visit"]):
    def of_day(self, city: "City", on: date) -> "VisitQuerySet":
        """All visits of the city on that day."""
        return self.filter(city=city, on=on)

    def of_board(self, city: "City", on: date, today: date) -> "VisitQuerySet":
        """The visits of the city on that day; today also those left over from the days before."""
        shown = Q(on=on) | left_over(today) if on == today else Q(on=on)
        return self.filter(shown, city=city)

    def open(self) -> "VisitQuerySet":
        """Visits that take up an engineer's time."""
        return self.filter(status__in=states.OPEN)

    def in_need(self, today: date | None = None) -> "VisitQuerySet":
        """Visits that a dispatcher has to do something about: the tray of the board.

        With `today` also whatever is left over from the days before.
        """
        return self.filter(IN_NEED | left_over(today))

    def for_engineer(self, user: Any) -> "VisitQuerySet":
        """Visits that this engineer's own pages may show: named ones only."""
        return self.filter(engineer__user=user).exclude(status=states.VisitStatus.PLANNED)

    def for_dispatcher(self, user: Any) -> "VisitQuerySet":
        """Visits in the cities this person works for (none named: all)."""
        cities = list(user.cities.values_list("pk", flat=True))
        return self.filter(city_id__in=cities) if cities else self.all()

    def by_urgency(self, today: date | None = None) -> "VisitQuerySet":
        """Without an engineer first, then at risk, then unconfirmed, then the rest; earliest window first.

        With `today`, what is left over from the days before is at risk.
        """
        return self.annotate(
            urgency=Case(
                When(UNASSIGNED, then=Urgency.UNASSIGNED),
                When(AT_RISK | left_over(today), then=Urgency.AT_RISK),
                When(UNCONFIRMED, then=Urgency.UNCONFIRMED),
                default=Urgency.REST,
                output_field=models.IntegerField(),
            )
        ).order_by("urgency", F("window_start_at").asc(), "id")

    def with_board_data(self) -> "VisitQuerySet":
        """Loads what a row of the board shows."""
        return self.select_related("city", "engineer__user")


class AccessNoteQuerySet(models.QuerySet["AccessNote"]):
    def at_place(self, city_id: int, latitude: Decimal, longitude: Decimal) -> "AccessNoteQuerySet":
        """Every version about that place (four decimals), the one that counts first."""
        return self.filter(city_id=city_id, latitude=latitude, longitude=longitude).order_by("-id")


class PlanRunQuerySet(models.QuerySet["PlanRun"]):
    def open(self) -> "PlanRunQuerySet":
        """Runs of which something can still come."""
        return self.filter(status__in=states.OPEN_RUNS)

    def for_dispatcher(self, user: Any) -> "PlanRunQuerySet":
        """Runs of the cities this person works for (none named: all)."""
        cities = list(user.cities.values_list("pk", flat=True))
        return self.filter(city_id__in=cities) if cities else self.all()

    def with_page_data(self) -> "PlanRunQuerySet":
        """Loads what a run's page shows besides its facts."""
        return self.select_related(
            "city", "engineer__user", "visit", "asked_by", "ended_by", "follows", "followed_by"
        )
