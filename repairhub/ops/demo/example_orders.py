"""Tells the example orders through the public verbs, each at its moment: nothing is written past them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from uuid import uuid5

from django.utils.translation import gettext as _

from engineers.models import Engineer, Visit
from engineers.planning import city_today
from engineers.selectors.windows import OfferedWindow, offered_windows
from engineers.services import doorstep
from engineers.services.dispatching import dispatch_visit
from engineers.states import CannotCompleteReason
from orders.links import order_pin
from orders.models import RepairOrder
from orders.offers import choose, visit_needs
from orders.services.booking import BookingRequest, ContactDetails, book
from orders.services.door import finish_repair, fit_part, lines_to_fit, start_with_pin, take_out_part
from orders.states import OldPartFate
from parts.models import DeviceModel, StockUnit
from repairhub.accounts.models import User
from repairhub.accounts.states import Role
from repairhub.core.errors import Conflict, DomainError
from repairhub.notifications.addresses import Address
from repairhub.notifications.services import send_due
from repairhub.ops.demo.photos import phone_photo
from repairhub.ops.demo.sign_ins import SIGN_INS
from repairhub.ops.demo.stories import CITY, Story, Then, stories
from repairhub.places.models import City, District
from warranty.models import Claim
from warranty.services.claims import file_claim
from warranty.services.deciding import decide_claim
from warranty.services.remedies import choose_rework_window, owed_needs
from warranty.states import ClaimKind, Outcome

STREETS_APART = 0.004  # degrees, about 400 m: two addresses of a district do not lie on one point
AT_THE_EARLIEST = timedelta(minutes=30)  # from now: no window begins under the visitor's eyes
UNDER_WAY_LEAVES = timedelta(minutes=20)  # of the window, for an engineer who is on the way or at work
MIDDLE_HOURS = range(10, 18)  # when the windows of the demo's own engineer begin
LOOK_AHEAD = 2  # days: what is too late today is tomorrow
SENT_AT_ONCE = 1000  # messages
A_SWEEP_LATER = timedelta(minutes=1)

CLAIMS = {
    Then.CLAIM: "The phone shuts off at 30 percent again, the same as before the repair.",
    Then.REFUSED: "屏幕又裂了，才用了几天。",
    Then.REWORK: "屏幕右侧一条触摸没有反应，是换屏以后第二周开始的。",
}
REFUSAL = "右上角有新的撞击凹痕，交付照片上没有；裂纹从撞击点开始，属于外力损坏，不在保修范围内。"


def load_example_orders(*, at: datetime, say: Callable[[str], None]) -> int:
    """Orders of the stories that have none yet; `at` is now. Gives the number of orders made.

    A story that cannot be told at this time of day says so and is left out: the demo starts without it.
    """
    told = stories()
    city = City.objects.get(code=CITY)
    drafts = [story.draft_id for story in told]
    known = set(RepairOrder.objects.filter(draft_id__in=drafts).values_list("draft_id", flat=True))
    made = 0
    for story in told:
        if story.draft_id in known:
            continue
        try:
            _tell(story, city, at)
        except DomainError as refusal:
            say(f"example order {story.number} is left out: {refusal}")
        else:
            made += 1
            if made % 5 == 0:
                say(f"example orders {made}/{len(told)}")
    return made


def _tell(story: Story, city: City, at: datetime) -> None:
    today = city_today(city, at)
    visit_on = today + timedelta(days=story.day)
    booked_at = at - story.booked_ago if story.booked_ago else _moment(city, visit_on - timedelta(days=1), 16)
    earliest = at + AT_THE_EARLIEST if story.booked_ago else booked_at
    order = _book(story, city, visit_on, booked_at=booked_at, earliest=earliest, now=at)
    _send(booked_at)
    visit = order.visits.select_related("engineer__user").get()
    if story.then == Then.PLANNED:
        return
    _confirm(visit, story, at=booked_at + timedelta(minutes=12))
    _send(booked_at + timedelta(minutes=12))
    visit.refresh_from_db()
    if story.then in (Then.EN_ROUTE, Then.AT_WORK):
        if visit.window_start_at <= at:  # else it is night: the engineer comes in the morning
            _set_out(visit, at=at - timedelta(minutes=25))
            if story.then == Then.AT_WORK:
                _begin(order, visit, at=at - timedelta(minutes=8))
    elif story.then != Then.CONFIRMED:
        _tell_the_past(story, order, visit, at)


def _set_out(visit: Visit, *, at: datetime) -> None:
    doorstep.set_out(visit=visit, by=_engineer_of(visit), at=at)
    _send(at)


def _begin(order: RepairOrder, visit: Visit, *, at: datetime) -> None:
    """The engineer at the door, let in by the customer's PIN."""
    engineer = _engineer_of(visit)
    doorstep.arrive(visit=visit, by=engineer, at=at)
    start_with_pin(order=order, visit=visit, pin=order_pin(order), by=engineer, at=at)


def _tell_the_past(story: Story, order: RepairOrder, visit: Visit, at: datetime) -> None:
    engineer, arrived_at = _engineer_of(visit), visit.planned_start_at
    assert arrived_at is not None  # noqa: S101 - whoever has an engineer has a planned span, by constraint
    _set_out(visit, at=arrived_at - timedelta(minutes=24))
    if story.then == Then.NO_ACCESS:
        doorstep.arrive(visit=visit, by=engineer, at=arrived_at)
        doorstep.report_no_access(
            visit=visit,
            note="按门铃、打电话两次均无人应答，门卫也联系不上。",
            by=engineer,
            at=arrived_at + timedelta(minutes=15),
        )
        _send(arrived_at + timedelta(minutes=15))
        return
    _begin(order, visit, at=arrived_at)
    if story.then == Then.OTHER_FAULT:
        doorstep.report_cannot_complete(
            visit=visit,
            reason=CannotCompleteReason.OTHER_FAULT,
            note="充电口正常，电池鼓包，需另行报价。",
            by=engineer,
            at=arrived_at + timedelta(minutes=25),
        )
        _send(arrived_at + timedelta(minutes=25))
        return
    _repair(order, visit, at=arrived_at)
    _send(arrived_at + timedelta(minutes=visit.service_minutes))
    if story.then in CLAIMS:
        _claim(story, order, at)


def _book(
    story: Story, city: City, on: date, *, booked_at: datetime, earliest: datetime, now: datetime
) -> RepairOrder:
    model = DeviceModel.objects.select_related("brand").get(key=story.device_model)
    place = District.objects.get(city=city, name_en=story.district)
    latitude = place.latitude + STREETS_APART * (story.number % 5 - 2)
    longitude = place.longitude + STREETS_APART * (story.number % 3 - 1)
    needs = visit_needs(model, choose(model, story.repairs, city_today(city, booked_at)))
    windows = offered_windows(
        city=city,
        latitude=latitude,
        longitude=longitude,
        needs=needs,
        at=booked_at,
        first=on,
        days=LOOK_AHEAD,
    )
    window = _window(story, [one for one in windows if one.is_open], earliest, now)
    return book(
        request=BookingRequest(
            device_model=model,
            repairs=story.repairs,
            city=city,
            latitude=latitude,
            longitude=longitude,
            district=place.name_zh,
            address=story.address,
            window_start_at=window.start_at,
            window_end_at=window.end_at,
            contacts=[ContactDetails(story.customer, Address("sms", story.phone), proved=True)],
            language=story.language,
            draft_id=story.draft_id,
        ),
        by=None,
        at=booked_at,
    )


def _window(story: Story, windows: list[OfferedWindow], earliest: datetime, now: datetime) -> OfferedWindow:
    """One of the open windows of the first day that has any; the story's number spreads them over the day."""
    if story.then in (Then.EN_ROUTE, Then.AT_WORK):
        running = [one for one in windows if one.start_at <= now <= one.end_at - UNDER_WAY_LEAVES]
        if running:
            return running[0]
    later = [one for one in windows if one.start_at >= earliest]
    if story.engineer:
        later = [one for one in later if one.start_at.hour in MIDDLE_HOURS]
    if not later:
        raise Conflict(_("No arrival window is open for it."))
    first_day = [one for one in later if one.on == later[0].on]
    return first_day[story.number % len(first_day)]


def _confirm(visit: Visit, story: Story, *, at: datetime) -> None:
    engineer = Engineer.objects.get(number=story.engineer) if story.engineer else visit.engineer
    assert engineer is not None  # noqa: S101 - a promised window stands in somebody's route
    dispatch_visit(visit=visit, engineer=engineer, by=_staff(Role.DISPATCHER), at=at)


def _repair(order: RepairOrder, visit: Visit, *, at: datetime) -> None:
    """Every line's new part in and old part out, then the phone handed back with a photo."""
    engineer = _engineer_of(visit)
    for place, line in enumerate(lines_to_fit(order, visit)):
        units = StockUnit.objects.at_hand(engineer.pk, visit.city_id)
        unit = units.filter(lot__part_id=line.part_id).first()
        if unit is None:
            raise Conflict(_("No part of it is at hand."))
        begun_at = at + timedelta(minutes=20 * place + 8)
        fitting = fit_part(order=order, visit=visit, line=line, serial=unit.serial, by=engineer, at=begun_at)
        take_out_part(
            fitting=fitting,
            serial=f"OLD-{order.pk:05d}-{place + 1}",
            fate=OldPartFate.RECYCLE,
            by=engineer,
            at=begun_at + timedelta(minutes=6),
        )
    finish_repair(
        order=order,
        visit=visit,
        photos=[phone_photo("handed-back.jpg", cracked=False)],
        note="触摸、显示、摄像头、充电均已测试正常。",
        by=engineer,
        at=at + timedelta(minutes=visit.service_minutes),
    )


def _claim(story: Story, order: RepairOrder, at: datetime) -> None:
    """The customer's claim, and the answer that the story has for it."""
    filed_at = {
        Then.CLAIM: at - timedelta(hours=3),
        Then.REFUSED: at - timedelta(days=5),
        Then.REWORK: at - timedelta(days=6),
    }[story.then]
    claim = file_claim(
        order=order,
        fitting=order.fittings.first(),
        kind=ClaimKind.REPEAT_FAULT,
        text=CLAIMS[story.then],
        photos=[phone_photo("claim.jpg", cracked=story.then == Then.REFUSED)],
        form_id=uuid5(story.draft_id, "claim"),
        contact=order.contacts.get(position=1),
        by=order.customer,
        at=filed_at,
    )
    _send(filed_at)
    if story.then == Then.CLAIM:
        return
    approved = story.then == Then.REWORK
    decide_claim(
        claim=claim,
        outcome=Outcome.APPROVED if approved else Outcome.REFUSED,
        reason="" if approved else REFUSAL,
        by=claim.owner or _staff(Role.CASE_OFFICER),
        at=filed_at + timedelta(hours=5),
    )
    _send(filed_at + timedelta(hours=5))
    if approved:
        _choose_rework(story, order, claim, at)


def _choose_rework(story: Story, order: RepairOrder, claim: Claim, at: datetime) -> None:
    """The customer chose a window of tomorrow, some minutes ago."""
    chosen_at = at - timedelta(minutes=9)
    windows = offered_windows(
        city=order.city,
        latitude=order.latitude,
        longitude=order.longitude,
        needs=owed_needs(order),
        at=chosen_at,
        first=city_today(order.city, at) + timedelta(days=1),
        days=LOOK_AHEAD,
    )
    window = _window(story, [one for one in windows if one.is_open], at + AT_THE_EARLIEST, at)
    choose_rework_window(
        remedy=claim.remedy,
        window_start_at=window.start_at,
        window_end_at=window.end_at,
        by=order.customer,
        at=chosen_at,
    )
    _send(chosen_at)


def _engineer_of(visit: Visit) -> User:
    assert visit.engineer is not None  # noqa: S101 - confirmed, so it has one
    return visit.engineer.user


def _send(at: datetime) -> None:
    """Messages of that moment leave with the sweep after it: the worker that starts later finds none."""
    send_due(at=at + A_SWEEP_LATER, limit=SENT_AT_ONCE)


def _staff(role: Role) -> User:
    """The one who signs in on the demo's page in that role."""
    phone = next(person.phone for person in SIGN_INS if person.role == role)
    return User.objects.get_queryset().get(phone=phone)


def _moment(city: City, on: date, hour: int) -> datetime:
    return datetime(on.year, on.month, on.day, hour, tzinfo=city.zone)
