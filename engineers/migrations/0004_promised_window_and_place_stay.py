from django.db import migrations

from repairhub.core.append_only import ForbidColumnChanges


class Migration(migrations.Migration):
    """Another window or another place is another visit."""

    dependencies = [("engineers", "0003_visit_awaited")]

    operations = [
        ForbidColumnChanges(
            "engineers_visit", ("window_start_at", "window_end_at", "city_id", "latitude", "longitude")
        ),
    ]
