"""People: one factory per role, all with the same password."""

from datetime import UTC, datetime, timedelta
from typing import Any

import factory

from repairhub.accounts.models import User
from repairhub.accounts.services.codes import PROOF_LIFE
from repairhub.accounts.states import Purpose, Role
from repairhub.core.tokens import hash_token
from repairhub.notifications.addresses import Address

PASSWORD = "three blue umbrellas"
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # 12:00 in Beijing


class UserFactory(factory.django.DjangoModelFactory):
    """A customer with a phone number of their own."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    phone = factory.Sequence(lambda n: f"+86138{10_000_000 + n:08d}")
    email = None
    name = factory.Sequence(lambda n: f"Customer {n}")
    language = "en"
    role = Role.CUSTOMER

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        password = kwargs.pop("password", PASSWORD)
        user = model_class(*args, **kwargs)
        user.set_password(password)
        user.save()
        return user

    @factory.post_generation
    def cities(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if create and extracted:
            self.cities.set(extracted)  # type: ignore[attr-defined]


class EngineerUserFactory(UserFactory):
    name = factory.Sequence(lambda n: f"Engineer {n}")
    role = Role.ENGINEER


class DispatcherFactory(UserFactory):
    name = factory.Sequence(lambda n: f"Dispatcher {n}")
    email = factory.Sequence(lambda n: f"dispatcher{n}@repairhub.example")
    role = Role.DISPATCHER


class CaseOfficerFactory(UserFactory):
    name = factory.Sequence(lambda n: f"Case officer {n}")
    email = factory.Sequence(lambda n: f"case{n}@repairhub.example")
    role = Role.CASE_OFFICER


class PartsAdminFactory(UserFactory):
    name = factory.Sequence(lambda n: f"Parts admin {n}")
    role = Role.PARTS_ADMIN
    is_staff = True


class ManagerFactory(UserFactory):
    name = factory.Sequence(lambda n: f"Manager {n}")
    email = factory.Sequence(lambda n: f"manager{n}@repairhub.example")
    role = Role.MANAGER
    is_staff = True


class SuperuserFactory(ManagerFactory):
    is_superuser = True


FACTORY_OF_ROLE = {
    Role.CUSTOMER: UserFactory,
    Role.ENGINEER: EngineerUserFactory,
    Role.DISPATCHER: DispatcherFactory,
    Role.CASE_OFFICER: CaseOfficerFactory,
    Role.PARTS_ADMIN: PartsAdminFactory,
    Role.MANAGER: ManagerFactory,
}


class OneTimeCodeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = "accounts.OneTimeCode"

    purpose = Purpose.CONTACT
    channel = "sms"
    address = "+8613800138000"
    code_hash = "0" * 64
    created_at = NOON
    expires_at = factory.LazyAttribute(lambda code: code.created_at + timedelta(minutes=10))


class AddressProofFactory(factory.django.DjangoModelFactory):
    """A proof whose token is `token`."""

    class Meta:
        model = "accounts.AddressProof"

    class Params:
        token = "a-token-that-nobody-guesses"

    token_hash = factory.LazyAttribute(lambda proof: hash_token(proof.token))
    channel = "sms"
    address = "+8613800138000"
    created_at = NOON
    expires_at = factory.LazyAttribute(lambda proof: proof.created_at + PROOF_LIFE)


def phone(value: str = "+8613800138000") -> Address:
    """A phone's address."""
    return Address("sms", value)


def mail(value: str = "wang@example.com") -> Address:
    """A mail address."""
    return Address("email", value)
