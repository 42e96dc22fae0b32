"""People in the admin: managers make accounts of staff, give roles and cities, set passwords."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from repairhub.core.errors import DomainError

from .models import User
from .services.staff import announce_standing, switch_off_second_factor

# One door for staff, with the second factor where it is set up.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# Nobody works with these here: roles are on the user, addresses too, and keys are not for reading.
for model in (Group, EmailAddress, Authenticator):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

ONLY_FOR_SUPERUSERS = ["is_superuser"]
STANDING = {"is_active", "role"}


class StaffChangeForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


class StaffCreationForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("name",)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = StaffChangeForm
    add_form = StaffCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = [
        "name",
        "phone",
        "email",
        "role",
        "shown_cities",
        "language",
        "is_active",
        "second_factor",
    ]
    list_filter = ["role", "is_active", "language", "cities"]
    search_fields = ["name", "phone", "email"]
    ordering = ["name", "pk"]
    autocomplete_fields = ["cities"]
    readonly_fields = ["last_login", "created_at"]
    list_per_page = 50
    actions = ["switch_off_second_factor"]
    fieldsets = [
        (None, {"fields": ["name", "phone", "email", "language", "password"]}),
        (_("Work"), {"fields": ["role", "cities", "is_active", "is_staff", "is_superuser"]}),
        (_("When"), {"fields": ["created_at", "last_login"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["name", "phone", "email", "language", "role", "cities", "is_staff"]}),
        (_("Password"), {"fields": ["usable_password", "password1", "password2"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With what the list shows, in a fixed number of queries."""
        return super().get_queryset(request).prefetch_related("cities", "authenticator_set")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Whoever loses their role or account may hold work: the apps that gave it are told."""
        super().save_related(request, form, formsets, change)
        if change and STANDING & set(form.changed_data):
            for said in announce_standing(user=form.instance, by=request.user, at=timezone.now()):
                self.message_user(request, said, messages.WARNING)

    @admin.display(description=_("cities"))
    def shown_cities(self, user: User) -> str:
        """Their codes, or that there is no limit."""
        return ", ".join(city.code for city in user.cities.all()) or str(_("every city"))

    @admin.display(description=_("second factor"), boolean=True)
    def second_factor(self, user: User) -> bool:
        """Whether signing in asks for a code of their app."""
        return bool(user.authenticator_set.all())  # type: ignore[attr-defined]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A manager gives roles, but nobody makes themselves a superuser."""
        fields = list(super().get_readonly_fields(request, obj))
        return fields if request.user.is_superuser else [*fields, *ONLY_FOR_SUPERUSERS]  # type: ignore[union-attr]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A superuser's account (and password) is for superusers alone."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:  # type: ignore[union-attr]
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People are closed, not deleted: what they did stays theirs."""
        return False

    @admin.action(description=_("Switch off the second factor of the selected people"))
    def switch_off_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """For people who lost their phone; each is noted in the admin's log."""
        for user in queryset:
            try:
                switch_off_second_factor(user=user, by=request.user)  # type: ignore[arg-type]
            except DomainError as error:
                self.message_user(request, f"{user.name}: {error}", level=messages.ERROR)
            else:
                self.log_change(request, user, "second factor switched off")
                self.message_user(
                    request, _("%(name)s signs in by password alone now.") % {"name": user.name}
                )
