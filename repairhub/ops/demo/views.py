"""The demo's front and its messages. Answered with 404 wherever DEMO is off, however the URLs are mounted."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from repairhub.core.pages import render_page
from repairhub.notifications.states import Channel

from .deliveries import deliveries
from .forms import MessagesQuery
from .sign_ins import PASSWORD, SIGN_INS

View = Callable[[HttpRequest], HttpResponse]


def demo_only(view: View) -> View:
    """The view, where settings.DEMO is on; 404 elsewhere."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not settings.DEMO:
            raise Http404
        return view(request)

    return guarded


@login_not_required
@demo_only
@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """Who can sign in, with what to try."""
    return render(request, "ops/demo/front.html", {"sign_ins": SIGN_INS, "password": PASSWORD})


@login_not_required
@demo_only
@require_safe
@never_cache
def messages(request: HttpRequest) -> HttpResponse:
    """Every message that left. The page asks again each five seconds; 204 says that nothing is new."""
    asked = MessagesQuery(request.GET).asked()
    page = deliveries(address=asked["address"], channel=asked["channel"], before=asked["before"])
    if asked["seen"] == str(page.newest_id):
        return HttpResponse(status=204)
    context = {
        "page": page,
        "address": asked["address"],
        "channel": asked["channel"],
        "channels": Channel.choices,
        "is_first_page": not asked["before"],
    }
    return render_page(request, "ops/demo/messages.html", context, partial="list")
