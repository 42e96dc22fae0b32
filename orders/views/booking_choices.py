"""The first steps of a booking: what is broken, where, and when."""

from datetime import datetime
from itertools import groupby
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from engineers.planning import city_today
from engineers.policy import booking_days, opening_days
from engineers.selectors.windows import OfferedWindow, arrival_window_from, offered_windows
from engineers.services.looking import can_open, with_openings
from engineers.services.planning import WindowShut, window_shut
from orders.forms import PlaceForm, RepairsForm, SearchForm, WindowForm
from orders.offers import repair_offers, visit_needs
from orders.services.booking import check_city_can
from orders.views.booking import Booking, step
from parts.models import Brand, DeviceModel
from repairhub.core.errors import DomainError
from repairhub.core.pages import wants_fragment
from repairhub.places.models import City, District

MOST_MODELS = 60
MOST_TRIES = 20
"""So often, every two seconds, the page asks whether a worker has found more windows."""


@step("book")
def book(request: HttpRequest, booking: Booking) -> HttpResponse:
    """The maker, or the phone at once by its name."""
    if request.method == "POST":
        return _pick(request, booking, "book")
    return _models_page(request, booking, "book", brand=None)


@step("book_device")
def book_device(request: HttpRequest, booking: Booking) -> HttpResponse:
    """The model, among those of the maker or by search."""
    if request.method == "POST":
        return _pick(request, booking, "book_device")
    brand = booking.progress.brand
    if brand is None and booking.progress.device_model is not None:
        brand = booking.progress.device_model.brand
    return _models_page(request, booking, "book_device", brand=brand)


def _pick(request: HttpRequest, booking: Booking, name: str) -> HttpResponse:
    """A maker or a model from the list; anything else shows the list again, saying so."""
    device_model = DeviceModel.objects.offered().filter(key=_key(request, "device_model")).first()
    if device_model is not None:
        booking.keep(brand=device_model.brand.key, device_model=device_model.key)
        return redirect("book_repairs")
    brand = Brand.objects.filter(key=_key(request, "brand")).first()
    if brand is not None:
        booking.keep(brand=brand.key)
        return redirect("book_device")
    return _models_page(request, booking, name, brand=booking.progress.brand, missed=True)


def _models_page(
    request: HttpRequest, booking: Booking, name: str, *, brand: Brand | None, missed: bool = False
) -> HttpResponse:
    form = SearchForm(request.GET)
    words = form.cleaned_data["q"] if form.is_valid() else ""
    found: list[DeviceModel] = []
    if words or brand is not None:
        models = DeviceModel.objects.offered().search(words)
        if brand is not None and name == "book_device":
            models = models.filter(brand=brand)
        found = list(models[:MOST_MODELS])
    context = {
        "form": form,
        "words": words,
        "brand": brand if name == "book_device" else None,
        "brands": Brand.objects.filter(device_models__is_active=True).distinct(),
        "models": found if words or name == "book_device" else [],
        "missed": missed,
        "step_name": name,
    }
    template = "orders/book/device.html"
    return booking.page(name, template, context, partial="models", status=400 if missed else 200)


@step("book_repairs")
def book_repairs(request: HttpRequest, booking: Booking) -> HttpResponse:
    """One or more faults, each with its grades side by side."""
    progress = booking.progress
    offers = repair_offers(progress.phone, progress.today)
    kept = {f"grade-{key}": grade for key, grade in booking.progress.data.get("repairs", [])}
    kept["repairs"] = [key for key, _grade in booking.progress.data.get("repairs", [])]
    form = RepairsForm(request.POST or None, offers=offers, initial=kept)
    if form.is_bound and form.is_valid():
        booking.keep(repairs=form.pairs)
        return booking.go_on()
    rows: list[dict[str, Any]] = [
        {
            "offer": offer,
            "picked": offer.repair.key in (form["repairs"].value() or []),
            "grade": form[f"grade-{offer.repair.key}"].value() or "",
            "errors": form.errors.get(f"grade-{offer.repair.key}", []),
        }
        for offer in offers
    ]
    return booking.page(
        "book_repairs", "orders/book/repairs.html", {"form": form, "rows": rows}, status=_status(form)
    )


@step("book_place")
def book_place(request: HttpRequest, booking: Booking) -> HttpResponse:
    """Where the engineer comes to; refused where nobody in the city may do the repair."""
    form = PlaceForm(request.POST or None, initial=_kept_place(booking))
    refusal: DomainError | None = None
    if form.is_bound and form.is_valid():
        place = form.place()
        city = City.objects.get(code=place["city"])
        try:
            _check_city(booking, city)
        except DomainError as error:
            refusal = error
        else:
            booking.keep(place=place)
            return booking.go_on()
    districts = list(District.objects.open())
    context = {
        "form": form,
        "refusal": refusal,
        "cities": City.objects.open(),
        "by_city": [(city, list(group)) for city, group in groupby(districts, key=lambda one: one.city)],
        "district_value": str(form["district"].value() or ""),
        "city_value": str(form["city"].value() or ""),
    }
    status = refusal.status if refusal else _status(form)
    return booking.page("book_place", "orders/book/place.html", context, status=status)


@step("book_window")
def book_window(request: HttpRequest, booking: Booking) -> HttpResponse:
    """The arrival window, among those that an engineer can really keep."""
    form = WindowForm(request.POST or None)
    if not form.is_bound or not form.is_valid():
        return windows_page(booking, form, status=_status(form))
    try:
        chosen = _open_window(booking, form.cleaned_data["window"])
    except WindowShut as error:
        return windows_page(booking, form, refusal=error, status=error.status)
    if chosen is None:
        form.add_error("window", form.fields["window"].error_messages["invalid"])
        return windows_page(booking, form, status=400)
    booking.keep(window=[chosen.start_at.isoformat(), chosen.end_at.isoformat()])
    return booking.go_on()


def windows_page(
    booking: Booking, form: WindowForm, *, refusal: DomainError | None = None, status: int = 200
) -> HttpResponse:
    """Windows by day, open ones to choose; the nearest first where the wanted one has just shut."""
    pin = booking.progress.visit_plan.pin
    offered: list[OfferedWindow] = []
    try:
        _check_city(booking, pin.city)
        offered = _offered(booking)
    except DomainError as error:
        refusal, status = error, error.status
    window = booking.progress.window
    context = {
        "form": form,
        "refusal": refusal,
        "nearest": getattr(refusal, "nearest", []),
        "days": by_day(offered),
        "days_ahead": booking_days(),
        "has_open": any(window.is_open for window in offered),
        "city": pin.city,
        "chosen": window[0] if window else None,
        **_looking(offered, [], 0),
    }
    return booking.page("book_window", "orders/book/window.html", context, status=status)


@login_not_required
@never_cache
@require_safe
def book_more_windows(request: HttpRequest) -> HttpResponse:
    """The windows found to open since the page was shown; asked for again while a worker looks for more."""
    if not wants_fragment(request):
        return redirect("book_window")
    booking = Booking(request)
    if booking.order is not None or not booking.progress.is_open("book_window"):
        return HttpResponse(status=204)  # the page that asks is an old one: it stays as it is
    pin = booking.progress.visit_plan.pin
    shown = [int(one) for one in request.GET.get("shown", "").split(",") if _is_small_number(one)]
    tries = request.GET.get("tries", "")
    try:
        offered = _offered(booking, days=opening_days())
    except DomainError:
        offered = []  # the page itself says what is in the way
    context = {"city": pin.city, **_looking(offered, shown, int(tries) if _is_small_number(tries) else 0)}
    return booking.page("book_window", "orders/book/more_windows.html", context)


def _offered(booking: Booking, days: int | None = None) -> list[OfferedWindow]:
    """Windows as a gap in a route or a worker's answer opens them; the worker is rung where it is of use."""
    plan = booking.progress.visit_plan
    city, latitude, longitude = plan.pin.city, plan.pin.latitude, plan.pin.longitude
    offered = offered_windows(
        city=city, latitude=latitude, longitude=longitude, needs=plan.needs, at=booking.at, days=days
    )
    return with_openings(offered, city=city, latitude=latitude, longitude=longitude, needs=plan.needs)


def _looking(offered: list[OfferedWindow], shown: list[int], tries: int) -> dict[str, Any]:
    """What the page says of windows opened by moving others: those not shown yet, and if more may come."""
    opened = [window for window in offered if window.by_moving]
    is_pending = any(window.is_pending for window in offered) and tries < MOST_TRIES
    stamps = sorted({*shown, *(window.stamp for window in opened)})
    return {
        "found": [window for window in opened if window.stamp not in shown],
        "found_in_all": len(stamps),
        "is_looking": is_pending,
        "ask_again": f"{reverse('book_more_windows')}?tries={tries + 1}&shown={','.join(map(str, stamps))}",
    }


def _is_small_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 11


def by_day(offered: list[OfferedWindow]) -> list[dict[str, Any]]:
    """Windows grouped by their day, with the number of open ones."""
    days = []
    for on, group in groupby(offered, key=lambda window: window.on):
        windows = list(group)
        days.append({"on": on, "windows": windows, "open": sum(window.is_open for window in windows)})
    return days


def _open_window(booking: Booking, start_at: datetime) -> OfferedWindow | None:
    """The window as it stands now, None for one that we never offer.

    Raises WindowShut where it is taken, or where it begins too soon since the page was opened.
    """
    pin, needs = booking.progress.visit_plan.pin, booking.progress.visit_plan.needs
    window = arrival_window_from(pin.city, start_at, booking.at)
    if window is None:
        return None
    day = offered_windows(
        city=pin.city,
        latitude=pin.latitude,
        longitude=pin.longitude,
        needs=needs,
        at=booking.at,
        first=city_today(pin.city, start_at),
        days=1,
    )
    chosen = next((offered for offered in day if offered.start_at == start_at), None)
    if chosen is None or not (
        chosen.is_open
        or can_open(
            *window,
            city=pin.city,
            latitude=pin.latitude,
            longitude=pin.longitude,
            needs=needs,
            at=booking.at,
        )
    ):
        raise window_shut(pin.city, pin.latitude, pin.longitude, *window, needs, booking.at)
    return chosen


def _check_city(booking: Booking, city: City) -> None:
    phone = booking.progress.phone
    check_city_can(city, phone, visit_needs(phone, booking.progress.options), booking.at)


def _kept_place(booking: Booking) -> dict[str, Any]:
    place = dict(booking.progress.data.get("place", {}))
    place["district"] = place.pop("district_id", None)
    if place.get("source") != "browser":
        place.pop("latitude", None)
        place.pop("longitude", None)
    return place


def _key(request: HttpRequest, name: str) -> str:
    value = request.POST.get(name, "")
    return value if value.isascii() and value.isprintable() and len(value) <= 50 else ""


def _status(form: Any) -> int:
    return 400 if form.is_bound and form.errors else 200
