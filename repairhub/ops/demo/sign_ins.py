"""Who can sign in to the demo: one list for the page, the command and the demo data."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from repairhub.accounts.states import Role

PASSWORD = "repairhub-demo"  # noqa: S105  (demo data on a loopback address)


@dataclass(frozen=True)
class SignIn:
    """A member of staff in the demo; `city_code` is None for who works for all cities."""

    role: Role
    phone: str  # E.164
    email: str
    name: str
    city_code: str | None
    page: str  # where the work of this role begins
    try_this: Promise  # a whole sentence

    @property
    def national_phone(self) -> str:
        """As people in China type it: 11 digits."""
        return self.phone.removeprefix("+86")


SIGN_INS = [
    SignIn(
        Role.DISPATCHER,
        "+8613900000001",
        "dispatcher@repairhub.example",
        "Zhang Wei",
        "SH",
        "/dispatch/",
        _("Take a visit from the tray, read why each candidate fits or does not, and confirm one."),
    ),
    SignIn(
        Role.ENGINEER,
        "+8613900000004",
        "engineer@repairhub.example",
        "Chen Ying",
        "SH",
        "/engineer/",
        _("Drive to the next visit, start with the customer's PIN, scan the part in, finish with a photo."),
    ),
    SignIn(
        Role.CASE_OFFICER,
        "+8613900000002",
        "cases@repairhub.example",
        "Sun Min",
        None,
        "/claims/",
        _("Answer a claim before its deadline: a rework visit at no cost, or a refusal with its reason."),
    ),
    SignIn(
        Role.CASE_OFFICER,
        "+8613900000005",
        "appeals@repairhub.example",
        "Wu Hao",
        None,
        "/claims/",
        _("The second case officer, for what the first one must not decide alone."),
    ),
    SignIn(
        Role.PARTS_ADMIN,
        "+8613900000003",
        "parts@repairhub.example",
        "Liu Jing",
        None,
        "/admin/",
        _("Look up a serial, change a price (its history stays), let a certificate run out."),
    ),
    SignIn(
        Role.MANAGER,
        "+8613900000000",
        "manager@repairhub.example",
        "Lin Zhou",
        None,
        "/dispatch/",
        _("See every board and the administration of all cities."),
    ),
]
