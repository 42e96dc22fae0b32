from django.db import migrations, models

import repairhub.places.models


class Migration(migrations.Migration):
    dependencies = [("places", "0002_districts")]

    operations = [
        migrations.AlterField(
            model_name="city",
            name="time_zone",
            field=models.CharField(
                default="Asia/Shanghai",
                max_length=40,
                validators=[repairhub.places.models.validate_time_zone],
                verbose_name="time zone",
            ),
        ),
        migrations.AddConstraint(
            model_name="city",
            constraint=models.CheckConstraint(
                condition=models.Q(("time_zone__regex", "^(UTC|[A-Z][A-Za-z]+(/[A-Za-z0-9_+-]+)+)$")),
                name="city_time_zone_has_region_and_place",
            ),
        ),
    ]
