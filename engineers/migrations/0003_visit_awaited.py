from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("engineers", "0002_turned_back_and_unconfirmed")]

    operations = [
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(
                condition=models.Q(("status__in", ["planned", "confirmed", "en_route"])),
                fields=["city", "on"],
                name="visit_awaited",
            ),
        ),
    ]
