"""Sign-in by password, for staff alone."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend


class StaffBackend(AuthenticationBackend):
    """Phone or mail address and password; customers have no session, whatever password they might hold."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Active people with a staff role. Asked on every request: a changed role closes open sessions."""
        return bool(super().user_can_authenticate(user) and user.is_staff_role)

    def _check_password(self, user: Any, password: str) -> Any:
        """A customer's right password is worth as much as a wrong one: allauth must not remember it."""
        found = super()._check_password(user, password)
        if found is None and user is not None and not user.is_staff_role:
            self._stash_user(None)
        return found
