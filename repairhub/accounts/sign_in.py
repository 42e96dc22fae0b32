"""How allauth signs staff in: by phone or mail address and password, TOTP where set up, nothing else."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.mfa.adapter import DefaultMFAAdapter
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from repairhub.core.errors import InvalidInput, NotAllowed
from repairhub.notifications.addresses import parse_address
from repairhub.notifications.sealing import seal, unseal
from repairhub.notifications.states import Channel

from .models import User

NOT_THIS_WAY = gettext_lazy("Nobody signs in by a code.")


class AnyPhoneField(forms.CharField):
    """A phone number as people type it, kept in E.164."""

    def clean(self, value: Any) -> str:
        """The number. Raises ValidationError for anything else, a mail address too."""
        try:
            address = parse_address(super().clean(value))
        except InvalidInput as error:
            raise forms.ValidationError(str(error)) from error
        if address.channel != Channel.SMS:
            raise forms.ValidationError(_("This is not a phone number."))
        return address.value


class StaffAdapter(DefaultAccountAdapter):
    """Sign-up is closed; people of the staff are made in the admin; customers get no session."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": gettext_lazy("This mail address and password do not belong together."),
        "phone_password_mismatch": gettext_lazy("This phone number and password do not belong together."),
        "username_password_mismatch": gettext_lazy("This is neither a phone number nor a mail address."),
        "too_many_login_attempts": gettext_lazy(
            "Too many failed attempts. Please try again in five minutes."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: staff accounts are made by a manager."""
        return False

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """The second door behind StaffBackend: whatever led here, a customer goes no further."""
        if not user.is_staff_role:
            clear_login(request)
            messages.error(request, _("This sign-in is for staff. Customers open the link of their order."))
            return redirect("account_login")
        return super().pre_login(request, user, **kwargs)

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Asks the password again before a change to the second factor."""
        name = {"email": user.email} if user.email else {"phone": user.phone.as_e164}
        again = self.authenticate(self.request, **name, password=password)
        return again is not None and again.pk == user.pk

    def phone_form_field(self, **kwargs: Any) -> forms.Field:
        """How a number is told from a mail address at the sign-in."""
        return AnyPhoneField(**kwargs)

    def get_user_by_phone(self, phone: str) -> User | None:
        """The user with this number, however it was typed."""
        try:
            address = parse_address(phone)
        except InvalidInput:
            return None
        if address.channel != Channel.SMS:
            return None
        return User.objects.with_address(address).first()

    def get_phone(self, user: Any) -> tuple[str, bool] | None:
        """The user's number; it was checked by whoever made the account."""
        return (user.phone.as_e164, True) if user.phone else None

    def set_phone(self, user: Any, phone: str, verified: bool) -> None:
        """Numbers of staff are changed in the admin alone."""
        raise NotAllowed(NOT_THIS_WAY)

    def set_phone_verified(self, user: Any, phone: str) -> None:
        """Numbers of staff are changed in the admin alone."""
        raise NotAllowed(NOT_THIS_WAY)

    def send_verification_code_sms(self, user: Any, phone: str, code: str, **kwargs: Any) -> None:
        """A code never opens a staff session."""
        raise NotAllowed(NOT_THIS_WAY)


class SealedSecrets(DefaultMFAAdapter):
    """TOTP keys lie encrypted in the database."""

    def encrypt(self, text: str) -> str:
        """Sealed with the first of settings.FERNET_KEYS."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Opened with any of settings.FERNET_KEYS."""
        return unseal(encrypted_text)

    def get_totp_label(self, user: Any) -> str:
        """What the authenticator app shows."""
        return user.email or user.phone.as_e164
