"""Until when an engineer is held up moves into a row of its own."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("engineers", "0011_kinds_of_visit_events"),
    ]

    operations = [
        migrations.CreateModel(
            name="HeldUp",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("until_at", models.DateTimeField(verbose_name="held up until")),
                (
                    "engineer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="held_up",
                        to="engineers.engineer",
                        verbose_name="engineer",
                    ),
                ),
            ],
            options={
                "verbose_name": "engineer held up",
                "verbose_name_plural": "engineers held up",
            },
        ),
        migrations.RunSQL(
            """
            INSERT INTO engineers_heldup (engineer_id, until_at)
            SELECT id, held_up_until_at FROM engineers_engineer WHERE held_up_until_at IS NOT NULL
            """,
            """
            UPDATE engineers_engineer SET held_up_until_at = until_at
            FROM engineers_heldup WHERE engineer_id = engineers_engineer.id
            """,
        ),
        # the reference is checked at the end of the transaction, and would stand in the way of the next step
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL IMMEDIATE"),
        migrations.RemoveField(
            model_name="engineer",
            name="held_up_until_at",
        ),
    ]
