"""A recorded warning or breach is never edited away."""

from django.db import migrations

from repairhub.core.append_only import ForbidChanges


class Migration(migrations.Migration):
    dependencies = [("sla", "0002_standard_policy")]

    operations = [ForbidChanges("sla_escalation")]
