"""Admin pages of rows whose every version is kept."""

from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin


class HistoryAdmin(SimpleHistoryAdmin, ModelAdmin):
    """The page "History" shows who changed what, and when."""

    list_filter_submit = True
    warn_unsaved_form = True
