"""The dispatch engine's reasons as sentences for dispatchers: why, and what would make it possible."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from engineers.dispatch import Reason, ReasonCode
from engineers.models import Skill, Visit
from parts.models import Brand
from repairhub.core.names import listed

Names = Mapping[object, str]


@dataclass(frozen=True, slots=True)
class Wording:
    """The names that a set of reasons speaks of, in the active language. A missing name shows its key."""

    skills: Names = field(default_factory=dict)
    brands: Names = field(default_factory=dict)
    visits: Names = field(default_factory=dict)

    @classmethod
    def of(cls, reasons: Iterable[Reason]) -> "Wording":
        """Return the wording for these reasons, in at most three queries however many they are."""
        skills: set[str] = set()
        brands: set[str] = set()
        visits: set[int] = set()
        for reason in reasons:
            data: Mapping[str, Any] = reason.data
            skills.update(data.get("skills", ()))
            brands.update(data.get("brands", ()))
            if "skill" in data:
                skills.add(data["skill"])
            if "brand" in data:
                brands.add(data["brand"])
            visits.update(v for k in ("visit", "after", "before") if isinstance(v := data.get(k), int))
        return cls(
            skills={s.key: s.name for s in Skill.objects.filter(key__in=skills)} if skills else {},
            brands={b.key: b.name for b in Brand.objects.filter(key__in=brands)} if brands else {},
            visits=dict(Visit.objects.filter(pk__in=visits).values_list("pk", "reference")) if visits else {},
        )

    def sentence(self, reason: Reason) -> str:
        """Return the reason as whole sentences in the active language."""
        return _SENTENCES[reason.code](self, reason.data)

    def skill(self, key: object) -> str:
        """Return the skill's name."""
        return self.skills.get(key, str(key))

    def brand(self, key: object) -> str:
        """Return the brand's name."""
        return self.brands.get(key, str(key))

    def visit(self, key: object) -> str:
        """Return the visit's reference."""
        return self.visits.get(key, str(key))


def sentence(reason: Reason) -> str:
    """Return one reason as whole sentences in the active language. For many, ``sentences`` asks less."""
    return Wording.of([reason]).sentence(reason)


def sentences(reasons: Iterable[Reason]) -> list[str]:
    """Return each reason as whole sentences in the active language, in at most three queries in all."""
    reasons = list(reasons)
    wording = Wording.of(reasons)
    return [wording.sentence(reason) for reason in reasons]


def _clock(seconds: int) -> str:
    return f"{seconds // 3600 % 24:02d}:{seconds % 3600 // 60:02d}"


def _minutes(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def _fits(wording: Wording, data: Mapping[str, Any]) -> str:
    place = _place(wording, data)
    if not data.get("late_by"):
        return place
    late = _("It will be late by %(late)s.") % {"late": _minutes(data["late_by"])}
    return f"{place} {late}"


def _place(wording: Wording, data: Mapping[str, Any]) -> str:
    facts = {"start": _clock(data["start"]), "extra": _minutes(max(0, data["extra_travel"]))}
    if data["after"] is None:
        return _("Fits as the next visit: starts at %(start)s, with %(extra)s more driving.") % facts
    facts["visit"] = wording.visit(data["after"])
    return _("Fits after visit %(visit)s: starts at %(start)s, with %(extra)s more driving.") % facts


def _not_qualified(wording: Wording, data: Mapping[str, Any]) -> str:
    return _(
        "No certificate for “%(skill)s”, level %(level)d. An assessment passed before that day would make "
        "it possible."
    ) % {"skill": wording.skill(data["skill"]), "level": data["level"]}


def _level_too_low(wording: Wording, data: Mapping[str, Any]) -> str:
    return _(
        "Certified for “%(skill)s” at level %(held)d, but level %(level)d is needed. Choose a more senior "
        "engineer, or have the higher level assessed."
    ) % {"skill": wording.skill(data["skill"]), "held": data["held"], "level": data["level"]}


def _certificate_lapsed(wording: Wording, data: Mapping[str, Any]) -> str:
    facts = {"skill": wording.skill(data["skill"])}
    if data["why"] == "suspended":
        return (
            _("The certificate for “%(skill)s” is suspended. Lifting the suspension would make it possible.")
            % facts
        )
    if data["why"] == "suspended_for_reworks":
        return (
            _(
                "The certificate for “%(skill)s” is suspended: too many of this engineer's repairs had to be "
                "done again. A passed re-assessment would make it possible."
            )
            % facts
        )
    if data["why"] == "not_yet_valid":
        return (
            _(
                "The certificate for “%(skill)s” is not valid yet on that day. A later day would make it "
                "possible."
            )
            % facts
        )
    return (
        _(
            "The certificate for “%(skill)s” has run out by that day. Renewing it before would make it "
            "possible."
        )
        % facts
    )


def _not_authorised(wording: Wording, data: Mapping[str, Any]) -> str:
    return _(
        "No authorisation by %(brand)s on that day, and the part needs it. Choose an authorised engineer."
    ) % {"brand": wording.brand(data["brand"])}


def _not_on_shift(wording: Wording, data: Mapping[str, Any]) -> str:
    if data["why"] == "absent":
        return _("Is absent on that day. Choose another engineer, or end the absence.")
    if data["why"] == "absent_then":
        return _("Is absent at that time. Choose another engineer, or end the absence.")
    return _("Does not work on that day. A shift on that day would make it possible.")


def _outside_shift(wording: Wording, data: Mapping[str, Any]) -> str:
    return _(
        "Works from %(start)s to %(end)s, outside the arrival window. Another shift, or a window that the "
        "customer accepts instead, would make it possible."
    ) % {"start": _clock(data["shift_start"]), "end": _clock(data["shift_end"])}


def _too_soon(wording: Wording, data: Mapping[str, Any]) -> str:
    return _(
        "The arrival window ends at %(end)s, and nobody can start before %(earliest)s. Propose a later "
        "window to the customer."
    ) % {"end": _clock(data["window_end"]), "earliest": _clock(data["earliest"])}


def _arrives_late(wording: Wording, data: Mapping[str, Any]) -> str:
    facts = {"late": _minutes(data["late_by"])}
    if data["after"] is None:
        return (
            _(
                "Would come %(late)s too late even as the next visit. Somebody nearer, or a later window "
                "that the customer accepts, would make it possible."
            )
            % facts
        )
    facts["visit"] = wording.visit(data["after"])
    return (
        _(
            "Would come %(late)s too late after visit %(visit)s. Giving that visit to somebody else first "
            "would make it possible."
        )
        % facts
    )


def _breaks_promise(wording: Wording, data: Mapping[str, Any]) -> str:
    return _(
        "Visit %(visit)s, already promised, would come %(late)s too late. Giving that visit to somebody else "
        "first would make it possible."
    ) % {"visit": wording.visit(data["visit"]), "late": _minutes(data["late_by"])}


def _overruns_shift(wording: Wording, data: Mapping[str, Any]) -> str:
    return _(
        "Would be back %(late)s after the shift ends at %(end)s. A longer shift, or an earlier window that "
        "the customer accepts, would make it possible."
    ) % {"late": _minutes(data["late_by"]), "end": _clock(data["shift_end"])}


def _nobody_qualified(wording: Wording, data: Mapping[str, Any]) -> str:
    named = listed(f"{wording.skill(skill)} ({level})" for skill, level in sorted(data["skills"].items()))
    return _(
        "Nobody in this city holds every certificate needed on that day: %(skills)s. An assessment, or a day "
        "on which a certificate is valid, would make it possible."
    ) % {"skills": named}


def _nobody_authorised(wording: Wording, data: Mapping[str, Any]) -> str:
    return _(
        "Nobody in this city has the authorisation that this repair needs: %(brands)s. Please turn to the "
        "maker."
    ) % {"brands": listed(wording.brand(brand) for brand in data["brands"])}


def _nobody_on_shift(wording: Wording, data: Mapping[str, Any]) -> str:
    return ngettext(
        "The one qualified engineer does not work in this arrival window. Choose another window.",
        "None of the %(count)d qualified engineers works in this arrival window. Choose another window.",
        data["qualified"],
    ) % {"count": data["qualified"]}


def _no_parts(wording: Wording, data: Mapping[str, Any]) -> str:
    return _("The van has no piece left of: %(parts)s. Taking one from the store would make it possible.") % {
        "parts": listed(str(part) for part in data["parts"])
    }


def _nobody_has_parts(wording: Wording, data: Mapping[str, Any]) -> str:
    return ngettext(
        "The one qualified engineer at work has no piece left of: %(parts)s. Stocking the van would make it "
        "possible.",
        "None of the %(count)d qualified engineers at work has a piece left of: %(parts)s. Stocking a van "
        "would make it possible.",
        data["qualified"],
    ) % {"count": data["qualified"], "parts": listed(str(part) for part in data["parts"])}


def _all_busy(wording: Wording, data: Mapping[str, Any]) -> str:
    return ngettext(
        "The one qualified engineer at work is busy; %(late)s are missing. Choose another window.",
        "All %(count)d qualified engineers at work are busy; the nearest misses by %(late)s. Choose another "
        "window.",
        data["on_shift"],
    ) % {"count": data["on_shift"], "late": _minutes(data["late_by"])}


_SENTENCES: dict[ReasonCode, Callable[[Wording, Mapping[str, Any]], str]] = {
    ReasonCode.FITS: _fits,
    ReasonCode.NOT_QUALIFIED: _not_qualified,
    ReasonCode.LEVEL_TOO_LOW: _level_too_low,
    ReasonCode.CERTIFICATE_LAPSED: _certificate_lapsed,
    ReasonCode.NOT_AUTHORISED: _not_authorised,
    ReasonCode.NOT_ON_SHIFT: _not_on_shift,
    ReasonCode.OUTSIDE_SHIFT: _outside_shift,
    ReasonCode.TOO_SOON: _too_soon,
    ReasonCode.ARRIVES_LATE: _arrives_late,
    ReasonCode.BREAKS_PROMISE: _breaks_promise,
    ReasonCode.OVERRUNS_SHIFT: _overruns_shift,
    ReasonCode.NOBODY_QUALIFIED: _nobody_qualified,
    ReasonCode.NOBODY_AUTHORISED: _nobody_authorised,
    ReasonCode.NOBODY_ON_SHIFT: _nobody_on_shift,
    ReasonCode.NO_PARTS: _no_parts,
    ReasonCode.NOBODY_HAS_PARTS: _nobody_has_parts,
    ReasonCode.ALL_BUSY: _all_busy,
}
