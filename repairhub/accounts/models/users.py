"""People: customers and staff are one table, the role says which."""

import logging
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from phonenumber_field.modelfields import PhoneNumberField

from repairhub.notifications import channels
from repairhub.notifications.addresses import Address
from repairhub.notifications.states import Channel

from ..states import Role

logger = logging.getLogger(__name__)
UNREACHABLE: set[int] = set()  # whom the log has already named in this process

LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]


class UserQuerySet(models.QuerySet["User"]):
    def staff(self) -> "UserQuerySet":
        """Everybody who works here, still active."""
        return self.filter(is_active=True).exclude(role=Role.CUSTOMER)

    def working_for(self, role: str, city_code: str = "") -> "UserQuerySet":
        """Active holders of the role who look after the city: those with this city or with none named.

        Without a city: every active holder of the role.
        """
        holders = self.filter(is_active=True, role=role)
        if city_code:
            holders = holders.filter(Q(cities__code=city_code) | Q(cities__isnull=True))
        return holders.distinct()

    def with_address(self, address: Address) -> "UserQuerySet":
        """Whoever has this phone number or mail address: nobody or one."""
        if address.channel == Channel.SMS:
            return self.filter(phone=address.value)
        return self.filter(email=address.value.lower())


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def staff(self) -> UserQuerySet:
        """Everybody who works here, still active."""
        return self.get_queryset().staff()

    def working_for(self, role: str, city_code: str = "") -> UserQuerySet:
        """Active holders of the role who look after the city."""
        return self.get_queryset().working_for(role, city_code)

    def with_address(self, address: Address) -> UserQuerySet:
        """Whoever has this phone number or mail address."""
        return self.get_queryset().with_address(address)

    def create_user(self, phone: str | None = None, password: str | None = None, **fields: Any) -> "User":
        """A user; without a password nobody can sign in as them."""
        fields["email"] = (fields.get("email") or "").lower() or None
        user = self.model(phone=phone or None, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, phone: str | None = None, password: str | None = None, **fields: Any
    ) -> "User":
        """A manager with every permission (`manage.py createsuperuser`)."""
        fields.setdefault("role", Role.MANAGER)
        return self.create_user(phone, password, **{**fields, "is_staff": True, "is_superuser": True})


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Customers never sign in: they prove an address; staff sign in by password and TOTP."""

    phone = PhoneNumberField(_("phone"), null=True, blank=True)
    email = models.EmailField(_("e-mail"), null=True, blank=True)
    name = models.CharField(pgettext_lazy("person", "name"), max_length=80)
    language = models.CharField(_("language"), max_length=10, choices=LANGUAGES, default="zh-hans")
    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.CUSTOMER)
    cities = models.ManyToManyField(
        "places.City", verbose_name=_("cities"), blank=True, help_text=_("None means every city.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("may open the admin"), default=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "phone"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(fields=["phone"], name="user_once_per_phone"),
            models.UniqueConstraint(fields=["email"], name="user_once_per_email"),
            models.CheckConstraint(
                condition=Q(email__isnull=True) | Q(email=Lower("email")), name="user_email_in_lower_case"
            ),
            models.CheckConstraint(
                condition=Q(phone__isnull=False) | Q(email__isnull=False),
                name="user_can_be_reached",
                violation_error_message=_("Give a phone number or a mail address."),
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_known"),
            # two constraints, for a form that leaves one of the fields out checks the other
            models.CheckConstraint(
                condition=~Q(role=Role.CUSTOMER) | Q(is_staff=False),
                name="user_customer_opens_no_admin",
                violation_error_message=_("Customers cannot have rights of staff: choose another role."),
            ),
            models.CheckConstraint(
                condition=~Q(role=Role.CUSTOMER) | Q(is_superuser=False),
                name="user_customer_is_no_superuser",
                violation_error_message=_("Customers cannot have rights of staff: choose another role."),
            ),
        ]
        indexes = [
            # read by UserQuerySet.working_for(): whom a warning goes to
            models.Index(
                fields=["role"],
                condition=Q(is_active=True) & ~Q(role=Role.CUSTOMER),
                name="user_active_staff",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_staff_role(self) -> bool:
        """Whether this person works here (and so signs in by password)."""
        return self.role != Role.CUSTOMER

    @property
    def address(self) -> Address:
        """Where messages to this person go: staff by mail where they have one, customers by phone first.

        Only by a channel that is open, where there is one; else the message waits until the channel opens.
        """
        mail = Address(Channel.EMAIL, self.email) if self.email else None
        phone = Address(Channel.SMS, self.phone.as_e164) if self.phone else None
        known = [one for one in ((mail, phone) if self.is_staff_role else (phone, mail)) if one is not None]
        if not known:
            raise ValueError(f"user {self.pk} has neither phone nor e-mail")
        for address in known:
            if channels.is_open(address.channel):
                return address
        if self.pk not in UNREACHABLE:
            UNREACHABLE.add(self.pk)
            logger.error("No open channel reaches user %s: messages wait", self.pk)
        return known[0]

    def get_full_name(self) -> str:
        """How the admin calls this person."""
        return self.name

    def get_short_name(self) -> str:
        """How the pages call this person."""
        return self.name

    def clean(self) -> None:
        """Mail addresses in lower case, nothing instead of an empty text."""
        super().clean()
        self.email = (self.email or "").strip().lower() or None
        self.phone = self.phone or None
