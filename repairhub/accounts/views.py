"""After the sign-in: everybody goes to the page of their role."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

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
