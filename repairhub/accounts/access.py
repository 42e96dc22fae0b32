"""Doors of pages: which roles a view is for."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from repairhub.core.names import listed

from .states import Role

View = Callable[..., HttpResponseBase]


def role_required(*roles: str) -> Callable[[View], View]:
    """The view for these roles (and superusers) alone.

    Anybody else gets the 403 page with a sentence, whoever is not signed in the sign-in page.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            user = request.user
            if not user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not (user.is_superuser or user.role in roles):
                raise PermissionDenied(closed_to(user.role, roles))
            return view(request, *args, **kwargs)

        guarded.roles = frozenset(roles)  # type: ignore[attr-defined]  # read by the test over all addresses
        return guarded

    return decorate


def closed_to(role: str, roles: tuple[str, ...]) -> str:
    """Why this page stays shut, in a sentence."""
    open_to = listed(Role(one).label for one in roles)
    return _("This page is for: %(roles)s. You are signed in as: %(role)s.") % {
        "roles": open_to,
        "role": Role(role).label,
    }
