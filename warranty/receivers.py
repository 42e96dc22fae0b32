"""News of orders: warranties are issued, and reworks counted, in the transaction that brings the news."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from engineers.models import Visit
from orders.models import RepairOrder
from orders.signals import order_completed, rework_failed, rework_finished, visit_replaced
from warranty.services.issuing import issue_warranties
from warranty.services.remedies import finish_remedies, follow_visit, offer_again


@receiver(order_completed)
def warrant(*, order: RepairOrder, visit: Visit, by: Any, at: datetime, **_kwargs: Any) -> None:
    """Every fitting gets its warranty, or the order is not completed."""
    issue_warranties(order=order, visit=visit, by=by, at=at)


@receiver(rework_finished)
def rework_is_done(*, order: RepairOrder, visit: Visit, by: Any, at: datetime, **_kwargs: Any) -> None:
    """The new parts take over the promise of the earlier ones; what was owed is given."""
    issue_warranties(order=order, visit=visit, by=by, at=at)
    finish_remedies(order=order, visit=visit, at=at)


@receiver(rework_failed)
def rework_is_still_owed(*, order: RepairOrder, visit: Visit, by: Any, at: datetime, **_kwargs: Any) -> None:
    """The customer chooses again; a part that did go in is warranted."""
    issue_warranties(order=order, visit=visit, by=by, at=at)
    offer_again(order=order, visit=visit)


@receiver(visit_replaced)
def rework_has_another_visit(*, order: RepairOrder, before: Visit, after: Visit, **_kwargs: Any) -> None:
    """The customer agreed to another window: what the old visit would have made good, the new one does."""
    follow_visit(order=order, before=before, after=after)
