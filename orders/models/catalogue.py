"""The repair catalogue: what we do, how long it takes, who may do it, what the work costs."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from engineers.models import Skill
from parts.models import Component
from repairhub.core.names import NamedInTwoLanguages


class Repair(NamedInTwoLanguages):
    """Replacing one component. It is offered for a model where a part of that component fits it."""

    key = models.SlugField(_("key"), unique=True)
    fault_en = models.CharField(_("fault, English"), max_length=120, blank=True)
    fault_zh = models.CharField(_("fault, Chinese"), max_length=120, blank=True)
    component = models.ForeignKey(
        Component, on_delete=models.PROTECT, related_name="repairs", verbose_name=_("component")
    )
    skill = models.ForeignKey(
        Skill, on_delete=models.PROTECT, related_name="repairs", verbose_name=_("skill")
    )
    skill_level = models.PositiveSmallIntegerField(
        _("lowest level"), default=1, validators=[MinValueValidator(1), MaxValueValidator(3)]
    )
    minutes = models.PositiveSmallIntegerField(_("work (minutes)"), validators=[MinValueValidator(5)])
    labour = models.DecimalField(
        _("labour"), max_digits=10, decimal_places=2, validators=[MinValueValidator(0)]
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("offered"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("repair")
        verbose_name_plural = _("repairs")
        ordering = ["position", "key"]
        constraints = [
            models.CheckConstraint(condition=models.Q(minutes__gte=5), name="repair_takes_time"),
            models.CheckConstraint(condition=models.Q(labour__gte=0), name="repair_labour_not_negative"),
        ]

    @property
    def fault(self) -> str:
        """What the customer sees is wrong, in the reader's language; else the repair's name."""
        from django.utils.translation import get_language

        said = self.fault_zh if (get_language() or "en").startswith("zh") else self.fault_en
        return said or self.name
