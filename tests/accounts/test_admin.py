"""People in the admin: managers make accounts and set passwords; nobody makes themselves a superuser."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

from repairhub.accounts.models import User
from repairhub.accounts.services.staff import switch_off_second_factor
from repairhub.accounts.signals import standing_changed
from repairhub.accounts.states import Role
from repairhub.core.errors import Conflict, NotAllowed
from tests.factories.accounts import (
    DispatcherFactory,
    EngineerUserFactory,
    ManagerFactory,
    PartsAdminFactory,
    SuperuserFactory,
)
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db
USERS = "/admin/accounts/user/"
NEW = {
    "name": "Li Na",
    "phone": "+8613900139000",
    "email": "",
    "language": "zh-hans",
    "role": Role.ENGINEER,
    "usable_password": "true",
    "password1": "four green lanterns",
    "password2": "four green lanterns",
}


@pytest.fixture
def manager(client):
    manager = ManagerFactory()
    client.force_login(manager)
    return manager


class TestTheListOfPeople:
    def test_roles_and_cities_are_seen(self, client, manager):
        DispatcherFactory(name="Zhao", cities=[CityFactory()])
        page = client.get(USERS).content.decode()
        assert "Zhao" in page
        assert "dispatcher" in page
        assert "BJ" in page
        assert "every city" in page

    def test_it_costs_the_same_however_many_people_there_are(
        self, client, manager, django_assert_max_num_queries
    ):
        EngineerUserFactory.create_batch(20)
        with django_assert_max_num_queries(15):
            client.get(USERS)

    @pytest.mark.parametrize("make", [DispatcherFactory, EngineerUserFactory, PartsAdminFactory])
    def test_it_is_for_managers(self, client, make):
        client.force_login(make())
        assert client.get(USERS, follow=True).status_code == 403


class TestMakingAnAccount:
    def test_a_manager_makes_one_and_its_owner_signs_in(self, client, manager):
        assert client.post(f"{USERS}add/", NEW).status_code == 302
        made = User.objects.get(phone="+8613900139000")
        assert (made.role, made.email, made.is_superuser) == (Role.ENGINEER, None, False)
        client.logout()
        assert (
            client.post("/accounts/login/", {"login": "13900139000", "password": NEW["password1"]}).url
            == "/staff/"
        )

    def test_without_phone_and_mail_the_form_says_so(self, client, manager):
        response = client.post(f"{USERS}add/", {**NEW, "phone": ""})
        assert response.status_code == 200
        assert "Give a phone number or a mail address" in response.content.decode()

    def test_a_customer_gets_no_rights_of_staff(self, client, manager):
        response = client.post(f"{USERS}add/", {**NEW, "role": Role.CUSTOMER, "is_staff": "on"})
        assert response.status_code == 200
        assert "Customers cannot have" in response.content.decode()

    def test_two_people_without_mail_are_no_conflict(self, client, manager):
        client.post(f"{USERS}add/", NEW)
        assert client.post(f"{USERS}add/", {**NEW, "phone": "+8613900139001"}).status_code == 302


class TestChangingAnAccount:
    def test_a_manager_sets_a_new_password(self, client, manager):
        user = EngineerUserFactory()
        assert client.get(f"{USERS}{user.pk}/password/").status_code == 200
        client.post(
            f"{USERS}{user.pk}/password/",
            {
                "usable_password": "true",
                "password1": "four green lanterns",
                "password2": "four green lanterns",
            },
        )
        user.refresh_from_db()
        assert user.check_password("four green lanterns")

    def test_a_manager_gives_roles_but_makes_no_superuser(self, client, manager):
        user = EngineerUserFactory()
        change = {
            "name": user.name,
            "phone": user.phone.as_e164,
            "email": "",
            "language": "en",
            "is_active": "on",
        }
        client.post(f"{USERS}{user.pk}/change/", {**change, "role": Role.DISPATCHER, "is_superuser": "on"})
        user.refresh_from_db()
        assert (user.role, user.is_superuser) == (Role.DISPATCHER, False)

    def test_a_superusers_account_is_for_superusers_alone(self, client, manager):
        boss = SuperuserFactory()
        assert client.get(f"{USERS}{boss.pk}/password/").status_code == 403
        client.post(f"{USERS}{boss.pk}/change/", {"name": "mine now"})
        boss.refresh_from_db()
        assert boss.name != "mine now"
        client.force_login(SuperuserFactory())
        assert client.get(f"{USERS}{boss.pk}/change/").status_code == 200

    def test_people_are_not_deleted(self, client, manager):
        assert client.get(f"{USERS}{EngineerUserFactory().pk}/delete/").status_code == 403


class TestAnnouncingWhoMayWork:
    @pytest.fixture
    def heard(self):
        heard = []

        def listen(user, by, at, **_kwargs):
            heard.append((user.pk, user.role, user.is_active, by.pk))
            return "Two keys were taken back."

        standing_changed.connect(listen)
        yield heard
        standing_changed.disconnect(listen)

    def save(self, client, user, **change):
        data = {"name": user.name, "phone": user.phone.as_e164, "email": "", "language": "en"}
        data |= {"role": user.role, "is_active": "on", **change}
        return client.post(f"{USERS}{user.pk}/change/", data, follow=True).content.decode()

    def test_a_closed_account_and_another_role_are_told_with_what_followed(self, client, manager, heard):
        user = DispatcherFactory(phone="+8613900139000")
        assert "Two keys were taken back." in self.save(client, user, is_active="")
        assert "Two keys were taken back." in self.save(client, user, role=Role.ENGINEER)
        assert heard == [
            (user.pk, Role.DISPATCHER, False, manager.pk),
            (user.pk, Role.ENGINEER, True, manager.pk),
        ]

    def test_another_name_is_not(self, client, manager, heard):
        self.save(client, DispatcherFactory(phone="+8613900139000"), name="Zhao")
        assert heard == []


class TestSwitchingOffASecondFactor:
    @pytest.fixture
    def user(self):
        user = EngineerUserFactory()
        TOTP.activate(user, generate_totp_secret())
        return user

    def test_a_superuser_does_it_and_it_is_noted(self, client, user):
        client.force_login(SuperuserFactory())
        client.post(USERS, {"action": "switch_off_second_factor", "_selected_action": [user.pk]})
        assert not Authenticator.objects.exists()
        history = client.get(f"{USERS}{user.pk}/history/").content.decode()
        assert "second factor switched off" in history

    def test_a_manager_may_not(self, user):
        with pytest.raises(NotAllowed):
            switch_off_second_factor(user=user, by=ManagerFactory())
        assert Authenticator.objects.exists()

    def test_without_one_it_is_refused(self):
        with pytest.raises(Conflict):
            switch_off_second_factor(user=EngineerUserFactory(), by=SuperuserFactory())
