from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EngineersConfig(AppConfig):
    name = "engineers"
    verbose_name = _("Engineers")

    def ready(self) -> None:
        """Listen to the clocks and to changes of accounts."""
        from engineers import receivers  # noqa: F401
