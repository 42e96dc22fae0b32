"""Questions about engineers and visits, in the words of the dispatch desk."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Case, Count, F, Prefetch, Q, When
from django.utils.translation import gettext_lazy as _

from engineers import states

if TYPE_CHECKING:
    from engineers.models import Engineer, EngineerCertificate, Visit  # noqa: F401
    from repairhub.places.models import City


class Urgency(models.IntegerChoices):
    """The groups of the board's tray, the first one first."""

    UNASSIGNED = 0, _("Without an engineer")
    AT_RISK = 1, _("At risk")
    UNCONFIRMED = 2, _("Unconfirmed")
    REST = 3, _("In hand")


UNASSIGNED = Q(engineer=None, status__in=states.MOVABLE)
AT_RISK = Q(at_risk_at__isnull=False, status__in=states.AWAITED)
UNCONFIRMED = Q(status=states.VisitStatus.PLANNED)


class EngineerQuerySet(models.QuerySet["Engineer"]):
    def working_in(self, city: "City") -> "EngineerQuerySet":
        """Engineers of the city who work for us now."""
        return self.filter(city=city, is_active=True).select_related("user")

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

    def open(self) -> "VisitQuerySet":
        """Visits that take up an engineer's time."""
        return self.filter(status__in=states.OPEN)

    def in_need(self) -> "VisitQuerySet":
        """Visits that a dispatcher has to do something about: the tray of the board."""
        return self.filter(UNASSIGNED | AT_RISK | UNCONFIRMED)

    def for_engineer(self, user: Any) -> "VisitQuerySet":
        """Visits that this engineer's own pages may show: named ones only."""
        return self.filter(engineer__user=user).exclude(status=states.VisitStatus.PLANNED)

    def for_dispatcher(self, user: Any) -> "VisitQuerySet":
        """Visits in the cities this person works for (none named: all)."""
        cities = list(user.cities.values_list("pk", flat=True))
        return self.filter(city_id__in=cities) if cities else self.all()

    def by_urgency(self) -> "VisitQuerySet":
        """Without an engineer first, then at risk, then unconfirmed, then the rest; earliest window first."""
        return self.annotate(
            urgency=Case(
                When(UNASSIGNED, then=Urgency.UNASSIGNED),
                When(AT_RISK, then=Urgency.AT_RISK),
                When(UNCONFIRMED, then=Urgency.UNCONFIRMED),
                default=Urgency.REST,
                output_field=models.IntegerField(),
            )
        ).order_by("urgency", F("window_start_at").asc(), "id")

    def counts(self, at: datetime) -> dict[str, int]:
        """How many there are in all and in each group of the tray, and how many are late. One query."""
        return self.aggregate(
            total=Count("pk"),
            unassigned=Count("pk", filter=UNASSIGNED),
            at_risk=Count("pk", filter=AT_RISK & ~UNASSIGNED),
            unconfirmed=Count("pk", filter=UNCONFIRMED & ~AT_RISK & ~UNASSIGNED),
            late=Count("pk", filter=Q(status__in=states.AWAITED, window_end_at__lt=at)),
        )

    def with_board_data(self) -> "VisitQuerySet":
        """Loads what a row of the board shows."""
        return self.select_related("city", "engineer__user")
