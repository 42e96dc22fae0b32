"""The words of the admin's look (Unfold), which comes without Chinese.

Nothing imports this module: `make messages` reads it, so that our catalogue has them. A test asks whether all
are here.
"""

from django.utils.translation import gettext_noop, ngettext

WORDS = (
    # lists
    gettext_noop("Select record"),
    gettext_noop("Select action"),
    gettext_noop("Select action to run"),
    gettext_noop("Select all rows"),
    gettext_noop("Run"),
    gettext_noop("Submit"),
    gettext_noop("More actions"),
    gettext_noop("Type to search"),
    gettext_noop("Apply Filters"),
    gettext_noop("Reset filters"),
    gettext_noop("No results found"),
    gettext_noop("This page yielded into no results. Create a new item or reset your filters."),
    gettext_noop("No data"),
    gettext_noop("Expand row"),
    gettext_noop("Previous"),
    gettext_noop("Next"),
    gettext_noop("True"),
    gettext_noop("False"),
    gettext_noop("From"),
    gettext_noop("To"),
    gettext_noop("Date from"),
    gettext_noop("Date to"),
    gettext_noop("Not enough data."),
    gettext_noop("Dataset not found. No action performed."),
    # one row
    gettext_noop("General"),
    gettext_noop("Select value"),
    gettext_noop("Select currency"),
    gettext_noop("Date"),
    gettext_noop("Time"),
    gettext_noop("Choose file to upload"),
    gettext_noop("Click to download"),
    gettext_noop("Image preview"),
    gettext_noop("Record picture"),
    gettext_noop("Add row"),
    gettext_noop("This item will be deleted."),
    gettext_noop("Click to cancel"),
    gettext_noop("You can not create nested object without parent"),
    # what was changed
    gettext_noop("Changes"),
    gettext_noop("Deleted %(type_name)s"),
    gettext_noop("Choose a date from the list below to revert to a previous version of this object"),
    # people
    gettext_noop("After you've created a user, you’ll be able to edit more user options."),
    gettext_noop(
        "Raw passwords are not stored, so there is no way to see this user’s password, but you can change "
        'the password using <a href="{}" class="text-primary-600 dark:text-primary-500">this form</a>.'
    ),
    gettext_noop("Toggle password visibility"),
    # the frame
    gettext_noop("Welcome"),
    gettext_noop("Welcome back to"),
    gettext_noop("Return to site"),
    gettext_noop("You have been successfully logged out from the administration"),
    gettext_noop("All applications"),
    gettext_noop("Go back"),
    gettext_noop("Light"),
    gettext_noop("Dark"),
    gettext_noop("System"),
    # the search over all models
    gettext_noop("Search apps and models..."),
    gettext_noop("Recent searches"),
    gettext_noop("No recent searches"),
    gettext_noop("No results matching your query"),
    gettext_noop("Loading more results..."),
)


def found(number: int) -> str:
    """How the search over all models says what it found; its spaces are those of Unfold's template."""
    return ngettext(
        "\n                Found %(counter)s result in %(time)s seconds\n            ",
        "\n                Found %(counter)s results in %(time)s seconds\n            ",
        number,
    )
