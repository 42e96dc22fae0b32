"""Whose repairs had to be done again: the answer to a port of engineers."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Q

from engineers.models import SkillSuspension
from engineers.states import SuspensionKind
from orders.models import Fitting, OrderVisit
from orders.states import VisitPurpose
from warranty.models import Remedy
from warranty.states import RemedyKind, RemedyStatus


def counts_of_reworks(
    engineer_ids: Sequence[int], since: datetime, until: datetime
) -> dict[tuple[int, str], tuple[int, int]]:
    """By (engineer's id, skill's key): repairs finished in that time, and how many were done again.

    One query.

    A repair is a line of an order completed in that time, of whoever fitted its part at a repair visit; its
    skill is the one that the repair asks for. It was done again where an approved claim about that part, or
    about the whole order, had its rework visit and the rework is done. It counts once, however often it was
    reworked, and always for the first repair's engineer: whoever does the rework answers for nothing.

    Not counted: a part that was dead on arrival or put back (its fitting is void, the next one counts), a
    claim that is refused or still open, a rework not done yet, and repairs finished before a suspension for
    reworks that was lifted. That a whole lot is faulty is recorded nowhere yet: when lots can be quarantined,
    their reworks are to be left out here.
    """
    redone = Remedy.objects.filter(
        Q(claim__fitting=None) | Q(claim__fitting__line=OuterRef("line")),
        claim__order=OuterRef("order"),
        kind=RemedyKind.REWORK,
        status=RemedyStatus.DONE,
        done_at__lt=until,
    )
    at_a_repair = OrderVisit.objects.filter(
        order=OuterRef("order"), visit=OuterRef("visit"), purpose=VisitPurpose.REPAIR
    )
    cleared = SkillSuspension.objects.filter(
        engineer=OuterRef("engineer"),
        skill=OuterRef("line__repair__skill"),
        kind=SuspensionKind.REWORK_RATE,
        lifted_at__gt=OuterRef("order__completed_at"),
    )
    repairs = (
        Fitting.objects.standing()
        .filter(
            Exists(at_a_repair),
            ~Exists(cleared),
            engineer__in=engineer_ids,
            removed_at__isnull=False,
            order__completed_at__gte=since,
            order__completed_at__lt=until,
        )
        .annotate(is_redone=Exists(redone), skill_key=F("line__repair__skill__key"))
        .order_by()
    )
    counted = repairs.values("engineer_id", "skill_key").annotate(
        finished=Count("pk"), reworked=Count("pk", filter=Q(is_redone=True))
    )
    return {(row["engineer_id"], row["skill_key"]): (row["finished"], row["reworked"]) for row in counted}
