"""What a manager does for people of the staff."""

from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from repairhub.core.errors import Conflict, NotAllowed

from ..models import User
from ..signals import standing_changed


def switch_off_second_factor(*, user: User, by: User) -> User:
    """For somebody who lost their phone and their recovery codes: the password alone opens the account again.

    Raises NotAllowed unless `by` is a superuser, Conflict where no second factor is on.
    """
    if not by.is_superuser:
        raise NotAllowed(
            _("Only a superuser may switch off somebody's second factor."),
            next_step=_("Ask one of them, and let them check who is asking."),
        )
    with transaction.atomic():
        locked = User.objects.get_queryset().select_for_update().get(pk=user.pk)
        gone, _by_model = Authenticator.objects.filter(user=locked).delete()
    if not gone:
        raise Conflict(_("This person has no second factor."))
    return locked


def announce_standing(*, user: User, by: Any, at: datetime) -> list[str]:
    """Says that somebody's role or account is another now; call it in the transaction that changed it.

    Returns what has followed, in sentences for whoever made the change. A receiver's DomainError undoes it.
    """
    answers = standing_changed.send(sender=User, user=user, by=by, at=at)
    return [said for _receiver, said in answers if said]


def prefer_language(*, user: User, language: str) -> User:
    """Messages to this person are worded in `language` (a code of settings.LANGUAGES) from now on."""
    user.language = language
    user.save(update_fields=["language"])
    return user
