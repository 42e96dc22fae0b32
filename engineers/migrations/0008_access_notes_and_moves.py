import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from repairhub.core.append_only import ForbidChanges


class Migration(migrations.Migration):
    dependencies = [
        ("engineers", "0007_assessments_and_suspensions"),
        ("places", "0003_city_zone_is_known"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="visitevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("planned", "Window promised"),
                    ("confirmed", "Engineer named"),
                    ("set_out", "Engineer on the way"),
                    ("turned_back", "Something was in the way"),
                    ("arrived", "Engineer at the door"),
                    ("started", "Work started"),
                    ("finished", "Work done"),
                    ("cannot_complete", "Could not be completed"),
                    ("no_access", "Nobody opened"),
                    ("cancelled", "Cancelled"),
                    ("unconfirmed", "Engineer taken off"),
                    ("at_risk", "Window at risk"),
                    ("replanned", "Moved by a new plan of the day"),
                    ("moved", "Moved within the route"),
                    ("pinned", "Pinned to the engineer"),
                    ("unpinned", "Pin taken off"),
                ],
                max_length=30,
                verbose_name="kind",
            ),
        ),
        migrations.CreateModel(
            name="AccessNote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "latitude",
                    models.DecimalField(decimal_places=4, max_digits=7, verbose_name="latitude (degrees)"),
                ),
                (
                    "longitude",
                    models.DecimalField(decimal_places=4, max_digits=7, verbose_name="longitude (degrees)"),
                ),
                ("text", models.CharField(blank=True, max_length=300, verbose_name="how to get in")),
                ("at", models.DateTimeField(verbose_name="at")),
                ("erased_at", models.DateTimeField(null=True, verbose_name="erased at")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "city",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="places.city",
                        verbose_name="city",
                    ),
                ),
            ],
            options={
                "verbose_name": "access note",
                "verbose_name_plural": "access notes",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["city", "latitude", "longitude", "-id"], name="access_note_of_place")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("latitude__range", (-90, 90)), ("longitude__range", (-180, 180))),
                        name="access_note_on_earth",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("erased_at__isnull", True), ("text", ""), _connector="OR"),
                        name="access_note_erased_is_empty",
                    ),
                ],
            },
        ),
        # a new version is a new row; only what nobody needs any more is erased
        ForbidChanges("engineers_accessnote", except_columns=("text", "erased_at")),
    ]
