"""The product's addresses, and a few that go wrong on purpose."""

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from repairhub.core.errors import Conflict, TooMany
from repairhub.urls import urlpatterns as product


@login_not_required
def taken(request: HttpRequest) -> HttpResponse:
    raise Conflict("That window has been taken.", next_step="Choose one of the three nearest.")


@login_not_required
def too_often(request: HttpRequest) -> HttpResponse:
    raise TooMany("You asked for five codes within an hour.")


@login_not_required
def closed(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied("This page is for: dispatcher.")


@login_not_required
def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a defect")


@login_not_required
def suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("a forged cookie")


@login_not_required
def staff_frame(request: HttpRequest) -> HttpResponse:
    return render(request, "staff_base.html")


urlpatterns = [
    path("test/taken/", taken),
    path("test/too-often/", too_often),
    path("test/closed/", closed),
    path("test/broken/", broken),
    path("test/suspicious/", suspicious),
    path("test/staff-frame/", staff_frame),
    *product,
]
