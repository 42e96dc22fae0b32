from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("engineers", "0001_engineers_and_visits")]

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
                ],
                max_length=30,
                verbose_name="kind",
            ),
        ),
    ]
