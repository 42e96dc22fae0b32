"""Questions about engineers and visits, in the words of the dispatch desk."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Case, Count, F, Prefetch, Q, When
from django.utils.translation import gettext_lazy as _

from engineers import states
from repairhub.accounts.states import Role

if TYPE_CHECKING:
    from engineers.models import Absence, Engineer, EngineerCertificate, PlanRun, Visit  # noqa: F401
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


class EngineerQuerySet(models.QuerySet["Engineer"]):
    def working(self) -> "EngineerQuerySet":
        """Engineers who work for us now, with an open account of that role."""
        return self.filter(WORKING)

    def working_in(self, city: "City") -> "EngineerQuerySet":
        """Engineers of the city who work for us now."""
        return self.working().filter(city=city).select_related("user")

    def with_shift(self, on: date) -> "EngineerQuerySet":
        """Loads the shift and the absences of one day."""
        from engineers.models import Absence, WeeklyShift

        return self.prefetch_related(
            Prefetch("shifts", WeeklyShift.objects.filter(weekday=on.weekday())),
            Prefetch("absences", Absence.objects.filter(from_on__lte=on, until_on__gte=on)),
        )

    def with_day(self, first: date, last: date) -> "EngineerQuerySet":
        """Loads what a plan of these days needs: shifts, absences, certificates, authorisations."""
        from engineers.models import Absence, BrandAuthorisation, EngineerCertificate

        return self.prefetch_related(
            "shifts",
            Prefetch("absences", Absence.objects.filter(from_on__lte=last, until_on__gte=first)),
            Prefetch("certificates", EngineerCertificate.objects.select_related("skill")),
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
        """Certificates that count on `on` and end before `by` is over."""
        return self.valid(on).filter(valid_until_on__lte=by)


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

    def counts(self, at: datetime, today: date | None = None) -> dict[str, int]:
        """How many the day has in all and in each group of the tray, and how many are late. One query.

        With `today`, what is left over from the days before is at risk, and counted as `earlier` too.
        """
        earlier = left_over(today)
        at_risk = AT_RISK | earlier
        return self.aggregate(
            total=Count("pk", filter=~earlier),
            earlier=Count("pk", filter=earlier),
            unassigned=Count("pk", filter=UNASSIGNED),
            at_risk=Count("pk", filter=at_risk & ~UNASSIGNED),
            unconfirmed=Count("pk", filter=UNCONFIRMED & ~at_risk & ~UNASSIGNED),
            late=Count("pk", filter=Q(status__in=states.AWAITED, window_end_at__lt=at)),
        )

    def with_board_data(self) -> "VisitQuerySet":
        """Loads what a row of the board shows."""
        return self.select_related("city", "engineer__user")


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
