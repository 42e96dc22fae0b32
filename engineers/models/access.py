"""How one gets in at a place: gate, lift, parking. Kept by place, for whoever comes there next."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from engineers.querysets import AccessNoteQuerySet
from repairhub.places.models import City


class AccessNote(models.Model):
    """One version of the note about a place; the newest one counts, an empty one takes it back.

    The place is its coordinates to four decimals (about 11 m). The text may hold a gate code: it is personal,
    stands in no log, and is erased from versions that nobody needs any more (`forget_access_notes`).
    """

    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="+", verbose_name=_("city"))
    latitude = models.DecimalField(_("latitude (degrees)"), max_digits=7, decimal_places=4)
    longitude = models.DecimalField(_("longitude (degrees)"), max_digits=7, decimal_places=4)
    text = models.CharField(_("how to get in"), max_length=300, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))
    erased_at = models.DateTimeField(_("erased at"), null=True)

    objects = AccessNoteQuerySet.as_manager()

    class Meta:
        verbose_name = _("access note")
        verbose_name_plural = _("access notes")
        ordering = ["-id"]
        indexes = [
            # reader: AccessNoteQuerySet.at_place, on the board's panel and the engineer's visit page
            models.Index(fields=["city", "latitude", "longitude", "-id"], name="access_note_of_place"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="access_note_on_earth",
            ),
            models.CheckConstraint(
                condition=models.Q(erased_at__isnull=True) | models.Q(text=""),
                name="access_note_erased_is_empty",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.city_id} {self.latitude},{self.longitude}"
