"""What admin pages of every room share: rows with a history, rows that only services may change."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin, TabularInline


class HistoryAdmin(SimpleHistoryAdmin, ModelAdmin):
    """A row whose every version is kept: the page "History" shows who changed what, and when."""

    list_filter_submit = True
    warn_unsaved_form = True


class ReadOnly:
    """Mixin for rows that services write: to be looked at, never added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Nobody: a service writes these rows."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody: a service writes these rows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody: a service writes these rows."""
        return False


class ReadOnlyAdmin(ReadOnly, ModelAdmin):
    """Pages of rows that services write."""

    list_filter_submit = True


class ReadOnlyInline(ReadOnly, TabularInline):
    """Rows that services write, on the page of the row they belong to."""

    extra = 0
