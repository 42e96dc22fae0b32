"""Staff sign in by phone or mail address and password, with TOTP where set up; nobody else does."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.urls import NoReverseMatch, reverse

from repairhub.accounts.states import STAFF_ROLES, Role
from tests.factories.accounts import (
    FACTORY_OF_ROLE,
    PASSWORD,
    DispatcherFactory,
    EngineerUserFactory,
    ManagerFactory,
    PartsAdminFactory,
    SuperuserFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def sign_in(client, login, password=PASSWORD, **kwargs):
    return client.post(LOGIN, {"login": str(login), "password": password}, **kwargs)


def is_signed_in(client) -> bool:
    return "_auth_user_id" in client.session


class TestSignIn:
    @pytest.mark.parametrize("role", STAFF_ROLES)
    def test_by_phone(self, client, role):
        user = FACTORY_OF_ROLE[role]()
        response = sign_in(client, user.phone.as_e164)
        assert (response.status_code, response.url) == (302, "/staff/")
        assert client.session["_auth_user_id"] == str(user.pk)

    @pytest.mark.parametrize("typed", ["13800138000", "138 0013 8000", "+86 138 0013 8000"])
    def test_by_phone_in_any_spelling(self, client, typed):
        DispatcherFactory(phone="+8613800138000")
        sign_in(client, typed)
        assert is_signed_in(client)

    def test_while_the_cache_is_down(self, client, settings):
        nowhere = settings.CACHES["default"] | {"LOCATION": "unix:///nowhere/valkey.sock?db=0"}
        settings.CACHES = settings.CACHES | {"default": nowhere}
        assert client.get(LOGIN).status_code == 200
        assert sign_in(client, DispatcherFactory().phone.as_e164).status_code == 302
        assert is_signed_in(client)

    @pytest.mark.parametrize("typed", ["li@repairhub.example", "Li@RepairHub.example"])
    def test_by_mail_address(self, client, typed):
        DispatcherFactory(phone=None, email="li@repairhub.example")
        sign_in(client, typed)
        assert is_signed_in(client)

    def test_and_back_to_the_page_that_was_asked_for(self, client):
        user = DispatcherFactory()
        response = client.post(LOGIN, {"login": user.email, "password": PASSWORD, "next": "/dispatch/BJ/"})
        assert response.url == "/dispatch/BJ/"

    def test_never_to_another_host(self, client):
        response = client.post(
            LOGIN, {"login": DispatcherFactory().email, "password": PASSWORD, "next": "https://evil.example/"}
        )
        assert response.url == "/staff/"

    @pytest.mark.parametrize(
        "login", ["+8613800138000", "li@repairhub.example", "13900139000", "nobody@example.com", "x"]
    )
    def test_with_a_wrong_password_or_name_the_page_says_so_and_keeps_the_name(self, client, login):
        DispatcherFactory(phone="+8613800138000", email="li@repairhub.example")
        response = sign_in(client, login, "wrong password")
        assert response.status_code == 200
        assert not is_signed_in(client)
        assert b"do not belong together" in response.content or b"password" in response.content
        assert login in response.content.decode()

    def test_a_closed_account_is_told_so(self, client):
        response = sign_in(client, DispatcherFactory(is_active=False).email)
        assert response.url == "/accounts/inactive/"
        assert not is_signed_in(client)
        assert b"closed" in client.get("/accounts/inactive/").content

    def test_a_customer_stays_outside_even_with_a_password_that_fits(self, client):
        response = sign_in(client, UserFactory(email="wang@example.com").email)
        assert response.status_code == 200
        assert not is_signed_in(client)

    def test_a_customer_stays_outside_by_the_second_door_too(self, client, monkeypatch):
        monkeypatch.setattr(
            "repairhub.accounts.backends.StaffBackend.user_can_authenticate", lambda self, user: True
        )
        response = sign_in(client, UserFactory(email="wang@example.com").email, follow=True)
        assert not is_signed_in(client)
        assert b"This sign-in is for staff" in response.content

    def test_after_five_failures_even_the_right_password_has_to_wait(self, client):
        user = DispatcherFactory()
        for _try in range(5):
            sign_in(client, user.email, "wrong password")
        response = sign_in(client, user.email)
        assert not is_signed_in(client)
        assert b"Too many failed attempts" in response.content

    def test_who_loses_the_role_loses_the_session(self, client):
        user = DispatcherFactory()
        sign_in(client, user.email)
        assert client.get("/staff/").url == "/dispatch/"
        user.role = Role.CUSTOMER
        user.save(update_fields=["role"])
        assert client.get("/staff/").url.startswith(LOGIN)


class TestSecondFactor:
    SECRET = generate_totp_secret()

    def code(self) -> str:
        return format_hotp_value(hotp_value(self.SECRET, next(iter(yield_hotp_counters_from_time()))))

    @pytest.fixture
    def user(self):
        user = DispatcherFactory()
        TOTP.activate(user, self.SECRET)
        return user

    def test_the_password_alone_opens_nothing(self, client, user):
        response = sign_in(client, user.email)
        assert response.url == "/accounts/2fa/authenticate/"
        assert not is_signed_in(client)
        assert client.get("/staff/").url.startswith(LOGIN)
        assert b"authenticator app" in client.get(response.url).content

    def test_with_the_apps_code_it_does(self, client, user):
        sign_in(client, user.email)
        response = client.post("/accounts/2fa/authenticate/", {"code": self.code()})
        assert response.url == "/staff/"
        assert is_signed_in(client)

    def test_a_wrong_code_is_refused(self, client, user):
        sign_in(client, user.email)
        response = client.post("/accounts/2fa/authenticate/", {"code": "000000"})
        assert response.status_code == 200
        assert not is_signed_in(client)

    def test_a_recovery_code_opens_once(self, client, user):
        RecoveryCodes.activate(user)
        code = RecoveryCodes(user.authenticator_set.get(type="recovery_codes")).get_unused_codes()[0]
        for opens in (True, False):
            sign_in(client, user.email)
            client.post("/accounts/2fa/authenticate/", {"code": code})
            assert is_signed_in(client) == opens
            client.post("/accounts/logout/")

    def test_its_key_lies_encrypted(self, user):
        kept = Authenticator.objects.get(user=user, type="totp").data["secret"]
        assert self.SECRET not in kept

    def test_it_can_be_switched_on_after_the_password_was_asked_again(self, client):
        user = EngineerUserFactory()
        sign_in(client, user.phone)
        assert client.get("/accounts/2fa/totp/activate/").url.startswith("/accounts/reauthenticate/")
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        page = client.get("/accounts/2fa/totp/activate/")
        assert page.status_code == 200
        secret = page.context["form"].secret
        code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
        client.post("/accounts/2fa/totp/activate/", {"code": code})
        assert Authenticator.objects.filter(user=user, type="totp").exists()
        assert client.get("/accounts/2fa/").status_code == 200
        assert client.get("/accounts/2fa/recovery-codes/").status_code == 200
        assert client.get("/accounts/2fa/recovery-codes/generate/").status_code == 200
        assert client.get("/accounts/2fa/totp/deactivate/").status_code == 200


class TestPagesOfTheAccount:
    def test_the_password_can_be_changed(self, client):
        user = DispatcherFactory()
        sign_in(client, user.email)
        assert client.get("/accounts/password/change/").status_code == 200
        new = "four green lanterns"
        client.post(
            "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new}
        )
        client.post("/accounts/logout/")
        sign_in(client, user.email, new)
        assert is_signed_in(client)

    @pytest.mark.parametrize("make", [DispatcherFactory, EngineerUserFactory])
    def test_asked_again_the_password_is_checked(self, client, make):
        user = make()
        sign_in(client, user.email or user.phone)
        assert client.get("/accounts/reauthenticate/").status_code == 200
        assert client.post("/accounts/reauthenticate/", {"password": "wrong password"}).status_code == 200
        assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302

    def test_signing_out_needs_a_click(self, client):
        sign_in(client, DispatcherFactory().email)
        assert client.get("/accounts/logout/").status_code == 200
        assert is_signed_in(client)
        assert client.post("/accounts/logout/").status_code == 302
        assert not is_signed_in(client)

    @pytest.mark.parametrize(
        "name",
        [
            "account_signup",
            "account_reset_password",
            "account_request_login_code",
            "account_email",
            "account_set_password",
            "account_change_phone",
        ],
    )
    def test_there_is_no_other_way_in(self, name):
        with pytest.raises(NoReverseMatch):
            reverse(name)

    @pytest.mark.parametrize(
        "path", ["/accounts/2fa/", "/accounts/password/change/", "/accounts/reauthenticate/"]
    )
    def test_they_are_closed_to_strangers(self, client, path):
        assert client.get(path).url.startswith(LOGIN)


class TestFirstPage:
    @pytest.mark.parametrize(
        ("role", "page"),
        [
            (Role.ENGINEER, "/engineer/"),
            (Role.DISPATCHER, "/dispatch/"),
            (Role.MANAGER, "/dispatch/"),
            (Role.CASE_OFFICER, "/claims/"),
            (Role.PARTS_ADMIN, "/admin/"),
        ],
    )
    def test_everybody_goes_to_the_page_of_their_role(self, client, role, page):
        client.force_login(FACTORY_OF_ROLE[role]())
        assert client.get("/staff/").url == page


class TestTheAdminsDoor:
    def test_strangers_sign_in_by_the_one_door(self, client):
        assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith(LOGIN)

    @pytest.mark.parametrize("make", [ManagerFactory, PartsAdminFactory, SuperuserFactory])
    def test_those_who_work_in_it_come_in(self, client, make):
        client.force_login(make())
        assert client.get("/admin/").status_code == 200

    @pytest.mark.parametrize("make", [EngineerUserFactory, DispatcherFactory])
    def test_others_are_told_that_it_is_not_for_them(self, client, make):
        client.force_login(make())
        assert client.get("/admin/", follow=True).status_code == 403


class TestLanguage:
    def test_whoever_switches_it_gets_messages_in_it(self, client):
        user = DispatcherFactory(language="en")
        client.force_login(user)
        response = client.post("/i18n/setlang/", {"language": "zh-hans", "next": "/accounts/logout/"})
        assert (response.status_code, response.url) == (302, "/accounts/logout/")
        user.refresh_from_db()
        assert user.language == "zh-hans"

    def test_a_language_that_we_do_not_speak_is_ignored(self, client):
        user = DispatcherFactory(language="en")
        client.force_login(user)
        client.post("/i18n/setlang/", {"language": "tlh"})
        user.refresh_from_db()
        assert user.language == "en"

    def test_strangers_switch_it_for_their_browser(self, client):
        assert (
            client.post("/i18n/setlang/", {"language": "zh-hans"}).cookies["django_language"].value
            == "zh-hans"
        )
