"""Users, who works for which city, and customers who are known by their address."""

import pytest
from django.db import IntegrityError, transaction

from repairhub.accounts.models import User
from repairhub.accounts.services.customers import customer_for
from repairhub.accounts.states import STAFF_ROLES, Role
from repairhub.notifications.addresses import Address
from tests.connections import both_at_once
from tests.factories.accounts import (
    FACTORY_OF_ROLE,
    NOON,
    DispatcherFactory,
    EngineerUserFactory,
    SuperuserFactory,
    UserFactory,
    mail,
    phone,
)
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db


class TestWorkingFor:
    def test_active_holders_of_the_role_with_the_city_or_without_a_limit(self):
        beijing, shanghai = CityFactory(), CityFactory(shanghai=True)
        here, everywhere = DispatcherFactory(cities=[beijing, shanghai]), DispatcherFactory()
        DispatcherFactory(cities=[shanghai])
        DispatcherFactory(cities=[beijing], is_active=False)
        EngineerUserFactory(cities=[beijing])
        assert set(User.objects.working_for(Role.DISPATCHER, "BJ")) == {here, everywhere}

    def test_without_a_city_every_holder(self):
        limited = DispatcherFactory(cities=[CityFactory()])
        assert list(User.objects.working_for(Role.DISPATCHER)) == [limited]


class TestUser:
    @pytest.mark.parametrize("role", Role)
    def test_every_role_but_the_customers_works_here(self, role):
        assert FACTORY_OF_ROLE[role].build().is_staff_role == (role in STAFF_ROLES)

    def test_staff_hear_by_mail_where_they_have_one_customers_by_phone(self):
        both = {"phone": "+8613800138000", "email": "wang@example.com"}
        assert DispatcherFactory(**both).address == mail()
        assert UserFactory.build(**both).address == phone()
        assert UserFactory(phone=None, email="li@example.com").address == mail("li@example.com")

    def test_nobody_is_told_by_a_channel_that_is_not_open(self, settings, caplog):
        settings.NOTIFICATION_CHANNELS = {"email": settings.NOTIFICATION_CHANNELS["email"]}
        both = UserFactory.build(phone="+8613800138000", email="wang@example.com")
        assert both.address == mail()
        unreachable = UserFactory(phone="+8613800138001")
        for _each in range(3):
            assert unreachable.address == phone("+8613800138001")
        assert caplog.text.count(f"No open channel reaches user {unreachable.pk}") == 1

    def test_a_superuser_can_be_made_from_the_command_line(self):
        user = User.objects.create_superuser("+8613800138000", "three blue umbrellas", name="Ops")
        assert (user.role, user.is_staff, user.is_superuser) == (Role.MANAGER, True, True)

    @pytest.mark.parametrize(
        ("fields", "constraint"),
        [
            ({"phone": None}, "user_can_be_reached"),
            ({"email": "Wang@example.com"}, "user_email_in_lower_case"),
            ({"role": "king"}, "user_role_known"),
            ({"is_staff": True}, "user_customer_opens_no_admin"),
            ({"is_superuser": True}, "user_customer_is_no_superuser"),
        ],
    )
    def test_the_database_refuses(self, fields, constraint):
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            UserFactory(**fields)

    @pytest.mark.parametrize("same", [{"phone": "+8613800138000"}, {"email": "wang@example.com"}])
    def test_an_address_belongs_to_one_person(self, same):
        UserFactory(**same)
        with pytest.raises(IntegrityError, match="user_once_per"), transaction.atomic():
            UserFactory(**same)


class TestCustomerFor:
    def get(self, address, name="Wang"):
        return customer_for(address=address, name=name, language="zh-hans", at=NOON)

    @pytest.mark.parametrize("address", [phone(), mail()])
    def test_somebody_new_becomes_a_customer_who_cannot_sign_in(self, address: Address):
        customer = self.get(address)
        assert (customer.role, customer.name, customer.language) == (Role.CUSTOMER, "Wang", "zh-hans")
        assert customer.address == address
        assert not customer.has_usable_password()

    @pytest.mark.parametrize("make", [UserFactory, DispatcherFactory, SuperuserFactory])
    def test_somebody_known_comes_back_unchanged(self, make):
        known = make(phone="+8613800138000", name="Li")
        found = self.get(phone())
        assert found == known
        assert (found.name, found.role, found.language) == ("Li", known.role, "en")


@pytest.mark.django_db(transaction=True)
class TestTwoConnections:
    def test_one_address_at_once_becomes_one_customer(self):
        first, second = both_at_once(
            lambda: customer_for(address=phone(), name="Wang", language="en", at=NOON)
        )
        assert first == second
        assert User.objects.count() == 1
