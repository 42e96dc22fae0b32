"""The pace of a city's hours: which rows count on which day, what is refused, the picture in the admin."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from repairhub.places.models import City, CityPace, hourly_factors
from repairhub.places.pictures import HEIGHT, pace_pictures
from repairhub.places.signals import travel_changed
from tests.factories.accounts import ManagerFactory, PartsAdminFactory
from tests.factories.places import CityFactory

MONDAY, SUNDAY = date(2026, 11, 23), date(2026, 11, 29)


def row(days: str, hour: int, travel: str = "1", service: str = "1") -> CityPace:
    return CityPace(days=days, hour=hour, travel_factor=Decimal(travel), service_factor=Decimal(service))


class TestHourlyFactors:
    def test_hours_without_a_row_are_as_usual(self) -> None:
        travel, service = hourly_factors([row("every", 8, "1.5", "1.1")], MONDAY)
        assert travel == [1] * 8 + [Decimal("1.5")] + [1] * 15
        assert service == [1] * 8 + [Decimal("1.1")] + [1] * 15

    def test_workdays_and_weekends_have_their_own(self) -> None:
        rows = [row("workdays", 8, "1.5"), row("weekends", 14, "1.2")]
        assert hourly_factors(rows, MONDAY)[0][8] == Decimal("1.5")
        assert hourly_factors(rows, MONDAY)[0][14] == 1
        assert hourly_factors(rows, SUNDAY)[0][8] == 1
        assert hourly_factors(rows, SUNDAY)[0][14] == Decimal("1.2")

    @pytest.mark.parametrize("turned", [False, True])
    def test_the_row_for_the_kind_of_day_wins(self, turned: bool) -> None:
        rows = [row("workdays", 8, "1.5"), row("every", 8, "1.2")]
        assert hourly_factors(rows[::-1] if turned else rows, MONDAY)[0][8] == Decimal("1.5")
        assert hourly_factors(rows[::-1] if turned else rows, SUNDAY)[0][8] == Decimal("1.2")


@pytest.mark.django_db
class TestWhatTheDatabaseRefuses:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"hour": 24},
            {"travel_factor": "0.49"},
            {"travel_factor": "5.01"},
            {"service_factor": "0.4"},
            {"days": "mondays"},
        ],
        ids=str,
    )
    def test_hours_and_factors_beyond_reason(self, wrong: dict[str, object]) -> None:
        right = {"city": CityFactory(), "days": "every", "hour": 8}
        with pytest.raises(IntegrityError, match="city_pace"), transaction.atomic():
            CityPace.objects.create(**{**right, **wrong})

    def test_the_same_hour_twice(self) -> None:
        city = CityFactory()
        CityPace.objects.create(city=city, days="every", hour=8)
        with pytest.raises(IntegrityError, match="city_pace_once_per_hour"), transaction.atomic():
            CityPace.objects.create(city=city, days="every", hour=8)

    def test_a_slack_beyond_two_hours(self) -> None:
        with pytest.raises(IntegrityError, match="city_slack"), transaction.atomic():
            CityFactory(slack_minutes=121)


class TestThePicture:
    def test_draws_each_hour_s_factor_and_says_what_stands_out(self) -> None:
        workday, weekend = pace_pictures([row("workdays", 8, "1.5"), row("workdays", 18, "5", "1.1")])
        assert len(workday.travel) == len(workday.service) == 24
        assert workday.travel[8].height == 1.5 * workday.travel[7].height
        assert workday.travel[18].height == HEIGHT  # what goes beyond the picture is cut off, and said
        assert workday.said == (
            "08:00: drives 1.5, work 1 times as long; 18:00: drives 5, work 1.1 times as long"
        )
        assert weekend.said == "Every hour as usual."


@pytest.mark.django_db
class TestTheAdmin:
    @pytest.fixture
    def city(self) -> City:
        return CityFactory()

    def page(self, city: City) -> str:
        return reverse("admin:places_city_change", args=[city.pk])

    def form(self, client: Client, city: City, **changes: object) -> dict[str, object]:
        """What the browser would send, with one hour and these fields changed."""
        response = client.get(self.page(city))
        form = response.context["adminform"].form
        data = {name: form.initial.get(name) for name in form.fields}
        for inline in response.context["inline_admin_formsets"]:
            management = inline.formset.management_form
            data |= {f"{management.prefix}-{key}": value for key, value in management.initial.items()}
        data |= {
            "paces-TOTAL_FORMS": 1,
            "paces-0-city": city.pk,
            "paces-0-days": "workdays",
            "paces-0-hour": 8,
            "paces-0-travel_factor": "1.5",
            "paces-0-service_factor": "1",
            **changes,
        }
        return {key: value for key, value in data.items() if value is not None}

    def test_a_manager_keeps_the_hours_and_whoever_plans_hears_of_it(
        self, client: Client, city: City
    ) -> None:
        heard = []

        def listen(city: City, **_kwargs: object) -> None:
            heard.append(city)

        client.force_login(ManagerFactory())
        travel_changed.connect(listen)
        try:
            assert client.post(self.page(city), self.form(client, city)).status_code == 302
        finally:
            travel_changed.disconnect(listen)
        assert CityPace.objects.get().travel_factor == Decimal("1.5")
        assert heard == [city]
        assert "08:00: drives 1.5, work 1 times as long" in client.get(self.page(city)).content.decode()

    def test_a_change_that_no_plan_depends_on_wakes_nobody(self, client: Client, city: City) -> None:
        heard = []

        def listen(city: City, **_kwargs: object) -> None:
            heard.append(city)

        client.force_login(ManagerFactory())
        travel_changed.connect(listen)
        try:
            data = self.form(client, city, name_en="Peking", **{"paces-TOTAL_FORMS": 0})
            assert client.post(self.page(city), data).status_code == 302
        finally:
            travel_changed.disconnect(listen)
        assert heard == []

    def test_a_factor_beyond_reason_is_said_in_the_form(self, client: Client, city: City) -> None:
        client.force_login(ManagerFactory())
        data = self.form(client, city, **{"paces-0-travel_factor": "7"})
        response = client.post(self.page(city), data)
        assert response.status_code == 200
        assert not CityPace.objects.exists()

    def test_a_parts_admin_sees_the_picture_and_changes_nothing(self, client: Client, city: City) -> None:
        CityPace.objects.create(city=city, days="every", hour=8, travel_factor="1.5")
        client.force_login(PartsAdminFactory())
        assert "08:00: drives 1.5" in client.get(self.page(city)).content.decode()
        assert client.post(self.page(city), {}).status_code == 403
