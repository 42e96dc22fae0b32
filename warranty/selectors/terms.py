"""Which warranty terms count: the answer to a port of orders."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from orders.models import QuoteLine
from orders.ports import Term
from repairhub.core.errors import Conflict
from warranty.models import WarrantyTerms


def term_for(grade: str, on: date) -> Term:
    """Our term for the grade on that day: the newest version valid then. One small query.

    Raises Conflict where none is valid: without terms nothing may be promised.
    """
    terms = WarrantyTerms.objects.in_force(grade, on)
    if terms is None:
        raise Conflict(
            _("No warranty terms are in force for this grade, so nothing can be promised."),
            code="no_warranty_terms",
            next_step=_("Please choose another grade, or call us."),
        )
    return Term(days=terms.days, version=terms.version)


def are_published(terms: WarrantyTerms, on: date) -> bool:
    """Whether somebody may have been promised these terms: their day has come, or a quote names them."""
    if terms.valid_from_on <= on:
        return True
    return QuoteLine.objects.filter(terms_version=terms.version, grade=terms.grade).exists()
