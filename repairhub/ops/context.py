"""What every page may ask of the settings."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, bool]:
    """`DEMO`: whether the demo's pages are shown."""
    return {"DEMO": settings.DEMO}
