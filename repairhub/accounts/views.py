"""After the sign-in everybody goes to the page of their role; the language they switch to is remembered."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.i18n import set_language

from .services.staff import prefer_language
from .states import Role

# Paths, for the pages behind them belong to the apps above.
FIRST_PAGE = {
    Role.ENGINEER: "/engineer/",
    Role.DISPATCHER: "/dispatch/",
    Role.MANAGER: "/dispatch/",
    Role.CASE_OFFICER: "/claims/",
    Role.PARTS_ADMIN: "/admin/",
    Role.CUSTOMER: "/",
}


def staff_home(request: HttpRequest) -> HttpResponse:
    """Redirects to the first page of the signed-in person's role."""
    return redirect(FIRST_PAGE[Role(request.user.role)])  # type: ignore[union-attr]


@login_not_required
def switch_language(request: HttpRequest) -> HttpResponse:
    """Django's switch (a cookie); whoever is signed in gets messages in that language from now on, too."""
    response = set_language(request)
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        prefer_language(user=request.user, language=language)
    return response
