"""Doors: which role opens what, and that a proof is never a sign-in."""

import ast
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse

from repairhub.accounts import rules
from repairhub.accounts.access import role_required
from repairhub.accounts.browser import client_of, forget_proofs, proofs, remember_proof
from repairhub.accounts.services.codes import PROOF_LIFE, prove_address, send_code
from repairhub.accounts.states import STAFF_ROLES, Purpose, Role
from repairhub.notifications.models import Message
from repairhub.notifications.sealing import unseal
from tests.factories.accounts import (
    FACTORY_OF_ROLE,
    NOON,
    AddressProofFactory,
    SuperuserFactory,
    mail,
    phone,
)

PREDICATES = {
    Role.ENGINEER: rules.is_engineer,
    Role.DISPATCHER: rules.is_dispatcher,
    Role.CASE_OFFICER: rules.is_case_officer,
    Role.PARTS_ADMIN: rules.is_parts_admin,
    Role.MANAGER: rules.is_manager,
}


@role_required(Role.DISPATCHER, Role.MANAGER)
def board(request):
    return HttpResponse("board")


class TestPredicates:
    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize("asked", STAFF_ROLES)
    def test_each_is_true_for_its_role_alone(self, role, asked):
        assert PREDICATES[asked](FACTORY_OF_ROLE[role].build()) == (role == asked)

    @pytest.mark.parametrize("predicate", [*PREDICATES.values(), rules.is_superuser, rules.is_staff_role])
    def test_none_is_true_for_strangers_and_for_closed_accounts(self, predicate):
        assert not predicate(AnonymousUser())
        for make in (*FACTORY_OF_ROLE.values(), SuperuserFactory):
            assert not predicate(make.build(is_active=False))

    @pytest.mark.parametrize(
        ("predicate", "seen_by"),
        [
            (rules.sees_dispatch_board, {Role.DISPATCHER, Role.MANAGER}),
            (rules.sees_claims, {Role.CASE_OFFICER, Role.MANAGER}),
        ],
    )
    def test_managers_and_superusers_see_the_boards(self, predicate, seen_by):
        assert {role for role in Role if predicate(FACTORY_OF_ROLE[role].build())} == seen_by
        assert predicate(SuperuserFactory.build())


class TestRoleRequired:
    def visit(self, rf, user):
        request = rf.get("/board/?day=1")
        request.user = user
        return board(request)

    @pytest.mark.parametrize("role", [Role.DISPATCHER, Role.MANAGER])
    def test_the_named_roles_come_in(self, rf, role):
        assert self.visit(rf, FACTORY_OF_ROLE[role].build()).content == b"board"

    def test_a_superuser_comes_in(self, rf):
        assert self.visit(rf, SuperuserFactory.build()).content == b"board"

    @pytest.mark.parametrize("role", [Role.CUSTOMER, Role.ENGINEER, Role.CASE_OFFICER, Role.PARTS_ADMIN])
    def test_any_other_role_is_told_for_whom_the_page_is(self, rf, role):
        with pytest.raises(PermissionDenied, match="dispatcher, manager") as refusal:
            self.visit(rf, FACTORY_OF_ROLE[role].build())
        assert str(role.label) in str(refusal.value)

    def test_a_stranger_is_sent_to_sign_in_and_back(self, rf):
        response = self.visit(rf, AnonymousUser())
        assert (response.status_code, response.url) == (302, "/accounts/login/?next=/board/%3Fday%3D1")

    def test_its_roles_can_be_read(self):
        assert board.roles == {Role.DISPATCHER, Role.MANAGER}


@pytest.mark.django_db
class TestProofsOfThisBrowser:
    @pytest.fixture
    def request_with_session(self, rf, client):
        request = rf.get("/")
        request.session = client.session
        request.session["draft"] = "kept"
        request.session.save()
        request.user = AnonymousUser()
        return request

    @time_machine.travel(NOON, tick=False)
    def test_a_proof_is_remembered_under_a_new_session_id(self, request_with_session):
        AddressProofFactory(token="one")
        AddressProofFactory(token="two", channel="email", address="wang@example.com")
        before = request_with_session.session.session_key
        remember_proof(request_with_session, "one")
        remember_proof(request_with_session, "two")
        assert proofs(request_with_session) == {phone(), mail()}
        assert request_with_session.session.session_key != before
        assert request_with_session.session["draft"] == "kept"

    def test_it_runs_out(self, request_with_session):
        AddressProofFactory(token="one")
        remember_proof(request_with_session, "one")
        with time_machine.travel(NOON + PROOF_LIFE, tick=False):
            assert proofs(request_with_session) == set()

    @time_machine.travel(NOON, tick=False)
    def test_it_can_be_forgotten_and_signs_nobody_in(self, request_with_session):
        AddressProofFactory(token="one")
        remember_proof(request_with_session, "one")
        assert request_with_session.user.is_anonymous
        assert "_auth_user_id" not in request_with_session.session
        forget_proofs(request_with_session)
        assert proofs(request_with_session) == set()

    def test_a_token_that_somebody_made_up_proves_nothing(self, request_with_session):
        remember_proof(request_with_session, "made up")
        assert proofs(request_with_session) == set()

    def test_the_client_is_known_by_its_address(self, rf):
        assert client_of(rf.get("/", REMOTE_ADDR="198.51.100.7")) == "198.51.100.7"


@pytest.mark.django_db
class TestACodeNeverOpensAStaffRole:
    @pytest.mark.parametrize("role", STAFF_ROLES)
    def test_whoever_reads_a_staff_members_code_is_still_a_stranger(self, client, rf, role):
        """The code, the proof and the session that holds it: every staff page stays shut."""
        member = FACTORY_OF_ROLE[role](phone="+8613800138000")
        send_code(address=phone(), purpose=Purpose.CONTACT, language="en", at=NOON, client="x")
        token = prove_address(
            address=phone(), code=unseal(Message.objects.get().secret), purpose=Purpose.CONTACT, at=NOON
        )
        session = client.session
        request = rf.get("/")
        request.session, request.user = session, AnonymousUser()
        with time_machine.travel(NOON, tick=False):
            remember_proof(request, token)
            session.save()
            client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
            assert proofs(request) == {phone()}
            response = client.get("/staff/")
        assert (response.status_code, response.url) == (302, "/accounts/login/?next=/staff/")
        member.refresh_from_db()
        assert member.last_login is None

    def test_no_code_of_ours_ever_signs_anybody_in(self):
        """Only allauth, after a password, calls login()."""
        callers = []
        for folder in ("repairhub", "parts", "engineers", "orders", "warranty"):
            for path in (Path(settings.BASE_DIR) / folder).rglob("*.py"):
                for node in ast.walk(ast.parse(path.read_text())):
                    if isinstance(node, ast.Call):
                        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                        if name in {"login", "force_login", "perform_login"}:
                            callers.append(f"{path}:{node.lineno}")
        assert callers == []

    def test_the_ways_of_allauth_around_a_password_are_shut(self):
        from allauth.account import app_settings
        from allauth.mfa import app_settings as mfa_settings

        assert not app_settings.LOGIN_BY_CODE_ENABLED
        assert not app_settings.PASSWORD_RESET_BY_CODE_ENABLED
        assert not mfa_settings.PASSKEY_LOGIN_ENABLED
