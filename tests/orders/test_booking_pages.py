"""The booking pages: every step, in order and out of it, twice, stale and hostile."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from engineers.models import Visit
from engineers.services.planning import WindowShut
from orders.links import order_pin
from orders.models import BookingDraft, RepairOrder
from parts.models import Grade, Part
from repairhub.accounts.models import OneTimeCode, User
from repairhub.notifications.models import Message
from repairhub.places.districts import load_districts
from repairhub.places.models import City, District
from tests.factories.accounts import DispatcherFactory
from tests.factories.door import booked
from tests.factories.engineers import clock, north
from tests.orders.browser import MAIL, PHONE, WINDOW, Browser, code_sent_to

pytestmark = pytest.mark.django_db
STEPS = ["book", "book_device", "book_repairs", "book_place", "book_window", "book_contact", "book_confirm"]


def fill(city: City, window: str = "10:00") -> None:
    """Others book that window of Monday until nothing fits."""
    try:
        for _number in range(100):
            booked(city, window=window)
    except WindowShut:
        return
    raise AssertionError("the window never filled")


class TestTheWholeWay:
    def test_from_the_phone_to_the_pin(self, customer: Browser) -> None:
        customer.walk_to_confirm().confirm()
        order = RepairOrder.objects.get()
        assert order.device_model.name == "iPhone 12"
        assert order.quotes.get().total == 2149
        assert (order.district, order.address) == ("Chaoyang", "Jianguo Road 1, room 5")
        assert order.visits.get().window_start_at == WINDOW
        page = customer.get("booked")
        assert order_pin(order) in page.text
        assert order.reference in page.text

    def test_every_step_leads_to_the_next(self, customer: Browser) -> None:
        assert customer.post("book", brand="apple").url == reverse("book_device")
        assert customer.post("book_device", device_model="iphone-12").url == reverse("book_repairs")
        assert customer.choose_repair().url == reverse("book_place")
        assert customer.choose_place().url == reverse("book_window")
        assert customer.choose_window().url == reverse("book_contact")
        assert customer.give_contact().url == reverse("book_code", args=[1])
        assert customer.prove().url == reverse("book_confirm")
        assert customer.confirm().url == reverse("booked")

    def test_what_binds_is_shown_before_it_does(self, customer: Browser) -> None:
        text = customer.up_to_confirm().get("book_confirm").text
        for shown in [
            "¥2,149",
            "part ¥2,049",
            "work ¥100",
            "Original",
            "180 days of warranty from us",
            "what is left of the warranty of Apple",
            "Tue 24 Nov, 10:00–12:00",
            "Jianguo Road 1, room 5",
            "Way planned to the middle of the district",
            "Cancelling is free until the engineer sets out",
            "Li Wei",
            PHONE,
        ]:
            assert shown in text, shown

    def test_the_browsers_location_is_kept_where_it_is_given(self, customer: Browser) -> None:
        customer.choose_phone()
        customer.choose_repair()
        customer.choose_place(latitude="39.92", longitude="116.42")
        customer.choose_window()
        customer.give_contact()
        customer.prove()
        assert "Way planned to your browser's location" in customer.get("book_confirm").text
        customer.confirm()
        order = RepairOrder.objects.get()
        assert (order.latitude, order.longitude) == (39.92, 116.42)

    def test_the_middle_of_the_district_otherwise(self, customer: Browser) -> None:
        order, district = customer.book(), District.objects.get()
        assert (order.latitude, order.longitude) == (district.latitude, district.longitude)

    def test_in_chinese(self, customer: Browser) -> None:
        customer.client = Client(headers={"accept-language": "zh-CN"})
        customer.walk_to_confirm().confirm()
        order = RepairOrder.objects.get()
        assert order.language == "zh-hans"
        assert order.district == "朝阳区"
        assert Message.objects.filter(template="order_booked", language="zh-hans").exists()


class TestOrderOfSteps:
    @pytest.mark.parametrize("name", STEPS[1:])
    def test_a_step_too_early_leads_to_the_first_unfinished(self, customer: Browser, name: str) -> None:
        assert customer.get(name).url == reverse("book")
        assert customer.post(name).url == reverse("book")

    def test_nothing_is_stored_for_who_only_looks(self, customer: Browser) -> None:
        customer.get("book")
        assert not BookingDraft.objects.exists()

    def test_every_finished_step_can_be_opened_again_with_what_was_chosen(self, customer: Browser) -> None:
        customer.up_to_confirm()
        assert all(customer.get(name).status_code == 200 for name in STEPS)
        assert 'value="screen" checked' in customer.get("book_repairs").text
        assert "Jianguo Road 1, room 5" in customer.get("book_place").text
        assert re.search(r'value="2026-11-24T10:00:00\+08:00" checked', customer.get("book_window").text)
        assert "Li Wei" in customer.get("book_contact").text

    def test_a_change_leads_back_to_where_one_was(self, customer: Browser) -> None:
        customer.up_to_confirm()
        assert customer.choose_repair(repairs=["battery"]).url == reverse("book_window")
        assert customer.choose_window().url == reverse("book_confirm")
        assert "¥499" in customer.get("book_confirm").text

    def test_another_phone_asks_for_the_fault_again(self, customer: Browser) -> None:
        customer.up_to_confirm()
        customer.post("book", brand="apple")
        assert customer.get("book_confirm").status_code == 200
        customer.post("book_device", device_model="iphone-12")
        assert customer.get("book_confirm").status_code == 200

    def test_a_proof_that_ran_out_asks_for_a_code_again(self, customer: Browser, monday_morning: Any) -> None:
        customer.up_to_confirm()
        monday_morning.shift(timedelta(hours=13))
        assert customer.get("book_confirm").url == reverse("book_contact")

    def test_another_browser_starts_with_nothing(self, customer: Browser) -> None:
        customer.up_to_confirm()
        assert Browser().get("book_confirm").url == reverse("book")


class TestPhone:
    def test_is_found_by_its_name(self, customer: Browser) -> None:
        text = customer.get("book", q="iphone 12").text
        assert 'value="iphone-12"' in text

    def test_of_a_brand_is_asked_for_as_a_phone(self, customer: Browser) -> None:
        customer.post("book", brand="apple")
        assert "Which Apple phone is it?" in customer.get("book_device").text

    def test_the_search_answers_htmx_with_the_list_alone(self, customer: Browser) -> None:
        answer = customer.client.get(reverse("book"), {"q": "12"}, headers={"hx-request": "true"})
        assert 'value="iphone-12"' in answer.text
        assert "<html" not in answer.text

    def test_back_after_a_search_shows_the_whole_page(self, customer: Browser) -> None:
        going_back = {"hx-request": "true", "hx-history-restore-request": "true"}
        answer = customer.client.get(reverse("book"), {"q": "12"}, headers=going_back)
        assert "<html" in answer.text
        assert 'value="iphone-12"' in answer.text

    def test_one_that_we_do_not_repair_is_said_with_the_way_on(self, customer: Browser) -> None:
        assert "We do not repair a phone of that name yet" in customer.get("book", q="Nokia 3310").text

    def test_one_that_is_not_on_the_list_is_refused(self, customer: Browser) -> None:
        answer = customer.post("book", device_model="nokia-3310")
        assert answer.status_code == 400
        assert "Please choose from the list" in answer.text


class TestRepairs:
    def test_shows_grades_side_by_side_with_all_they_promise(self, customer: Browser) -> None:
        customer.choose_phone()
        text = customer.get("book_repairs").text
        for shown in ["¥2,149", "¥1,170", "sample price", "180 days", "Ends what is left of the warranty"]:
            assert shown in text, shown

    def test_several_faults_at_once(self, customer: Browser) -> None:
        customer.choose_phone()
        customer.choose_repair(**{"repairs": ["screen", "battery"], "grade-screen": "certified"})
        customer.choose_place()
        text = customer.get("book_window").text
        assert "about 70 minutes" in text

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            ({}, "Choose at least one fault."),
            ({"repairs": ["screen"]}, "Choose the part for: Screen replacement"),
            ({"repairs": ["teleport"]}, "no longer offered"),
            ({"repairs": ["screen"], "grade-screen": "golden"}, "Choose the part for: Screen replacement"),
        ],
    )
    def test_says_what_is_missing(self, customer: Browser, data: dict[str, Any], said: str) -> None:
        customer.choose_phone()
        answer = customer.post("book_repairs", **data)
        assert answer.status_code == 400
        assert said in answer.text

    def test_a_part_that_needs_the_maker_says_so(self, customer: Browser) -> None:
        Part.objects.filter(grade=Grade.ORIGINAL).update(needs_brand_authorisation=True)
        customer.choose_phone()
        assert "Only engineers authorised by Apple may fit it" in customer.get("book_repairs").text


class TestPlace:
    @pytest.mark.parametrize(
        ("data", "said"),
        [
            ({"city": ""}, "Choose the city."),
            ({"city": "XX"}, "We do not work in this city."),
            ({"district": ""}, "Choose the district, or use your location."),
            ({"district": "9" * 30}, "We do not know this district."),
            ({"address": "  "}, "Enter the address"),
            (
                {"latitude": "31.2", "longitude": "121.5"},
                "Your location is more than 30 km from the centre of",
            ),
            ({"latitude": "nan", "longitude": "116.4"}, "Enter a number."),
            ({"address": "x" * 201}, "at most 200 characters"),
        ],
    )
    def test_says_what_is_wrong(self, customer: Browser, data: dict[str, Any], said: str) -> None:
        customer.choose_phone()
        customer.choose_repair()
        answer = customer.choose_place(**{"access_note": "third floor", **data})
        assert answer.status_code == 400
        assert "third floor" in answer.text  # what was typed is kept
        if said != "Enter a number.":
            assert said in answer.text

    def test_a_district_of_another_city_is_refused(self, customer: Browser) -> None:
        shanghai = City.objects.create(
            code="SH", name_en="Shanghai", name_zh="上海", latitude=31.2, longitude=121.5, radius_km=18
        )
        other = District.objects.create(
            city=shanghai, name_en="Xuhui", name_zh="徐汇", latitude=31.2, longitude=121.4
        )
        customer.choose_phone()
        customer.choose_repair()
        assert "This district is not in Beijing." in customer.choose_place(district=other.pk).text

    def test_a_location_that_plainly_is_not_in_the_district_is_refused(self, customer: Browser) -> None:
        load_districts()
        haidian = District.objects.get(name_en="Haidian")
        at_the_office = {"latitude": "39.9288", "longitude": "116.4160"}
        customer.choose_phone()
        customer.choose_repair()
        answer = customer.choose_place(district=haidian.pk, **at_the_office)
        assert answer.status_code == 400
        assert "Your location lies in or near Dongcheng, far from Haidian." in answer.text
        assert "take the district instead of your location" in answer.text
        assert customer.choose_place(district=haidian.pk).url == reverse("book_window")
        dongcheng = District.objects.get(name_en="Dongcheng")
        assert customer.choose_place(district=dongcheng.pk, **at_the_office).url == reverse("book_window")

    def test_a_repair_that_nobody_here_may_do_points_to_the_maker(self, customer: Browser) -> None:
        Part.objects.filter(grade=Grade.ORIGINAL).update(needs_brand_authorisation=True)
        customer.choose_phone()
        customer.choose_repair()
        answer = customer.choose_place()
        assert answer.status_code == 409
        assert "an authorisation by Apple that nobody in Beijing has" in answer.text
        assert 'href="https://support.apple.com/zh-cn/repair"' in answer.text
        assert reverse("book_repairs") in answer.text


class TestWindows:
    def go(self, customer: Browser) -> Browser:
        customer.choose_phone()
        customer.choose_repair()
        customer.choose_place()
        return customer

    def test_fourteen_days_are_shown(self, customer: Browser) -> None:
        days = self.go(customer).get("book_window").context["days"]
        assert len(days) == 14
        assert all(day["open"] for day in days[1:])

    def test_a_taken_one_is_shown_as_taken(self, customer: Browser, city: City) -> None:
        fill(city)
        text = self.go(customer).get("book_window").text
        assert re.search(r'value="2026-11-23T10:00:00\+08:00" disabled', text)

    def test_one_that_shut_meanwhile_brings_the_three_nearest(self, customer: Browser, city: City) -> None:
        self.go(customer).get("book_window")
        fill(city)
        answer = customer.choose_window(clock("10:00"))
        assert answer.status_code == 409
        assert "This arrival window was taken a moment ago." in answer.text
        assert len(answer.context["nearest"]) == 3

    def test_one_that_begins_too_soon_by_now_brings_the_three_nearest(
        self, customer: Browser, monday_morning: Any, settings: Any
    ) -> None:
        settings.BOOKING_LEAD_MINUTES = 90
        monday_morning.move_to(clock("08:25"))
        assert clock("10:00").isoformat() in self.go(customer).get("book_window").text
        monday_morning.move_to(clock("08:31"))
        answer = customer.choose_window(clock("10:00"))
        assert answer.status_code == 409
        assert "This arrival window begins too soon by now" in answer.text
        nearest = [window.start_at for window in answer.context["nearest"]]
        assert nearest == [clock(text) for text in ("12:00", "14:00", "16:00")]
        assert customer.choose_window(nearest[0]).url == reverse("book_contact")

    @pytest.mark.parametrize(
        "window",
        [
            "",
            "soon",
            "2026-11-24T10:30:00+08:00",
            "2027-11-24T10:00:00+08:00",
            "2020-01-01T10:00:00+08:00",
            "\x00",
        ],
    )
    def test_anything_else_is_refused(self, customer: Browser, window: str) -> None:
        assert self.go(customer).post("book_window", window=window).status_code == 400

    def test_none_free_says_what_to_do(self, customer: Browser, engineer: Any) -> None:
        self.go(customer)
        engineer.shifts.all().delete()
        text = customer.get("book_window").text
        assert "Every window of the next 14 days is taken at this place." in text
        assert reverse("book_place") in text

    def test_a_skill_that_was_lost_meanwhile_is_said(self, customer: Browser, engineer: Any) -> None:
        self.go(customer)
        engineer.certificates.all().delete()
        answer = customer.get("book_window")
        assert answer.status_code == 409
        assert "Nobody in Beijing is certified for this repair." in answer.text


class TestContact:
    def go(self, customer: Browser) -> Browser:
        customer.choose_phone()
        customer.choose_repair()
        customer.choose_place()
        customer.choose_window()
        return customer

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            ({"name": ""}, "Enter your name."),
            ({"address": ""}, "Enter a phone number or a mail address."),
            ({"address": "12345"}, "This is neither a phone number nor a mail address."),
            ({"address": "li@"}, "This is not a mail address."),
            ({"has_second": "on"}, "Enter the name of who will be at the door."),
            (
                {"has_second": "on", "second_name": "Li Na", "second_address": PHONE},
                "This is your own address.",
            ),
        ],
    )
    def test_says_what_is_wrong(self, customer: Browser, data: dict[str, Any], said: str) -> None:
        answer = self.go(customer).give_contact(**data)
        assert answer.status_code == 400
        assert said in answer.text
        assert not OneTimeCode.objects.exists()

    def test_a_wrong_code_says_how_many_tries_are_left(self, customer: Browser) -> None:
        self.go(customer).give_contact()
        right = code_sent_to(PHONE)
        answer = customer.post("book_code", 1, code=f"{(int(right) + 1) % 10**6:06d}")
        assert answer.status_code == 400
        assert "You have 4 more tries." in answer.text
        assert customer.prove().url == reverse("book_confirm")

    @pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "\x00", "９" * 6])
    def test_what_is_no_code_is_refused(self, customer: Browser, code: str) -> None:
        self.go(customer).give_contact()
        assert customer.post("book_code", 1, code=code).status_code == 400

    def test_sending_the_form_again_sends_no_second_code(self, customer: Browser) -> None:
        self.go(customer).give_contact()
        assert customer.give_contact().url == reverse("book_code", args=[1])
        assert OneTimeCode.objects.count() == 1

    def test_a_new_code_too_soon_says_when(self, customer: Browser, monday_morning: Any) -> None:
        self.go(customer).give_contact()
        answer = customer.post("book_code", 1)
        assert answer.status_code == 429
        assert "Please try again in" in answer.text
        monday_morning.shift(timedelta(minutes=2))
        assert customer.post("book_code", 1).status_code == 302
        assert OneTimeCode.objects.count() == 2

    def test_a_broken_phone_takes_a_mail_address(self, customer: Browser) -> None:
        self.go(customer).give_contact(address="Li@Example.com")
        customer.prove(MAIL)
        customer.confirm()
        assert RepairOrder.objects.get().contacts.get().address == MAIL

    def test_who_is_at_the_door_may_prove_their_own_address(self, customer: Browser) -> None:
        self.go(customer).give_contact(has_second="on", second_name="Li Na", second_address=MAIL)
        customer.prove()
        assert "Not proved: is told nothing and approves nothing." in customer.get("book_confirm").text
        customer.post("book_code", 2)
        customer.prove(MAIL, 2)
        customer.confirm()
        assert list(RepairOrder.objects.get().contacts.values_list("name", "may_approve")) == [
            ("Li Wei", True),
            ("Li Na", True),
        ]

    def test_a_code_opens_no_staff_role(self, customer: Browser) -> None:
        dispatcher = DispatcherFactory(phone=PHONE)
        order = customer.book()
        assert order.customer == dispatcher
        assert "_auth_user_id" not in customer.client.session
        assert customer.client.get("/staff/").status_code == 302

    def test_the_session_is_another_one_after_the_proof(self, customer: Browser) -> None:
        self.go(customer).give_contact()
        before = customer.client.session.session_key
        customer.prove()
        assert customer.client.session.session_key != before

    @pytest.mark.parametrize("position", [0, 3, 10**30])
    def test_a_contact_that_is_not_there_leads_back(self, customer: Browser, position: int) -> None:
        self.go(customer).give_contact()
        assert customer.client.get(f"/book/contact/{position}/").status_code == 302


class TestConfirm:
    def test_a_double_click_makes_one_order(self, customer: Browser) -> None:
        form = customer.up_to_confirm().shown()
        assert customer.confirm(form).url == reverse("booked")
        assert customer.confirm(form).url == reverse("booked")
        assert (RepairOrder.objects.count(), Visit.objects.count()) == (1, 1)

    def test_back_and_reload_show_the_order_that_was_made(self, customer: Browser) -> None:
        customer.book()
        for name in STEPS:
            assert customer.get(name).url == reverse("booked"), name
        assert customer.choose_window().url == reverse("booked")
        assert customer.get("booked").status_code == 200
        assert RepairOrder.objects.count() == 1

    def test_book_another_starts_anew(self, customer: Browser) -> None:
        first = customer.book()
        assert customer.post("book_another").url == reverse("book")
        assert customer.get("booked").url == reverse("book")
        second = customer.book()
        assert first != second

    def test_an_old_tab_shows_the_order_it_made(self, customer: Browser) -> None:
        form = customer.up_to_confirm().shown()
        customer.confirm(form)
        order = RepairOrder.objects.get()
        customer.post("book_another")
        customer.choose_phone()
        answer = customer.confirm(form)
        assert answer.url.startswith(f"/o/{order.reference}/")
        assert RepairOrder.objects.count() == 1

    def test_a_form_of_a_stranger_draft_changes_nothing(self, customer: Browser) -> None:
        customer.up_to_confirm()
        stranger = Browser()
        stranger.choose_phone()
        answer = stranger.client.post(
            reverse("book_repairs"), {"draft": customer.draft, "repairs": ["battery"]}
        )
        assert answer.status_code == 302
        assert BookingDraft.objects.get(pk=customer.draft).data["repairs"] == [["screen", "original"]]
        assert "repairs" not in BookingDraft.objects.get(pk=stranger.draft).data

    def test_a_price_that_changed_is_shown_before_it_binds(self, customer: Browser) -> None:
        form = customer.up_to_confirm().shown()
        Part.objects.filter(sku="IPHONE12-SCR-O").update(price=2249)
        answer = customer.confirm(form)
        assert answer.status_code == 409
        assert "The price has changed since you saw it." in answer.text
        assert "¥2,349" in answer.text
        assert not RepairOrder.objects.exists()
        customer.confirm()
        assert RepairOrder.objects.get().quotes.get().total == 2349

    def test_what_another_tab_changed_is_shown_before_it_binds(self, customer: Browser) -> None:
        form = customer.up_to_confirm().shown()
        customer.choose_window(WINDOW + timedelta(hours=2))
        answer = customer.confirm(form)
        assert answer.status_code == 409
        assert "changed in another tab" in answer.text
        assert not RepairOrder.objects.exists()

    def test_a_window_that_shut_keeps_the_form_and_names_the_three_nearest(
        self, customer: Browser, city: City
    ) -> None:
        customer.choose_phone()
        customer.choose_repair()
        customer.choose_place()
        customer.choose_window(clock("10:00"))
        customer.give_contact()
        customer.prove()
        form = customer.shown()
        fill(city)
        answer = customer.confirm(form)
        assert answer.status_code == 409
        assert len(answer.context["nearest"]) == 3
        assert not RepairOrder.objects.filter(draft_id=customer.draft).exists()
        nearest = answer.context["nearest"][0]
        assert customer.choose_window(nearest.start_at.astimezone(city.zone)).url == reverse("book_confirm")
        customer.confirm()
        assert (
            RepairOrder.objects.get(draft_id=customer.draft).visits.get().window_start_at == nearest.start_at
        )

    def test_a_part_withdrawn_meanwhile_asks_for_the_repair_again(self, customer: Browser) -> None:
        form = customer.up_to_confirm().shown()
        Part.objects.filter(component__key="screen").update(is_active=False)
        assert customer.confirm(form).url == reverse("book_repairs")

    def test_the_authorisation_lost_meanwhile_is_said(self, customer: Browser) -> None:
        form = customer.up_to_confirm().shown()
        Part.objects.filter(grade=Grade.ORIGINAL).update(needs_brand_authorisation=True)
        answer = customer.confirm(form)
        assert answer.status_code == 409
        assert "support.apple.com" in answer.text

    def test_the_pin_is_hidden_once_the_proof_ran_out(self, customer: Browser, monday_morning: Any) -> None:
        order = customer.book()
        monday_morning.shift(timedelta(hours=13))
        page = customer.get("booked")
        assert page.status_code == 200
        assert order_pin(order) not in page.text


class TestHostileInput:
    NASTY = [
        "\x00",
        "'; DROP TABLE x; --",
        "<script>alert(1)</script>",
        "𝕏" * 3000,
        "٣" * 12,
        "-1",
        "NaN",
        "[]",
    ]

    @pytest.mark.parametrize("nasty", NASTY)
    def test_no_step_answers_with_an_error_of_ours(self, customer: Browser, nasty: str) -> None:
        fields = [
            "brand", "device_model", "repairs", "grade-screen", "city", "district", "address", "access_note",
            "latitude", "longitude", "window", "name", "has_second", "second_name", "second_address", "code",
            "shown", "shown_total", "draft",
        ]  # fmt: skip
        customer.up_to_confirm()
        for name in [*STEPS, "find_order"]:
            answer = customer.client.post(reverse(name), dict.fromkeys(fields, nasty))
            assert answer.status_code < 500, name
            assert "<script>alert(1)" not in answer.text
            assert customer.client.get(reverse(name), {"q": nasty, "sent": nasty}).status_code < 500
        assert customer.client.post(reverse("book_code", args=[1]), {"code": nasty}).status_code < 500
        assert User.objects.filter(role="customer").count() == 0

    @pytest.mark.parametrize("nasty", NASTY)
    def test_every_field_alone_is_answered(self, customer: Browser, nasty: str) -> None:
        customer.choose_phone()
        customer.choose_repair()
        for field in ["city", "district", "address", "access_note", "latitude", "longitude"]:
            assert customer.choose_place(**{field: nasty}).status_code in (302, 400, 409), field
        customer.choose_place()
        customer.choose_window()
        for field in ["name", "address", "second_name", "second_address"]:
            answer = customer.give_contact(**{"has_second": "on", field: nasty})
            assert answer.status_code in (302, 400, 429), field

    def test_a_session_with_a_broken_draft_starts_anew(self, customer: Browser) -> None:
        session = customer.client.session
        session["draft"] = "no such thing"
        session.save()
        assert customer.get("book").status_code == 200
        assert customer.get("book_confirm").url == reverse("book")


class TestTheEdgeOfTheCity:
    def test_a_place_just_inside_the_radius_is_taken(self, customer: Browser) -> None:
        customer.choose_phone()
        customer.choose_repair()
        latitude, longitude = north(29.9)
        assert customer.choose_place(latitude=latitude, longitude=longitude).status_code == 302
        latitude, longitude = north(30.1)
        assert customer.choose_place(latitude=latitude, longitude=longitude).status_code == 400
