"""Booking: price, window, grade and term become a promise, once."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from engineers.models import Engineer, Visit
from engineers.services.planning import WindowShut
from engineers.states import VisitStatus
from orders.models import BookingDraft, OrderEvent, Quote, Repair, RepairOrder
from orders.offers import choose, repair_offers
from orders.services.booking import BookingRequest, ContactDetails, book, shown_hash
from orders.services.drafts import forget_old_drafts, keep_choices, start_draft
from orders.services.timeline import chain_faults
from orders.states import OrderStatus
from orders.tasks import forget_drafts
from parts.models import Grade, Part
from repairhub.accounts.models import User
from repairhub.core.errors import Conflict, InvalidInput
from repairhub.notifications.addresses import Address
from repairhub.notifications.models import Message
from repairhub.places.models import City
from repairhub.sla.models import SlaClock
from tests.connections import both_at_once
from tests.factories.accounts import DispatcherFactory, UserFactory
from tests.factories.door import qualified_engineer
from tests.factories.engineers import DAY, MORNING, AuthorisationFactory, clock
from tests.factories.parts import BrandFactory, DeviceModelFactory
from tests.orders.browser import open_city

PHONE = Address("sms", "+8613800138000")
MAIL = Address("email", "li@example.com")


def request(**fields: Any) -> BookingRequest:
    """A new screen for an iPhone 12 on Monday between ten and twelve."""
    city = fields.pop("city", None) or City.objects.get(code="BJ")
    return BookingRequest(
        **{
            "device_model": DeviceModelFactory(),
            "repairs": [("screen", Grade.ORIGINAL)],
            "city": city,
            "latitude": city.latitude,
            "longitude": city.longitude,
            "address": "Jianguo Road 1",
            "window_start_at": clock("10:00"),
            "window_end_at": clock("12:00"),
            "contacts": [ContactDetails("Li Wei", PHONE, proved=True)],
            "language": "en",
            **fields,
        }
    )


def booked(**fields: Any) -> RepairOrder:
    return book(request=request(**fields), by=None, at=MORNING)


def nothing_was_written() -> bool:
    models = [RepairOrder, Quote, Visit, OrderEvent, Message, SlaClock]
    return (
        not any(model.objects.exists() for model in models)
        and not User.objects.filter(role="customer").exists()
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("city")
class TestBook:
    def test_locks_the_official_price_as_quote_version_1(self) -> None:
        order = booked()
        quote = order.quotes.get()
        line = quote.lines.get()
        assert (quote.version, quote.total, quote.currency) == (1, Decimal(2149), "CNY")
        assert (line.part_price, line.labour, line.grade, line.term_days) == (2049, 100, "original", 180)
        assert line.terms_version

    def test_the_customer_approved_exactly_what_was_shown(self) -> None:
        order = booked()
        approval = order.quotes.get().approval
        options = choose(order.device_model, [("screen", Grade.ORIGINAL)], DAY)
        assert approval.shown_hash == shown_hash(options, Decimal(2149))
        assert (approval.contact.address, approval.how, approval.at) == (PHONE.value, "booking", MORNING)

    def test_puts_the_visit_into_a_real_route_with_a_tentative_engineer(self, engineer: Engineer) -> None:
        visit = booked().visits.get()
        assert visit.engineer == engineer
        assert visit.status == VisitStatus.PLANNED
        assert (visit.window_start_at, visit.window_end_at) == (clock("10:00"), clock("12:00"))
        assert visit.planned_start_at is not None
        assert clock("10:00") <= visit.planned_start_at <= clock("12:00")

    def test_several_repairs_make_one_visit_with_all_their_minutes_and_skills(self) -> None:
        order = booked(repairs=[("screen", Grade.CERTIFIED), ("battery", Grade.ORIGINAL)])
        assert order.quotes.get().total == 1070 + 100 + 419 + 80
        visit = order.visits.get()
        assert (visit.service_minutes, visit.required_skills) == (70, {"screen": 2, "battery": 2})

    def test_starts_the_timeline_the_clocks_the_message_and_the_reminder(self) -> None:
        order = booked()
        assert [event.kind for event in order.events.all()] == ["booked"]
        assert chain_faults(order) == []
        assert set(SlaClock.objects.values_list("target__key", flat=True)) == {
            "assign_within",
            "arrive_within_window",
        }
        told = Message.objects.get(template="order_booked")
        assert (told.address, told.language) == (PHONE.value, "en")
        assert Message.objects.get(template="visit_reminder").not_before_at == clock("09:00")

    def test_a_second_contact_who_proved_nothing_is_told_nothing_and_approves_nothing(self) -> None:
        contacts = [
            ContactDetails("Li Wei", PHONE, proved=True),
            ContactDetails("Li Na", MAIL, proved=False),
        ]
        second = booked(contacts=contacts).contacts.get(position=2)
        assert (second.may_approve, second.proved_at) == (False, None)
        assert not Message.objects.filter(address=MAIL.value).exists()

    def test_somebody_known_is_not_renamed(self) -> None:
        known = UserFactory(phone=PHONE.value, name="Wang Fang")
        assert booked().customer == known
        known.refresh_from_db()
        assert known.name == "Wang Fang"

    def test_a_member_of_staff_may_book_and_keeps_the_role(self) -> None:
        dispatcher = DispatcherFactory(phone=PHONE.value)
        assert booked().customer == dispatcher
        dispatcher.refresh_from_db()
        assert dispatcher.role == "dispatcher"

    def test_what_stands_in_the_catalogue_later_does_not_change_the_order(self) -> None:
        order = booked()
        Part.objects.update(price=9999)
        Repair.objects.update(labour=999)
        assert order.quotes.get().total == 2149


@pytest.mark.django_db
@pytest.mark.usefixtures("city")
class TestBookRefuses:
    @pytest.mark.parametrize(
        ("fields", "field", "code"),
        [
            ({"address": "   "}, "address", "required"),
            ({"address": "x" * 201}, "address", "too_long"),
            ({"access_note": "x" * 201}, "access_note", "too_long"),
            ({"district": "x" * 81}, "district", "too_long"),
            ({"repairs": []}, "repairs", "required"),
            ({"repairs": [("teleport", "original")]}, "repairs", "not_offered"),
            ({"repairs": [("screen", "golden")]}, "repairs", "not_offered"),
            ({"repairs": [("battery", "certified")]}, "repairs", "not_offered"),
            ({"repairs": [("screen", "original")] * 2}, "repairs", "twice"),
            ({"contacts": []}, "contacts", "required"),
            ({"contacts": [ContactDetails("Li", PHONE, proved=True)] * 3}, "contacts", "required"),
            ({"contacts": [ContactDetails("Li", PHONE, proved=False)]}, "contacts", "not_proved"),
            ({"contacts": [ContactDetails(" ", PHONE, proved=True)]}, "name", "required"),
            ({"contacts": [ContactDetails("x" * 81, PHONE, proved=True)]}, "name", "required"),
            ({"contacts": [ContactDetails("Li", PHONE, proved=True)] * 2}, "contacts", "twice"),
            ({"latitude": 31.2, "longitude": 121.5}, "place", "outside_city"),
            ({"window_start_at": clock("10:30")}, "window", "unknown_window"),
            ({"window_start_at": clock("10:00") + timedelta(days=14),
              "window_end_at": clock("12:00") + timedelta(days=14)}, "window", "unknown_window"),
        ],
    )  # fmt: skip
    def test_bad_input_by_naming_the_field(self, fields: dict[str, Any], field: str, code: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            booked(**fields)
        assert (refused.value.field, refused.value.code) == (field, code)
        assert nothing_was_written()

    def test_a_city_that_is_closed(self) -> None:
        City.objects.update(is_open=False)
        with pytest.raises(InvalidInput) as refused:
            booked()
        assert refused.value.code == "city_closed"

    def test_a_model_that_is_no_longer_offered(self) -> None:
        model = DeviceModelFactory()
        model.is_active = False
        with pytest.raises(InvalidInput):
            booked(device_model=model)

    def test_a_certified_part_whose_certificate_has_run_out(self) -> None:
        Part.objects.get(grade=Grade.CERTIFIED).certificates.update(valid_until_on=DAY - timedelta(days=1))
        with pytest.raises(InvalidInput) as refused:
            booked(repairs=[("screen", Grade.CERTIFIED)])
        assert refused.value.code == "not_offered"

    def test_another_price_than_the_one_shown(self) -> None:
        with pytest.raises(Conflict) as refused:
            booked(shown_total=Decimal(1999))
        assert (refused.value.code, refused.value.details["total"]) == ("price_changed", "2149.00")
        assert "¥2,149" in str(refused.value)
        assert nothing_was_written()

    def test_a_window_that_is_taken_with_the_three_nearest(self) -> None:
        everybody = (Address("sms", f"+86139{number:08d}") for number in range(100))
        shut = None
        while shut is None:
            try:
                booked(contacts=[ContactDetails("Li", next(everybody), proved=True)])
            except WindowShut as error:
                shut = error
        orders = RepairOrder.objects.count()
        assert orders >= 1
        assert len(shut.nearest) == 3
        assert all(window.is_open for window in shut.nearest)
        assert shut.details["nearest"][0]["start_at"]
        assert User.objects.filter(role="customer").count() == orders  # the refused booking left nobody

    def test_a_window_that_begins_too_soon(self) -> None:
        with pytest.raises(WindowShut):
            book(request=request(), by=None, at=clock("09:00"))

    def test_a_part_that_takes_an_authorisation_nobody_in_the_city_has(self) -> None:
        Part.objects.filter(grade=Grade.ORIGINAL).update(needs_brand_authorisation=True)
        with pytest.raises(Conflict) as refused:
            booked()
        assert refused.value.code == "no_authorisation_in_city"
        assert refused.value.details["support_url"] == BrandFactory().support_url
        assert "Apple" in str(refused.value)

    def test_not_once_somebody_in_the_city_has_it(self, engineer: Engineer) -> None:
        Part.objects.filter(grade=Grade.ORIGINAL).update(needs_brand_authorisation=True)
        AuthorisationFactory(engineer=engineer, brand=BrandFactory())
        assert booked().visits.get().required_brands == ["apple"]

    def test_a_repair_that_nobody_in_the_city_is_certified_for(self, engineer: Engineer) -> None:
        engineer.certificates.all().delete()
        with pytest.raises(Conflict) as refused:
            booked()
        assert refused.value.code == "no_skill_in_city"


@pytest.mark.django_db
@pytest.mark.usefixtures("city")
class TestOneDraftMakesOneOrder:
    def test_the_same_draft_again_gives_the_same_order(self) -> None:
        draft = start_draft(at=MORNING)
        first = booked(draft_id=draft.pk)
        # whatever else the second request says
        second = booked(draft_id=draft.pk, window_start_at=clock("14:00"), window_end_at=clock("16:00"))
        assert first == second
        assert (RepairOrder.objects.count(), Visit.objects.count()) == (1, 1)

    def test_two_drafts_make_two_orders(self) -> None:
        first, second = (
            booked(draft_id=start_draft(at=MORNING).pk),
            booked(draft_id=start_draft(at=MORNING).pk),
        )
        assert first != second

    def test_a_draft_that_made_its_order_changes_no_more(self) -> None:
        draft = start_draft(at=MORNING)
        booked(draft_id=draft.pk)
        assert keep_choices(draft_id=draft.pk, choices={"brand": "huawei"}, at=MORNING).data == {}


@pytest.mark.django_db(transaction=True)
class TestTwoConnections:
    def test_confirming_one_draft_at_once_make_one_order(self) -> None:
        city, _engineer = open_city()
        draft = start_draft(at=MORNING)
        wanted = request(city=city, draft_id=draft.pk)
        results = both_at_once(lambda: book(request=wanted, by=None, at=MORNING))
        assert [type(result) for result in results] == [RepairOrder, RepairOrder]
        assert results[0].pk == results[1].pk
        assert (RepairOrder.objects.count(), Visit.objects.count()) == (1, 1)
        assert Message.objects.filter(template="order_booked").count() == 1

    def test_without_the_draft_they_make_two(self) -> None:
        """The control: what the draft is there for."""
        city, _engineer = open_city()
        qualified_engineer(city)
        wanted = request(city=city)
        results = both_at_once(lambda: book(request=wanted, by=None, at=MORNING))
        assert results[0].pk != results[1].pk

    def test_with_one_phone_never_seen_before_both_are_booked_for_one_customer(self) -> None:
        city, _engineer = open_city()
        qualified_engineer(city)
        monday = request(city=city)
        tuesday = replace(
            monday,
            window_start_at=clock("10:00") + timedelta(days=1),
            window_end_at=clock("12:00") + timedelta(days=1),
        )
        results = both_at_once(
            lambda: book(request=monday, by=None, at=MORNING),
            lambda: book(request=tuesday, by=None, at=MORNING),
        )
        assert [result.status for result in results] == [OrderStatus.BOOKED] * 2
        assert User.objects.filter(phone=PHONE.value).count() == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("city")
class TestKeepChoices:
    def kept(self, draft: BookingDraft, **choices: Any) -> dict[str, Any]:
        return keep_choices(draft_id=draft.pk, choices=choices, at=MORNING).data

    def test_another_phone_gives_up_its_repairs_and_the_window(self) -> None:
        draft = start_draft(at=MORNING)
        self.kept(
            draft, device_model="a", repairs=[["screen", "original"]], window=["x", "y"], place={"city": "BJ"}
        )
        assert self.kept(draft, device_model="b") == {"device_model": "b", "place": {"city": "BJ"}}

    def test_another_place_gives_up_the_window_alone(self) -> None:
        draft = start_draft(at=MORNING)
        self.kept(draft, repairs=[["screen", "original"]], place={"city": "BJ"}, window=["x", "y"])
        assert self.kept(draft, place={"city": "SH"}) == {
            "repairs": [["screen", "original"]],
            "place": {"city": "SH"},
        }

    def test_the_same_again_gives_up_nothing(self) -> None:
        draft = start_draft(at=MORNING)
        before = self.kept(draft, device_model="a", repairs=[["screen", "original"]], window=["x", "y"])
        assert self.kept(draft, device_model="a") == before


@pytest.mark.django_db
class TestForgetOldDrafts:
    def test_deletes_what_nobody_touched_for_two_days(self) -> None:
        start_draft(at=MORNING - timedelta(days=2, seconds=1))
        young = start_draft(at=MORNING - timedelta(days=1))
        assert forget_old_drafts(at=MORNING) == 1
        assert BookingDraft.objects.get() == young

    def test_leaves_the_order_that_was_made_and_makes_no_second_one(self) -> None:
        open_city()
        draft = start_draft(at=MORNING - timedelta(days=3))
        order = booked(draft_id=draft.pk)
        forget_old_drafts(at=MORNING)
        assert booked(draft_id=draft.pk) == order

    def test_rings_once_an_hour(self) -> None:
        assert forget_drafts() == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("city")
class TestOffers:
    def test_grades_stand_side_by_side_the_original_first(self) -> None:
        offers = repair_offers(DeviceModelFactory(), DAY)
        assert [(o.repair.key, [option.grade for option in o.options]) for o in offers] == [
            ("screen", ["original", "certified"]),
            ("battery", ["original"]),
        ]

    def test_of_two_parts_of_one_grade_the_cheaper_counts(self) -> None:
        from tests.factories.parts import PartFactory

        PartFactory(sku="IPHONE12-SCR-O2", price=Decimal(1900))
        offer = repair_offers(DeviceModelFactory(), DAY)[0]
        assert offer.options[0].total == 2000

    def test_a_repair_without_any_part_is_not_offered(self) -> None:
        Part.objects.filter(component__key="battery").update(is_active=False)
        assert [offer.repair.key for offer in repair_offers(DeviceModelFactory(), DAY)] == ["screen"]

    def test_it_takes_the_same_queries_whatever_the_catalogue_holds(
        self, django_assert_max_num_queries: Any
    ) -> None:
        model = DeviceModelFactory()
        connection.ensure_connection()
        with django_assert_max_num_queries(4):
            repair_offers(model, DAY)
