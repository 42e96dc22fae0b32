"""Booking, step by step: each step reads the session's draft, keeps one answer, and goes to the next."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from orders.links import order_path
from orders.models import BookingDraft, RepairOrder
from orders.progress import STEPS, Progress
from orders.services.drafts import keep_choices, order_of_draft, start_draft
from repairhub.accounts.browser import forget_proofs, proofs
from repairhub.core.pages import render_page

SESSION_DRAFT = "draft"
SESSION_DRAFTS_DONE = "drafts_done"
MOST_DRAFTS_DONE = 10


class Booking:
    """The booking of this browser session, as it stands at the time of the request."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.at = timezone.now()
        draft_id = _uuid(request.session.get(SESSION_DRAFT, ""))
        self.draft = BookingDraft.objects.filter(pk=draft_id).first() if draft_id else None

    @cached_property
    def order(self) -> RepairOrder | None:
        """The order that the draft has made."""
        return order_of_draft(self.draft.pk) if self.draft else None

    @cached_property
    def progress(self) -> Progress:
        """How far it is."""
        return Progress(self.draft, proofs(self.request), self.at)

    @property
    def language(self) -> str:
        """The reader's language, in which the order speaks."""
        return get_language() or "en"

    def keep(self, **choices: Any) -> None:
        """Keeps answers in the draft; the first answer of a session starts it."""
        if self.draft is None:
            self.draft = start_draft(at=self.at)
            self.request.session[SESSION_DRAFT] = str(self.draft.pk)
        self.draft = keep_choices(draft_id=self.draft.pk, choices=choices, at=self.at)
        self.__dict__.pop("progress", None)

    def start_anew(self) -> None:
        """The next answer starts a new draft; the old one is remembered for tabs that still show it."""
        done = self.request.session.get(SESSION_DRAFTS_DONE, [])
        if self.draft is not None:
            self.request.session[SESSION_DRAFTS_DONE] = [*done, str(self.draft.pk)][-MOST_DRAFTS_DONE:]
        self.request.session.pop(SESSION_DRAFT, None)

    def order_of_old_tab(self) -> RepairOrder | None:
        """The order behind a form of an earlier draft of this session."""
        posted = self.request.POST.get("draft", "")
        known = posted in self.request.session.get(SESSION_DRAFTS_DONE, [])
        return order_of_draft(UUID(posted)) if known else None

    def is_of_this_draft(self) -> bool:
        """Whether the form was shown for the present draft (or before there was one)."""
        posted = self.request.POST.get("draft", "")
        return not posted or (self.draft is not None and posted == str(self.draft.pk))

    def go_on(self) -> HttpResponse:
        """To the first step that is not done."""
        return redirect(self.progress.first_unfinished)

    def page(
        self, step: str, template: str, context: dict[str, Any], *, status: int = 200, partial: str = ""
    ) -> HttpResponse:
        """The step's page, with the steps on top."""
        shown = {
            "booking": self,
            "progress": self.progress,
            "steps": self._steps(step),
            **context,
        }
        return render_page(self.request, template, shown, status=status, partial=partial)

    def _steps(self, current: str) -> list[dict[str, str]]:
        labels = {
            "book_device": pgettext("device", "Phone"),
            "book_repairs": _("Repair"),
            "book_place": _("Place"),
            "book_window": _("Time"),
            "book_contact": _("Contact"),
            "book_confirm": _("Confirm"),
        }
        current = "book_device" if current == "book" else current
        steps = []
        for name, label in labels.items():
            if name == current:
                state = "current"
            else:
                state = "done" if self.progress.is_done(name) and self.progress.is_open(name) else "later"
            steps.append({"label": label, "url": reverse(name), "state": state})
        return steps


StepView = Callable[..., HttpResponse]


def step(name: str) -> Callable[[StepView], Callable[..., HttpResponse]]:
    """The view of a booking step, called with the session's Booking.

    A draft that has made its order shows that order, an old tab the order it made, a step out of order the
    first one that is not done.
    """

    def decorate(view: StepView) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            booking = Booking(request)
            if request.method == "POST":
                old = booking.order_of_old_tab()
                if old is not None:
                    return redirect(order_path(old))
            if booking.order is not None:
                return redirect("booked")
            if request.method == "POST" and not booking.is_of_this_draft():
                messages.warning(request, _("This form belonged to another booking. Please go on here."))
                return booking.go_on()
            if not booking.progress.is_open(name):
                return booking.go_on()
            return view(request, booking, *args, **kwargs)

        assert name in STEPS  # noqa: S101 - a slip in the code, seen on import
        return login_not_required(never_cache(require_http_methods(["GET", "HEAD", "POST"])(guarded)))

    return decorate


@login_not_required
@require_POST
def book_another(request: HttpRequest) -> HttpResponse:
    """A new booking in this session; the order that was made stays where it is."""
    Booking(request).start_anew()
    return redirect("book")


@login_not_required
@require_POST
def forget_me(request: HttpRequest) -> HttpResponse:
    """On a borrowed phone: this browser knows no proof and no booking any more. Orders stay as they are."""
    forget_proofs(request)
    for name in (SESSION_DRAFT, SESSION_DRAFTS_DONE):
        request.session.pop(name, None)
    messages.success(request, _("Nothing of you is kept on this phone. Your order is reached by its link."))
    return redirect("home")


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
