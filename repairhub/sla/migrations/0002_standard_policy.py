"""The targets that the product promises from its first day; a manager may change them in the admin."""

from django.db import migrations

STANDARD = [
    # key, minutes, warn before, role to tell
    ("assign_within", 30, 10, "dispatcher"),
    ("arrive_within_window", None, 15, "dispatcher"),
    ("answer_claim", 48 * 60, 4 * 60, "case_officer"),
]


def create_standard(apps, schema_editor):
    policy, _created = apps.get_model("sla", "SlaPolicy").objects.get_or_create(
        key="standard", defaults={"name": "Standard"}
    )
    for key, minutes, warn_before, role in STANDARD:
        apps.get_model("sla", "SlaTarget").objects.get_or_create(
            policy=policy,
            key=key,
            defaults={"minutes": minutes, "warn_before_minutes": warn_before, "notify_role": role},
        )


class Migration(migrations.Migration):
    dependencies = [("sla", "0001_clocks_and_escalations")]

    operations = [migrations.RunPython(create_standard, migrations.RunPython.noop)]
