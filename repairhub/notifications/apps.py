from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "repairhub.notifications"
    label = "notifications"
    verbose_name = _("Messages")

    def ready(self) -> None:
        """Registers the deploy check."""
        from . import checks  # noqa: F401  (registers itself)
