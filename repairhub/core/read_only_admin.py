"""Admin pages on which nothing is typed: states move by services, never by hand."""

from typing import Any

from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline


class ReadOnly:
    """Rows to be looked at, whoever looks."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows come from services."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are changed by services."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are kept."""
        return False


class ReadOnlyAdmin(ReadOnly, ModelAdmin):
    """Shows rows and changes none."""


class ReadOnlyInline(ReadOnly, TabularInline):
    """Shows the rows that belong to the page's row, and changes none."""

    extra = 0
